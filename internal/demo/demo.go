// Package demo fills an empty database with three months in the life of Relais: the brands, products, people and
// photographs of package content, and what they did with each other.
//
// Nothing is written past the rules. Every row comes of the same use cases that visitors set off, over a clock that the
// demo moves and a local Stripe that it pays at, so that the books of the demo hold as those of any other day:
//
//	photographs ── people ── brands, products ── storefronts, links ── clicks ── the days, one by one
//	                                                                               order, pay, ship, deliver,
//	                                                                               withdraw, release, pay out
//
// What happens is drawn beforehand from a generator with a fixed seed, so two demos of the same moment tell the same
// story; only the codes and tokens that must not be guessed differ.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/clock"
	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/demo/studio"
	"relais/internal/demo/tales"
	"relais/internal/demo/talks"
	"relais/internal/disputes"
	"relais/internal/documents"
	"relais/internal/fediverse"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/ideas"
	"relais/internal/jobs"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/payouts"
	"relais/internal/pledges"
	"relais/internal/polls"
	"relais/internal/pos"
	"relais/internal/posts"
	"relais/internal/questions"
	"relais/internal/ratings"
	"relais/internal/referrals"
	"relais/internal/returns"
	"relais/internal/reviews"
	"relais/internal/storefronts"
	"relais/internal/stories"
	"relais/internal/stripesandbox"
	"relais/internal/support"
)

// Password opens every account of the demo.
const Password = "relais-demo-2026"

// The accounts to look around with: somebody who recommends, somebody who owns a brand, somebody who runs the platform.
const (
	Relay = "lea@relais.example"
	Owner = "mathilde@maison-brevane.example"
	Admin = "admin@relais.example"
)

// Days is how long the demo's past is.
const Days = 92

// Services is what the demo is made with: the use cases over Clock, and the sandbox that they pay at.
type Services struct {
	DB          *sqlx.DB
	Clock       *clock.Clock // made by clock.At
	Secret      []byte       // that Referrals was made with
	Jobs        *jobs.Runner
	Media       *media.Store
	Members     *members.Service
	Groups      *groups.Service
	Notices     *notices.Service
	Catalog     *catalog.Service
	Storefronts *storefronts.Service
	Referrals   *referrals.Service
	Fediverse   *fediverse.Service
	Carts       *carts.Service
	Orders      *orders.Service
	Counter     *pos.Service
	Pledges     *pledges.Service
	Support     *support.Service
	Returns     *returns.Service
	Disputes    *disputes.Service
	Reviews     *reviews.Service
	Posts       *posts.Service
	Stories     *stories.Service
	Follows     *follows.Service
	Ratings     *ratings.Service
	Questions   *questions.Service
	Ideas       *ideas.Service
	Polls       *polls.Service
	Payouts     *payouts.Service
	Documents   *documents.Service
	Sandbox     *stripesandbox.Sandbox
	Visitor     stripesandbox.Visitor
	BaseURL     string // of the site, without a slash at its end
	studio.Makers
}

// Options say how much of a demo to make.
type Options struct {
	Now      time.Time         // at which it ends
	Days     int               // 0: Days
	Progress func(percent int) // nil: nobody looks
	Log      *slog.Logger
	Real     func() time.Time // measures the phases for the log
}

// Seed makes the demo in an empty database. ErrNotEmpty where there is anything, ErrUnfinished where an earlier demo was
// interrupted: it cannot be continued, as the books never forget.
func Seed(ctx context.Context, s Services, o Options) error {
	c, err := content.Load()
	if err != nil {
		return err
	}
	if o.Days == 0 {
		o.Days = Days
	}
	if o.Progress == nil {
		o.Progress = func(int) {}
	}
	if err := begin(ctx, s.DB, o.Now); err != nil {
		return err
	}
	m := &maker{Services: s, content: c, now: o.Now, days: o.Days, start: o.Now.AddDate(0, 0, -o.Days), progress: o.Progress,
		random: rand.New(rand.NewPCG(2026, 11)), photos: map[string]media.Photo{}, people: map[string]*person{}, brands: map[string]*brand{},
		products: map[string]*product{}}
	last := o.Real()
	for _, phase := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"photographs", m.storePhotos}, {"people", m.makePeople}, {"circles", m.makeCircles}, {"choices", m.choose}, {"brands", m.makeBrands}, {"products", m.makeProducts},
		{"storefronts", m.openStorefronts}, {"looks", m.arrange}, {"links", m.shareLinks}, {"posts", m.makePosts}, {"stories", func(ctx context.Context) error {
			return tales.Make(ctx, tales.Stage{DB: m.DB, Stories: m.Stories, Content: m.content, Now: m.now, At: m.at, Photos: m.photos, Product: func(slug string) int64 { return m.products[slug].id }})
		}}, {"follows", m.makeFollows}, {"followers", m.openToOthers}, {"code", m.introduce}, {"clicks", m.click}, {"days", m.live}, {"days off", m.leave}, {"stock", m.count}, {"notices", m.readNotices},
	} {
		if err := phase.run(ctx); err != nil {
			return fmt.Errorf("make the demo's %s: %w", phase.name, err)
		}
		now := o.Real()
		o.Log.Debug("demo", "phase", phase.name, "took", now.Sub(last).Round(time.Millisecond))
		last = now
	}
	o.Progress(100)
	return finish(ctx, s.DB, o.Now)
}

// maker is one demo in the making.
type maker struct {
	Services
	content    *content.Content
	now, start time.Time // end and beginning of the demo's days
	days       int
	progress   func(percent int)
	random     *rand.Rand
	photos     map[string]media.Photo
	people     map[string]*person
	brands     map[string]*brand
	products   map[string]*product // by the slug of the content
	links      []*link
	visits     []*visit
	stories    []story
	agenda     agenda.Agenda
	tally      tally
}

// talks is what the conversations about orders are played with.
func (m *maker) talks() talks.Stage {
	return talks.Stage{DB: m.DB, Support: m.Support, Media: m.Media, Agenda: &m.agenda}
}

// at sets the demo's clock.
func (m *maker) at(t time.Time) { m.Clock.Set(t) }

// State is what a database holds of the demo.
type State string

// The states of a database.
const (
	Empty      State = "empty"      // the demo can be made
	Done       State = "done"       // it is there
	Unfinished State = "unfinished" // its making was interrupted
	Used       State = "used"       // somebody else's brands or members are there
)

// Errors of Seed.
var (
	ErrNotEmpty   = errors.New("the database is not empty: the demo is only made in one without members and brands")
	ErrUnfinished = errors.New("the making of the demo was interrupted, and what it left cannot be used")
)

const selectState = `
select case
  when exists (select 1 from seeds where name = 'demo' and done_at is null) then 'unfinished'
  when exists (select 1 from seeds where name = 'demo') then 'done'
  when exists (select 1 from members) or exists (select 1 from brands) or exists (select 1 from ledger_transactions) then 'used'
  else 'empty' end`

// Look says what the database holds.
func Look(ctx context.Context, q sqlx.QueryerContext) (State, error) {
	var s State
	if err := sqlx.GetContext(ctx, q, &s, selectState); err != nil {
		return "", fmt.Errorf("look for the demo: %w", err)
	}
	return s, nil
}

// Free says that the demo can be made: nil, ErrNotEmpty or ErrUnfinished.
func Free(ctx context.Context, q sqlx.QueryerContext) error {
	state, err := Look(ctx, q)
	if err != nil {
		return err
	}
	switch state {
	case Empty:
		return nil
	case Unfinished:
		return ErrUnfinished
	}
	return ErrNotEmpty
}

// begin marks the database before anything is written, so that a demo that is killed is never taken for a whole one.
func begin(ctx context.Context, db *sqlx.DB, now time.Time) error {
	if err := Free(ctx, db); err != nil {
		return err
	}
	r, err := db.ExecContext(ctx, `insert into seeds (name, started_at) values ('demo', $1) on conflict do nothing`, now)
	if err != nil {
		return fmt.Errorf("begin the demo: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrUnfinished, err) // another process began it at the same time
	}
	return nil
}

func finish(ctx context.Context, db *sqlx.DB, now time.Time) error {
	if _, err := db.ExecContext(ctx, `update seeds set done_at = $1 where name = 'demo'`, now); err != nil {
		return fmt.Errorf("finish the demo: %w", err)
	}
	return nil
}
