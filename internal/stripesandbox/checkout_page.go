package stripesandbox

import (
	"net/http"
	"strings"

	"relais/internal/stripesandbox/cards"
	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

type checkoutPage struct {
	sheet
	Session session
	Total   string
	Lines   []shownLine
	Cards   []shownCard // what happens at once
	Later   []shownCard // accepted, and trouble afterwards
	Fields  []field
	Problem string
	Filled  bool   // a test card was just filled in: paying comes next
	Setup   bool   // a card is kept, and nothing is paid
	Consent string // to what the buyer agrees by the button; may be empty
}

type shownLine struct {
	Name, Unit, Sum, Image string
	Quantity               int64
}

type shownCard struct {
	Number, Last, Word string
	Chosen             bool
}

type field struct {
	Name, Label, Type, Mode, Hint, Value, Fault string
	First                                       bool // the first that has a fault
}

type securePage struct {
	sheet
	Session              session
	Total, Last, Confirm string
	Setup                bool
}

// payForm is what the buyer typed, and what is wrong with it.
type payForm struct {
	typed   cards.Typed
	faults  map[string]string // by field
	problem string            // the key of a word above the form
	fresh   bool              // a test card was just filled in
}

// progress is how far the buyer of a session has come.
type progress struct {
	status  string // of the payment intent or setup intent; empty: nothing was tried
	last    string // the end of the card that waits for 3-D Secure
	problem string // why the last attempt failed: the key of a word
}

func (t *tx) progress(id string) progress {
	cs, _ := load[session](t, id)
	var p progress
	var failed *params.Body
	number := ""
	if pi, ok := load[paymentIntent](t, string(cs.PaymentIntent)); ok {
		p.status, failed, number = pi.Status, pi.LastPaymentError, pi.Card
	}
	if si, ok := load[setupIntent](t, string(cs.SetupIntent)); ok {
		pm, _ := load[paymentMethod](t, string(si.PaymentMethod))
		p.status, failed, number = si.Status, si.LastSetupError, pm.Number
	}
	p.last = number[max(0, len(number)-4):]
	if failed != nil {
		if p.problem = failed.DeclineCode; p.problem == "" {
			p.problem = cs.word("authentication")
		}
	}
	return p
}

// word is the key of a word that says something else where a card is kept.
func (s session) word(key string) string {
	if s.Mode == "setup" {
		return "setup." + key
	}
	return key
}

// session loads the session of a page that is open. Where it is not, the page says so.
func (s *Sandbox) session(w http.ResponseWriter, r *http.Request) (cs session, p progress, ok bool) {
	found := s.change(w, func(t *tx) {
		cs, ok = load[session](t, r.PathValue("id"))
		p = t.progress(cs.ID)
	})
	switch {
	case !found:
		return cs, p, false
	case !ok:
		s.showMissing(w, r)
	case cs.Status == "complete":
		s.notice(w, r, http.StatusOK, cs.word("done"), string(cs.Locale), cs.successURL())
	case cs.Status == "expired":
		s.notice(w, r, http.StatusGone, cs.word("expired"), string(cs.Locale), string(cs.CancelURL))
	}
	return cs, p, ok && cs.Status == "open"
}

func (s *Sandbox) showCheckout(w http.ResponseWriter, r *http.Request) {
	cs, p, ok := s.session(w, r)
	if !ok {
		return
	}
	email := string(cs.CustomerEmail)
	if email == "" && cs.CustomerDetails != nil {
		email = string(cs.CustomerDetails.Email)
	}
	s.renderCheckout(w, r, http.StatusOK, cs, payForm{typed: cards.Typed{"email": email}, problem: p.problem})
}

func (s *Sandbox) renderCheckout(w http.ResponseWriter, r *http.Request, status int, cs session, form payForm) {
	lang := words.LanguageOf(r, string(cs.Locale))
	p := checkoutPage{sheet: s.sheet(lang, cs.word("by_card")), Session: cs, Total: words.Money(cs.AmountTotal, cs.Currency, lang), Filled: form.fresh,
		Setup: cs.Mode == "setup", Consent: cs.consent()}
	if form.problem != "" {
		p.Problem = words.Word(lang, form.problem)
	}
	for _, l := range cs.Lines {
		p.Lines = append(p.Lines, shownLine{
			Name: l.Name, Unit: words.Money(l.Unit, cs.Currency, lang), Sum: words.Money(l.Unit*l.Quantity, cs.Currency, lang), Image: l.Image, Quantity: l.Quantity,
		})
	}
	p.Cards, p.Later = shownCards(lang, cards.Digits(form.typed["number"]), p.Setup)
	p.Fields = []field{
		{Name: "email", Type: "email", Mode: "email"},
		{Name: "number", Type: "text", Mode: "numeric", Hint: "4242 4242 4242 4242"},
		{Name: "expiry", Type: "text", Mode: "numeric", Hint: words.Word(lang, "field.expiry_hint")},
		{Name: "cvc", Type: "text", Mode: "numeric", Hint: "123"},
		{Name: "name", Type: "text"},
	}
	faults := 0
	for i := range p.Fields {
		f := &p.Fields[i]
		f.Label, f.Value = words.Word(lang, "field."+f.Name), form.typed[f.Name]
		if form.faults[f.Name] != "" {
			f.Fault = words.Word(lang, form.faults[f.Name])
			f.First = faults == 0
			faults++
		}
	}
	s.render(w, status, "checkout", p, cs.successURL(), string(cs.CancelURL))
}

// shownCards are the test cards that a page offers, in two groups.
func shownCards(lang, chosen string, setup bool) (now, later []shownCard) {
	for _, c := range cards.All() {
		word, trouble := c.Word, c.Later()
		if setup {
			word, trouble = c.Kept, c.Later() || c.Keeps || c.Always
		}
		shown := shownCard{Number: c.Number, Last: c.Last4(), Word: words.Word(lang, word), Chosen: chosen == c.Number}
		switch {
		case word == "":
		case trouble:
			later = append(later, shown)
		default:
			now = append(now, shown)
		}
	}
	return now, later
}

func (s *Sandbox) postCheckout(w http.ResponseWriter, r *http.Request) {
	cs, _, ok := s.session(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, params.MostBody)
	form := payForm{typed: cards.Typed{}}
	for _, name := range []string{"email", "name", "number", "expiry", "cvc"} {
		form.typed[name] = strings.TrimSpace(r.PostFormValue(name))
	}
	now := s.options.Now()
	if card, known := cards.ByNumber(r.PostFormValue("fill")); known {
		form.typed.Fill(card, now)
		form.fresh = true
		s.renderCheckout(w, r, http.StatusOK, cs, form)
		return
	}
	if form.faults = form.typed.Faults(now); len(form.faults) > 0 {
		s.renderCheckout(w, r, http.StatusUnprocessableEntity, cs, form)
		return
	}
	s.attempt(w, r, cs, form)
}

// attempt pays or keeps a card, unless another tab was quicker, and leads on.
func (s *Sandbox) attempt(w http.ResponseWriter, r *http.Request, cs session, form payForm) {
	p := payer{email: form.typed["email"], name: form.typed["name"], card: form.typed.Card()}
	p.month, p.year, _ = form.typed.Expiry(s.options.Now())
	var came progress
	if !s.change(w, func(t *tx) {
		if cs, _ = load[session](t, cs.ID); cs.Status != "open" {
			return
		}
		if cs.Mode == "setup" {
			s.keep(t, cs, p)
		} else {
			s.pay(t, cs, p)
		}
		came = t.progress(cs.ID)
	}) {
		return
	}
	switch {
	case cs.Status != "open":
		http.Redirect(w, r, s.base+"/c/pay/"+cs.ID, http.StatusSeeOther)
	case came.status == "succeeded":
		http.Redirect(w, r, cs.successURL(), http.StatusSeeOther)
	case came.status == "requires_action":
		http.Redirect(w, r, s.base+"/c/pay/"+cs.ID+"/secure", http.StatusSeeOther)
	default:
		form.problem = came.problem
		form.typed["number"], form.typed["cvc"] = "", ""
		s.renderCheckout(w, r, http.StatusPaymentRequired, cs, form)
	}
}

func (s *Sandbox) showSecure(w http.ResponseWriter, r *http.Request) {
	cs, p, ok := s.session(w, r)
	if !ok {
		return
	}
	if p.status != "requires_action" {
		http.Redirect(w, r, s.base+"/c/pay/"+cs.ID, http.StatusSeeOther)
		return
	}
	lang := words.LanguageOf(r, string(cs.Locale))
	s.render(w, http.StatusOK, "secure", securePage{
		sheet: s.sheet(lang, cs.word("secure.title")), Session: cs, Total: words.Money(cs.AmountTotal, cs.Currency, lang), Last: p.last,
		Confirm: words.Word(lang, cs.word("secure.confirm")), Setup: cs.Mode == "setup",
	}, cs.successURL())
}

func (s *Sandbox) postSecure(w http.ResponseWriter, r *http.Request) {
	cs, _, ok := s.session(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, params.MostBody)
	confirmed := r.PostFormValue("answer") == "confirm"
	var came progress
	if !s.change(w, func(t *tx) {
		if cs.Mode == "setup" {
			t.confirmSetup(cs, confirmed)
		} else {
			s.confirmPayment(t, cs, confirmed)
		}
		came = t.progress(cs.ID)
	}) {
		return
	}
	next := s.base + "/c/pay/" + cs.ID
	if came.status == "succeeded" {
		next = cs.successURL()
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// confirmPayment is what the buyer answers their bank.
func (s *Sandbox) confirmPayment(t *tx, cs session, yes bool) {
	pi, _ := load[paymentIntent](t, string(cs.PaymentIntent))
	card, _ := cards.ByNumber(pi.Card)
	switch {
	case pi.Status != "requires_action":
	case yes:
		s.succeed(t, cs, pi, card, string(pi.PaymentMethod))
	default:
		t.failPayment(pi, params.Body{Type: params.InvalidRequest, Code: "payment_intent_authentication_failure", Message: "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again."})
	}
}
