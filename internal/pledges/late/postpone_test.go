package late_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/notices"
	"relais/internal/pledges"
	"relais/internal/pledges/late"
	"relais/internal/stripesandbox"
)

// moved are the letters about the month that was moved that somebody got.
func (w *world) moved(who string) (texts []string) {
	w.T.Helper()
	w.must(w.DB.Select(&texts, `select subject || E'\n' || body_text from letters where template = 'pledge_postponed' and recipient = $1 || '@poste.example' order by id`, who))
	return texts
}

// Everybody who paid and waits is told once that the month was moved, and what the law gives them; whoever was paid back or withdrew is not. What was ordered keeps its month.
func TestMovedOncePaid(t *testing.T) {
	w := open(t, false)
	ctx := t.Context()
	lea := w.Member("lea")
	first := w.backs("lea", lea, i18n.FR)
	w.backs("bruno", 0, i18n.EN)
	refunded, gone := w.backs("chloe", 0, i18n.FR), w.backs("dora", 0, i18n.FR)
	w.ends()
	w.must(w.RefundAll(w.order(refunded), w.shop.Brand))
	w.must(w.Withdraw(w.order(gone), ""))
	w.Settle()
	june := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	w.must(w.Late.Postpone(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID, june, "Le four a lâché."))
	if err := w.Late.Postpone(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID, june.AddDate(0, 1, 0), "Encore."); !errors.Is(err, late.ErrMoved) {
		t.Errorf("a second time: %v", err)
	}
	w.Settle()
	for who, want := range map[string]int{"lea": 1, "bruno": 1, "chloe": 0, "dora": 0} {
		if got := len(w.moved(who)); got != want {
			t.Fatalf("%s got %d letters, want %d", who, got, want)
		}
	}
	reads(t, w.moved("lea")[0], "Bol terre", "avril 2026", "juin 2026", "Le four a lâché.", "/o/", "/withdraw", "!/pledge/")
	reads(t, w.moved("bruno")[0], "April 2026", "June 2026", "Le four a lâché.", "/o/", "/withdraw", "!/pledge/")
	var told []struct {
		Event string `db:"event"`
		Path  string `db:"path"`
	}
	w.must(w.DB.Select(&told, `select event, path from notices where member_id = $1 and event = 'launch_postponed'`, lea))
	var order struct {
		Path     string    `db:"path"`
		Expected time.Time `db:"expected"`
	}
	w.must(w.DB.Get(&order, `select '/o/' || token as path, expected from orders where id = $1`, w.order(first)))
	if len(told) != 1 || told[0].Path != order.Path {
		t.Errorf("told %+v, of %s", told, order.Path)
	}
	if !order.Expected.Equal(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("what was ordered is expected in %s", order.Expected)
	}
	w.Audit()
	w.on("2026-04-30")
	w.told("in the month of their order", map[string]int{"lea": 0, "bruno": 0})
	w.on("2026-05-01")
	w.told("in the month after", map[string]int{"lea": 1, "bruno": 1, "chloe": 0, "dora": 0})
	reads(t, w.letters("lea")[0], "avril 2026", "!juin 2026")
	if n := w.notices(lea, notices.Order); n != 1 {
		t.Errorf("the member was told %d times that it is late", n)
	}
	w.Audit()
}

// Of what was made to the buyer's wishes the letter says nothing of a right to withdraw; who paid is told in parts, nobody twice.
func TestMovedInParts(t *testing.T) {
	w := open(t, true)
	for _, who := range []string{"anne", "bruno", "claire"} {
		w.backs(who, 0, i18n.FR)
	}
	w.ends()
	s, runner := late.New(w.DB, w.Clock.Now, w.Mail, 2), jobs.New(w.DB, slog.New(slog.DiscardHandler), jobs.Options{})
	s.Register(runner)
	w.must(s.Postpone(t.Context(), w.shop.Owner, w.shop.Brand, w.campaign.ID, time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), "L’argile manque."))
	w.must(runner.Drain(t.Context()))
	for _, who := range []string{"anne", "bruno", "claire"} {
		letters := w.moved(who)
		if len(letters) != 1 {
			t.Fatalf("%s got %d letters", who, len(letters))
		}
		reads(t, letters[0], "mai 2026", "L’argile manque.", "!/withdraw")
	}
}

// While a launch is open whoever promised is told that its month was moved, and has three days to leave: who stays is charged for an order of the new month. Who
// promises afterwards is not told; a card that is left after the move for the month before is not kept.
func TestMovedWhileOpen(t *testing.T) {
	w := open(t, false)
	ctx := t.Context()
	stays := w.backs("anne", 0, i18n.FR)
	asked, err := w.Pledges.Join(ctx, w.joining("bruno", 0, i18n.FR))
	w.must(err)
	url, err := w.Pledges.OpenSetup(ctx, asked.Token)
	w.must(err)
	w.Clock.Set(w.Clock.Now().Add(time.Minute))
	w.must(w.Late.Postpone(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), "Le four a lâché."))
	w.Clock.Set(w.Clock.Now().Add(time.Minute))
	_, err = stripesandbox.Visitor{}.Pay(ctx, url, stripesandbox.Payer{Email: asked.Email, Name: asked.Name, Card: stripesandbox.PersonalCards()[7]}, w.Clock.Now())
	w.must(err)
	after := w.backs("claire", 0, i18n.FR)
	for who, want := range map[string]int{"anne": 1, "bruno": 0, "claire": 0} {
		if got := len(w.moved(who)); got != want {
			t.Errorf("%s got %d letters, want %d", who, got, want)
		}
	}
	reads(t, w.moved("anne")[0], "avril 2026", "juin 2026", "/pledge/", "votre commande sera pour juin 2026", "!/o/")
	var state string
	w.must(w.DB.Get(&state, `select state from pledges where id = $1`, asked.ID))
	if state != "lapsed" {
		t.Errorf("what was asked for before the move is %s", state)
	}
	w.must(w.Pledges.Settle(ctx, asked.ID))
	var said string
	w.must(w.DB.Get(&said, `select body_text from letters where template = 'pledge_released' and recipient = 'bruno@poste.example'`))
	reads(t, said, "a repoussé le mois de livraison", "Vous pouvez soutenir à nouveau", w.campaign.Path(), "!trop tard", "!dix pièces")
	if p, err := w.Pledges.ByToken(ctx, asked.Token, i18n.FR); err != nil || p.EndedWhy != pledges.Moved {
		t.Errorf("it is out because of %q, %v", p.EndedWhy, err)
	}
	w.ends()
	for _, id := range []int64{stays, after} {
		var month time.Time
		w.must(w.DB.Get(&month, `select expected from orders where id = $1`, w.order(id)))
		if !month.Equal(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("pledge %d became an order for %s", id, month)
		}
	}
	w.Audit()
	w.on("2026-06-30")
	w.told("in the month to which it was moved", map[string]int{"anne": 0, "claire": 0})
	w.on("2026-07-01")
	w.told("in the month after", map[string]int{"anne": 1, "claire": 1})
}

// The month stays while whoever promised cannot leave any more and is not charged yet, and that of a blocked brand's launch too.
func TestNotMoved(t *testing.T) {
	w := open(t, false)
	ctx := t.Context()
	move := func() error {
		return w.Late.Postpone(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), "Le four a lâché.")
	}
	w.backs("anne", 0, i18n.FR)
	w.DB.MustExec(`update brands set blocked_at = now() where id = $1`, w.shop.Brand)
	if err := move(); !errors.Is(err, pledges.ErrGone) {
		t.Errorf("of a blocked brand: %v", err)
	}
	w.DB.MustExec(`update brands set blocked_at = null where id = $1`, w.shop.Brand)
	w.Clock.Set(w.campaign.Deadline.Add(time.Second - late.LeaveTime))
	if err := move(); !errors.Is(err, late.ErrSoon) {
		t.Errorf("too late to leave: %v", err)
	}
	w.Clock.Set(w.campaign.Deadline)
	if err := move(); !errors.Is(err, late.ErrSoon) {
		t.Errorf("at the deadline: %v", err)
	}
	w.must(w.Pledges.Close(ctx, w.campaign.ID)) // it is reached, and the charge a job
	if err := move(); !errors.Is(err, pledges.ErrCharging) {
		t.Errorf("before the card is charged: %v", err)
	}
	w.Settle()
	w.must(move())
	w.Settle()
	if n := len(w.moved("anne")); n != 1 {
		t.Errorf("told %d times", n)
	}
	w.Audit()
}
