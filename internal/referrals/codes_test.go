package referrals_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/storefronts/storefronttest"
)

func TestNormalCode(t *testing.T) {
	for _, tt := range []struct {
		typed, want string
		err         error
	}{
		{"lea", "LEA", nil}, {" lea 10 ", "LEA10", nil}, {"Lea-10", "LEA-10", nil}, {"A1B2C3D4E5F6G7H8I9J0", "A1B2C3D4E5F6G7H8I9J0", nil},
		{"", "", referrals.ErrCodeForm}, {"ab", "", referrals.ErrCodeForm}, {"A1B2C3D4E5F6G7H8I9J0K", "", referrals.ErrCodeForm},
		{"léa", "", referrals.ErrCodeForm}, {"-lea", "", referrals.ErrCodeForm}, {"lea-", "", referrals.ErrCodeForm}, {"lea_1", "", referrals.ErrCodeForm},
		{"lea'; drop", "", referrals.ErrCodeForm}, {"relais", "", referrals.ErrCodeReserved}, {"Relais-10", "", referrals.ErrCodeReserved},
		{"RE-LAIS", "", referrals.ErrCodeReserved}, {"promo", "", referrals.ErrCodeReserved}, {"promo-lea", "PROMO-LEA", nil},
	} {
		if got, err := referrals.NormalCode(tt.typed); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("NormalCode(%q) = %q, %v; want %q, %v", tt.typed, got, err, tt.want, tt.err)
		}
	}
}

func FuzzNormalCode(f *testing.F) {
	f.Add("lea-10")
	f.Add(" ſ ")
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := referrals.NormalCode(typed)
		if err != nil {
			return
		}
		if again, err := referrals.NormalCode(code); again != code || err != nil || len(code) < 3 || len(code) > 20 {
			t.Errorf("NormalCode(%q) = %q, and of that %q, %v", typed, code, again, err)
		}
	})
}

func TestCodesAreForGood(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	if code, err := w.s.MakeCode(ctx, w.alice, "alice"); code != "ALICE" || err != nil {
		t.Fatalf("MakeCode = %q, %v", code, err)
	}
	if _, err := w.s.MakeCode(ctx, w.bruno, "Alice"); !errors.Is(err, referrals.ErrCodeTaken) {
		t.Errorf("taken: %v", err)
	}
	if err := w.s.SwitchCode(ctx, w.bruno, "ALICE", false); !errors.Is(err, referrals.ErrNoCode) {
		t.Errorf("switched by another: %v", err)
	}
	if err := w.s.SwitchCode(ctx, w.alice, "ALICE", false); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.MakeCode(ctx, w.bruno, "ALICE"); !errors.Is(err, referrals.ErrCodeTaken) {
		t.Errorf("taken, and switched off: %v", err)
	}
	for _, code := range []string{"A-1", "A-2", "A-3", "A-4", "A-5"} {
		if _, err := w.s.MakeCode(ctx, w.alice, code); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.s.MakeCode(ctx, w.alice, "A-6"); !errors.Is(err, referrals.ErrManyCodes) {
		t.Errorf("a sixth: %v", err)
	}
	if err := w.s.SwitchCode(ctx, w.alice, "ALICE", true); !errors.Is(err, referrals.ErrManyCodes) {
		t.Errorf("a sixth by switching on: %v", err)
	}
	if _, err := w.s.MakeCode(ctx, w.alice, "A-5"); err != nil {
		t.Errorf("one that is on already: %v", err)
	}
	for _, sql := range []string{`update member_codes set member_id = 2`, `update member_codes set code = 'OTHER'`, `delete from member_codes`} {
		if _, err := w.db.Exec(sql); err == nil {
			t.Errorf("%s is let pass", sql)
		}
	}
}

// Of many who ask for one word at once, one gets it; and one member who asks for many at once gets no more than five.
func TestCodesAtOnce(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() { _, _ = w.s.MakeCode(ctx, []int64{w.alice, w.bruno}[i%2], "WORD") })
		all.Go(func() { _, _ = w.s.MakeCode(ctx, w.alice, "WORD-"+string(rune('A'+i))) })
	}
	all.Wait()
	if n := w.count(t, `select count(*) from member_codes where code = 'WORD'`); n != 1 {
		t.Errorf("%d have the word", n)
	}
	if n := w.count(t, `select count(*) from member_codes where member_id = $1 and disabled_at is null`, w.alice); n != referrals.MaxCodes {
		t.Errorf("Alice has %d codes", n)
	}
}

func (w *world) pinTo(t *testing.T, member int64, a referrals.Arrival) *referrals.Pin {
	t.Helper()
	ctx := context.Background()
	if err := postgres.InTx(ctx, w.db, func(tx *sqlx.Tx) error { return w.s.PinTo(ctx, tx, member, a) }); err != nil {
		t.Fatal(err)
	}
	p, err := referrals.PinOf(ctx, w.db, member)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhoAnAccountIsPinnedTo(t *testing.T) {
	w := open(t)
	alice, bruno := w.link(t, w.alice, product(w.soap)), w.link(t, w.bruno, product(w.soap))
	a := w.click(t, clicks.Visit{LinkID: alice.ID, Address: "192.0.2.1", UserAgent: phone, Visitor: "V1"})
	b := w.click(t, clicks.Visit{LinkID: bruno.ID, Address: "192.0.2.2", UserAgent: phone})
	embedded := w.click(t, clicks.Visit{LinkID: bruno.ID, Address: "192.0.2.3", UserAgent: phone, Reason: clicks.Embedded})
	self := referrals.Arrival{From: "/@alice"}
	n := 0
	for _, tt := range []struct {
		name string
		a    referrals.Arrival
		want int64
		link int64
	}{
		{"nothing known", referrals.Arrival{}, 0, 0},
		{"a storefront", referrals.Arrival{From: "/@alice"}, w.alice, 0},
		{"a product in a storefront", referrals.Arrival{From: "/@bruno/p/savon"}, w.bruno, 0},
		{"a storefront that a click led to", referrals.Arrival{From: "/@bruno/p/savon?c=" + b.Token}, w.bruno, bruno.ID},
		{"a storefront of one, a click on another's link", referrals.Arrival{From: "/@bruno?c=" + a.Token}, w.bruno, 0},
		{"a click", referrals.Arrival{From: "/p/savon?c=" + a.Token}, w.alice, alice.ID},
		{"a click before what the cookie knows", referrals.Arrival{From: "/p/savon?c=" + b.Token, Visitor: "V1"}, w.bruno, bruno.ID},
		{"the cookie", referrals.Arrival{From: "/login", Visitor: "V1"}, w.alice, alice.ID},
		{"another cookie", referrals.Arrival{Visitor: "V2"}, 0, 0},
		{"a forged click", referrals.Arrival{From: "/p/savon?c=FORGED"}, 0, 0},
		{"a hidden frame", referrals.Arrival{From: "/p/savon?c=" + embedded.Token}, 0, 0},
		{"nobody's storefront", referrals.Arrival{From: "/@nobody"}, 0, 0},
		{"an address that is none", referrals.Arrival{From: "/@%zz?c=%zz"}, 0, 0},
	} {
		n++
		p := w.pinTo(t, storefronttest.Member(t, w.db, "new"+string(rune('a'+n))), tt.a)
		switch {
		case (p == nil) != (tt.want == 0):
			t.Errorf("%s: %+v", tt.name, p)
		case p != nil && (p.To != tt.want || value(p.LinkID) != tt.link || !p.At.Equal(w.now)):
			t.Errorf("%s: %+v; want %d by link %d", tt.name, p, tt.want, tt.link)
		}
	}
	if p := w.pinTo(t, w.alice, self); p != nil {
		t.Errorf("pinned to themselves: %+v", p)
	}
	chloe := storefronttest.Member(t, w.db, "chloe")
	w.pinTo(t, chloe, referrals.Arrival{From: "/@alice"})
	if p := w.pinTo(t, chloe, referrals.Arrival{From: "/@bruno"}); p == nil || p.To != w.alice {
		t.Errorf("pinned anew: %+v", p)
	}
	if _, err := w.db.Exec(`update pins set pinned_to = $1`, w.bruno); err == nil {
		t.Error("a pin can be moved")
	}
	w.db.MustExec(`update members set blocked_at = now() where id = $1`, w.bruno)
	if p := w.pinTo(t, storefronttest.Member(t, w.db, "dora"), referrals.Arrival{From: "/@bruno"}); p != nil {
		t.Errorf("pinned to a member who is blocked: %+v", p)
	}
	if err := w.s.Unpin(t.Context(), chloe); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Unpin(t.Context(), chloe); !errors.Is(err, referrals.ErrNoPin) {
		t.Errorf("removed twice: %v", err)
	}
}
