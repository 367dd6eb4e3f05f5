// Package i18n speaks to people: French and English, in words, money and dates.
//
// Messages live in messages/{fr,en}/AREA.toml, one file per area so that areas grow apart; all files of a
// language are merged at start. A key is its dotted path in the file:
//
//	[shop.cart]
//	title = "Votre panier"
//	[shop.cart.count]                  # a plural: exactly one and other
//	one   = "{{.Count}} article"
//	other = "{{.Count}} articles"
//
// Everything a person reads goes through a Lang: Lang.T for words, Lang.Money for amounts, Lang.Date for days.
// A key that does not exist is a defect: it panics in tests, and in production it degrades to English and is logged.
// The tests of this package read the whole repository and fail on keys that are missing, unused, or differ in
// their placeholders from one language to the other.
package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"

	"relais/internal/money"
)

// Lang is a language that Relais speaks, as its ISO 639-1 code.
type Lang string

// The languages of Relais.
const (
	FR Lang = "fr"
	EN Lang = "en"
)

// Langs lists the languages in the order in which a switch shows them.
func Langs() []Lang { return []Lang{FR, EN} }

// Parse returns the language with that code, and whether Relais speaks it.
func Parse(code string) (Lang, bool) {
	switch l := Lang(code); l {
	case FR, EN:
		return l, true
	}
	return FR, false
}

// Match returns the best language for an Accept-Language header: French when the header is empty,
// English when it names only languages that Relais does not speak.
func Match(acceptLanguage string) Lang {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return FR
	}
	_, index, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return EN
	}
	return Langs()[index]
}

// Name is the language's name in itself, for a language switch.
func (l Lang) Name() string {
	if l == FR {
		return "Français"
	}
	return "English"
}

// T returns the message with that key. Arguments alternate names and values and fill the message's placeholders;
// "Count" must be a whole number and also chooses the plural form. Amounts, times and whole numbers among the
// values are written the way the language writes them.
//
//	l.T("shop.cart.count", "Count", 3)    // "3 articles"
//
// A missing key, or a missing argument, panics in tests; in production the English message is shown and the
// defect is logged.
func (l Lang) T(key string, args ...any) string {
	text, err := l.Lookup(key, args...)
	if err == nil {
		return text
	}
	if testing.Testing() {
		panic(err)
	}
	slog.Error("translate message", "lang", string(l), "key", key, "error", err)
	if text, err = EN.Lookup(key, args...); err == nil {
		return text
	}
	return "…"
}

// Lookup is T for callers that handle a missing key or argument themselves.
func (l Lang) Lookup(key string, args ...any) (string, error) {
	if m := messages()[l][key]; m != nil && m.One == "" && !strings.Contains(m.Other, "{{") {
		return m.Other, nil // nothing to fill in, as most
	}
	data := make(map[string]any, len(args)/2)
	var plural any
	for i := 0; i+1 < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok {
			return "", fmt.Errorf("translate %q: argument name %v is not a string", key, args[i])
		}
		if name == "Count" {
			plural = args[i+1]
		}
		data[name] = l.show(args[i+1])
	}
	localizer, ok := localizers()[l]
	if !ok {
		return "", fmt.Errorf("translate %q: unknown language %q", key, l)
	}
	text, tag, err := localizer.LocalizeWithTag(&goi18n.LocalizeConfig{
		MessageID: key, TemplateData: data, PluralCount: plural,
		TemplateParser: &template.TextParser{Option: "missingkey=error"},
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("translate %q to %q: %w", key, l, err)
	case tag != language.Make(string(l)):
		return "", fmt.Errorf("translate %q to %q: no message", key, l)
	}
	return text, nil
}

// Has reports whether the key exists in the language.
func (l Lang) Has(key string) bool {
	_, ok := messages()[l][key]
	return ok
}

// Keys are the last parts of the keys that begin with a prefix, in alphabetical order.
func (l Lang) Keys(prefix string) []string {
	var list []string
	for key := range messages()[l] {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			list = append(list, rest)
		}
	}
	slices.Sort(list)
	return list
}

func (l Lang) show(v any) any {
	switch v := v.(type) {
	case money.Amount:
		return l.Money(v)
	case *money.Amount:
		return l.Money(*v)
	case time.Time:
		return l.Date(v)
	case *time.Time:
		return l.Date(*v)
	case int:
		return l.Number(int64(v))
	case int64:
		return l.Number(v)
	}
	return v
}

//go:embed messages
var files embed.FS

var matcher = language.NewMatcher([]language.Tag{language.French, language.English})

// messages reads every message file once: language -> key -> message.
var messages = sync.OnceValue(func() map[Lang]map[string]*goi18n.Message {
	all := map[Lang]map[string]*goi18n.Message{}
	for _, l := range Langs() {
		list, err := read(files, l)
		if err != nil {
			panic(err) // embedded: cannot differ from what the tests saw
		}
		all[l] = list
	}
	return all
})

var localizers = sync.OnceValue(func() map[Lang]*goi18n.Localizer {
	bundle := goi18n.NewBundle(language.English)
	all := map[Lang]*goi18n.Localizer{}
	for l, list := range messages() {
		for _, m := range list {
			bundle.MustAddMessages(language.Make(string(l)), m)
		}
	}
	for _, l := range Langs() {
		all[l] = goi18n.NewLocalizer(bundle, string(l))
	}
	return all
})

// read merges the message files of one language and refuses a key that stands in two of them.
func read(fsys fs.FS, l Lang) (map[string]*goi18n.Message, error) {
	names, err := fs.Glob(fsys, path.Join("messages", string(l), "*.toml"))
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	list := map[string]*goi18n.Message{}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read messages: %w", err)
		}
		var tree map[string]any
		if l == FR {
			text = []byte(frenchSpaces.Replace(string(text)))
		}
		if err := toml.Unmarshal(text, &tree); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		if err := flatten(list, "", tree); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return list, nil
}

// frenchSpaces keeps French punctuation with the word before it: no line begins with "?". It stands here so that nobody
// who writes a message has to type spaces that cannot be seen.
var frenchSpaces = strings.NewReplacer(" :", "\u00a0:", " ;", "\u00a0;", " !", "\u00a0!", " ?", "\u00a0?", " »", "\u00a0»", "« ", "«\u00a0")

// flatten adds the messages of one file to list, each under its dotted path. A table with the entries one and other
// is a plural; any other table is a level of the path.
func flatten(list map[string]*goi18n.Message, prefix string, tree map[string]any) error {
	for name, node := range tree {
		key := prefix + name
		if list[key] != nil {
			return fmt.Errorf("key %q stands in another file too", key)
		}
		switch node := node.(type) {
		case string:
			list[key] = &goi18n.Message{ID: key, Other: node}
		case map[string]any:
			one, hasOne := node["one"].(string)
			other, hasOther := node["other"].(string)
			if hasOne && hasOther && len(node) == 2 {
				list[key] = &goi18n.Message{ID: key, One: one, Many: other, Other: other} // CLDR has "many" for 1 000 000 in French
				continue
			}
			if err := flatten(list, key+".", node); err != nil {
				return err
			}
		default:
			return fmt.Errorf("key %q is neither text nor a table", key)
		}
	}
	return nil
}
