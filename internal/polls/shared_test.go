package polls_test

import (
	"encoding/json"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/clicks"
	"relais/internal/i18n"
	"relais/internal/polls"
	"relais/internal/referrals"
)

// piece is another product of the brand that is for sale, and its one variant.
func (w *world) piece(title string) (product, variant int64) {
	w.T.Helper()
	ctx := w.T.Context()
	p, err := w.Catalog.CreateProduct(ctx, w.shop.Owner, w.shop.Brand, catalog.ProductDraft{Lang: i18n.FR, Title: title, VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: 6000, Stock: 5, SKU: title}}})
	w.must(err)
	w.must(w.Catalog.MoveProduct(ctx, w.shop.Owner, w.shop.Brand, p.ID, catalog.Published))
	w.must(w.DB.Get(&variant, `select id from variants where product_id = $1`, p.ID))
	return p.ID, variant
}

// decided is who an order of one piece by a visitor is attributed to; minor is the commission of the member, 0 for none.
func (w *world) decided(variant int64, visitor string, member int64) (rule referrals.Rule, linkID, minor int64, e referrals.Evidence) {
	w.T.Helper()
	o := w.Paid(apptest.Purchase{Variant: variant, Visitor: visitor})
	var row struct {
		Rule     referrals.Rule `db:"rule"`
		LinkID   int64          `db:"link_id"`
		Minor    int64          `db:"minor"`
		Evidence []byte         `db:"evidence"`
	}
	w.must(w.DB.Get(&row, `select a.rule, coalesce(c.link_id, 0) as link_id, a.evidence, coalesce((select e.amount_minor from earnings e join payees y on y.id = e.payee_id
  where e.order_line_id = l.id and e.role = 'commission' and y.member_id = $2), 0) as minor
from order_lines l join attributions a on a.order_line_id = l.id left join attribution_credits c on c.order_line_id = l.id and c.member_id = $2 where l.order_id = $1`, o.ID, member))
	w.must(json.Unmarshal(row.Evidence, &e))
	return row.Rule, row.LinkID, row.Minor, e
}

// The link of a member to a poll earns with what the poll is about, and with what came of it once its brand says so; with nothing else of the brand.
func TestALinkToAPollEarns(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	came, cameVariant := w.piece("Bol en grès")
	_, otherVariant := w.piece("Tasse")
	d := draft()
	d.ProductID = w.shop.Product
	d.FloorMinor = 1
	code := w.asks(d)
	poll := w.view(code, 0)
	link, err := w.Referrals.Create(ctx, w.lea, referrals.Share{Target: referrals.ToPoll, PollID: poll.ID})
	w.must(err)
	click, err := w.Clicks.Record(ctx, clicks.Visit{LinkID: link.ID, Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (iPhone) V1", Visitor: "V1"})
	w.must(err)
	w.must(w.votes(code, w.people(1)[0], 0, 0))
	expect := func(when string, variant, minor int64) {
		t.Helper()
		rule, linkID, got, e := w.decided(variant, "V1", w.lea)
		want, reason, by := referrals.ByClick, clicks.Reason(""), link.ID
		if minor == 0 {
			want, reason, by = referrals.ByNone, referrals.NotCovered, 0
		}
		if rule != want || linkID != by || got != minor {
			t.Errorf("%s: %s by link %d for %d, want %s by %d for %d", when, rule, linkID, got, want, by, minor)
		}
		if len(e.Candidates) != 1 || e.Candidates[0].LinkID != link.ID || e.Candidates[0].ClickID != click.ID || e.Candidates[0].Won != (minor != 0) || e.Candidates[0].Reason != reason {
			t.Errorf("%s: weighed %+v", when, e.Candidates)
		}
	}
	expect("what the poll is about", w.shop.Variant, 1000)
	expect("what is to come of it, before its brand says so", cameVariant, 0)
	expect("something else of the brand", otherVariant, 0)
	if v := w.closes(code); v.State != polls.Decided {
		t.Fatalf("the poll is %s", v.State)
	}
	w.must(w.Polls.Answer(ctx, w.shop.Owner, w.shop.Brand, code, polls.Said{Text: "Il est là.", ProductID: came}))
	expect("what came of it", cameVariant, 500)
	expect("what the poll is about, once it is over", w.shop.Variant, 1000)
	expect("something else of the brand, once it is over", otherVariant, 0)
	sales, err := referrals.Sales(ctx, w.DB, w.lea, link.ID, 10)
	w.must(err)
	if len(sales) != 3 || sales[0].Poll != d.Title || sales[0].PollPath != poll.Path() {
		t.Errorf("%+v", sales)
	}
	w.Audit()
}

// The link of a member to a poll can bring them something once a draft came of it: it is to be sold.
func TestALinkToAPollPaysOfADraft(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	came, _ := w.piece("Bol en grès")
	code := w.asks(draft())
	w.must(w.votes(code, w.people(1)[0], 0, 0))
	w.closes(code)
	w.must(w.Polls.Answer(ctx, w.shop.Owner, w.shop.Brand, code, polls.Said{Text: "Bientôt.", ProductID: came}))
	w.must(w.Catalog.MoveProduct(ctx, w.shop.Owner, w.shop.Brand, came, catalog.Draft))
	pays, err := referrals.PollPays(ctx, w.DB, w.view(code, 0).ID, w.lea, w.Clock.Now())
	w.must(err)
	if !pays {
		t.Error("what is to be sold of it brings nothing")
	}
}
