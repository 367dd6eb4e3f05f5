package pledges

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Service is the use cases of this package.
type Service struct {
	db      *sqlx.DB
	pages   payments.SavedCards // patient as people are
	charges payments.SavedCards // patient as jobs are
	orders  *orders.Service
	carts   *carts.Service
	now     func() time.Time // business time
	clock   func() time.Time // real time: how old a key is at the provider
	baseURL string           // without a slash at its end
	mail    *mail.Outbox
	log     *slog.Logger
}

// Config is what a Service needs.
type Config struct {
	DB      *sqlx.DB
	Pages   payments.SavedCards
	Charges payments.SavedCards
	Orders  *orders.Service
	Carts   *carts.Service
	Now     func() time.Time
	Clock   func() time.Time // real time
	BaseURL string
	Mail    *mail.Outbox
	Log     *slog.Logger
}

// New makes the Service.
func New(c Config) *Service {
	return &Service{db: c.DB, pages: c.Pages, charges: c.Charges, orders: c.Orders, carts: c.Carts, now: c.Now, clock: c.Clock, baseURL: c.BaseURL, mail: c.Mail, log: c.Log}
}

// The kinds of job of this package.
const (
	JobClose  = "pledges.close"  // a campaign's deadline has come
	JobLapse  = "pledges.lapse"  // a pledge got no card in time
	JobCharge = "pledges.charge" // a pledge is due
	JobSettle = "pledges.settle" // a pledge is at its end
	JobMade   = "pledges.made"   // backers are told how far what was launched is: package pledges/made
	JobBack   = "pledges.back"   // an order of a launch that will not be made is paid back
	JobSweep  = "pledges.sweep"  // find the others
)

type args struct {
	ID int64 `json:"id"`
}

// lease is longer than any call to the provider with its retry.
const lease = 2 * time.Minute

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	for kind, do := range map[string]func(context.Context, int64) error{JobClose: s.Close, JobLapse: s.lapse, JobCharge: s.Charge, JobSettle: s.Settle, JobBack: s.PayBack} {
		r.Handle(kind, lease, func(ctx context.Context, w jobs.Work) error {
			var a args
			if err := w.Decode(&a); err != nil {
				return err
			}
			return do(ctx, a.ID)
		})
	}
	r.Handle(JobSweep, lease, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Minute, JobSweep)
}

// A job that was given up during a long absence of the provider has a successor after so long; until then it is tried so often, over four hours.
const again, tries = 6 * time.Hour, 9

// perSweep is how many jobs of a kind one sweep enqueues.
const perSweep = 300

// stopped says that nobody is to pay any more for a pledge p whose order waits: a try finds that, and cancels the order.
const stopped = `exists (select 1 from campaigns c join products r on r.id = c.product_id join brands b on b.id = c.brand_id
  where c.id = p.campaign_id and (c.stopped_at is not null or r.state <> 'published' and (c.kind <> 'launch' or r.state <> 'launch') or b.blocked_at is not null))`

// sweeps are what a sweep looks for: the id of what is to be done, and what distinguishes this time from the next. $1: business time.
// What has a job already is not found again: of many that cannot be done now none keeps the next ones from their turn.
var sweeps = []struct{ kind, query string }{
	{JobClose, `select id, 0 as turn from campaigns where state = 'open' and deadline <= $1`},
	{JobLapse, `select id, 0 as turn from pledges where state = 'pending' and expires_at <= $1`},
	{JobCharge, `select id, 0 as turn from pledges where state = 'due'
union all select p.id, p.refusals from pledges p join orders o on o.id = p.order_id
where p.state = 'ordered' and p.told_at is null and o.state = 'awaiting_payment' and (p.refusals = 0 or p.next_at <= $1 or ` + stopped + `)`},
	{JobBack, toPayBack},
	{JobSettle, `select id, 0 as turn from pledges where state = 'released' and told_at is null
union all select p.id, 1 from pledges p join orders o on o.id = p.order_id where p.state = 'ordered' and p.told_at is null and o.state <> 'awaiting_payment'
union all select id, 2 from pledges where customer_id <> '' and forgotten_at is null and ended_at <= $1 and (state in ('left','lapsed') or told_at is not null)`},
}

const sweepOf = `
select q.id, k.key from (%s) q, lateral (select concat_ws(':', $3::text, q.id, q.turn, $4::bigint) as key) k
where not exists (select 1 from jobs j where j.unique_key = k.key) order by q.id limit $2`

// forgetPeople empties what is known of the person of a pledge that is over; an order that was made of it knows its buyer itself.
const forgetPeople = `
with over as (update pledges set email = '', email_normal = '', name = '', street = '', street2 = '', postcode = '', city = '', phone = '', visitor = '', consent = '',
    fingerprint = '', card_brand = '', card_last4 = '', setup_url = ''
  where id in (select id from pledges where state in ('lapsed','left','released','ordered') and ended_at < $1 and email <> '' and (told_at is not null or state in ('lapsed','left'))
    and (customer_id = '' or forgotten_at is not null) order by ended_at limit $2) returning cart_id)
delete from cart_lines where cart_id in (select cart_id from over)`

// Sweep enqueues everything that time makes due.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	for _, sweep := range sweeps {
		var found []struct {
			ID  int64  `db:"id"`
			Key string `db:"key"`
		}
		if err := s.db.SelectContext(ctx, &found, fmt.Sprintf(sweepOf, sweep.query), now, perSweep, sweep.kind, now.Unix()/int64(again.Seconds())); err != nil {
			return fmt.Errorf("find what is due for %s: %w", sweep.kind, postgres.Translate(err))
		}
		err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			for _, f := range found {
				if err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: sweep.kind, Args: args{ID: f.ID}, UniqueKey: f.Key, MaxAttempts: tries}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, err := s.db.ExecContext(ctx, forgetPeople, now.Add(-KeptTime), perSweep)
	return postgres.Translate(err)
}
