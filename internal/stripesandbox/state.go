package stripesandbox

import (
	"crypto/rand"
	"encoding/json"
	"math/big"
	"time"
)

// state is everything the sandbox remembers, with the few indexes that its rules need. All of it follows from the
// objects, so that the journal alone brings it back.
type state struct {
	objects   map[string]object
	order     map[string][]string // kind → ids, oldest first
	balances  map[string]map[string]*funds
	waiting   []string            // deliveries not yet made, oldest first
	open      map[string]struct{} // checkout sessions that may expire
	pending   map[string]struct{} // refunds, payouts and disputes that time will finish
	expiresAt int64               // no open session expires before
}

// funds is one account's money in one currency.
type funds struct {
	available int64
	pending   []settling
}

type settling struct {
	net int64
	on  int64 // Unix seconds
}

func newState() *state {
	return &state{
		objects:  map[string]object{},
		order:    map[string][]string{},
		balances: map[string]map[string]*funds{},
		open:     map[string]struct{}{},
		pending:  map[string]struct{}{},
	}
}

// apply makes a committed object part of the state.
func (s *state) apply(o object) {
	_, known := s.objects[o.id()]
	s.objects[o.id()] = o
	if !known {
		s.order[o.kind()] = append(s.order[o.kind()], o.id())
	}
	switch o := o.(type) {
	case balanceTransaction:
		if !known {
			f := s.funds(o.Account, o.Currency)
			f.pending = append(f.pending, settling{net: o.Net, on: o.AvailableOn})
		}
	case delivery:
		if !known && !o.Done {
			s.waiting = append(s.waiting, o.ID)
		}
	case session:
		mark(s.open, o.ID, o.Status == "open")
		if o.Status == "open" && (s.expiresAt == 0 || o.ExpiresAt < s.expiresAt) {
			s.expiresAt = o.ExpiresAt
		}
	case refund:
		mark(s.pending, o.ID, o.Status == "pending" || o.Ripens > 0)
	case dispute:
		mark(s.pending, o.ID, o.waiting())
	case payout:
		mark(s.pending, o.ID, o.Status == "pending" || o.Status == "in_transit")
	}
}

func mark(set map[string]struct{}, id string, in bool) {
	if in {
		set[id] = struct{}{}
	} else {
		delete(set, id)
	}
}

func (s *state) funds(acct, currency string) *funds {
	byCurrency := s.balances[acct]
	if byCurrency == nil {
		byCurrency = map[string]*funds{}
		s.balances[acct] = byCurrency
	}
	f := byCurrency[currency]
	if f == nil {
		f = &funds{}
		byCurrency[currency] = f
	}
	return f
}

// at returns what is available and what is still pending at a moment. Time only moves forward, so what has settled is
// added up once.
func (f *funds) at(now time.Time) (available, pending int64) {
	rest := f.pending[:0]
	for _, p := range f.pending {
		if p.on <= now.Unix() {
			f.available += p.net
			continue
		}
		pending += p.net
		rest = append(rest, p)
	}
	f.pending = rest
	return f.available, pending
}

// tx is one request's view of the state: it sees its own changes, and the rest of the world sees them when the
// request commits, all at once.
type tx struct {
	state   *state
	now     time.Time
	version string
	request eventRequest
	staged  map[string]object
	changes []string // ids in the order in which they were first put
}

func (t *tx) find(id string) object {
	if o, ok := t.staged[id]; ok {
		return o
	}
	return t.state.objects[id]
}

// load returns a copy of the object with that id, if it is of that type.
func load[T object](t *tx, id string) (T, bool) {
	o, ok := t.find(id).(T)
	return o, ok
}

func (t *tx) put(o object) {
	if _, ok := t.staged[o.id()]; !ok {
		t.changes = append(t.changes, o.id())
	}
	t.staged[o.id()] = o
}

// emit records that something happened to an object, as it is now. Account is the connected account that it happened
// on, or empty for the platform.
func (t *tx) emit(kind string, o object, account string) {
	raw, err := json.Marshal(t.present(o))
	if err != nil {
		panic("stripesandbox: " + err.Error()) // our own types always marshal
	}
	t.put(event{
		ID: newID("evt_", 24), Object: "event", Account: account, APIVersion: t.version, Created: t.now.Unix(),
		Data: eventData{Object: raw}, Request: t.request, Type: kind,
	})
}

// changed returns what the request did, in order.
func (t *tx) changed() []object {
	out := make([]object, len(t.changes))
	for i, id := range t.changes {
		out[i] = t.staged[id]
	}
	return out
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID returns prefix and n random letters and digits.
func newID(prefix string, n int) string {
	b := make([]byte, n)
	for i := range b {
		k, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic("stripesandbox: no randomness: " + err.Error())
		}
		b[i] = alphabet[k.Int64()]
	}
	return prefix + string(b)
}
