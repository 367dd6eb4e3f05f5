package stripesandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// apiVersion is the one version of Stripe's API that the sandbox speaks.
const apiVersion = "2023-10-16"

const maxBody = 1 << 18

// call is one request to the API while it executes.
type call struct {
	tx      *tx
	form    *form
	account string // the connected account it acts as, from Stripe-Account; empty: the platform
	path    func(name string) string
	sandbox *Sandbox
}

type endpoint func(c *call) (any, *apiError)

// answer is a finished response.
type answer struct {
	status  int
	body    []byte
	request string // the first request's id when this repeats its answer
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
		text, unreadable := parameters(w, r)
		if unreadable != nil {
			write(w, errorAnswer(unreadable))
			return
		}
		fault := s.takeFault(r)
		if fault != nil && !fault.Effect && fault.Status == 0 && !fault.Truncate {
			panic(http.ErrAbortHandler) // cut the connection, with nothing done
		}
		a, err := s.execute(r, e, text, request, fault)
		if err != nil {
			s.log.Error("sandbox request", "path", r.URL.Path, "error", err)
			write(w, errorAnswer(&apiError{status: 500, body: errorBody{Type: "api_error", Message: "The sandbox could not write its journal."}}))
			return
		}
		if a.request != "" {
			w.Header().Set("Idempotent-Replayed", "true")
			w.Header().Set("Original-Request", a.request)
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" {
			w.Header().Set("Idempotency-Key", key)
		}
		deliverFaulty(w, a, fault)
	})
}

// authenticate accepts any test key and refuses live ones, so that real money can never be mistaken for ours.
func authenticate(r *http.Request) *apiError {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		key, _, _ = r.BasicAuth()
	}
	e := &apiError{status: http.StatusUnauthorized, body: errorBody{Type: invalidRequest}}
	switch {
	case strings.HasPrefix(key, "sk_live_"), strings.HasPrefix(key, "rk_live_"):
		e.body.Message = "This is the local Stripe sandbox: it never accepts a live key. Use a key that begins with sk_test_."
	case len(key) > len("sk_test_") && (strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_")):
		if v := r.Header.Get("Stripe-Version"); v != "" && v != apiVersion {
			return malformed("", "", "Invalid Stripe API version: %s. The sandbox speaks %s.", v, apiVersion)
		}
		return nil
	case key == "":
		e.body.Message = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
	default:
		e.body.Message = "Invalid API Key provided."
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
	if known, ok := load[idempotency](t, record.Key); ok && keyed {
		return replayed(known, record, key), nil
	}
	if fault != nil && fault.Status != 0 && !fault.Effect {
		return s.finish(t, record, keyed && fault.stored(), fault.answer())
	}
	a, executed, err := s.run(r, e, t, text, acct)
	if err != nil {
		return answer{}, err
	}
	if fault != nil && fault.Status != 0 {
		a = fault.answer()
	}
	return s.finish(t, record, keyed && executed, a)
}

// run calls the endpoint. What it did is dropped from the transaction when it refuses.
func (s *Sandbox) run(r *http.Request, e endpoint, t *tx, text, acct string) (answer, bool, error) {
	f, bad := parseForm(text)
	if bad != nil {
		return errorAnswer(bad), false, nil
	}
	expand := f.texts("expand")
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
	clear(t.staged)
	t.changes = nil
	return errorAnswer(refusal), refusal.executed, nil
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
		e := malformed("", "", "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '%s' if you meant to execute a different request.", key)
		e.body.Type = "idempotency_error"
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

func errorAnswer(e *apiError) answer {
	body, err := json.Marshal(map[string]any{"error": e.body})
	if err != nil {
		panic("stripesandbox: " + err.Error())
	}
	return answer{status: e.status, body: body}
}

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	if err != nil && !errors.Is(err, http.ErrHandlerTimeout) {
		return // the caller has gone; it will ask again with its key
	}
}

func unknownRoute(c *call) (any, *apiError) {
	return nil, &apiError{status: http.StatusNotFound, body: errorBody{
		Type: invalidRequest, Message: "Unrecognized request URL. The local sandbox serves a part of Stripe's API only.",
	}}
}
