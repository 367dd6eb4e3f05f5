// Package chaos decides, by a seed, which calls and which notices go wrong and how: the way networks, gateways and
// Stripe itself fail. It only throws the dice; package stripesandbox does what they say. The same seed and the same
// sequence of calls give the same faults.
package chaos

import (
	"math/rand/v2"
	"time"
)

// Kind is one way in which a call goes wrong.
type Kind string

// The ways of a call to go wrong. Where a name ends in Done, what was asked for has happened all the same.
const (
	Error       Kind = "error 500"            // an internal error, nothing done; the key repeats it
	ErrorDone   Kind = "error 500, done"      // … although it was done
	Cut         Kind = "cut before"           // the connection is cut before anything began
	CutDone     Kind = "cut after, done"      // … and after everything was done
	HalfDone    Kind = "half an answer, done" // a success that cannot be read to its end
	Gateway     Kind = "gateway 502"          // a page of HTML from a gateway, nothing done
	GatewayDone Kind = "gateway 502, done"    // … although it was done
	KeyInUse    Kind = "key in use 409"       // another call with this key is running
	RateLimit   Kind = "rate limit 429"       // too many calls
	LockTimeout Kind = "lock timeout 429"     // the object is busy
	Unavailable Kind = "unavailable 503"      // down for the moment
	Slow        Kind = "slow"                 // answered right, but late
	Lost        Kind = "webhook lost"         // counted as delivered, and nobody was told
	Doubled     Kind = "webhook doubled"      // told several times at once
	Late        Kind = "webhook late"         // told after others that came later
	Reordered   Kind = "webhook out of order" // told before others that came earlier
	Injected    Kind = "injected"             // asked for by a test, one by one
)

// Calls are the kinds that a call can meet.
func Calls() []Kind {
	return []Kind{Error, ErrorDone, Cut, CutDone, HalfDone, Gateway, GatewayDone, KeyInUse, RateLimit, LockTimeout, Unavailable, Slow}
}

// Options say how often calls go wrong.
type Options struct {
	Seed      uint64
	Rate      int           // calls of a thousand that go wrong
	Kinds     []Kind        // of Calls; empty: all of them
	MostDelay time.Duration // of a slow call, real time; 0: 50 ms
}

// Dice are thrown once for each call. They are not safe for use by several goroutines.
type Dice struct {
	options Options
	random  *rand.Rand
}

// NewDice returns the dice of the options.
func NewDice(o Options) *Dice {
	if len(o.Kinds) == 0 {
		o.Kinds = Calls()
	}
	if o.MostDelay <= 0 {
		o.MostDelay = 50 * time.Millisecond
	}
	return &Dice{options: o, random: seeded(o.Seed)}
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x5eed)) }

// Throw says how the next call goes wrong, with its delay when it is slow; "" when it does not.
func (d *Dice) Throw() (Kind, time.Duration) {
	if d.random.IntN(1000) >= d.options.Rate {
		return "", 0
	}
	kind := d.options.Kinds[d.random.IntN(len(d.options.Kinds))]
	if kind != Slow {
		return kind, 0
	}
	return kind, 1 + time.Duration(d.random.Int64N(int64(d.options.MostDelay)))
}

// WebhookOptions say how often notices go wrong. The rates are notices of a thousand.
type WebhookOptions struct {
	Seed      uint64
	Lose      int
	Duplicate int
	Copies    int // how many of a doubled one; 0: 5
	Delay     int
	MostDelay time.Duration // real time; 0: 2 s
	Reorder   int
	Window    int // how far ahead one may jump; 0: 8
}

// Postman carries notices badly. He is not safe for use by several goroutines.
type Postman struct {
	options WebhookOptions
	random  *rand.Rand
}

// NewPostman returns the postman of the options.
func NewPostman(o WebhookOptions) *Postman {
	if o.Copies == 0 {
		o.Copies = 5
	}
	if o.Window == 0 {
		o.Window = 8
	}
	if o.MostDelay <= 0 {
		o.MostDelay = 2 * time.Second
	}
	return &Postman{options: o, random: seeded(o.Seed)}
}

func (p *Postman) hit(rate int) bool { return p.random.IntN(1000) < rate }

// Pick says which of so many waiting notices goes first: 0 unless they are put out of order. A nil postman is a good
// one.
func (p *Postman) Pick(waiting int) int {
	if p == nil || waiting < 2 || !p.hit(p.options.Reorder) {
		return 0
	}
	return p.random.IntN(min(waiting, p.options.Window))
}

// Hold says how long a notice is held back before it is first tried; 0: not at all.
func (p *Postman) Hold() time.Duration {
	if p == nil || !p.hit(p.options.Delay) {
		return 0
	}
	return 1 + time.Duration(p.random.Int64N(int64(p.options.MostDelay)))
}

// Copies says how many times a notice is sent: 0 when it is lost.
func (p *Postman) Copies() int {
	switch {
	case p == nil:
		return 1
	case p.hit(p.options.Lose):
		return 0
	case p.hit(p.options.Duplicate):
		return p.options.Copies
	}
	return 1
}
