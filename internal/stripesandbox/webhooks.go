package stripesandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"relais/internal/stripesandbox/chaos"
	"relais/internal/stripesandbox/params"
)

// mostAttempts is after how many refusals a notice is given up. With the doubling waits that is about nine hours.
const mostAttempts = 16

// address queues an event for the endpoint that it belongs to, in the transaction in which it happened.
func (s *Sandbox) address(t *tx, e event) {
	connect := e.Account != ""
	if (connect && s.options.ConnectURL == "") || (!connect && s.options.PlatformURL == "") {
		return
	}
	t.put(delivery{ID: "delivery:" + e.ID, Event: e.ID, Connect: connect})
}

// undelivered counts the endpoints that have not taken an event yet.
func (t *tx) undelivered(eventID string) int {
	if d, ok := load[delivery](t, "delivery:"+eventID); ok && !d.Done {
		return 1
	}
	return 0
}

// forgetDelivered drops what was delivered from the queue that the journal brought back.
func (s *state) forgetDelivered() {
	s.waiting = slices.DeleteFunc(s.waiting, func(id string) bool {
		d, ok := s.objects[id].(delivery)
		return !ok || d.Done || d.GaveUp
	})
}

// Drain delivers every waiting notice now, in order, without regard to earlier failures, until none is left. It
// returns an error when a notice is refused; that one stays queued, and so do those behind it.
func (s *Sandbox) Drain(ctx context.Context) error {
	for {
		d, ok := s.next(false)
		if !ok {
			return nil
		}
		if err := s.deliver(ctx, d); err != nil {
			return err
		}
	}
}

// deliverDue delivers what may be tried now; a refused notice waits, and those behind it go on.
func (s *Sandbox) deliverDue(ctx context.Context) {
	for ctx.Err() == nil {
		d, ok := s.next(true)
		if !ok {
			return
		}
		if err := s.deliver(ctx, d); err != nil {
			s.log.Warn("sandbox webhook", "error", err)
		}
	}
}

// next returns the oldest waiting delivery; with due, the oldest whose time has come. Chaos may choose another.
func (s *Sandbox) next(due bool) (delivery, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.RealNow()
	var ready, held []delivery
	for _, id := range s.state.waiting {
		d, ok := s.state.objects[id].(delivery)
		switch {
		case !ok || (due && d.NextAt > now.Unix()):
		case s.held[id].After(now):
			held = append(held, d)
		default:
			ready = append(ready, d)
		}
		if len(ready) > 0 && s.postman == nil {
			return ready[0], true
		}
	}
	for len(ready) > 0 {
		i := s.postman.Pick(len(ready))
		d := ready[i]
		if _, before := s.held[d.ID]; !before {
			delay := s.postman.Hold()
			if s.held[d.ID] = now.Add(delay); delay > 0 {
				s.counts[string(chaos.Late)]++
				ready, held = slices.Delete(ready, i, i+1), append(held, d)
				continue
			}
		}
		if i > 0 {
			s.counts[string(chaos.Reordered)]++
		}
		return d, true
	}
	if !due && len(held) > 0 { // nothing is left that it could be later than
		return held[0], true
	}
	return delivery{}, false
}

// deliver sends one notice and records what came of it.
func (s *Sandbox) deliver(ctx context.Context, d delivery) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	times, url, secret, body := s.prepare(d)
	faults := make([]error, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() { faults[i] = s.post(ctx, url, secret, body) })
	}
	all.Wait()
	err := errors.Join(faults...)
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.state.objects[d.ID].(delivery)
	if !ok || d.Done {
		return nil // somebody else was quicker
	}
	d.Attempts++
	d.Done = err == nil
	d.GaveUp = !d.Done && d.Attempts >= mostAttempts
	d.NextAt = s.options.RealNow().Add(min(time.Second<<min(d.Attempts, 12), time.Hour)).Unix()
	t := s.begin(eventRequest{})
	t.put(d)
	if journalErr := s.commit(t); journalErr != nil {
		return journalErr
	}
	if d.Done || d.GaveUp {
		delete(s.held, d.ID)
		s.state.waiting = slices.DeleteFunc(s.state.waiting, func(id string) bool { return id == d.ID })
	}
	if err != nil {
		return fmt.Errorf("deliver event %s to %s (attempt %d): %w", d.Event, url, d.Attempts, err)
	}
	return nil
}

// prepare renders the event, and decides how often to send it: once, unless a test or chaos wants it lost or doubled.
func (s *Sandbox) prepare(d delivery) (times int, url, secret string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state.objects[d.ID].(delivery).Done:
		times = 0
	case s.drop > 0:
		s.drop--
		times = 0
	case s.duplicate > 0:
		s.duplicate--
		times = 2
	default:
		times = s.postman.Copies()
	}
	switch {
	case times == 0 && !s.state.objects[d.ID].(delivery).Done:
		s.counts[string(chaos.Lost)]++
	case times > 1:
		s.counts[string(chaos.Doubled)]++
	}
	url, secret = s.options.PlatformURL, s.options.PlatformSecret
	if d.Connect {
		url, secret = s.options.ConnectURL, s.options.ConnectSecret
	}
	t := s.begin(eventRequest{})
	e, _ := load[event](t, d.Event)
	body, err := json.Marshal(t.present(e))
	if err != nil {
		panic("stripesandbox: " + err.Error()) // our own types always marshal
	}
	return times, url, secret, body
}

func (s *Sandbox) post(ctx context.Context, url, secret string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (local sandbox)")
	req.Header.Set("Stripe-Signature", Sign(s.options.RealNow(), body, secret))
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, params.MostBody))
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err == nil && (res.StatusCode < 200 || res.StatusCode > 299) {
		err = fmt.Errorf("answered %s", res.Status)
	}
	return err
}

// Sign returns the Stripe-Signature header of a webhook's body, signed at a moment with an endpoint's secret.
func Sign(at time.Time, body []byte, secret string) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

func readEvent(c *call) (any, *params.Refusal) { return read[event](c, "event") }

func listEvents(c *call) (any, *params.Refusal) {
	kind, within := c.form.Text("type"), c.form.Created()
	kinds := c.form.Texts("types")
	filter, undelivered := c.form.Has("delivery_success"), !c.form.Boolean("delivery_success")
	return page(c, "event", "/v1/events", func(e event) bool {
		return e.Account == c.account && (kind == "" || e.Type == kind) && (len(kinds) == 0 || slices.Contains(kinds, e.Type)) &&
			(!filter || (c.tx.undelivered(e.ID) > 0) == undelivered) && within(e.Created)
	})
}
