package page

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/money"
)

// funcs are the functions of templates, in one language. templates/README.md lists them.
func (e *engine) funcs(lang i18n.Lang) template.FuncMap {
	return template.FuncMap{
		"t":        lang.Lookup, // a missing key is an error of the page, which production's T would hide
		"lang":     func() i18n.Lang { return lang },
		"money":    lang.Money,
		"amount":   func(minor int64, currency any) string { return lang.Money(amountOf(minor, currency)) },
		"number":   func(n any) (string, error) { return number(lang, n) },
		"percent":  func(bps any) (string, error) { return percent(lang, bps) },
		"date":     lang.Date,
		"dayshort": lang.DateShort,
		"datetime": lang.DateTime,
		"month":    lang.Month,
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"relative": func(t time.Time) string { return lang.Relative(e.now(), t) },
		"now":      e.now,
		"past":     func(t time.Time) bool { return !t.After(e.now()) },

		"asset":    e.assets.URL,
		"icon":     e.assets.icon,
		"media":    media.URL,
		"srcset":   func(hash string) string { return srcset(media.URL, hash) },
		"kept":     media.PrivateURL,
		"keptset":  func(hash string) string { return srcset(media.PrivateURL, hash) },
		"markdown": markdown,
		"remote":   remote,
		"drawing":  drawing,
		"qr":       NewQR,
		"bars":     bars,
		"line":     line,
		"share":    func(l ShareLink) []ShareTarget { return shareTargets(lang, l) },

		"dict":     dict,
		"list":     func(items ...any) []any { return items },
		"opt":      func(m map[string]any, key string) any { return m[key] },
		"has":      func(list []string, s string) bool { return slices.Contains(list, s) },
		"add":      func(a, b int) int { return a + b },
		"join":     func(list []string, separator string) string { return strings.Join(list, separator) },
		"initials": initials,
		"excerpt":  Excerpt,
	}
}

// dict makes the data of a partial: {{template "field" (dict "Form" .Data.Form "Name" "email")}}.
// Partials read what may be absent with opt.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: %d values do not make pairs", len(pairs))
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is not a string", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

func amountOf(minor int64, currency any) money.Amount {
	return money.Amount{Minor: minor, Currency: money.Currency(fmt.Sprint(currency))}
}

func number(l i18n.Lang, n any) (string, error) {
	whole, err := wholeNumber(n)
	return l.Number(whole), err
}

func percent(l i18n.Lang, bps any) (string, error) {
	whole, err := wholeNumber(bps)
	return l.Percent(whole), err
}

func wholeNumber(n any) (int64, error) {
	switch n := n.(type) {
	case int:
		return int64(n), nil
	case int32:
		return int64(n), nil
	case int64:
		return n, nil
	}
	return 0, fmt.Errorf("%v (%T) is not a whole number", n, n)
}

func srcset(url func(hash string, width int) string, hash string) string {
	var parts []string
	for _, w := range [...]int{media.Small, media.Medium, media.Large} {
		parts = append(parts, fmt.Sprintf("%s %dw", url(hash, w), w))
	}
	return strings.Join(parts, ", ")
}

// initials stand in for a picture: at most two letters.
func initials(name string) string {
	var letters []rune
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '-' || r == '’' || r == '\'' }) {
		if len(letters) < 2 {
			letters = append(letters, []rune(strings.ToUpper(word))[0])
		}
	}
	return string(letters)
}

// Excerpt cuts text at a word, after at most length runes, and marks the cut.
func Excerpt(text string, length int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= length {
		return string(runes)
	}
	cut := string(runes[:length])
	if space := strings.LastIndexByte(cut, ' '); space > 0 {
		cut = cut[:space]
	}
	return strings.TrimRight(cut, " ,;:.–") + "…"
}
