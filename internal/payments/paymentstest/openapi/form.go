package openapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// coerce turns form parameters, all text, into the value that their schema speaks of: "limit=3" is a number,
// "expand[0]=data" a list.
func (s *Spec) coerce(params string, schema any) (any, error) {
	tree := map[string]any{}
	for pair := range strings.SplitSeq(params, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawKey)
		if err != nil {
			return nil, err
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, err
		}
		if err := plant(tree, name, value); err != nil {
			return nil, err
		}
	}
	return s.shape(tree, schema), nil
}

// plant puts "a[b][0]=v" into nested maps; "a[]" takes the next free index.
func plant(tree map[string]any, name, value string) error {
	path := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
	for i, step := range path {
		if step == "" {
			step = strconv.Itoa(len(tree))
		}
		if i == len(path)-1 {
			if _, twice := tree[step]; twice {
				return fmt.Errorf("parameter %s is given twice", name)
			}
			tree[step] = value
			return nil
		}
		inner, ok := tree[step].(map[string]any)
		if !ok {
			if tree[step] != nil {
				return fmt.Errorf("parameter %s is both a value and a hash", name)
			}
			inner = map[string]any{}
			tree[step] = inner
		}
		tree = inner
	}
	return nil
}

// shape gives a text, or a map of texts, the types of the schema. What does not fit stays as it is, for the check to
// find.
func (s *Spec) shape(v, schema any) any {
	m, ok := schema.(map[string]any)
	if !ok {
		return v
	}
	if ref, ok := m["$ref"].(string); ok {
		return s.shape(v, s.defs[strings.TrimPrefix(ref, "#/components/schemas/")])
	}
	if branches, ok := m["anyOf"].([]any); ok {
		return s.shape(v, s.branch(v, branches))
	}
	switch v := v.(type) {
	case string:
		return shapeText(v, m["type"])
	case map[string]any:
		if m["type"] == "array" {
			return s.shapeList(v, m["items"])
		}
		properties, _ := m["properties"].(map[string]any)
		for field, inner := range v {
			if schema, ok := properties[field]; ok {
				v[field] = s.shape(inner, schema)
			} else {
				v[field] = s.shape(inner, m["additionalProperties"])
			}
		}
	}
	return v
}

func shapeText(v string, kind any) any {
	switch kind {
	case "integer", "number":
		if _, err := strconv.ParseFloat(v, 64); err == nil {
			return json.Number(v)
		}
	case "boolean":
		if v == "true" || v == "false" {
			return v == "true"
		}
	}
	return v
}

func (s *Spec) shapeList(v map[string]any, items any) any {
	index := make([]int, 0, len(v))
	for name := range v {
		i, err := strconv.Atoi(name)
		if err != nil {
			return v
		}
		index = append(index, i)
	}
	slices.Sort(index)
	out := make([]any, len(index))
	for i, n := range index {
		out[i] = s.shape(v[strconv.Itoa(n)], items)
	}
	return out
}

// branch chooses the alternative that a form value means: a hash or a list for nested ones, else the first type that
// the text can be read as.
func (s *Spec) branch(v any, branches []any) any {
	for _, b := range branches {
		m, _ := b.(map[string]any)
		kind := m["type"]
		text, leaf := v.(string)
		switch {
		case !leaf && (kind == "object" || kind == "array"):
			return b
		case leaf && kind == "integer":
			if _, err := strconv.ParseInt(text, 10, 64); err == nil {
				return b
			}
		case leaf && kind == "boolean":
			if text == "true" || text == "false" {
				return b
			}
		case leaf && kind == "string":
			return b
		}
	}
	return branches[0]
}
