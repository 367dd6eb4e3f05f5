package late_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/notices"
	"relais/internal/pledges/late"
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
	w.on("2026-06-30")
	w.told("in the month to which it was moved", map[string]int{"lea": 0, "bruno": 0})
	w.on("2026-07-01")
	w.told("in the month after", map[string]int{"lea": 1, "bruno": 1, "chloe": 0, "dora": 0})
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
