package reviews_test

import (
	"errors"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/postgres/pgtest"
	"relais/internal/reviews"
	"relais/internal/stripesandbox"
)

// Nobody decides about their own money, at any desk, either way.
func TestNobodyDecidesAboutThemselves(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.must(w.Members.Promote(ctx, 0, w.lea, true))
	_, r := w.doubted()
	claim := w.ask(w.bought().Number)
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, reviews.ErrYourself) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, yes := range []bool{true, false} {
		for _, brand := range []int64{0, w.shop.Brand} {
			own := reviews.Verdict{BrandID: brand, By: w.lea, Yes: yes, Why: "mine"}
			refused("her review", w.Reviews.Decide(ctx, r.ID, own))
			refused("her claim", w.Reviews.Answer(ctx, claim, 0, own))
		}
	}
	w.opened(1)
	w.must(w.Reviews.Decide(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "Her own card."}))
	w.must(w.Reviews.Appeal(ctx, w.lea, r.ID, "It was my sister."))
	refused("her appeal", w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.lea, Yes: true, Why: "mine"}))
	w.must(w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "The refusal stands."}))
	w.must(w.Reviews.Answer(ctx, claim, 0, reviews.Verdict{By: w.alma, Yes: true, Why: "She did tell her."}))
	w.Audit()
}

// A brand's team earns nothing of what it sells, whoever decides.
func TestClaimsOfTheBrandsTeam(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	id := w.ask(w.bought().Number)
	_, err := w.DB.Exec(`insert into brand_members (brand_id, member_id, role) values ($1, $2, 'staff')`, w.shop.Brand, w.lea)
	w.must(err)
	for _, v := range []reviews.Verdict{{BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "yes"}, {By: w.alma, Yes: true, Why: "yes"}} {
		if err := w.Reviews.Answer(ctx, id, 0, v); !errors.Is(err, reviews.ErrStaff) {
			t.Errorf("as %d: %v", v.BrandID, err)
		}
	}
	w.must(w.Reviews.Answer(ctx, id, 0, reviews.Verdict{By: w.alma, Why: "You are of the brand's team."}))
	w.Audit()
}

// What the rules count as the claimant's own purchase is not granted either: their card under another name, their payout account.
func TestClaimsOfOwnPurchasesInDisguise(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	refused := func(what, number string) {
		t.Helper()
		id := w.ask(number)
		for _, v := range []reviews.Verdict{{BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "yes"}, {By: w.alma, Yes: true, Why: "yes"}} {
			if err := w.Reviews.Answer(ctx, id, 0, v); !errors.Is(err, reviews.ErrOwn) {
				t.Errorf("%s, as %d: %v", what, v.BrandID, err)
			}
		}
	}
	pay := func(card string, p apptest.Purchase) string {
		o := w.Order(p)
		w.Pay(o, card)
		w.Settle()
		return o.Number
	}
	pay(stripesandbox.SecondCard, apptest.Purchase{Variant: w.shop.Variant, Email: "lea@relais.example"}) // as a guest
	refused("her card", pay(stripesandbox.SecondCard, apptest.Purchase{Variant: w.shop.Variant, Email: "inconnue@poste.example"}))

	// One account at Stripe is one payee's today. Should that ever change, it is still one person.
	max := w.Member("max")
	_, err := pgtest.Owner(t, w.DB).Exec(`alter table payees drop constraint payees_stripe_account_key`)
	w.must(err)
	_, err = w.DB.Exec(`insert into payees (member_id, stripe_account_id, country) values ($1, 'acct_same', 'FR'), ($2, 'acct_same', 'FR')`, w.lea, max)
	w.must(err)
	refused("her payout account", pay(apptest.Good, apptest.Purchase{Variant: w.shop.Variant, Member: max, Email: "max@relais.example"}))
}

// A commission that was refused to another member may still become theirs: until it cannot, only the brand may pay a second one.
func TestThePlatformHasNoBrandPayTwice(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	max := w.Member("max")
	o, r := w.doubted()
	claims := func(who int64) int64 {
		t.Helper()
		a := w.asked(o.Number)
		a.MemberID = who
		id, err := w.Reviews.Ask(ctx, a)
		w.must(err)
		return id
	}
	id := claims(max)
	yes := reviews.Verdict{By: w.alma, Yes: true, Why: "His link, too."}
	others := func(when string) {
		t.Helper()
		if err := w.Reviews.Answer(ctx, id, 0, yes); !errors.Is(err, reviews.ErrOthers) {
			t.Errorf("%s: %v", when, err)
		}
	}
	others("while it is looked at")
	w.must(w.Reviews.Decide(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "Her own card."}))
	others("refused, and she may appeal")
	w.must(w.Clock.Advance(ctx, 30))
	others("on the last day")
	w.must(w.Reviews.Appeal(ctx, w.lea, r.ID, "It was my sister."))
	w.must(w.Clock.Advance(ctx, 1))
	others("while she appeals")
	w.must(w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "The refusal stands."}))
	w.must(w.Reviews.Answer(ctx, id, 0, yes))
	w.Audit()
}

// Should the platform have granted a claim on the sale all the same, an appeal cannot be granted on top; where the brand paid, it can.
func TestAppealsAfterGrantedClaims(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	max := w.Member("max")
	for _, by := range []reviews.Verdict{{By: w.alma, Yes: true, Why: "His link, too."}, {BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "On top."}} {
		o, r := w.doubted()
		w.must(w.Reviews.Decide(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "Her own card."}))
		w.must(w.Clock.Advance(ctx, 31))
		a := w.asked(o.Number)
		a.MemberID = max
		id, err := w.Reviews.Ask(ctx, a)
		w.must(err)
		w.must(w.Reviews.Answer(ctx, id, 0, by))
		_, err = w.DB.Exec(`update reviews set appealed_at = $2, appeal_text = 'in time', appeal_due_at = $2, appeal_state = 'open' where id = $1`, r.ID, w.Clock.Now())
		w.must(err)
		err = w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.alma, Yes: true, Why: "She is right."})
		if by.BrandID != 0 {
			w.must(err)
			continue
		}
		if !errors.Is(err, reviews.ErrPaidOn) {
			t.Errorf("granted twice: %v", err)
		}
		w.must(w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "It was given to another member."}))
	}
	w.Audit()
}
