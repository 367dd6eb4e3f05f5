package stories

import (
	"strconv"
	"strings"
	"unicode"
)

// Shape is what a block of a text is.
type Shape string

// The shapes.
const (
	Paragraph Shape = "paragraph"
	Subhead   Shape = "subhead"
	Bullets   Shape = "bullets"
	Numbers   Shape = "numbers"
	Picture   Shape = "picture"
)

// Block is a part of a text. Its lines are words as they were typed: whoever shows them escapes them.
type Block struct {
	Shape Shape
	Lines []string // of a paragraph its lines, of a list its points, of a subhead one
	Photo int      // of a picture: which photograph, from 0
}

// Blocks reads the conventions of a story's text. An empty line ends a paragraph; "## words" on a line of its own is a subhead, lines that
// begin with "- " or "1. " are lists, and "[photo 2]" on a line of its own is where that photograph stands. Whatever is none of these is a
// paragraph, so that no text is wrong.
func Blocks(text string) []Block {
	var out []Block
	open := false // the last block takes more lines
	add := func(s Shape, line string) {
		if n := len(out); open && n > 0 && out[n-1].Shape == s {
			out[n-1].Lines = append(out[n-1].Lines, line)
			return
		}
		out, open = append(out, Block{Shape: s, Lines: []string{line}}), true
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		shape, words, photo := reads(line)
		switch {
		case line == "":
			open = false
		case shape == Picture:
			out, open = append(out, Block{Shape: Picture, Photo: photo}), false
		case shape == Subhead:
			out, open = append(out, Block{Shape: Subhead, Lines: []string{words}}), false
		default:
			add(shape, words)
		}
	}
	return out
}

// reads is what one line is, without its mark.
func reads(line string) (s Shape, words string, photo int) {
	for _, mark := range []string{"### ", "## ", "# "} {
		if rest, ok := strings.CutPrefix(line, mark); ok && strings.TrimSpace(rest) != "" {
			return Subhead, strings.TrimSpace(rest), 0
		}
	}
	for _, mark := range []string{"- ", "* ", "• "} {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			return Bullets, strings.TrimSpace(rest), 0
		}
	}
	digits := strings.TrimLeftFunc(line, unicode.IsDigit)
	if n := len(line) - len(digits); n > 0 && n <= 3 && (strings.HasPrefix(digits, ". ") || strings.HasPrefix(digits, ") ")) {
		return Numbers, strings.TrimSpace(digits[2:]), 0
	}
	if inner, ok := strings.CutPrefix(strings.ToLower(line), "[photo "); ok && strings.HasSuffix(inner, "]") {
		if n, err := strconv.Atoi(strings.TrimSuffix(inner, "]")); err == nil && n >= 1 && n <= MaxPhotos {
			return Picture, "", n - 1
		}
	}
	return Paragraph, line, 0
}

// Excerpt is the beginning of a text in one line, at most so many characters: for cards, feeds and other networks.
func Excerpt(text string, most int) string {
	var words []string
	for _, b := range Blocks(text) {
		if b.Shape != Picture && b.Shape != Subhead {
			words = append(words, b.Lines...)
		}
	}
	runes := []rune(strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	if len(runes) <= most {
		return string(runes)
	}
	cut := string(runes[:most-1])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,.;:") + "…"
}

// Placed are the photographs that the text puts somewhere: those of the rest stand before and after it.
func Placed(blocks []Block) map[int]bool {
	placed := map[int]bool{}
	for _, b := range blocks {
		if b.Shape == Picture {
			placed[b.Photo] = true
		}
	}
	return placed
}
