package stripesandbox

import (
	"fmt"
	"net/http"

	"relais/internal/stripesandbox/cards"
	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

type readerPage struct {
	sheet
	Reader terminal
	Total  string // empty: it asks for no card
	State  string // a word
	Cards  []shownCard
}

// showReader is the simulated reader: what is on its screen, and what a buyer or the world does to it.
func (s *Sandbox) showReader(w http.ResponseWriter, r *http.Request) {
	var t terminal
	var pi paymentIntent
	var ok bool
	if !s.change(w, func(x *tx) {
		if t, ok = load[terminal](x, r.PathValue("id")); ok && t.Action != nil {
			pi, _ = load[paymentIntent](x, t.Action.Process.PaymentIntent)
		}
	}) {
		return
	}
	if !ok || t.Deleted {
		s.showMissing(w, r)
		return
	}
	lang := words.LanguageOf(r, "")
	p := readerPage{sheet: s.sheet(lang, "reader.title"), Reader: t, State: "reader.idle"}
	switch {
	case t.Status == "offline":
		p.State = "reader.offline"
	case t.asking():
		p.State, p.Total = "reader.asking", words.Money(pi.Amount, pi.Currency, lang)
	case t.Action != nil:
		p.State = "reader." + t.Action.Status
	}
	for _, c := range cards.All() {
		if c.Word == "card.ok" || c.Word == "card.declined" || c.Word == "card.poor" {
			p.Cards = append(p.Cards, shownCard{Number: c.Number, Last: c.Last4(), Word: words.Word(lang, c.Word)})
		}
	}
	s.render(w, http.StatusOK, "reader", p)
}

// postReader is what somebody does at the simulated reader.
func (s *Sandbox) postReader(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, params.MostBody)
	id := r.PathValue("id")
	var err error
	if card, ok := cards.ByNumber(r.PostFormValue("card")); ok {
		err = s.PresentCard(id, card.Number)
	} else {
		err = s.TurnReader(id, r.PostFormValue("turn"))
	}
	if err != nil {
		s.log.Debug("sandbox reader", "error", err) // a button that came too late: the page says how things are
	}
	http.Redirect(w, r, s.base+"/reader/"+id, http.StatusSeeOther)
}

// PresentCard holds a test card to a reader that asks for one.
func (s *Sandbox) PresentCard(readerID, number string) error {
	return with(s, readerID, func(t *tx, r terminal) error {
		card, ok := cards.ByNumber(number)
		if !ok || !r.asking() || r.Status == "offline" {
			return fmt.Errorf("reader %s does not take card %s now", readerID, number)
		}
		s.present(t, r, card)
		return nil
	})
}

// TurnReader does something to a reader: "offline", "online"; "idle": nobody presents a card until it gives up; "stop": the buyer
// stops it; "timeout", "hardware": its next call is too slow, or finds it broken; "repair".
func (s *Sandbox) TurnReader(readerID, how string) error {
	return with(s, readerID, func(t *tx, r terminal) error {
		switch how {
		case "offline", "online":
			r.Status = how
		case "timeout", "hardware":
			r.Fate = how
		case "repair":
			r.Fate = ""
		case "idle", "stop":
			if !r.asking() {
				return fmt.Errorf("reader %s asks for no card", readerID)
			}
			code, message := "terminal_reader_timeout", "Nobody presented a card in time."
			if how == "stop" {
				code, message = "customer_canceled", "The customer cancelled the payment."
			}
			t.acted(r, code, message)
			return nil
		default:
			return fmt.Errorf("reader %s cannot %q", readerID, how)
		}
		t.put(r)
		return nil
	})
}
