package posts

import (
	"strings"
	"unicode/utf8"
)

// Room is how many characters a network takes, and how many of them a link costs whatever its length; 0: no limit that matters.
func Room(channel string) (most, link int) {
	switch channel {
	case "x":
		return 280, 23
	case "bluesky":
		return 300, 0
	case "sms":
		return 450, 0 // three of the old kind
	}
	return 0, 0
}

// Outside is the text that a network gets: the ad label first, then the words, cut at a word where the network is short of room. The
// link, which the network gets beside it, has its room kept free; label and link are never cut.
func Outside(channel, label, text, link string) string {
	most, fixed := Room(channel)
	text = strings.TrimSpace(text)
	if most == 0 {
		return joined(label, text)
	}
	cost := utf8.RuneCountInString(link)
	if fixed > 0 && link != "" {
		cost = fixed
	}
	if link != "" {
		cost++ // the space before it
	}
	if label != "" {
		cost += utf8.RuneCountInString(label) + 1
	}
	return joined(label, cut(text, most-cost))
}

func joined(label, text string) string {
	if label == "" || text == "" {
		return label + text
	}
	return label + " " + text
}

// cut shortens a text to so many characters, at the end of a word where there is one, with an ellipsis.
func cut(text string, most int) string {
	runes := []rune(text)
	switch {
	case len(runes) <= most:
		return text
	case most < 2:
		return ""
	}
	kept := string(runes[:most-1])
	if i := strings.LastIndexAny(kept, " \n"); i > len(kept)/2 {
		kept = kept[:i]
	}
	return strings.TrimRight(kept, " \n,;:.") + "…"
}
