package stripesandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

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
	Filled  bool // a test card was just filled in: paying comes next
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
	Session     session
	Total, Last string
}

// payForm is what the buyer typed, and what is wrong with it, by field.
type payForm struct {
	values  map[string]string
	faults  map[string]string
	problem string // the key of a word above the form
	fresh   bool   // a test card was just filled in
}

func (s *Sandbox) session(w http.ResponseWriter, r *http.Request) (cs session, pi paymentIntent, ok bool) {
	found := s.change(w, func(t *tx) {
		cs, ok = load[session](t, r.PathValue("id"))
		pi, _ = load[paymentIntent](t, string(cs.PaymentIntent))
	})
	switch {
	case !found:
		return cs, pi, false
	case !ok:
		s.showMissing(w, r)
	case cs.Status == "complete":
		s.notice(w, r, http.StatusOK, "done", string(cs.Locale), cs.successURL())
	case cs.Status == "expired":
		s.notice(w, r, http.StatusGone, "expired", string(cs.Locale), string(cs.CancelURL))
	}
	return cs, pi, ok && cs.Status == "open"
}

func (s *Sandbox) showCheckout(w http.ResponseWriter, r *http.Request) {
	cs, pi, ok := s.session(w, r)
	if !ok {
		return
	}
	form := payForm{values: map[string]string{"email": string(cs.CustomerEmail)}}
	if pi.LastPaymentError != nil {
		form.problem = pi.LastPaymentError.DeclineCode
		if form.problem == "" {
			form.problem = "authentication"
		}
	}
	s.renderCheckout(w, r, http.StatusOK, cs, form)
}

func (s *Sandbox) renderCheckout(w http.ResponseWriter, r *http.Request, status int, cs session, form payForm) {
	lang := words.LanguageOf(r, string(cs.Locale))
	p := checkoutPage{sheet: s.sheet(lang, "by_card"), Session: cs, Total: words.Money(cs.AmountTotal, cs.Currency, lang), Filled: form.fresh}
	if form.problem != "" {
		p.Problem = words.Word(lang, form.problem)
	}
	for _, l := range cs.Lines {
		p.Lines = append(p.Lines, shownLine{
			Name: l.Name, Unit: words.Money(l.Unit, cs.Currency, lang), Sum: words.Money(l.Unit*l.Quantity, cs.Currency, lang), Image: l.Image, Quantity: l.Quantity,
		})
	}
	p.Cards, p.Later = shownCards(lang, digits(form.values["number"]))
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
		f.Label, f.Value = words.Word(lang, "field."+f.Name), form.values[f.Name]
		if form.faults[f.Name] != "" {
			f.Fault = words.Word(lang, form.faults[f.Name])
			f.First = faults == 0
			faults++
		}
	}
	s.render(w, status, "checkout", p, cs.successURL(), string(cs.CancelURL))
}

// shownCards are the test cards that the page offers, in two groups.
func shownCards(lang, chosen string) (now, later []shownCard) {
	for _, c := range testCards {
		shown := shownCard{Number: c.number, Last: c.number[12:], Word: words.Word(lang, c.word), Chosen: chosen == c.number}
		switch {
		case c.word == "":
		case c.later():
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
	form := payForm{values: map[string]string{}}
	for _, name := range []string{"email", "name", "number", "expiry", "cvc"} {
		form.values[name] = strings.TrimSpace(r.PostFormValue(name))
	}
	if card, known := cardByNumber(r.PostFormValue("fill")); known {
		s.renderCheckout(w, r, http.StatusOK, cs, form.filled(card, s.options.Now()))
		return
	}
	if form.check(s.options.Now()); len(form.faults) > 0 {
		s.renderCheckout(w, r, http.StatusUnprocessableEntity, cs, form)
		return
	}
	s.attempt(w, r, cs, form)
}

// attempt pays, unless another tab was quicker, and leads on.
func (s *Sandbox) attempt(w http.ResponseWriter, r *http.Request, cs session, form payForm) {
	number := digits(form.values["number"])
	card, known := cardByNumber(number)
	if !known { // somebody's own, perhaps: keep no more of it than its end
		card = testCard{number: "000000000000" + number[len(number)-4:], brand: "visa", decline: "test_mode"}
	}
	var pi paymentIntent
	if !s.change(w, func(t *tx) {
		if cs, _ = load[session](t, cs.ID); cs.Status == "open" {
			pi = s.pay(t, cs, payer{email: form.values["email"], name: form.values["name"], card: card})
		}
	}) {
		return
	}
	switch {
	case cs.Status != "open":
		http.Redirect(w, r, s.base+"/c/pay/"+cs.ID, http.StatusSeeOther)
	case pi.Status == "succeeded":
		http.Redirect(w, r, cs.successURL(), http.StatusSeeOther)
	case pi.Status == "requires_action":
		http.Redirect(w, r, s.base+"/c/pay/"+cs.ID+"/secure", http.StatusSeeOther)
	default:
		form.problem = pi.LastPaymentError.DeclineCode
		form.values["number"], form.values["cvc"] = "", ""
		s.renderCheckout(w, r, http.StatusPaymentRequired, cs, form)
	}
}

// filled is the form with a test card in it.
func (f payForm) filled(card testCard, now time.Time) payForm {
	n := card.number
	f.fresh = true
	f.values["number"] = n[:4] + " " + n[4:8] + " " + n[8:12] + " " + n[12:]
	f.values["expiry"] = "12 / " + strconv.Itoa((now.Year()+3)%100)
	f.values["cvc"] = "123"
	if f.values["name"] == "" {
		f.values["name"] = "Camille Essai"
	}
	return f
}

func (f *payForm) check(now time.Time) {
	f.faults = map[string]string{}
	local, domain, _ := strings.Cut(f.values["email"], "@")
	number, expiry, cvc := digits(f.values["number"]), digits(f.values["expiry"]), digits(f.values["cvc"])
	for name, ok := range map[string]bool{
		"email":  local != "" && strings.Contains(domain, "."),
		"name":   f.values["name"] != "",
		"number": len(number) >= 12 && len(number) <= 19 && luhn(number),
		"expiry": len(expiry) == 4 && inFuture(expiry, now),
		"cvc":    len(cvc) == 3 || len(cvc) == 4,
	} {
		if !ok {
			f.faults[name] = "fault." + name
		}
	}
}

// inFuture reads MMYY.
func inFuture(expiry string, now time.Time) bool {
	month, errMonth := strconv.Atoi(expiry[:2])
	year, errYear := strconv.Atoi(expiry[2:])
	if errMonth != nil || errYear != nil || month < 1 || month > 12 {
		return false
	}
	return time.Date(2000+year, time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC).After(now)
}

// luhn checks the last digit of a card number.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func (s *Sandbox) showSecure(w http.ResponseWriter, r *http.Request) {
	cs, pi, ok := s.session(w, r)
	if !ok {
		return
	}
	if pi.Status != "requires_action" {
		http.Redirect(w, r, s.base+"/c/pay/"+cs.ID, http.StatusSeeOther)
		return
	}
	lang := words.LanguageOf(r, string(cs.Locale))
	s.render(w, http.StatusOK, "secure", securePage{
		sheet: s.sheet(lang, "secure.title"), Session: cs, Total: words.Money(cs.AmountTotal, cs.Currency, lang), Last: pi.Card[12:],
	}, cs.successURL())
}

func (s *Sandbox) postSecure(w http.ResponseWriter, r *http.Request) {
	cs, _, ok := s.session(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, params.MostBody)
	confirmed := r.PostFormValue("answer") == "confirm"
	var paid bool
	if !s.change(w, func(t *tx) {
		pi, _ := load[paymentIntent](t, string(cs.PaymentIntent))
		card, _ := cardByNumber(pi.Card)
		switch {
		case pi.Status != "requires_action":
			paid = pi.Status == "succeeded"
		case confirmed:
			paid = s.succeed(t, cs, pi, card, string(pi.PaymentMethod)).Status == "succeeded"
		default:
			t.failPayment(pi, params.Body{Type: params.InvalidRequest, Code: "payment_intent_authentication_failure", Message: "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again."})
		}
	}) {
		return
	}
	next := s.base + "/c/pay/" + cs.ID
	if paid {
		next = cs.successURL()
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}
