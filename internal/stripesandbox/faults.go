package stripesandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Fault makes the next calls fail the way networks and Stripe do. Tests use it; nothing else can reach it.
//
//	{Status: 500}                 an internal error, nothing done
//	{Status: 500, Effect: true}   an internal error although it was done
//	{Status: 429}                 refused before anything began; not remembered under the key
//	{Effect: true}                done, and the connection cut before the answer
//	{}                            the connection cut before anything was done
//	{Effect: true, Truncate: true} done, and half of the answer
type Fault struct {
	Method   string // empty: any
	Path     string // a prefix; empty: any
	Times    int    // calls to fail; 0 means 1
	Status   int    // 0: no answer
	Effect   bool
	Truncate bool
	Code     string // error code to answer with
	Message  string
}

// Inject adds a fault. Faults apply in the order in which they were added, to the calls that they match.
func (s *Sandbox) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, &f)
}

// DropWebhooks loses the next n notices: they count as delivered, and nobody was told.
func (s *Sandbox) DropWebhooks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop = n
}

// DuplicateWebhooks sends each of the next n notices twice.
func (s *Sandbox) DuplicateWebhooks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.duplicate = n
}

func (s *Sandbox) takeFault(r *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times > 0 && (f.Method == "" || f.Method == r.Method) && strings.HasPrefix(r.URL.Path, f.Path) {
			f.Times--
			taken := *f
			return &taken
		}
	}
	return nil
}

// stored reports whether Stripe would remember the failure under the idempotency key.
func (f *Fault) stored() bool {
	return f.Status == http.StatusInternalServerError || (f.Status >= 400 && f.Status < 409)
}

func (f *Fault) answer() answer {
	body := errorBody{Type: "api_error", Code: f.Code, Message: f.Message}
	if f.Status < 500 {
		body.Type = invalidRequest
	}
	if body.Message == "" {
		body.Message = "An unexpected error was injected by a test."
	}
	raw, err := json.Marshal(map[string]any{"error": body})
	if err != nil {
		panic("stripesandbox: " + err.Error())
	}
	return answer{status: f.Status, body: raw}
}

// deliverFaulty sends the answer, or as much of it as the fault lets through.
func deliverFaulty(w http.ResponseWriter, a answer, f *Fault) {
	switch {
	case f != nil && f.Truncate:
		a.body = a.body[:len(a.body)/2]
		write(w, a)
	case f != nil && f.Status == 0:
		panic(http.ErrAbortHandler)
	default:
		write(w, a)
	}
}

// ClearFaults forgets the faults that have not been used up.
func (s *Sandbox) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}
