package incoming

import (
	"regexp"
	"slices"
	"strings"
)

// The lines by which mail programs begin what is not new.
var (
	above     = regexp.MustCompile(`##-.*-##`) // our own letters ask to write above it
	original  = regexp.MustCompile(`(?i)^-{2,}\s*(original message|forwarded message|message d['’]origine|message transféré|message original)\s*-{2,}$`)
	headFrom  = regexp.MustCompile(`(?i)^\*?(from|de|von)\s?:\*?\s?\S`)
	headSent  = regexp.MustCompile(`(?i)^\*?(sent|date|envoyé|gesendet)\s?:`)
	wrote     = regexp.MustCompile(`(?i)^(on|le|am) .*\d.*\s(wrote|a écrit|schrieb)\s?:$`)
	signature = regexp.MustCompile(`(?i)^(sent from my |sent from mail |sent from outlook|get outlook for |envoyé de mon |envoyé de ma |envoyé depuis |envoyé à partir de |obtenez outlook |télécharger outlook )`)
	ruler     = regexp.MustCompile(`^_{10,}$`)
)

// cut is what of a mail's text was written now. Its rules, from the top:
//
//  1. What follows our own line "##- … -##", "--- Original message ---", or a head of From: and Sent:, is history.
//  2. What follows a line "-- ", or one such as "Sent from my phone", is a signature.
//  3. A line such as "On … wrote:", which may go over three lines, goes. Lines with ">" below it are history, and what comes after them is
//     new: some people write below. Without ">", all that follows is history.
//  4. Lines with ">" at the end are history; those between new lines stay, as they are what is answered.
func cut(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		if end(lines, i) {
			lines = lines[:i]
			break
		}
	}
	for i := 0; i < len(lines); i++ {
		n := attribution(lines, i)
		if n == 0 {
			continue
		}
		j := i + n
		for j < len(lines) && strings.TrimSpace(lines[j]) == "" {
			j++
		}
		if j == len(lines) || !quoted(lines[j]) {
			lines = lines[:i]
			break
		}
		for j < len(lines) && (quoted(lines[j]) || strings.TrimSpace(lines[j]) == "") {
			j++
		}
		lines = slices.Delete(slices.Clone(lines), i, j)
	}
	for len(lines) > 0 {
		if last := lines[len(lines)-1]; strings.TrimSpace(last) != "" && !quoted(last) {
			break
		}
		lines = lines[:len(lines)-1]
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func quoted(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), ">") }

// end says whether history or a signature begins at a line: rules 1 and 2.
func end(lines []string, i int) bool {
	line := strings.TrimSpace(lines[i])
	switch {
	case above.MatchString(line), original.MatchString(line), signature.MatchString(line), line == "--":
		return true
	case ruler.MatchString(line):
		return i+1 < len(lines) && end(lines, i+1)
	case headFrom.MatchString(line):
		return slices.ContainsFunc(lines[i+1:min(i+4, len(lines))], func(l string) bool { return headSent.MatchString(strings.TrimSpace(l)) })
	}
	return false
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
