package stripesandbox

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"

	"relais/internal/stripesandbox/chaos"
	"relais/internal/stripesandbox/params"
)

// Fault makes the next calls fail the way networks and Stripe do. Tests use it; nothing else can reach it.
//
//	{Status: 500}                 an internal error, nothing done
//	{Status: 500, Effect: true}   an internal error although it was done
//	{Status: 429}                 refused before anything began; not remembered under the key
//	{Status: 502, HTML: true}     a gateway's page; with Effect, although it was done
//	{Effect: true}                done, and the connection cut before the answer
//	{}                            the connection cut before anything was done
//	{Effect: true, Truncate: true} done, and half of the answer
//	{Delay: d}                    right, but late by so much real time, unless the caller gives up before
type Fault struct {
	Method   string // empty: any
	Path     string // a prefix; empty: any
	Times    int    // calls to fail; 0 means 1
	Status   int    // 0: no answer
	Effect   bool
	Truncate bool
	HTML     bool
	Delay    time.Duration
	Code     string // error code to answer with
	Message  string

	kind chaos.Kind
}

// ChaosOptions say how often calls go wrong; see package chaos.
type ChaosOptions = chaos.Options

// ChaosWebhookOptions say how often notices go wrong; see package chaos.
type ChaosWebhookOptions = chaos.WebhookOptions

// faultOf is what a kind of chaos does to a call.
var faultOf = map[chaos.Kind]Fault{
	chaos.Error:       {Status: http.StatusInternalServerError},
	chaos.ErrorDone:   {Status: http.StatusInternalServerError, Effect: true},
	chaos.Cut:         {},
	chaos.CutDone:     {Effect: true},
	chaos.HalfDone:    {Effect: true, Truncate: true},
	chaos.Gateway:     {Status: http.StatusBadGateway, HTML: true},
	chaos.GatewayDone: {Status: http.StatusBadGateway, HTML: true, Effect: true},
	chaos.KeyInUse:    {Status: http.StatusConflict, Code: "idempotency_key_in_use"},
	chaos.RateLimit:   {Status: http.StatusTooManyRequests, Code: "rate_limit"},
	chaos.LockTimeout: {Status: http.StatusTooManyRequests, Code: "lock_timeout"},
	chaos.Unavailable: {Status: http.StatusServiceUnavailable},
	chaos.Slow:        {},
}

// Chaos lets calls to the API go wrong at random from now on. With Rate 0 it ends.
func (s *Sandbox) Chaos(o ChaosOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dice = nil
	if o.Rate > 0 {
		s.dice = chaos.NewDice(o)
	}
}

// ChaosWebhooks lets notices be lost, doubled, late and out of order from now on. The zero options end it. A lost one
// counts as delivered; GET /v1/events still tells of it.
func (s *Sandbox) ChaosWebhooks(o ChaosWebhookOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.postman = nil
	if o.Lose+o.Duplicate+o.Delay+o.Reorder > 0 {
		s.postman = chaos.NewPostman(o)
	}
}

// LagLists keeps new transfers, refunds, reversals, disputes, payouts, sessions and balance transactions out of lists
// for so long after they were made, in business time; each can be read by its id at once. 0 ends it.
func (s *Sandbox) LagLists(lag time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.ListLag = lag
}

// ChargeFees has Stripe keep so many basis points and minor units of each charge from now on.
func (s *Sandbox) ChargeFees(bps, minor int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.FeeBps, s.options.FeeMinor = bps, minor
}

// FaultCounts is how many faults have happened to calls and notices, by kind (see package chaos).
func (s *Sandbox) FaultCounts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// Inject adds a fault. Faults apply in the order in which they were added, to the calls that they match.
func (s *Sandbox) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times, f.kind = max(f.Times, 1), chaos.Injected
	s.faults = append(s.faults, &f)
}

// ClearFaults forgets the injected faults that have not been used up.
func (s *Sandbox) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
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

// takeFault returns what goes wrong with a call: what a test wants, else what the dice say; nil: nothing.
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
	if s.dice == nil {
		return nil
	}
	kind, delay := s.dice.Throw()
	if kind == "" {
		return nil
	}
	f := faultOf[kind]
	f.kind, f.Delay = kind, delay
	return &f
}

// count remembers that a fault happened.
func (s *Sandbox) count(kind chaos.Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[string(kind)]++
}

// cuts reports whether the connection ends before anything was done.
func (f *Fault) cuts() bool {
	return f != nil && f.Status == 0 && !f.Effect && !f.Truncate && f.Delay == 0
}

// wait lets a late answer be late, and reports whether the caller is still there.
func (f *Fault) wait(ctx context.Context) bool {
	if f == nil || f.Delay == 0 {
		return true
	}
	late := time.NewTimer(f.Delay)
	defer late.Stop()
	select {
	case <-late.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// refuses reports whether the call is answered with the fault before anything began.
func (f *Fault) refuses() bool { return f != nil && f.Status != 0 && !f.Effect }

// stored reports whether Stripe would remember the failure under the idempotency key.
func (f *Fault) stored() bool {
	return f != nil && (f.Status == http.StatusInternalServerError || (f.Status >= 400 && f.Status < 409))
}

// over is what arrives of a true answer.
func (f *Fault) over(a answer) answer {
	if f != nil && f.Status != 0 && !f.stored() {
		return f.answer()
	}
	return a
}

func (f *Fault) answer() answer {
	if f.HTML {
		return answer{status: f.Status, body: []byte("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"), html: true, fault: true}
	}
	body := params.Body{Type: "api_error", Code: f.Code, Message: f.Message}
	switch {
	case f.Code == "idempotency_key_in_use":
		body.Type = "idempotency_error"
	case f.Status < 500:
		body.Type = params.InvalidRequest
	}
	if body.Message == "" {
		body.Message = "An unexpected error was injected by a test."
	}
	raw, err := json.Marshal(map[string]any{"error": body})
	if err != nil {
		panic("stripesandbox: " + err.Error())
	}
	return answer{status: f.Status, body: raw, fault: true}
}

// answerWith sends an answer, or as much of it as the fault lets through.
func (s *Sandbox) answerWith(w http.ResponseWriter, a answer, f *Fault) {
	cut := f != nil && f.Status == 0 && f.Effect && !f.Truncate
	if f != nil && (f.Delay > 0 || f.Truncate || cut || a.fault) {
		s.count(f.kind)
	}
	if cut {
		panic(http.ErrAbortHandler)
	}
	if f != nil && f.Truncate {
		a.body = a.body[:len(a.body)/2]
	}
	write(w, a)
}
