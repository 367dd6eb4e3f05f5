package admin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"relais/internal/app"
	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/orders"
	"relais/internal/payouts"
	"relais/internal/stripesandbox"
	"relais/internal/web/admin"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
	"relais/internal/web/webtest"
)

// world is the admin pages over all of Relais.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop      apptest.Shop
	alma, lea int64            // the admin; a member
	broken    []ledger.Finding // added to what the audit finds
}

func open(t *testing.T, demo bool) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, Dev: true}, func(id int64) bool { return id == w.alma })
	after := aftersale.New(aftersale.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Returns: w.Returns, Disputes: w.Disputes, Now: w.Clock.Now})
	after.Routes(w.Echo)
	o := admin.Options{Aftersale: after, Site: w.Site, DB: w.DB, Members: w.Members, Catalog: w.Catalog, Orders: w.Orders, Payouts: w.Payouts, Webhooks: w.Webhooks, Reconcile: w.Reconcile, Debts: w.Debts,
		Now: w.Clock.Now, Clock: time.Now, Audit: func(ctx context.Context) ([]ledger.Finding, error) {
			found, err := app.Audit(ctx, w.DB)
			return append(found, w.broken...), err
		}}
	if demo {
		o.Advance = func(_ context.Context, days int) error { w.Pass(days); return nil }
	}
	admin.New(o).Routes(w.Echo)
	w.shop, w.alma, w.lea = w.Shop("terre", 12000, 50), w.Member("alma"), w.Member("lea")
	if err := w.Members.Promote(t.Context(), 0, w.alma, true); err != nil {
		t.Fatal(err)
	}
	return w
}

// does posts as the admin, follows the answer and fails where the next page lacks the words.
func (w *world) does(target string, form url.Values, words ...string) {
	w.T.Helper()
	rw := w.Ask(w.alma, target, form)
	if rw.Code != http.StatusSeeOther {
		w.T.Errorf("%s: %d\n%.600s", target, rw.Code, rw.Body)
		return
	}
	cookie := ""
	for _, c := range rw.Result().Cookies() {
		cookie = c.Name + "=" + c.Value
	}
	path, _, _ := strings.Cut(rw.Header().Get("Location"), "#")
	w.Shows(w.Ask(w.alma, path, nil, "Cookie", cookie), http.StatusOK, words...)
}

func (w *world) logged(action string, want int) {
	w.T.Helper()
	var n int
	if err := w.DB.Get(&n, `select count(*) from audit_log where action = $1 and actor_id = $2`, action, w.alma); err != nil || n != want {
		w.T.Errorf("%q is logged %d times, %v; want %d", action, n, err, want)
	}
}

func TestOnlyAdmins(t *testing.T) {
	w := open(t, true)
	pages := []string{"/admin", "/admin/members", "/admin/brands", "/admin/orders", "/admin/orders/R-1", "/admin/orders/R-1/refund", "/admin/payouts", "/admin/jobs", "/admin/webhooks", "/admin/clock", "/admin/reconciliation", "/admin/reconciliation.csv", "/admin/revenue.csv"}
	forms := []string{"/admin/audit", "/admin/members/1/block", "/admin/members/1/promote", "/admin/brands/1/block", "/admin/orders/R-1/refund", "/admin/payouts/run", "/admin/jobs/1/retry", "/admin/clock", "/admin/reconciliation", "/admin/reconciliation/1"}
	for _, path := range pages {
		if rw := w.Ask(0, path, nil); rw.Code != http.StatusSeeOther || !strings.HasPrefix(rw.Header().Get("Location"), "/login") {
			t.Errorf("guest at %s: %d", path, rw.Code)
		}
		w.Shows(w.Ask(w.lea, path, nil), http.StatusNotFound)
	}
	for _, path := range forms {
		w.Shows(w.Ask(w.lea, path, url.Values{"days": {"7"}, "admin": {"yes"}}), http.StatusNotFound)
	}
	w.Shows(w.Ask(w.alma, "/admin/orders/R-1", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.alma, "/admin/members/x/block", url.Values{}), http.StatusNotFound)
}

func TestOverviewAndAudit(t *testing.T) {
	w := open(t, false)
	w.Shows(w.Ask(w.alma, "/admin", nil), http.StatusOK, "Choses signalées", "Pas encore fait", "Droits d’administration donnés", "0,00")
	w.does("/admin/audit", url.Values{}, "toutes tiennent", "Les gains et les frais d’une commande payée font son total", "sale_split")
	w.Shows(w.Ask(w.alma, "/admin", nil, "Accept-Language", "en"), http.StatusOK, "Last audit", "all hold", "Earnings and fee of a paid order")
	w.broken = []ledger.Finding{{Name: "not_translated", Description: "the sky is up", Count: 3}}
	w.does("/admin/audit", url.Values{}, "1 règle ne tient pas", "the sky is up")
	w.Shows(w.Ask(w.alma, "/admin/clock", nil), http.StatusNotFound) // no demo, no clock
	// Every rule is told in both languages.
	found, err := app.Audit(t.Context(), w.DB)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if !i18n.FR.Has("admin.invariant."+f.Name) || !i18n.EN.Has("admin.invariant."+f.Name) {
			t.Errorf("admin.invariant.%s is missing", f.Name)
		}
	}
}

func TestMembersAndBrands(t *testing.T) {
	w := open(t, false)
	w.Shows(w.Ask(w.alma, "/admin/members", nil), http.StatusOK, "lea@relais.example", "c’est vous", "Nommer admin")
	w.Shows(w.Ask(w.alma, "/admin/members?q=lea", nil, "Accept-Language", "en"), http.StatusOK, "lea@relais.example", "!alma@relais.example", "Make admin")
	lea := fmt.Sprintf("/admin/members/%d", w.lea)
	w.does(lea+"/block", url.Values{"blocked": {"yes"}, "back": {"/admin/members?q=lea"}}, "Le membre est bloqué", "Débloquer")
	w.does(lea+"/block", url.Values{"blocked": {"no"}, "back": {"//evil.example"}}, "Le membre est débloqué")
	w.does(lea+"/promote", url.Values{"admin": {"yes"}}, "administre maintenant")
	w.does(fmt.Sprintf("/admin/members/%d/promote", w.alma), url.Values{"admin": {"no"}}, "votre propre compte")
	w.logged("member blocked", 1)
	w.logged("member unblocked", 1)
	w.logged("admin promoted", 1)

	w.Shows(w.Ask(w.alma, "/admin/brands", nil), http.StatusOK, "Maison terre", "Terre-owner", "ouverte")
	brand := fmt.Sprintf("/admin/brands/%d/block", w.shop.Brand)
	w.does(brand, url.Values{"blocked": {"yes"}}, "La marque est bloquée")
	w.does(brand, url.Values{"blocked": {"yes"}}, "La marque est bloquée") // twice is once
	w.does(brand, url.Values{"blocked": {"no"}}, "La marque est débloquée")
	w.logged("brand blocked", 1)
	w.logged("brand unblocked", 1)
	w.Shows(w.Ask(w.alma, "/admin/brands/999999/block", url.Values{"blocked": {"yes"}}), http.StatusNotFound)
}

func TestOrdersAndRefund(t *testing.T) {
	w := open(t, false)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
	w.Shows(w.Ask(w.alma, "/admin/orders", nil), http.StatusOK, o.Number, "Maison terre", "125,00")
	w.Shows(w.Ask(w.alma, "/admin/orders?state=refunded", nil), http.StatusOK, "!"+o.Number)
	w.Shows(w.Ask(w.alma, "/admin/orders?q=anne", nil, "Accept-Language", "en"), http.StatusOK, o.Number)
	path := "/admin/orders/" + o.Number
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "Lea", "105,00", "10,00", "5,00", "Paiement reçu", path+"/refund")
	form := url.Values{"operation": {"OPERATION-OPERATION"}, "amount": {"125"}}
	w.Shows(w.Ask(w.alma, path+"/refund", nil), http.StatusOK, "Rembourser", "125,00")
	w.Shows(w.Ask(w.alma, path+"/refund", form), http.StatusOK, "Votre nom est noté", "105,00", "10,00", "5,00")
	form.Set("step", "confirm")
	w.does(path+"/refund", form, "demandé à la banque")
	w.does(path+"/refund", form, "!Quelques points")
	w.Settle()
	if p, err := w.Orders.ByID(t.Context(), o.ID); err != nil || p.State != orders.Refunded {
		t.Errorf("%s, %v", p.State, err)
	}
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "Dans le grand livre", "refund:", "Annulé", "− 125,00", "!"+path+"/refund\"")
	w.logged("refund asked", 1)
	w.Audit()
}

func TestPayoutRun(t *testing.T) {
	w := open(t, false)
	w.Shows(w.Ask(w.alma, "/admin/payouts", nil), http.StatusOK, "Personne n’a d’argent disponible")
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
	w.Deliver(o.ID)
	w.Pass(15)
	w.Shows(w.Ask(w.alma, "/admin/payouts", nil), http.StatusOK, "Lea", "compte de versement à ouvrir", "!Verser maintenant")
	w.Onboard(earnings.Owner{MemberID: w.lea})
	w.Shows(w.Ask(w.alma, "/admin/payouts", nil), http.StatusOK, "Prochain passage", "10,00", "prêt à être payé", "Verser maintenant", "Stripe peut envoyer")
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Status: 400, Code: "insufficient_capabilities_for_transfer", Message: "Your destination account needs a capability."})
	w.does("/admin/payouts/run", url.Values{}, "Le passage a commencé", "Passage n° 1", "en préparation", "Mettre en pause")
	w.does("/admin/payouts/runs/1/pause", url.Values{"reason": {"le chien a faim"}}, "Le passage est en pause", "Mis en pause par Alma", "le chien a faim")
	w.Settle()
	w.does("/admin/payouts/runs/1/pause", url.Values{}, "a avancé entre-temps")
	w.does("/admin/payouts/runs/1/resume", url.Values{}, "Le passage reprend")
	w.Settle()
	w.Shows(w.Ask(w.alma, "/admin/payouts/runs/1", nil), http.StatusOK, "100 % terminés", "Stripe demande un complément", "needs a capability", "!Mettre en pause")
	w.Shows(w.Ask(w.alma, "/admin/payouts/runs/1?state=sent", nil, "Accept-Language", "en"), http.StatusOK, "Run no. 1", "!needs a capability")
	w.Shows(w.Ask(w.alma, "/admin/payouts/runs/99", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.alma, "/admin/payouts", nil), http.StatusOK, "needs a capability", "insufficient_capabilities_for_transfer", "Alma")
	w.does("/admin/payouts/run", url.Values{}, "Passage n° 2")
	w.Settle()
	w.Shows(w.Ask(w.alma, "/admin/payouts", nil, "Accept-Language", "en"), http.StatusOK, "Runs", "10.00", "done")
	if got := w.Totals(w.payee()); got.Paid != 1000 || got.Free != 0 {
		t.Errorf("%+v", got)
	}
	w.logged("payouts run", 2)
	w.logged("payouts paused", 1)
	w.logged("payouts resumed", 1)
	w.Audit()
}

func TestPayoutSettings(t *testing.T) {
	w := open(t, false)
	w.Shows(w.Ask(w.alma, "/admin/payouts", nil, "Accept-Language", "en"), http.StatusOK, "Minimum in JPY", "every week", "Monday")
	form := url.Values{"cadence": {"monthly"}, "weekday": {"3"}, "monthday": {"28"}}
	rules, err := w.Payouts.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for code := range rules.Minimums {
		form.Set("minimum_"+code, "25")
	}
	w.does("/admin/payouts/settings", form, "C’est enregistré", `value="25.00"`)
	if rules, err = w.Payouts.Settings(t.Context()); err != nil || rules.Cadence != payouts.Monthly || rules.Weekday != time.Wednesday || rules.MonthDay != 28 ||
		rules.Minimum("EUR") != 2500 || rules.Minimum("JPY") != 25 {
		t.Errorf("%+v, %v", rules, err)
	}
	form.Set("minimum_EUR", "nothing")
	w.Shows(w.Ask(w.alma, "/admin/payouts/settings", form), http.StatusUnprocessableEntity, "supérieur à zéro")
	w.logged("payout settings changed", 1)
}

// Nobody knows whether it was sent: an admin looks, and records only what Stripe shows.
func TestParkedPayoutIsSettledByEvidence(t *testing.T) {
	w := open(t, false)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
	w.Deliver(o.ID)
	w.Pass(15)
	w.Onboard(earnings.Owner{MemberID: w.lea})
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Times: 100})
	if _, err := w.Payouts.Run(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	age := func(hours int) {
		t.Helper()
		if _, err := w.DB.Exec(`update payouts set next_at = null, first_sent_at = first_sent_at - make_interval(hours => $1), tried_at = tried_at - make_interval(hours => $1)`, hours); err != nil {
			t.Fatal(err)
		}
		if err := w.Payouts.Schedule(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Settle()
	}
	age(24)
	w.Sandbox.ClearFaults()
	w.Shows(w.Ask(w.alma, "/admin/payouts", nil), http.StatusOK, "Personne ne sait", "Lea")
	w.does("/admin/payouts/1/look", url.Values{}, "ne montre aucun transfert")
	w.does("/admin/payouts/1/settle", url.Values{"how": {"not"}, "reason": {"seen in the dashboard"}}, "Rien n’a été enregistré") // the key may still act
	w.does("/admin/payouts/1/settle", url.Values{"how": {"sent"}, "transfer": {"tr_invented"}, "reason": {"seen in the dashboard"}}, "Rien n’a été enregistré")
	age(2)
	w.does("/admin/payouts/1/settle", url.Values{"how": {"not"}, "reason": {"short"}}, "dix caractères")
	w.does("/admin/payouts/1/settle", url.Values{"how": {"not"}, "reason": {"seen in the dashboard"}}, "C’est enregistré")
	w.does("/admin/payouts/1/settle", url.Values{"how": {"not"}, "reason": {"seen in the dashboard"}}, "a avancé entre-temps")
	if got := w.Totals(w.payee()); got.Free != 1000 || got.Paid != 0 {
		t.Errorf("%+v", got)
	}
	w.logged("payout settled", 1)
	w.Audit()
}

func (w *world) payee() int64 {
	w.T.Helper()
	id, err := earnings.PayeeID(w.T.Context(), w.DB, earnings.Owner{MemberID: w.lea})
	if err != nil {
		w.T.Fatal(err)
	}
	return id
}

func TestJobsAndWebhooks(t *testing.T) {
	w := open(t, false)
	w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	w.Shows(w.Ask(w.alma, "/admin/webhooks", nil), http.StatusOK, "checkout.session.completed", "traité")
	w.Shows(w.Ask(w.alma, "/admin/webhooks", nil, "Accept-Language", "en"), http.StatusOK, "Notices of Stripe", "handled")
	w.Shows(w.Ask(w.alma, "/admin/jobs", nil), http.StatusOK, "webhooks.event", "Faites")
	w.Shows(w.Ask(w.alma, "/admin/jobs?state=parked", nil), http.StatusOK, "Aucune tâche arrêtée")
	var job int64
	if err := w.DB.Get(&job, `update jobs set done_at = null, parked_at = now(), last_error = 'the dog <ate> it' where id = (select max(id) from jobs) returning id`); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.alma, "/admin/jobs?state=parked", nil, "Accept-Language", "en"), http.StatusOK, "the dog &lt;ate&gt; it", "Try again")
	retry := fmt.Sprintf("/admin/jobs/%d/retry", job)
	w.does(retry, url.Values{}, "La tâche est réessayée")
	w.logged("job retried", 1)
	w.Settle()
	list, err := jobs.List(t.Context(), w.DB, jobs.Filter{State: jobs.Parked})
	if err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	w.does(retry, url.Values{}, "ne peut pas être relancée")
}

func TestClock(t *testing.T) {
	w := open(t, true)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
	w.Deliver(o.ID)
	before := w.Clock.Now()
	w.Shows(w.Ask(w.alma, "/admin/clock", nil), http.StatusOK, "Avancer de 15 jours")
	w.does("/admin/clock", url.Values{"days": {"15"}}, "Le temps a avancé")
	if got := w.Clock.Now().Sub(before); got != 15*24*time.Hour {
		t.Errorf("moved by %v", got)
	}
	if got := w.Totals(w.payee()); got.Free != 1000 {
		t.Errorf("after 15 days: %+v", got)
	}
	w.logged("clock advanced", 1)
}
