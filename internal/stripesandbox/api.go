package stripesandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"relais/internal/stripesandbox/params"
)

// apiVersion is the one version of Stripe's API that the sandbox speaks.
const apiVersion = "2023-10-16"

// call is one request to the API while it executes.
type call struct {
	tx      *tx
	form    *params.Form
	account string // the connected account it acts as, from Stripe-Account; empty: the platform
	path    func(name string) string
	sandbox *Sandbox
}

type endpoint func(c *call) (any, *params.Refusal)

// answer is a finished response.
type answer struct {
	status  int
	body    []byte
	request string // the first request's id when this repeats its answer
	html    bool   // not Stripe's own words
	fault   bool   // made by a Fault
}

// api makes an HTTP handler of an endpoint: it authenticates, reads the parameters, repeats what a known idempotency
// key was answered, executes, commits, and answers.
func (s *Sandbox) api(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := newID("req_", 14)
		w.Header().Set("Request-Id", request)
		w.Header().Set("Stripe-Version", apiVersion)
		if err := authenticate(r); err != nil {
			write(w, errorAnswer(err))
			return
		}
		text, unreadable := params.Read(w, r)
		if unreadable != nil {
			write(w, errorAnswer(unreadable))
			return
		}
		fault := s.takeFault(r)
		if fault.cuts() || !fault.wait(r.Context()) {
			s.count(fault.kind)
			panic(http.ErrAbortHandler)
		}
		a, err := s.execute(r, e, text, request, fault)
		if err != nil {
			s.log.Error("sandbox request", "path", r.URL.Path, "error", err)
			write(w, errorAnswer(&params.Refusal{Status: 500, Body: params.Body{Type: "api_error", Message: "The sandbox could not write its journal."}}))
			return
		}
		if a.request != "" {
			w.Header().Set("Idempotent-Replayed", "true")
			w.Header().Set("Original-Request", a.request)
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" {
			w.Header().Set("Idempotency-Key", key)
		}
		s.answerWith(w, a, fault)
	})
}

// authenticate accepts any test key and refuses live ones, so that real money can never be mistaken for ours.
func authenticate(r *http.Request) *params.Refusal {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		key, _, _ = r.BasicAuth()
	}
	e := &params.Refusal{Status: http.StatusUnauthorized, Body: params.Body{Type: params.InvalidRequest}}
	switch {
	case strings.HasPrefix(key, "sk_live_"), strings.HasPrefix(key, "rk_live_"):
		e.Body.Message = "This is the local Stripe sandbox: it never accepts a live key. Use a key that begins with sk_test_."
	case len(key) > len("sk_test_") && (strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_")):
		if v := r.Header.Get("Stripe-Version"); v != "" && v != apiVersion {
			return params.Malformed("", "", "Invalid Stripe API version: %s. The sandbox speaks %s.", v, apiVersion)
		}
		return nil
	case key == "":
		e.Body.Message = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
	default:
		e.Body.Message = "Invalid API Key provided."
	}
	return e
}

// execute runs the endpoint alone in the sandbox, and commits what it did together with what it is answered.
func (s *Sandbox) execute(r *http.Request, e endpoint, text, request string, fault *Fault) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sweep(); err != nil {
		return answer{}, err
	}
	acct := r.Header.Get("Stripe-Account")
	key := r.Header.Get("Idempotency-Key")
	t := s.begin(eventRequest{ID: optional(request), IdempotencyKey: optional(key)})
	record := idempotency{
		Key: "idempotency:" + acct + ":" + key, Path: r.Method + " " + r.URL.Path, Params: digest(text), Request: request,
	}
	keyed := key != "" && r.Method == http.MethodPost
	known, used := load[idempotency](t, record.Key)
	switch {
	case fault.refuses() && !fault.stored():
		return fault.answer(), nil
	case keyed && used:
		return fault.over(replayed(known, record, key)), nil
	case fault.refuses():
		return s.finish(t, record, keyed, fault.answer())
	}
	a, executed, err := s.run(r, e, t, text, acct)
	if err != nil {
		return answer{}, err
	}
	if fault.stored() {
		a = fault.answer()
	}
	a, err = s.finish(t, record, keyed && executed, a)
	return fault.over(a), err
}

// run calls the endpoint. What it did is dropped from the transaction when it refuses.
func (s *Sandbox) run(r *http.Request, e endpoint, t *tx, text, acct string) (answer, bool, error) {
	f, bad := params.Parse(text)
	if bad != nil {
		return errorAnswer(bad), false, nil
	}
	expand := f.Texts("expand")
	c := &call{tx: t, form: f, account: acct, path: r.PathValue, sandbox: s}
	if acct != "" {
		if a, ok := load[account](t, acct); !ok || a.Deleted {
			return errorAnswer(revoked(acct)), false, nil
		}
	}
	out, refusal := e(c)
	if refusal == nil {
		shown := t.present(out)
		if refusal = t.expand(shown, expand); refusal == nil {
			body, err := json.Marshal(shown)
			return answer{status: http.StatusOK, body: body}, true, err
		}
	}
	if !refusal.Kept {
		clear(t.staged)
		t.changes = nil
	}
	return errorAnswer(refusal), refusal.Executed, nil
}

func (s *Sandbox) finish(t *tx, record idempotency, keep bool, a answer) (answer, error) {
	if keep {
		record.Status, record.Body = a.status, string(a.body)
		t.put(record)
	}
	return a, s.commit(t)
}

// replayed answers a key that was used before: with the first answer when the request is the same, with a refusal
// when it is not.
func replayed(known, now idempotency, key string) answer {
	if known.Path != now.Path || known.Params != now.Params {
		e := params.Malformed("", "", "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '%s' if you meant to execute a different request.", key)
		e.Body.Type = "idempotency_error"
		return errorAnswer(e)
	}
	return answer{status: known.Status, body: []byte(known.Body), request: known.Request}
}

// digest is the same for the same parameters in any order.
func digest(text string) string {
	pairs := strings.Split(text, "&")
	slices.Sort(pairs)
	sum := sha256.Sum256([]byte(strings.Join(pairs, "&")))
	return hex.EncodeToString(sum[:])
}

func errorAnswer(e *params.Refusal) answer {
	body, err := json.Marshal(map[string]any{"error": e.Body})
	if err != nil {
		panic("stripesandbox: " + err.Error())
	}
	return answer{status: e.Status, body: body}
}

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	if a.html {
		w.Header().Set("Content-Type", "text/html")
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	if err != nil && !errors.Is(err, http.ErrHandlerTimeout) {
		return // the caller has gone; it will ask again with its key
	}
}

func unknownRoute(c *call) (any, *params.Refusal) {
	return nil, &params.Refusal{Status: http.StatusNotFound, Body: params.Body{
		Type: params.InvalidRequest, Message: "Unrecognized request URL. The local sandbox serves a part of Stripe's API only.",
	}}
}
