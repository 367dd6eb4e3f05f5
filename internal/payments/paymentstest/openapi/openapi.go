// Package openapi checks requests to Stripe's API, and answers of it, against Stripe's own description of it (API
// version 2023-10-16), so that neither our adapter nor our sandbox can drift into fiction. Only tests import it.
//
// The check is stricter than Stripe's: a field that the description does not name is a fault. What the description
// leaves open (words written as free strings, signs of amounts) is checked against tables of ours.
package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stripe/stripe-mock/embedded"
)

// root is where our copies of the schemas claim to be, one document each.
const root = "https://stripe.test/"

// ours are the resources that the product and the sandbox know. References to others are shut: where Stripe allows an
// id or a whole object, only the id passes. That keeps the schemas that have to be compiled few.
var ours = []string{
	"account", "account_link", "balance", "balance_transaction", "charge", "checkout.session", "deleted_account", "dispute", "error",
	"event", "file", "login_link", "payment_intent", "payout", "refund", "topup", "transfer", "transfer_reversal",
	"customer", "deleted_customer", "payment_method", "setup_intent", "deleted_terminal.reader", "terminal.connection_token", "terminal.location", "terminal.reader",
}

// Spec is Stripe's description, ready to check with.
type Spec struct {
	defs     map[string]any // component or operation → its schema as Stripe wrote it
	routes   []route
	compiler *jsonschema.Compiler

	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema
}

type route struct {
	method string
	parts  []string
	params int
}

type document struct {
	Components struct {
		Schemas map[string]any `json:"schemas"`
	} `json:"components"`
	Paths map[string]map[string]json.RawMessage `json:"paths"`
}

type operation struct {
	Parameters []struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
		Schema   any    `json:"schema"`
	} `json:"parameters"`
	RequestBody struct {
		Content map[string]content `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]content `json:"content"`
	} `json:"responses"`
}

type content struct {
	Schema any `json:"schema"`
}

// Load reads the description that is built into stripe-mock. It takes about a second, once per process.
var Load = sync.OnceValues(load)

func load() (*Spec, error) {
	var doc document
	if err := json.Unmarshal(embedded.OpenAPISpec, &doc); err != nil {
		return nil, fmt.Errorf("read Stripe's description: %w", err)
	}
	s := &Spec{defs: doc.Components.Schemas, compiled: map[string]*jsonschema.Schema{}}
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			if method != "get" && method != "post" && method != "delete" {
				continue
			}
			if err := s.addOperation(strings.ToUpper(method), path, raw); err != nil {
				return nil, err
			}
		}
	}
	s.compiler = jsonschema.NewCompiler()
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	s.compiler.UseLoader(s)
	_, err := s.schema("event") // finds most of what is wrong, if anything is, at once
	return s, err
}

// Load gives the compiler one schema by its address. It implements jsonschema.URLLoader.
func (s *Spec) Load(address string) (any, error) {
	name, err := url.PathUnescape(strings.TrimPrefix(address, root))
	if err != nil {
		return nil, err
	}
	if s.defs[name] == nil {
		return nil, fmt.Errorf("stripe describes no %q", name)
	}
	return s.strict(s.defs[name]), nil
}

// addOperation keeps an operation's parameters and answer as schemas named "request POST /v1/x" and "answer POST /v1/x".
func (s *Spec) addOperation(method, path string, raw json.RawMessage) error {
	var op operation
	if err := json.Unmarshal(raw, &op); err != nil {
		return fmt.Errorf("read %s %s: %w", method, path, err)
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	s.routes = append(s.routes, route{method: method, parts: parts, params: strings.Count(path, "{")})
	name := key(method, path)
	s.defs["answer "+name] = op.Responses["200"].Content["application/json"].Schema
	if method == "POST" {
		body := op.RequestBody.Content["application/x-www-form-urlencoded"].Schema
		if upload := op.RequestBody.Content["multipart/form-data"].Schema; upload != nil {
			body = upload
		}
		if body == nil {
			body = map[string]any{"type": "object", "properties": map[string]any{}}
		}
		s.defs["request "+name] = body
		return nil
	}
	properties, required := map[string]any{}, []any{}
	for _, p := range op.Parameters {
		if p.In == "query" {
			properties[p.Name] = p.Schema
			if p.Required {
				required = append(required, p.Name)
			}
		}
	}
	s.defs["request "+name] = map[string]any{"type": "object", "properties": properties, "required": required}
	return nil
}

// key names an operation without the characters that a JSON pointer would need to escape.
func key(method, path string) string {
	return method + " " + strings.NewReplacer("/", ".", "{", ":", "}", "").Replace(path)
}

// strict turns Stripe's OpenAPI 3.0 into JSON Schema: null is a type of its own, references point at our document,
// annotations go, and an object has no other fields than those that are named.
func (s *Spec) strict(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = s.strict(v[i])
		}
		return out
	case map[string]any:
		return s.strictSchema(v)
	default:
		return v
	}
}

func (s *Spec) strictSchema(v map[string]any) any {
	out := map[string]any{}
	for name, value := range v {
		switch name {
		case "properties":
			properties := map[string]any{}
			for field, schema := range value.(map[string]any) {
				properties[field] = s.strict(schema)
			}
			out[name] = properties
		case "$ref":
			target := strings.TrimPrefix(value.(string), "#/components/schemas/")
			if s.isResource(target) && !slices.Contains(ours, target) {
				return false
			}
			out[name] = root + url.PathEscape(target)
		case "type", "enum", "required", "maxLength", "minimum", "pattern", "items", "anyOf", "additionalProperties":
			out[name] = s.strict(value)
		}
	}
	if required, ok := out["required"].([]any); ok && len(required) == 0 {
		delete(out, "required")
	}
	if _, has := out["properties"]; has && out["additionalProperties"] == nil {
		out["additionalProperties"] = false
	}
	if v["nullable"] == true {
		return map[string]any{"anyOf": []any{out, map[string]any{"type": "null"}}}
	}
	return out
}

func (s *Spec) isResource(name string) bool {
	component, _ := s.defs[name].(map[string]any)
	return component["x-resourceId"] != nil
}

// schema compiles one of the definitions, once.
func (s *Spec) schema(name string) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.compiled[name]; found != nil {
		return found, nil
	}
	if s.defs[name] == nil {
		return nil, fmt.Errorf("stripe describes no %q", name)
	}
	compiled, err := s.compiler.Compile(root + url.PathEscape(name))
	if err != nil {
		return nil, fmt.Errorf("compile %q: %w", name, err)
	}
	s.compiled[name] = compiled
	return compiled, nil
}

// find returns the name of the operation that a request calls: the fitting path with the fewest parameters.
func (s *Spec) find(method, path string) (string, error) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var best *route
	for i := range s.routes {
		r := &s.routes[i]
		if r.method == method && r.fits(parts) && (best == nil || r.params < best.params) {
			best = r
		}
	}
	if best == nil {
		return "", fmt.Errorf("stripe has no %s %s", method, path)
	}
	return key(method, "/"+strings.Join(best.parts, "/")), nil
}

func (r *route) fits(parts []string) bool {
	if len(parts) != len(r.parts) {
		return false
	}
	for i, p := range r.parts {
		if p != parts[i] && !strings.HasPrefix(p, "{") {
			return false
		}
	}
	return true
}

// Request checks the parameters of a request: its form body, or its query.
func (s *Spec) Request(method, path, params string) error {
	name, err := s.find(method, path)
	if err != nil {
		return err
	}
	schema, err := s.schema("request " + name)
	if err != nil {
		return err
	}
	value, err := s.coerce(params, s.defs["request "+name])
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("request %s %s: %w", method, path, err)
	}
	return nil
}

// Answer checks what a request was answered.
func (s *Spec) Answer(method, path string, status int, body []byte) error {
	name := "error"
	if status < 300 {
		operation, err := s.find(method, path)
		if err != nil {
			return err
		}
		name = "answer " + operation
	}
	if err := s.check(name, body); err != nil {
		return fmt.Errorf("answer %d to %s %s: %w", status, method, path, err)
	}
	return nil
}

// Event checks a webhook's body, and the object that it carries.
func (s *Spec) Event(body []byte) error {
	if err := s.check("event", body); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	var e struct {
		Type string `json:"type"`
		Data struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	var kind struct {
		Object string `json:"object"`
	}
	if err := errors.Join(json.Unmarshal(body, &e), json.Unmarshal(e.Data.Object, &kind)); err != nil {
		return err
	}
	if err := s.check(kind.Object, e.Data.Object); err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	return nil
}

func (s *Spec) check(name string, body []byte) error {
	schema, err := s.schema(name)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return errors.Join(schema.Validate(value), checkWords(value))
}
