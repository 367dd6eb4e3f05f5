package polls_test

import (
	"errors"
	"testing"

	"relais/internal/catalog"
	"relais/internal/clicks"
	"relais/internal/i18n"
	"relais/internal/pledges"
	"relais/internal/polls"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/reports"
)

// decides has a poll decided by one vote: a shirt of 80.00, in cotton with mother-of-pearl, for 83.60.
func (w *world) decides(d polls.Draft) polls.View {
	w.T.Helper()
	code := w.asks(d)
	w.must(w.votes(code, w.people(1)[0], 0, 0))
	return w.closes(code)
}

// drafts is a product of the brand that is not for sale yet.
func (w *world) drafts(title string, price int64) (product, variant int64) {
	w.T.Helper()
	p, err := w.Catalog.CreateProduct(w.T.Context(), w.shop.Owner, w.shop.Brand, catalog.ProductDraft{Lang: i18n.FR, Title: title, VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: price, Stock: 5, SKU: title}}})
	w.must(err)
	w.must(w.DB.Get(&variant, `select id from variants where product_id = $1`, p.ID))
	return p.ID, variant
}

// What is launched from a poll is named by it at once, before its brand answers: whoever voted is told, its page thanks them, and a link to the poll covers it; the answer may name it while it
// is being launched, and once it is made those who voted are told that it is for sale.
func TestALaunchComesOfItsPoll(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	v := w.decides(draft())
	var voter int64
	w.must(w.DB.Get(&voter, `select member_id from poll_ballots where poll_id = $1`, v.ID))
	link, err := w.Referrals.Create(ctx, w.lea, referrals.Share{Target: referrals.ToPoll, PollID: v.ID})
	w.must(err)
	_, err = w.Clicks.Record(ctx, clicks.Visit{LinkID: link.ID, Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (iPhone) V1", Visitor: "V1"})
	w.must(err)
	product, variant := w.drafts("Chemise", 8360)
	launch := func(code, why string) (pledges.Campaign, error) {
		return w.Pledges.Launch(ctx, w.shop.Owner, w.shop.Brand, pledges.LaunchDraft{ProductID: product, Goal: 1, Days: 10, Expected: w.Clock.Now().AddDate(0, 2, 0), Plan: "Le tissu.", Poll: code, Why: why})
	}
	if _, err := launch("nonexisten", ""); !errors.Is(err, polls.ErrGone) {
		t.Errorf("from a poll that is not there: %v", err)
	}
	c, err := launch(v.Code, "")
	w.must(err)
	w.sweeps()
	pieces, err := polls.PiecesOf(ctx, w.DB, v.ID, i18n.FR)
	if err != nil || len(pieces) != 1 || pieces[0].ProductID != product || pieces[0].Slug == "" || pieces[0].PriceMinor != 8360 || pieces[0].Why != "" {
		t.Errorf("%+v, %v", pieces, err)
	}
	thanked, err := polls.DecidedFor(ctx, w.DB, i18n.FR, product)
	if err != nil || len(thanked) != 1 || w.told(voter, "poll", "launched") != 1 || w.told(voter, "poll", "made") != 0 {
		t.Errorf("thanked by %d polls, %v, told %d times", len(thanked), err, w.told(voter, "poll", "launched"))
	}
	if pays, err := referrals.PollPays(ctx, w.DB, v.ID, w.lea, w.Clock.Now()); err != nil || !pays {
		t.Errorf("a link to it pays %t while people promise, %v", pays, err)
	}
	w.must(w.Polls.Answer(ctx, w.shop.Owner, w.shop.Brand, v.Code, polls.Said{Text: "Elle se lance.", ProductID: product}))
	// As if its goal had been reached.
	pgtest.Owner(t, w.DB).MustExec(`update campaigns set state = 'reached', ended_at = $2, people = 1 where id = $1`, c.ID, w.Clock.Now())
	w.must(w.Pledges.Made(ctx, w.shop.Owner, w.shop.Brand, c.ID))
	w.must(w.Pledges.Made(ctx, w.shop.Owner, w.shop.Brand, c.ID))
	w.sweeps()
	if w.told(voter, "poll", "made") != 1 {
		t.Errorf("told %d times that it is for sale", w.told(voter, "poll", "made"))
	}
	if rule, by, minor, _ := w.decided(variant, "V1", w.lea); rule != referrals.ByClick || by != link.ID || minor == 0 {
		t.Errorf("%s by link %d for %d", rule, by, minor)
	}
	w.sound()
}

// Where the answer named nothing a piece is named later; one that is dearer than what was decided says why, and the page of the poll keeps both prices. Nothing of it is taken back.
func TestPiecesAndTheirPrice(t *testing.T) {
	w := open(t)
	ctx, owner, brand := t.Context(), w.shop.Owner, w.shop.Brand
	v := w.decides(draft())
	if err := w.Polls.Name(ctx, owner, brand, v.Code, w.shop.Product, "x"); !errors.Is(err, polls.ErrNotOpen) {
		t.Errorf("named before the answer: %v", err)
	}
	w.must(w.Polls.Answer(ctx, owner, brand, v.Code, polls.Said{Text: "Bientôt."}))
	if err := w.Polls.Name(ctx, w.lea, brand, v.Code, w.shop.Product, "x"); !errors.Is(err, polls.ErrGone) {
		t.Errorf("named by a stranger: %v", err)
	}
	if err := w.Polls.Name(ctx, owner, brand, v.Code, w.shop.Product, " "); !errors.Is(err, polls.ErrDearer) {
		t.Errorf("120.00 in place of 83.60, for no reason: %v", err)
	}
	draft, _ := w.drafts("Brouillon", 8000)
	if err := w.Polls.Name(ctx, owner, brand, v.Code, draft, ""); !errors.Is(err, polls.ErrProduct) {
		t.Errorf("a draft: %v", err)
	}
	for range 2 {
		w.must(w.Polls.Name(ctx, owner, brand, v.Code, w.shop.Product, "Le tissu a doublé."))
	}
	cheap, _ := w.piece("Chemise simple") // 60.00
	w.must(w.Polls.Name(ctx, owner, brand, v.Code, cheap, "Sans raison."))
	w.DB.MustExec(`update variants set price_minor = 13000 where id = $1`, w.shop.Variant)
	got := w.view(v.Code, 0).Pieces
	if len(got) != 2 || got[0].PriceMinor != 12000 || got[0].NowMinor != 13000 || got[0].Why != "Le tissu a doublé." || got[1].PriceMinor != 6000 || got[1].Why != "" {
		t.Errorf("%+v", got)
	}
	var voter int64
	w.must(w.DB.Get(&voter, `select member_id from poll_ballots where poll_id = $1`, v.ID))
	if w.sweeps(); w.told(voter, "poll", "made") != 2 {
		t.Errorf("told %d times", w.told(voter, "poll", "made"))
	}
	for n := len(got); n < polls.MaxPieces; n++ {
		one, _ := w.piece("Autre " + string(rune('a'+n)))
		w.must(w.Polls.Name(ctx, owner, brand, v.Code, one, ""))
	}
	more, _ := w.piece("Trop")
	if err := w.Polls.Name(ctx, owner, brand, v.Code, more, ""); !errors.Is(err, polls.ErrPieces) {
		t.Errorf("one too many: %v", err)
	}
	other := w.Shop("bois", 5000, 5)
	for _, sql := range []string{`delete from poll_pieces`, `update poll_pieces set why = ''`, `update poll_pieces set price_minor = 1`} {
		if _, err := w.DB.Exec(sql); err == nil {
			t.Errorf("done: %s", sql)
		}
	}
	if _, err := w.DB.Exec(`insert into poll_pieces (poll_id, product_id, price_minor, at) values ($1, $2, 5000, now())`, v.ID, other.Product); err == nil {
		t.Error("a product of another brand")
	}
	w.sound()
	tx, err := pgtest.Owner(t, w.DB).Beginx()
	w.must(err)
	defer func() { _ = tx.Rollback() }()
	tx.MustExec(`set local session_replication_role = replica`)
	tx.MustExec(`insert into poll_pieces (poll_id, product_id, price_minor, at) values ($1, $2, 5000, now())`, v.ID, other.Product)
	found, err := polls.Check(ctx, tx)
	w.must(err)
	broken := 0
	for _, f := range found {
		if f.Name == "polls_pieces" {
			broken = int(f.Count)
		}
	}
	if broken != 1 {
		t.Errorf("polls_pieces finds %d", broken)
	}
}

// Once enough ballots count the brand is bound: it cannot cancel any more, and the platform can.
func TestAPollThatBinds(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	d := draft()
	d.Quorum = 2
	code, people := w.asks(d), w.people(3)
	w.must(w.votes(code, people[0], 0, 0))
	w.DB.MustExec(`update members set email_normal = (select email_normal from members where id = $1) where id = $2`, people[0], people[1])
	w.must(w.votes(code, people[1], 0, 0)) // counted apart
	is := func(want bool) {
		t.Helper()
		if got, err := polls.Binds(ctx, w.DB, w.view(code, 0).ID); err != nil || got != want {
			t.Errorf("binds: %t, %v", got, err)
		}
	}
	is(false)
	w.must(w.votes(code, people[2], 0, 0))
	is(true)
	if err := w.Polls.Cancel(ctx, w.shop.Owner, w.shop.Brand, code, "Cela ne nous plaît pas."); !errors.Is(err, polls.ErrBinds) {
		t.Errorf("cancelled: %v", err)
	}
	w.must(w.Polls.Report(ctx, code, reports.Complaint{Part: polls.APoll, MemberID: people[0], Reason: "misleading"}))
	w.must(w.Polls.Decide(ctx, reports.Decision{Part: polls.APoll, ID: w.view(code, 0).ID, By: w.Member("admin"), Hide: true, Why: "Trompeur."}))
	if v := w.view(code, 0); v.State != polls.Cancelled {
		t.Errorf("%s", v.State)
	}
}
