// Package params reads the parameters of calls to Stripe's API as Stripe does: strictly, by name, with Stripe's own
// refusals for what is missing, wrong or unknown.
package params

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"relais/internal/stripesandbox/words"
)

// Form reads the parameters of one call by their full names, "line_items[0][price_data][currency]", and remembers the
// first thing that is wrong with them. Whatever nobody asked for is an unknown parameter.
type Form struct {
	values map[string]string
	used   map[string]bool
	err    *Refusal
}

// Parse reads a query or a form body. "expand[]" counts up: the first is "expand[0]".
func Parse(text string) (*Form, *Refusal) {
	f := &Form{values: map[string]string{}, used: map[string]bool{}}
	next := map[string]int{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(rawKey)
		if err != nil {
			return nil, Malformed("", "", "Invalid request parameters: %s", rawKey)
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, Malformed("", key, "Invalid value for %s", key)
		}
		if name, ok := strings.CutSuffix(key, "[]"); ok {
			key = name + "[" + strconv.Itoa(next[name]) + "]"
			next[name]++
		}
		f.values[key] = value
	}
	return f, nil
}

// Fail refuses the parameters, unless something else was wrong with them before.
func (f *Form) Fail(e *Refusal) {
	if f.err == nil {
		f.err = e
	}
}

// Good reports whether nothing has been wrong so far.
func (f *Form) Good() bool { return f.err == nil }

// MultipleOf refuses an amount of hundredths where there are none.
func (f *Form) MultipleOf(key string, amount, step int64) {
	if f.err == nil && amount%step != 0 {
		f.Fail(Malformed("", key, "Invalid amount: it must be a multiple of %d here, as the currency has no hundredths.", step))
	}
}

// Done returns the first fault of the parameters, unknown ones included.
func (f *Form) Done() *Refusal {
	if f.err != nil {
		return f.err
	}
	for _, key := range f.keys() {
		if !f.used[key] {
			return Malformed("parameter_unknown", key, "Received unknown parameter: %s", key)
		}
	}
	return nil
}

func (f *Form) keys() []string {
	keys := make([]string, 0, len(f.values))
	for key := range f.values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Has reports whether a parameter is given.
func (f *Form) Has(key string) bool {
	_, ok := f.values[key]
	return ok
}

// Text returns a parameter, or "" when it is not given.
func (f *Form) Text(key string) string { return f.LongText(key, 5000) }

// LongText returns a parameter of at most so many characters, or "" when it is not given.
func (f *Form) LongText(key string, most int) string {
	f.used[key] = true
	v := f.values[key]
	if utf8.RuneCountInString(v) > most {
		f.Fail(Malformed("", key, "Invalid string: %s…; must be at most %d characters", string([]rune(v)[:20]), most))
	}
	return v
}

// Need returns a parameter that must be there.
func (f *Form) Need(key string) string {
	v := f.Text(key)
	switch {
	case !f.Has(key):
		f.Fail(Malformed("parameter_missing", key, "Missing required param: %s.", key))
	case v == "":
		f.Fail(Malformed("parameter_invalid_empty", key,
			"You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however '%s' cannot be unset.", key, key))
	}
	return v
}

// Choice returns a parameter that must be one of the given words, or the first of them when it is not given.
func (f *Form) Choice(key string, words ...string) string {
	v := f.Text(key)
	if !f.Has(key) {
		return words[0]
	}
	if !slices.Contains(words, v) {
		f.Fail(Malformed("", key, "Invalid %s: must be one of %s", key, strings.Join(words, ", ")))
	}
	return v
}

// Number returns a whole number of at least lowest, or 0 when it is not given.
func (f *Form) Number(key string, lowest int64) int64 {
	v := f.Text(key)
	if !f.Has(key) {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		f.Fail(Malformed("parameter_invalid_integer", key, "Invalid integer: %s", v))
		return 0
	}
	if n < lowest {
		f.Fail(Malformed("parameter_invalid_integer", key, "This value must be greater than or equal to %d.", lowest))
	}
	if n > 99_999_999_999 {
		f.Fail(Malformed("parameter_invalid_integer", key, "This value must be less than or equal to 99999999999."))
	}
	return n
}

// NeedNumber returns a whole number of at least lowest that must be there.
func (f *Form) NeedNumber(key string, lowest int64) int64 {
	if !f.Has(key) {
		f.Fail(Malformed("parameter_missing", key, "Missing required param: %s.", key))
	}
	return f.Number(key, lowest)
}

// Boolean reports whether a parameter says true.
func (f *Form) Boolean(key string) bool {
	return f.Choice(key, "false", "true") == "true"
}

// Currency returns a required ISO code in lower case, as Stripe writes it.
func (f *Form) Currency(key string) string {
	c := strings.ToLower(f.Need(key))
	if f.err == nil && !slices.Contains(words.Currencies(), c) {
		f.Fail(Malformed("", key, "Invalid currency: %s. Stripe currently supports these currencies: %s", c, strings.Join(words.Currencies(), ", ")))
	}
	return c
}

// Metadata returns what was given under "metadata[...]" or another name; an empty value stands for none.
func (f *Form) Metadata(name string) map[string]string {
	m := map[string]string{}
	f.Text(name) // "metadata=" unsets everything
	for _, key := range f.keys() {
		inner, ok := strings.CutPrefix(key, name+"[")
		if !ok || !strings.HasSuffix(inner, "]") {
			continue
		}
		f.used[key] = true
		inner = strings.TrimSuffix(inner, "]")
		if len(inner) > 40 {
			f.Fail(Malformed("", key, "Metadata keys can have up to 40 characters"))
		}
		if len(f.values[key]) > 500 {
			f.Fail(Malformed("", key, "Metadata values can have up to 500 characters"))
		}
		if f.values[key] != "" {
			m[inner] = f.values[key]
		}
	}
	if len(m) > 50 {
		f.Fail(Malformed("", name, "Metadata can have up to 50 keys"))
	}
	return m
}

// Texts returns the members of a list of plain values, "expand[0]", "expand[1]", …
func (f *Form) Texts(name string) []string {
	var out []string
	for i := 0; ; i++ {
		key := name + "[" + strconv.Itoa(i) + "]"
		if !f.Has(key) {
			return out
		}
		out = append(out, f.Text(key))
	}
}

// Rows counts the members of a list of hashes, "line_items[0][…]", "line_items[1][…]", …
func (f *Form) Rows(name string) int {
	for i := 0; ; i++ {
		prefix := name + "[" + strconv.Itoa(i) + "]["
		if !slices.ContainsFunc(f.keys(), func(key string) bool { return strings.HasPrefix(key, prefix) }) {
			return i
		}
	}
}

// Created reads the bounds that lists take on creation time, and returns whether a moment lies within.
func (f *Form) Created() func(unix int64) bool {
	low, high := int64(0), time.Unix(1<<40, 0).Unix()
	if f.Has("created") {
		low = f.Number("created", 0)
		high = low
	}
	if f.Has("created[gte]") {
		low = f.Number("created[gte]", 0)
	}
	if f.Has("created[gt]") {
		low = f.Number("created[gt]", 0) + 1
	}
	if f.Has("created[lte]") {
		high = f.Number("created[lte]", 0)
	}
	if f.Has("created[lt]") {
		high = f.Number("created[lt]", 0) - 1
	}
	return func(unix int64) bool { return low <= unix && unix <= high }
}
