package stripesandbox

import (
	"net/http"
	"slices"
	"strings"

	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

type onboardingPage struct {
	sheet
	Flow  string
	Facts []fact
}

type fact struct{ Name, Value string }

type dashboardPage struct {
	sheet
	Account            account
	Available, Pending []string
	Transfers, Payouts moves
}

type moves struct {
	Title, Empty string
	Rows         []move
}

type move struct{ Date, Detail, Amount string }

// openLink spends a one-time link and leads to the page that it opens. A spent or expired onboarding link leads back
// to the platform, which makes a new one. Looking at a link without opening it (HEAD) spends nothing.
func (s *Sandbox) openLink(w http.ResponseWriter, r *http.Request) {
	var l link
	var known, fresh bool
	if !s.change(w, func(t *tx) {
		if l, known = load[link](t, r.PathValue("token")); !known {
			return
		}
		if fresh = !l.Used && l.Expires >= t.now.Unix(); fresh && r.Method != http.MethodHead {
			l.Used = true
			t.put(l)
		}
	}) {
		return
	}
	switch {
	case !known:
		s.showMissing(w, r)
	case fresh && l.Dashboard:
		http.Redirect(w, r, s.base+"/dashboard/"+l.Flow, http.StatusSeeOther)
	case fresh:
		http.Redirect(w, r, s.base+"/setup/f/"+l.Flow, http.StatusSeeOther)
	case l.Dashboard:
		s.notice(w, r, http.StatusGone, "link", "", "")
	default:
		http.Redirect(w, r, l.RefreshURL, http.StatusSeeOther)
	}
}

// flow finds the page that a spent link opened, and its account.
func (t *tx) flow(id string, dashboard bool) (link, account, bool) {
	for _, token := range t.state.order["link"] {
		if l, ok := load[link](t, token); ok && l.Used && l.Flow == id && l.Dashboard == dashboard {
			a, ok := load[account](t, l.Account)
			return l, a, ok && !a.Deleted
		}
	}
	return link{}, account{}, false
}

func (s *Sandbox) showOnboarding(w http.ResponseWriter, r *http.Request) {
	var a account
	var l link
	var ok bool
	if !s.change(w, func(t *tx) { l, a, ok = t.flow(r.PathValue("flow"), false) }) {
		return
	}
	if !ok {
		s.showMissing(w, r)
		return
	}
	lang := words.LanguageOf(r, "")
	kind := "kind.individual"
	if a.BusinessType == "company" {
		kind = "kind.company"
	}
	s.render(w, http.StatusOK, "onboarding", onboardingPage{
		sheet: s.sheet(lang, "onboarding.title"), Flow: l.Flow, Facts: []fact{
			{words.Word(lang, "fact.email"), string(a.Email)},
			{words.Word(lang, "fact.kind"), words.Word(lang, kind)},
			{words.Word(lang, "fact.country"), a.Country},
			{words.Word(lang, "fact.birth"), words.Date(unix(0).AddDate(20, 0, 0), lang)},
			{words.Word(lang, "fact.bank"), a.Country + " •••• 0000"},
		},
	}, l.ReturnURL)
}

func (s *Sandbox) postOnboarding(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, params.MostBody)
	finish := r.PostFormValue("finish")
	var l link
	var ok bool
	if !s.change(w, func(t *tx) {
		var a account
		l, a, ok = t.flow(r.PathValue("flow"), false)
		if !ok || (finish != "complete" && finish != "no_bank") || strings.HasPrefix(string(a.Requirements.DisabledReason), "rejected.") {
			return
		}
		a = a.onboarded(finish == "complete")
		t.put(a)
		t.emit("account.updated", a, a.ID)
	}) {
		return
	}
	if !ok {
		s.showMissing(w, r)
		return
	}
	http.Redirect(w, r, l.ReturnURL, http.StatusSeeOther)
}

func (s *Sandbox) showDashboard(w http.ResponseWriter, r *http.Request) {
	lang := words.LanguageOf(r, "")
	p := dashboardPage{sheet: s.sheet(lang, "dashboard.title")}
	p.Transfers = moves{Title: words.Word(lang, "dashboard.transfers"), Empty: words.Word(lang, "dashboard.none")}
	p.Payouts = moves{Title: words.Word(lang, "dashboard.payouts"), Empty: words.Word(lang, "dashboard.none")}
	var ok bool
	if !s.change(w, func(t *tx) {
		if _, p.Account, ok = t.flow(r.PathValue("flow"), true); !ok {
			return
		}
		p.fill(t, lang)
	}) {
		return
	}
	if !ok {
		s.showMissing(w, r)
		return
	}
	s.render(w, http.StatusOK, "dashboard", p)
}

func (p *dashboardPage) fill(t *tx, lang string) {
	id := p.Account.ID
	for _, currency := range words.Currencies() {
		if funds, held := t.state.balances[id][currency]; held {
			available, pending := funds.at(t.now)
			p.Available = append(p.Available, words.Money(available, currency, lang))
			p.Pending = append(p.Pending, words.Money(pending, currency, lang))
		}
	}
	if len(p.Available) == 0 {
		zero := words.Money(0, p.Account.DefaultCurrency, lang)
		p.Available, p.Pending = []string{zero}, []string{zero}
	}
	for _, tr := range newest(t, "transfer", func(tr transfer) bool { return tr.Destination == id }) {
		p.Transfers.Rows = append(p.Transfers.Rows, move{
			Date: words.Date(unix(tr.Created), lang), Detail: string(tr.TransferGroup), Amount: words.Money(tr.Amount-tr.AmountReversed, tr.Currency, lang),
		})
	}
	for _, po := range newest(t, "payout", func(po payout) bool { return po.Account == id }) {
		p.Payouts.Rows = append(p.Payouts.Rows, move{
			Date: words.Date(unix(po.Created), lang), Detail: words.Word(lang, "payout."+po.Status), Amount: words.Money(po.Amount, po.Currency, lang),
		})
	}
}

// newest returns the last fifty objects of a kind that are kept, newest first.
func newest[T object](t *tx, kind string, keep func(T) bool) []T {
	var out []T
	for _, id := range slices.Backward(t.state.order[kind]) {
		if o, ok := load[T](t, id); ok && keep(o) && len(out) < 50 {
			out = append(out, o)
		}
	}
	return out
}
