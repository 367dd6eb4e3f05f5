package publications_test

import (
	"testing"

	"relais/internal/catalog"
	"relais/internal/designs/designstest"
	"relais/internal/i18n"
	"relais/internal/postgres/pgtest"
	"relais/internal/publications"
	"relais/internal/reports"
)

// takesDown has the platform take down a publication that somebody reported.
func (w *world) takesDown(admin, id int64) {
	w.T.Helper()
	ctx := w.T.Context()
	w.ok(w.Publications.Report(ctx, publications.Claim{Complaint: reports.Complaint{Part: publications.APublication, ID: id, MemberID: w.tom, Reason: "copied", Text: "C’est mon dessin."}, Lang: "fr"}))
	w.ok(w.Publications.Decide(ctx, reports.Decision{Part: publications.APublication, ID: id, By: admin, Hide: true, Why: "Copié."}))
}

// Its author left and asked again before the platform decided: nothing of the design is asked for or sold any more, and the log says what was decided, also the second time.
func TestADesignIsTakenDownWhole(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	admin := w.Member("admin")
	first := w.listed(w.lea, "Vagues", 1000)
	w.ok(w.Publications.Withdraw(ctx, w.lea, first.ID))
	again, err := w.Publications.Ask(ctx, w.lea, draft(first.DesignID, 1000))
	w.ok(err)
	w.ok(w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, again, 2))
	w.takesDown(admin, first.ID)
	if a, b := w.reads(first.ID), w.reads(again); a.State != publications.TakenDown || b.State != publications.TakenDown || w.product(b).Visible {
		t.Errorf("%s, %s", a.State, b.State)
	}
	if n := w.told(w.lea, "taken_down"); n != 2 {
		t.Errorf("the author was told %d times", n)
	}
	_, err = w.Publications.Ask(ctx, w.lea, draft(first.DesignID, 1000))
	w.refused("again", err, publications.ErrTakenDown)
	w.takesDown(admin, first.ID)
	var actions int
	w.ok(w.DB.Get(&actions, `select count(*) from audit_log where action = 'publication taken down'`))
	if actions != 2 {
		t.Errorf("%d decisions in the log", actions)
	}
	w.Audit()
}

// What varies it, near and far, asked for or sold, is shown to the platform.
func TestVariationsAreShown(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	original := w.listed(w.lea, "Vagues", 500)
	near := w.varies(w.tom, original, 100)
	w.ok(w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, near, 1))
	far := w.varies(w.lea, w.reads(near), 100)
	w.ok(w.Publications.Report(ctx, publications.Claim{Complaint: reports.Complaint{Part: publications.APublication, ID: original.ID, MemberID: w.tom, Reason: "copied", Text: "Copié."}, Lang: "fr"}))
	cases, _, err := publications.Reports().Cases(ctx, w.DB, 10, 0)
	w.ok(err)
	if v := cases[0].Subject.Variations; len(v) != 2 || v[0].ID != near || v[1].ID != far {
		t.Errorf("%+v", v)
	}
}

// varies asks for an unchanged copy of a publication.
func (w *world) varies(member int64, of publications.Publication, royalty int64) (id int64) {
	w.T.Helper()
	design, err := w.Publications.Vary(w.T.Context(), member, of.Slug, "Autre")
	w.ok(err)
	d := draft(design, royalty)
	d.Revision = 1
	id, err = w.Publications.Ask(w.T.Context(), member, d)
	w.ok(err)
	return id
}

// Whoever accepts looks once more: at what it varies, its author, its base.
func TestAcceptLooksAgain(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	admin := w.Member("admin")
	original := w.listed(w.lea, "Vagues", 500)
	varied := w.varies(w.tom, original, 100)
	accept := func() error { return w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, varied, 1) }
	w.ok(w.Catalog.MoveProduct(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Draft))
	w.refused("its base is not sold", accept(), publications.ErrBase)
	w.ok(w.Catalog.MoveProduct(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Published))
	owner := pgtest.Owner(t, w.DB)
	owner.MustExec(`update members set blocked_at = now() where id = $1`, w.tom)
	w.refused("its author is blocked", accept(), publications.ErrAuthor)
	owner.MustExec(`update members set blocked_at = null where id = $1`, w.tom)
	w.takesDown(admin, original.ID)
	w.refused("what it varies was taken down", accept(), publications.ErrTakenDown)
}

// What is listed by itself waits for the brand where that offers nothing any more, or less than is asked; no job is parked for it.
func TestTheJobWaitsForTheBrand(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.sets(publications.Settings{Offered: true, Stock: 3})
	ask := func(words string) int64 {
		id, err := w.Publications.Ask(ctx, w.lea, draft(w.designs(w.lea, words), 1000))
		w.ok(err)
		return id
	}
	waits := func(what string, id int64) {
		t.Helper()
		before := w.told(w.shop.Owner, "asked")
		w.Settle()
		if p := w.reads(id); p.State != publications.Asked || w.told(w.shop.Owner, "asked") != before+1 {
			t.Errorf("%s: %s", what, p.State)
		}
	}
	id := ask("Vagues")
	w.sets(publications.Settings{Stock: 3})
	waits("nothing is offered", id)
	w.sets(publications.Settings{Offered: true, Stock: 3})
	id = ask("Dunes")
	terms := catalog.FirstTerms()
	terms.RoyaltyBps = 500
	_, err := w.Catalog.OfferTerms(ctx, w.shop.Owner, w.shop.Brand, terms)
	w.ok(err)
	waits("less is offered", id)
	w.refused("asked again", w.Publications.AskRevision(ctx, w.lea, id, 2, true), publications.ErrAsked)
	w.ok(w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, id, 2)) // by hand the brand may
	design, err := w.Publications.Vary(ctx, w.tom, w.reads(id).Slug, "Autre")
	w.ok(err)
	d := draft(design, 0)
	d.Revision = 1
	_, err = w.Publications.Ask(ctx, w.tom, d)
	w.refused("those before ask more already", err, publications.ErrShares)
	w.Audit()
}

// Whoever reads the other language than the author typed in reads the base's words in that language, which say what the piece is.
func TestTheBaseSpeaksTheOtherLanguage(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.ok(w.Catalog.TranslateProduct(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.ProductTranslation{Lang: "en", Title: "Bowl", Description: "Of **stoneware**."}, nil))
	p := w.listed(w.lea, "Vagues", 1000)
	page, err := catalog.ByID(ctx, w.DB, *p.ProductID, "en", w.Clock.Now())
	w.ok(err)
	if page.Title != "Vagues" || page.Description != "Of **stoneware**." {
		t.Errorf("%q: %q", page.Title, page.Description)
	}
	w.Audit()
}

// The words of an author are shown as they were typed, in their language, before those of the base.
func TestTheNoteIsPlainText(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	pgtest.Owner(t, w.DB).MustExec(`update products set description = 'Du **grès**.' where id = $1`, w.shop.Product)
	for lang, want := range map[i18n.Lang][2]string{"fr": {`\[x\](https://x.example)` + "\n\nDu **grès**.", ""}, "en": {"Du **grès**.", `\[x\](https://x.example)` + "\n\nDu **grès**."}} {
		d := draft(w.designs(w.lea, "Vagues"), 0)
		d.Note, d.Lang = "[x](https://x.example)", lang
		id, err := w.Publications.Ask(ctx, w.lea, d)
		w.ok(err)
		w.ok(w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, id, 2))
		page := w.product(w.reads(id))
		other, err := catalog.Translation(ctx, w.DB, page.ID, "en")
		if lang == "en" {
			w.ok(err)
		}
		if page.Description != want[0] || other.Description != want[1] {
			t.Errorf("%s: %q, %q", lang, page.Description, other.Description)
		}
	}
}

// A brand lowered the price by more than the cheaper version leaves.
func TestNothingWouldBeLeftOfThePrice(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	p := w.listed(w.lea, "Vagues", 0)
	pgtest.Owner(t, w.DB).MustExec(`update variants set price_minor = 900 where product_id = $1`, *p.ProductID)
	w.writes(w.lea, p.DesignID, 2, designstest.Text("Tempête"))
	w.ok(w.Publications.AskRevision(ctx, w.lea, p.ID, 3, true))
	w.refused("for nothing", w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, p.ID, 3), publications.ErrPrice)
}

// The database refuses what no step of the program does.
func TestNobodyPublishesBesideTheSteps(t *testing.T) {
	w := open(t)
	w.listed(w.lea, "Vagues", 0)
	waits, err := w.Publications.Ask(t.Context(), w.lea, draft(w.designs(w.lea, "Dunes"), 0))
	w.ok(err)
	asked := `insert into publications (design_id, revision, author_id, base_product_id, parent_id, title, royalty_bps, asked_at, state) select design_id, revision, `
	for what, q := range map[string]string{
		"refused at once": asked + `author_id, base_product_id, null, title, 0, now(), 'refused' from publications where id = $1`,
		"of another":      asked + `(select max(id) from members where id <> author_id), base_product_id, null, title, 0, now(), 'refused' from publications where id = $1`,
		"of no parent":    asked + `author_id, base_product_id, (select min(id) from publications), title, 0, now(), 'asked' from publications where id = $1`,
		"the base itself": `update publications set state = 'listed', product_id = base_product_id where id = $1`,
	} {
		if _, err := w.DB.Exec(q, waits); err == nil {
			t.Errorf("%s: allowed", what)
		}
	}
	other := w.Shop("mer", 2000, 1)
	pgtest.Owner(t, w.DB).MustExec(`update products set state = 'draft' where id = $1`, other.Product)
	if _, err := w.DB.Exec(`update publications set state = 'listed', product_id = $2 where id = $1`, waits, other.Product); err == nil {
		t.Error("a product of another brand")
	}
}
