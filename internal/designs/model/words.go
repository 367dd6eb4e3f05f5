package model

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// bare is a text in small letters without accents.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
}

func parts(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// words are those of a text as a brand's are kept: small letters without accents.
func words(text string) []string { return parts(bare(text)) }

// alike has letters, digits and signs that pass for a Latin letter be that letter.
var alike = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss", "ø", "o", "ı", "i", "0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "€", "e",
	"а", "a", "в", "b", "е", "e", "і", "i", "ј", "j", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c", "ѕ", "s", "т", "t", "у", "y", "х", "x",
	"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "u", "χ", "x")

// readings are the ways in which a text is read: its words; its words with what stands between two blanks taken together ("me.rde"); and those with letters that stand alone, one after the
// other, taken together ("m e r d e"). Words that stand beside each other are never one word ("la mer de Bretagne").
func readings(text string) [][]string {
	text = alike.Replace(bare(text))
	plain := parts(text)
	var close, spelt []string
	for _, chunk := range strings.Fields(text) {
		if w := strings.Join(parts(chunk), ""); w != "" {
			close = append(close, w)
		}
	}
	run := ""
	for _, w := range append(slices.Clone(plain), "  ") {
		if len([]rune(w)) == 1 {
			run += w
			continue
		}
		if run != "" {
			spelt = append(spelt, run)
		}
		run = ""
		spelt = append(spelt, w)
	}
	return [][]string{plain, close, spelt}
}

// leastPlural is how many letters a word has at least whose plural is meant too: "as" is not "ass".
const leastPlural = 3

// same says whether a word that is read is one that is forbidden, or its plural.
func same(read, word string) bool {
	if len(word) < leastPlural {
		return read == word
	}
	rest, ok := strings.CutPrefix(read, word)
	return ok && (rest == "" || rest == "s" || rest == "x" || rest == "es")
}

// has says whether one of the forbidden words or phrases is among words, each whole.
func has(list []string, read []string) bool {
	return slices.ContainsFunc(list, func(f string) bool {
		phrase := parts(alike.Replace(bare(f)))
		for i := 0; len(phrase) > 0 && i+len(phrase) <= len(read); i++ {
			if slices.EqualFunc(read[i:i+len(phrase)], phrase, same) {
				return true
			}
		}
		return false
	})
}

// forbidden says whether a text has one of the words (or of the phrases), whole, in any of its readings.
func forbidden(list []string, text string) bool {
	return slices.ContainsFunc(readings(text), func(read []string) bool { return has(list, read) })
}

// together refuses what is forbidden and spread over several texts of a design: a phrase that runs on from one to the next, a word of which each has a part and nothing else; a
// single text that is nothing but the parts of one ("mer de") too. It is said at the last of them.
func (c *checker) together(b Base, d Document) {
	type text struct{ field, words string }
	var all []text
	for _, v := range b.Views {
		for _, z := range v.Zones {
			for i, l := range d.Part(z.ID) {
				if l.Kind == Text || l.Kind == Monogram {
					all = append(all, text{z.ID + "." + strconv.Itoa(i) + ".text", l.Text})
				}
			}
		}
	}
	if slices.ContainsFunc(all, func(t text) bool { return forbidden(b.Forbidden, t.words) }) {
		return // said at the text itself
	}
	for from := range all {
		phrase, word := "", ""
		for _, t := range all[from:] {
			phrase, word = phrase+" "+t.words, word+strings.Join(parts(alike.Replace(bare(t.words))), "")
			if forbidden(b.Forbidden, phrase) || has(b.Forbidden, []string{word}) {
				c.fail(t.field, "text_forbidden")
				return
			}
		}
	}
}
