package incoming

import (
	"regexp"
	"slices"
	"strings"
)

// The lines by which mail programs begin what is not new.
var (
	above     = regexp.MustCompile(`^\*?##-.*-##\*?$`) // our own letters ask to write above it
	original  = regexp.MustCompile(`(?i)^-{2,}\s*(original message|forwarded message|message d['’]origine|message transféré|message original)\s*-{2,}$`)
	headFrom  = regexp.MustCompile(`(?i)^\*?(from|de|von)\s?:\*?\s?\S`)
	headSent  = regexp.MustCompile(`(?i)^\*?(sent|date|envoyé|gesendet)\s?:`)
	wrote     = regexp.MustCompile(`(?i)^(on|le|am) .*\d.*\s(wrote|a écrit|schrieb)\s?:$`)
	signature = regexp.MustCompile(`(?i)^(sent from my |sent from mail |sent from outlook|get outlook for |envoyé de mon |envoyé de ma |envoyé depuis |envoyé à partir de |obtenez outlook |télécharger outlook )`)
	ruler     = regexp.MustCompile(`^_{10,}$`)
)

// maxLines is how many lines of a text are looked at; those after it are left out.
const maxLines = 2000

// Cut is what of a mail's text was written now; empty where all of it is history. Its rules, in their order:
//
//  1. What follows our own line "##- … -##", "--- Original message ---", or a head of From: and Sent:, is history.
//  2. A line such as "On … wrote:", which may go over three lines, goes. Lines with ">" below it are history, and what comes after them is
//     new: some people write below. Without ">", all that follows is history.
//  3. Lines with ">" at the end are history, and rulers; those between new lines stay, as they are what is answered.
//  4. What follows a line "-- ", or one such as "Sent from my phone", is a signature; it stays where it is all that is left.
func Cut(text string) string {
	lines := strings.Split(text, "\n")
	lines = lines[:min(len(lines), maxLines)]
	for i := range lines {
		if end(lines, i) {
			lines = lines[:i]
			break
		}
	}
	written := trimmed(answered(lines))
	for i, line := range written {
		if line = strings.TrimSpace(line); line == "--" || signature.MatchString(line) {
			if signed := trimmed(written[:i]); len(signed) > 0 {
				written = signed
			}
			break
		}
	}
	return strings.TrimSpace(strings.Join(written, "\n"))
}

// answered is what is new above, below and between what is quoted: rule 2.
func answered(lines []string) []string {
	for i := 0; i < len(lines); {
		n := attribution(lines, i)
		if n == 0 {
			i++
			continue
		}
		j := i + n
		for j < len(lines) && strings.TrimSpace(lines[j]) == "" {
			j++
		}
		if j == len(lines) || !quoted(lines[j]) {
			return lines[:i]
		}
		for j < len(lines) && (quoted(lines[j]) || strings.TrimSpace(lines[j]) == "") {
			j++
		}
		lines = slices.Delete(slices.Clone(lines), i, j)
	}
	return lines
}

// trimmed is without what is quoted at the end: rule 3.
func trimmed(lines []string) []string {
	for len(lines) > 0 {
		if last := strings.TrimSpace(lines[len(lines)-1]); last != "" && !quoted(last) && !ruler.MatchString(last) {
			break
		}
		lines = lines[:len(lines)-1]
	}
	return lines
}

func quoted(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), ">") }

// end says whether history begins at a line: rule 1.
func end(lines []string, i int) bool {
	line := strings.TrimSpace(lines[i])
	if above.MatchString(line) || original.MatchString(line) {
		return true
	}
	return headFrom.MatchString(line) && slices.ContainsFunc(lines[i+1:min(i+4, len(lines))], func(l string) bool { return headSent.MatchString(strings.TrimSpace(l)) })
}

// attribution is how many lines from i say who wrote what follows; 0: none does.
func attribution(lines []string, i int) int {
	joined := ""
	for n := 1; n <= 3 && i+n <= len(lines); n++ {
		line := strings.TrimSpace(lines[i+n-1])
		if line == "" || quoted(line) || len(joined)+len(line) > 500 {
			return 0
		}
		joined = strings.TrimSpace(joined + " " + line)
		if wrote.MatchString(joined) {
			return n
		}
	}
	return 0
}
