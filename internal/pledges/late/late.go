// Package late is about launches whose month is moved, or passes. A brand may move the month that it promised later, once, with a reason: Postpone.
// The rest is about those that are late: the month in which one was to be delivered has passed, and its brand has neither said that it is made nor
// given it up. Once in each month from then on the brand's team is told, and everybody who paid and still waits, with what they can do about it.
//
//	sweep ──▶ a row of the launch and the month, a notice to the team, and the first job, all or nothing
//	job   ──▶ so many backers, and the next job ──▶ … until all are told, or the launch is late no more
//
// The row makes it once, whoever sweeps and how often; the reference of each letter does the same for a part that is told again after a death.
// Months that pass while nobody sweeps are told as one.
package late

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/orders/told"
	"relais/internal/pledges"
	"relais/internal/postgres"
	"relais/internal/support"
)

// Months is how many months after that of its delivery a launch is late for, the one that runs included; 0: it is not late.
func Months(c pledges.Campaign, now time.Time) int {
	if c.Expected == nil {
		return 0
	}
	return MonthsOf(c, *c.Expected, now)
}

// MonthsOf is Months of an order of it that was promised in that month: what is moved later once it was paid keeps its month.
func MonthsOf(c pledges.Campaign, expected, now time.Time) int {
	if !c.IsLaunch() || c.State != pledges.Reached || c.MadeAt != nil || c.StoppedAt != nil {
		return 0
	}
	now = now.UTC()
	if c.Expected.Before(expected) {
		expected = *c.Expected
	}
	return max(0, 12*(now.Year()-expected.Year())+int(now.Month()-expected.Month()))
}

// The kinds of job of this package.
const (
	JobSweep = "late.sweep" // find launches that are late
	JobTell  = "late.tell"  // tell some backers of one
)

// PerJob is how many backers are told in one transaction.
const PerJob = 100

// Service is the use cases of this package.
type Service struct {
	db     *sqlx.DB
	now    func() time.Time // business time
	mail   *mail.Outbox
	perJob int
}

// New makes the Service; perJob is how many backers are told in one transaction.
func New(db *sqlx.DB, now func() time.Time, out *mail.Outbox, perJob int) *Service {
	return &Service{db: db, now: now, mail: out, perJob: perJob}
}

// part is some backers of a launch: those after a pledge.
type part struct {
	ID    int64     `json:"id"`
	Month time.Time `json:"month"` // in which they are told
	After int64     `json:"after"`
}

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	const lease = 5 * time.Minute
	r.Handle(JobSweep, lease, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, 24*time.Hour, JobSweep)
	r.Handle(JobTell, lease, func(ctx context.Context, w jobs.Work) error {
		var p part
		if err := w.Decode(&p); err != nil {
			return err
		}
		return s.tell(ctx, p)
	})
	r.Handle(JobMoved, lease, func(ctx context.Context, w jobs.Work) error {
		var p part
		if err := w.Decode(&p); err != nil {
			return err
		}
		return s.tellMoved(ctx, p)
	})
}

const (
	stillLate = `c.kind = 'launch' and c.state = 'reached' and c.made_at is null and c.stopped_at is null`

	// the month of a launch: the earliest that an order of it that was paid agreed to, or its own
	firstMonth = `least(c.expected, (select min(o.expected) from pledges p join orders o on o.id = p.order_id where p.campaign_id = c.id and o.state = 'paid'))`

	selectLate = `
select c.id from campaigns c where ` + stillLate + ` and ` + firstMonth + ` < $1
  and not exists (select 1 from launch_delays d where d.campaign_id = c.id and d.month = $1) order by c.id`
)

// Sweep has everybody told of each launch that is late and of which they were not told this month.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, selectLate, month); err != nil {
		return fmt.Errorf("find late launches: %w", postgres.Translate(err))
	}
	var failed []error
	for _, id := range ids {
		failed = append(failed, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return s.begin(ctx, tx, part{ID: id, Month: month}) }))
	}
	return errors.Join(failed...)
}

const insertDelay = `insert into launch_delays (campaign_id, month, told_at) values ($1, $2, $3) on conflict do nothing`

// begin tells the team of the brand, once a month, and has the backers told.
func (s *Service) begin(ctx context.Context, tx *sqlx.Tx, p part) error {
	l, err := lock(ctx, tx, p.ID)
	if err != nil || l == nil {
		return err
	}
	result, err := tx.ExecContext(ctx, insertDelay, p.ID, p.Month, s.now())
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err // somebody else does it
	}
	err = notices.TellTeam(ctx, tx, l.BrandID, notices.Notice{Kind: notices.BrandOrder, Event: "launch_late", Subject: fmt.Sprintf("campaign:%d:%s", l.ID, p.key()),
		Path: "/brand/" + l.Handle + "/launches", At: s.now(), Args: notices.Args{"Brand": l.Brand, "Title": l.Title, "Date": lastDay(l.Expected)}})
	if err != nil {
		return err
	}
	return enqueue(ctx, tx, p)
}

// key is what letters and notices of a month have in their references.
func (p part) key() string { return "late:" + p.Month.Format("2006-01") }

func enqueue(ctx context.Context, tx *sqlx.Tx, p part) error {
	return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobTell, Args: p, UniqueKey: fmt.Sprintf("%s:%d:%s:%d", JobTell, p.ID, p.key(), p.After)})
}

// launch is one that is late.
type launch struct {
	ID       int64     `db:"id"`
	BrandID  int64     `db:"brand_id"`
	Brand    string    `db:"brand"`
	Handle   string    `db:"handle"`   // the brand's
	Title    string    `db:"title"`    // in French
	Expected time.Time `db:"expected"` // the earliest month of an order of it, or its own
	Begun    bool      `db:"begun"`    // it is in production
}

// lastDay is the last one of a month, at noon.
func lastDay(month time.Time) time.Time { return month.AddDate(0, 1, 0).Add(-12 * time.Hour) }

const lockLate = `
select c.id, c.brand_id, b.name as brand, b.handle, coalesce(t.title, r.title) as title, ` + firstMonth + ` as expected, c.started_at is not null as begun
from campaigns c join brands b on b.id = c.brand_id join products r on r.id = c.product_id left join product_translations t on t.product_id = r.id and t.lang = $2
where c.id = $1 and ` + stillLate + ` for share of c`

// lock keeps a launch late until the transaction ends; nil: it is late no more.
func lock(ctx context.Context, tx *sqlx.Tx, id int64) (*launch, error) {
	var l launch
	err := tx.GetContext(ctx, &l, lockLate, id, i18n.FR)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock late launch %d: %w", id, postgres.Translate(err))
	}
	return &l, nil
}

// backer is who paid and waits: something of their order is neither sent, nor paid back, nor on its way back by their withdrawal.
type backer struct {
	ID       int64     `db:"id"` // of the pledge
	OrderID  int64     `db:"order_id"`
	Number   string    `db:"number"`
	Token    string    `db:"token"` // of the order
	MemberID *int64    `db:"member_id"`
	Email    string    `db:"email"`
	Lang     i18n.Lang `db:"lang"`
	Title    string    `db:"title"`
	Right    bool      `db:"withdrawable"` // they may withdraw without a reason
	Promised time.Time `db:"promised"`     // the month of their order, or that of the launch where it is earlier
}

const selectBackers = `
select p.id, o.id as order_id, o.number, o.token, o.member_id, o.email, o.lang, coalesce(t.title, r.title) as title, o.withdrawal_days > 0 and not l.custom_made as withdrawable, least(o.expected, c.expected) as promised
from pledges p join campaigns c on c.id = p.campaign_id join orders o on o.id = p.order_id join order_lines l on l.order_id = o.id join shipments s on s.id = l.shipment_id
join products r on r.id = l.product_id left join product_translations t on t.product_id = r.id and t.lang = o.lang
where p.campaign_id = $1 and p.id > $2 and least(o.expected, c.expected) < $4 and o.state = 'paid' and s.state not in ('shipped','delivered')
  and l.quantity > (select coalesce(sum(i.quantity), 0) from refund_items i join refunds f on f.id = i.refund_id where i.order_line_id = l.id and f.state not in ('failed','canceled'))
  and l.quantity > (select coalesce(sum(i.quantity), 0) from return_lines i join returns w on w.id = i.return_id where i.order_line_id = l.id and w.state not in ('refused','withdrawn'))
order by p.id limit $3`

// letter is what a backer reads.
type letter struct {
	launch
	backer
	Title string // in their language
}

// Month is that in which it was to be delivered, in words.
func (l letter) Month() string { return l.Lang.Month(l.Promised) }

// Talk is the page on which the buyer writes to the brand.
func (l letter) Talk() string { return support.BuyerPath(l.Token, l.Handle) }

// tell tells some backers, and has the next ones told.
func (s *Service) tell(ctx context.Context, p part) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		l, err := lock(ctx, tx, p.ID)
		if err != nil || l == nil {
			return err
		}
		var backers []backer
		if err := tx.SelectContext(ctx, &backers, selectBackers, p.ID, p.After, s.perJob, p.Month); err != nil {
			return fmt.Errorf("find who waits for launch %d: %w", p.ID, postgres.Translate(err))
		}
		for _, b := range backers {
			if err := s.write(ctx, tx, p, letter{*l, b, b.Title}); err != nil {
				return err
			}
		}
		if len(backers) < s.perJob {
			return nil
		}
		p.After = backers[len(backers)-1].ID
		return enqueue(ctx, tx, p)
	})
}

func (s *Service) write(ctx context.Context, tx *sqlx.Tx, p part, l letter) error {
	if l.Email != "" {
		err := s.mail.Queue(ctx, tx, mail.Letter{To: l.Email, Lang: l.Lang, Template: "pledge_late", Reference: fmt.Sprintf("pledge:%d:%s", l.backer.ID, p.key()), Data: l})
		if err != nil {
			return err
		}
	}
	o := told.Order{ID: l.OrderID, Number: l.Number, Token: l.Token, MemberID: l.MemberID, At: s.now()}
	return told.Buyer(ctx, tx, o, "launch_late", p.key(), notices.Args{"Title": l.Title, "Brand": l.Brand, "Date": lastDay(l.Promised)})
}
