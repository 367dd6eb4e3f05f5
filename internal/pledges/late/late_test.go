package late_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/pledges/late"
	"relais/internal/postgres"
	"relais/internal/stripesandbox"
)

func TestMonths(t *testing.T) {
	april := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		at   string
		want int
	}{{"2026-03-02T09:00:00Z", 0}, {"2026-04-30T23:59:59Z", 0}, {"2026-05-01T01:30:00+02:00", 0}, {"2026-05-01T00:00:00Z", 1}, {"2026-05-31T12:00:00Z", 1}, {"2026-06-01T00:00:00Z", 2}, {"2027-04-10T00:00:00Z", 12}} {
		now, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		c := pledges.Campaign{Kind: pledges.Launch, State: pledges.Reached, Expected: &april}
		if n := late.Months(c, now); n != tt.want {
			t.Errorf("%s: %d, want %d", tt.at, n, tt.want)
		}
		for what, change := range map[string]func(*pledges.Campaign){"a group order": func(c *pledges.Campaign) { c.Kind, c.Expected = pledges.GroupOrder, nil }, "missed": func(c *pledges.Campaign) { c.State = pledges.Missed },
			"made": func(c *pledges.Campaign) { c.MadeAt = &now }, "given up": func(c *pledges.Campaign) { c.StoppedAt = &now }} {
			other := c
			change(&other)
			if n := late.Months(other, now); n != 0 {
				t.Errorf("%s, at %s: %d", what, tt.at, n)
			}
		}
	}
}

// world has a launch of a bowl that runs for ten days from 2 March on, and is to be delivered in April.
type world struct {
	*apptest.World
	shop     apptest.Shop
	campaign pledges.Campaign
	backers  int
}

func open(t *testing.T, customMade bool) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	ctx := t.Context()
	w.shop = w.Shop("terre", 12000, 0)
	_, err := w.Catalog.OfferTerms(ctx, w.shop.Owner, w.shop.Brand, catalog.FirstTerms())
	w.must(err)
	w.must(w.Catalog.MoveProduct(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Draft))
	w.DB.MustExec(`update products set custom_made = $2 where id = $1`, w.shop.Product, customMade)
	w.campaign, err = w.Pledges.Launch(ctx, w.shop.Owner, w.shop.Brand, pledges.LaunchDraft{ProductID: w.shop.Product, Goal: 1, Days: 10, Expected: w.Clock.Now().AddDate(0, 1, 0), Plan: "La terre et l’émail."})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// joining is a promise of two pieces; memberID 0: of a guest.
func (w *world) joining(who string, memberID int64, lang i18n.Lang) pledges.Joining {
	j := pledges.Joining{Code: w.campaign.Code, Operation: "join-of-a-bowl-" + who, VariantID: w.shop.Variant, Quantity: 2, Email: who + "@poste.example", Consent: true, Lang: lang,
		Address: orders.Address{Name: who, Street: "3 rue des Lilas", Postcode: "35000", City: "Rennes", Country: "FR"}}
	if memberID != 0 {
		j.MemberID = &memberID
	}
	return j
}

// backs promises two pieces with a card; memberID 0: as a guest.
func (w *world) backs(who string, memberID int64, lang i18n.Lang) (pledgeID int64) {
	w.T.Helper()
	ctx := w.T.Context()
	p, err := w.Pledges.Join(ctx, w.joining(who, memberID, lang))
	w.must(err)
	url, err := w.Pledges.OpenSetup(ctx, p.Token)
	w.must(err)
	_, err = stripesandbox.Visitor{}.Pay(ctx, url, stripesandbox.Payer{Email: p.Email, Name: p.Name, Card: stripesandbox.PersonalCards()[w.backers]}, w.Clock.Now())
	w.must(err)
	w.Settle()
	w.backers++
	return p.ID
}

// ends lets the deadline come, and the cards be charged.
func (w *world) ends() {
	w.T.Helper()
	w.Pass(10)
	for range 3 {
		w.must(w.Pledges.Sweep(w.T.Context()))
		w.Settle()
	}
}

func (w *world) order(pledgeID int64) (id int64) {
	w.T.Helper()
	w.must(w.DB.Get(&id, `select o.id from pledges p join orders o on o.id = p.order_id where p.id = $1 and o.state = 'paid'`, pledgeID))
	return id
}

// on moves to a day, and sweeps.
func (w *world) on(day string) {
	w.T.Helper()
	to, err := time.Parse("2006-01-02", day)
	w.must(err)
	w.Pass(int(to.Sub(w.Clock.Now().UTC().Truncate(24*time.Hour)).Hours() / 24))
	if w.Clock.Now().UTC().Format("2006-01-02") != day {
		w.T.Fatalf("it is %s, not %s", w.Clock.Now(), day)
	}
	w.must(w.Late.Sweep(w.T.Context()))
	w.Settle()
}

// letters are those that somebody got about it, the first first.
func (w *world) letters(who string) (texts []string) {
	w.T.Helper()
	w.must(w.DB.Select(&texts, `select subject || E'\n' || body_text from letters where template = 'pledge_late' and recipient = $1 || '@poste.example' order by id`, who))
	return texts
}

// told expects how many letters each got.
func (w *world) told(when string, want map[string]int) {
	w.T.Helper()
	for who, n := range want {
		if got := len(w.letters(who)); got != n {
			w.T.Errorf("%s: %s got %d letters, want %d", when, who, got, n)
		}
	}
}

func (w *world) notices(memberID int64, k notices.Kind) (n int) {
	w.T.Helper()
	for _, event := range w.Told(memberID, k) {
		if event == "launch_late" {
			n++
		}
	}
	return n
}

func reads(t *testing.T, letter string, want ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(letter), " ")
	for _, says := range want {
		unwanted := strings.HasPrefix(says, "!")
		if strings.Contains(text, strings.TrimPrefix(says, "!")) == unwanted {
			t.Errorf("the letter: %q is there or missing\n%s", says, letter)
		}
	}
}

// Nobody is told before the month is over; then each who waits once a month, however often it is swept; whoever was paid back or withdrew is not, and nobody once it is made.
func TestOnceForEachMonth(t *testing.T) {
	w := open(t, false)
	ctx := t.Context()
	lea := w.Member("lea")
	w.backs("lea", lea, i18n.FR)
	w.backs("bruno", 0, i18n.EN)
	refunded, gone := w.backs("chloe", 0, i18n.FR), w.backs("dora", 0, i18n.FR)
	w.ends()
	w.must(w.RefundAll(w.order(refunded), w.shop.Brand))
	w.must(w.Withdraw(w.order(gone), ""))
	w.Settle()
	w.on("2026-04-30")
	w.told("in its month", map[string]int{"lea": 0, "bruno": 0})

	w.on("2026-05-01")
	w.on("2026-05-20")
	w.told("in the month after", map[string]int{"lea": 1, "bruno": 1, "chloe": 0, "dora": 0})
	if team, buyer := w.notices(w.shop.Owner, notices.BrandOrder), w.notices(lea, notices.Order); team != 1 || buyer != 1 {
		t.Errorf("the team was told %d times, the member %d times", team, buyer)
	}
	reads(t, w.letters("lea")[0], "Bol terre", "prend du retard", "avril 2026", "n’a pas encore dit que la fabrication", "Me rétracter", "/withdraw", "/talk/terre", "!demandez votre remboursement")
	reads(t, w.letters("bruno")[0], "is late", "April 2026", "has not said yet that production has begun", "Withdraw", "/withdraw", "/talk/terre")

	w.must(w.Pledges.Start(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID))
	w.on("2026-06-02")
	w.told("in the next", map[string]int{"lea": 2, "bruno": 2, "chloe": 0, "dora": 0})
	reads(t, w.letters("lea")[1], "la fabrication a commencé", "!n’a pas encore dit que la fabrication")
	if team, buyer := w.notices(w.shop.Owner, notices.BrandOrder), w.notices(lea, notices.Order); team != 2 || buyer != 2 {
		t.Errorf("the team was told %d times, the member %d times", team, buyer)
	}
	w.must(w.Pledges.Made(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID))
	w.on("2026-07-02")
	w.told("once it is made", map[string]int{"lea": 2, "bruno": 2})
	w.Audit()
}

// Of a launch that is given up nobody is told that it is late.
func TestGivenUp(t *testing.T) {
	w := open(t, false)
	w.backs("anne", 0, i18n.FR)
	w.ends()
	w.must(w.Pledges.Unmake(t.Context(), w.shop.Owner, w.shop.Brand, w.campaign.ID, "L’atelier a brûlé."))
	w.on("2026-05-02")
	w.told("given up", map[string]int{"anne": 0})
	if n := w.notices(w.shop.Owner, notices.BrandOrder); n != 0 {
		t.Errorf("the team was told %d times", n)
	}
}

// Where the law gives no right to withdraw, the letter says how to ask.
func TestMadeToWishes(t *testing.T) {
	w := open(t, true)
	w.backs("anne", 0, i18n.FR)
	w.backs("bruno", 0, i18n.EN)
	w.ends()
	w.on("2026-05-02")
	w.told("late", map[string]int{"anne": 1, "bruno": 1})
	reads(t, w.letters("anne")[0], "demandez votre remboursement", "!Me rétracter", "!/withdraw")
	reads(t, w.letters("bruno")[0], "ask for your money back", "!/withdraw")
}

// Backers are told in parts. Sweeps at once tell nobody twice, nor does a part that is done again; what is made meanwhile is late no more.
func TestInParts(t *testing.T) {
	w := open(t, false)
	ctx := t.Context()
	var ids []int64
	all := map[string]int{}
	for i := range 5 {
		who := fmt.Sprint("backer", i)
		ids, all[who] = append(ids, w.backs(who, 0, i18n.FR)), 1
	}
	w.ends()
	w.Pass(60)
	s, runner := late.New(w.DB, w.Clock.Now, w.Mail, 2), jobs.New(w.DB, slog.New(slog.DiscardHandler), jobs.Options{})
	s.Register(runner)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := s.Sweep(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	w.must(runner.Drain(ctx))
	w.told("late", all)
	if n := w.notices(w.shop.Owner, notices.BrandOrder); n != 1 {
		t.Errorf("the team was told %d times", n)
	}
	parts := []string{}
	w.must(w.DB.Select(&parts, `select args->>'after' from jobs where kind = $1 order by id`, late.JobTell))
	if want := []string{"0", fmt.Sprint(ids[1]), fmt.Sprint(ids[3])}; !slices.Equal(parts, want) {
		t.Errorf("told after %v, want %v", parts, want)
	}

	again := func(key string, month time.Time) {
		w.must(postgres.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
			return jobs.Enqueue(ctx, tx, jobs.Job{Kind: late.JobTell, Args: map[string]any{"id": w.campaign.ID, "month": month, "after": 0}, UniqueKey: key})
		}))
		w.must(runner.Drain(ctx))
	}
	again("a part that is done again", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	w.told("told again", all)
	w.must(w.Pledges.Made(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID))
	again("a part of a launch that is made by now", time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	w.told("made", all)
}
