package stripesandbox

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// form reads the parameters of one call by their full names, "line_items[0][price_data][currency]", and remembers the
// first thing that is wrong with them. Whatever nobody asked for is an unknown parameter.
type form struct {
	values map[string]string
	used   map[string]bool
	err    *apiError
}

// parseForm reads a query or a form body. "expand[]" counts up: the first is "expand[0]".
func parseForm(text string) (*form, *apiError) {
	f := &form{values: map[string]string{}, used: map[string]bool{}}
	next := map[string]int{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(rawKey)
		if err != nil {
			return nil, malformed("", "", "Invalid request parameters: %s", rawKey)
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, malformed("", key, "Invalid value for %s", key)
		}
		if name, ok := strings.CutSuffix(key, "[]"); ok {
			key = name + "[" + strconv.Itoa(next[name]) + "]"
			next[name]++
		}
		f.values[key] = value
	}
	return f, nil
}

func (f *form) fail(e *apiError) {
	if f.err == nil {
		f.err = e
	}
}

// done returns the first fault of the parameters, unknown ones included.
func (f *form) done() *apiError {
	if f.err != nil {
		return f.err
	}
	for _, key := range f.keys() {
		if !f.used[key] {
			return malformed("parameter_unknown", key, "Received unknown parameter: %s", key)
		}
	}
	return nil
}

func (f *form) keys() []string {
	keys := make([]string, 0, len(f.values))
	for key := range f.values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (f *form) has(key string) bool {
	_, ok := f.values[key]
	return ok
}

// text returns a parameter, or "" when it is not given.
func (f *form) text(key string) string { return f.longText(key, 5000) }

// longText returns a parameter of at most so many characters, or "" when it is not given.
func (f *form) longText(key string, most int) string {
	f.used[key] = true
	v := f.values[key]
	if utf8.RuneCountInString(v) > most {
		f.fail(malformed("", key, "Invalid string: %s…; must be at most %d characters", string([]rune(v)[:20]), most))
	}
	return v
}

// need returns a parameter that must be there.
func (f *form) need(key string) string {
	v := f.text(key)
	switch {
	case !f.has(key):
		f.fail(malformed("parameter_missing", key, "Missing required param: %s.", key))
	case v == "":
		f.fail(malformed("parameter_invalid_empty", key,
			"You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however '%s' cannot be unset.", key, key))
	}
	return v
}

// choice returns a parameter that must be one of the given words, or the first of them when it is not given.
func (f *form) choice(key string, words ...string) string {
	v := f.text(key)
	if !f.has(key) {
		return words[0]
	}
	if !slices.Contains(words, v) {
		f.fail(malformed("", key, "Invalid %s: must be one of %s", key, strings.Join(words, ", ")))
	}
	return v
}

// number returns a whole number of at least lowest, or 0 when it is not given.
func (f *form) number(key string, lowest int64) int64 {
	v := f.text(key)
	if !f.has(key) {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		f.fail(malformed("parameter_invalid_integer", key, "Invalid integer: %s", v))
		return 0
	}
	if n < lowest {
		f.fail(malformed("parameter_invalid_integer", key, "This value must be greater than or equal to %d.", lowest))
	}
	if n > 99_999_999_999 {
		f.fail(malformed("parameter_invalid_integer", key, "This value must be less than or equal to 99999999999."))
	}
	return n
}

// needNumber returns a whole number of at least lowest that must be there.
func (f *form) needNumber(key string, lowest int64) int64 {
	if !f.has(key) {
		f.fail(malformed("parameter_missing", key, "Missing required param: %s.", key))
	}
	return f.number(key, lowest)
}

func (f *form) boolean(key string) bool {
	return f.choice(key, "false", "true") == "true"
}

// currency returns a required ISO code in lower case, as Stripe writes it.
func (f *form) currency(key string) string {
	c := strings.ToLower(f.need(key))
	if f.err == nil && !slices.Contains(currencies, c) {
		f.fail(malformed("", key, "Invalid currency: %s. Stripe currently supports these currencies: %s", c, strings.Join(currencies, ", ")))
	}
	return c
}

// metadata returns what was given under "metadata[...]" or another name; an empty value stands for none.
func (f *form) metadata(name string) metadata {
	m := metadata{}
	f.text(name) // "metadata=" unsets everything
	for _, key := range f.keys() {
		inner, ok := strings.CutPrefix(key, name+"[")
		if !ok || !strings.HasSuffix(inner, "]") {
			continue
		}
		f.used[key] = true
		inner = strings.TrimSuffix(inner, "]")
		if len(inner) > 40 {
			f.fail(malformed("", key, "Metadata keys can have up to 40 characters"))
		}
		if len(f.values[key]) > 500 {
			f.fail(malformed("", key, "Metadata values can have up to 500 characters"))
		}
		if f.values[key] != "" {
			m[inner] = f.values[key]
		}
	}
	if len(m) > 50 {
		f.fail(malformed("", name, "Metadata can have up to 50 keys"))
	}
	return m
}

// texts returns the members of a list of plain values, "expand[0]", "expand[1]", …
func (f *form) texts(name string) []string {
	var out []string
	for i := 0; ; i++ {
		key := name + "[" + strconv.Itoa(i) + "]"
		if !f.has(key) {
			return out
		}
		out = append(out, f.text(key))
	}
}

// rows counts the members of a list of hashes, "line_items[0][…]", "line_items[1][…]", …
func (f *form) rows(name string) int {
	for i := 0; ; i++ {
		prefix := name + "[" + strconv.Itoa(i) + "]["
		if !slices.ContainsFunc(f.keys(), func(key string) bool { return strings.HasPrefix(key, prefix) }) {
			return i
		}
	}
}

// created reads the bounds that lists take on creation time, and returns whether a moment lies within.
func (f *form) created() func(unix int64) bool {
	low, high := int64(0), time.Unix(1<<40, 0).Unix()
	if f.has("created") {
		low = f.number("created", 0)
		high = low
	}
	if f.has("created[gte]") {
		low = f.number("created[gte]", 0)
	}
	if f.has("created[gt]") {
		low = f.number("created[gt]", 0) + 1
	}
	if f.has("created[lte]") {
		high = f.number("created[lte]", 0)
	}
	if f.has("created[lt]") {
		high = f.number("created[lt]", 0) - 1
	}
	return func(unix int64) bool { return low <= unix && unix <= high }
}
