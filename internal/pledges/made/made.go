// Package made is how those who backed a launch hear of what they paid for: that it is in production, then that it is made and for sale, when they are to be the first to resell it.
//
//	launch     reached ──▶ in production ──▶ made
//	pledge     told ''         'started'     'made'      once each; whoever pays when it is made already is told that it is made
//
// What each was told stands with their pledge, so that a sweep finds whoever is still to be told, however late their order is paid and whatever died meanwhile.
package made

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/pledges"
	"relais/internal/postgres"
)

// PerSweep is how many backers are told in one transaction.
const PerSweep = 200

// lease is longer than telling as many takes.
const lease = 2 * time.Minute

// Service is the use cases of this package.
type Service struct {
	db       *sqlx.DB
	now      func() time.Time // business time
	mail     *mail.Outbox
	perSweep int
}

// New makes the Service; perSweep is how many backers are told in one transaction.
func New(db *sqlx.DB, now func() time.Time, out *mail.Outbox, perSweep int) *Service {
	return &Service{db: db, now: now, mail: out, perSweep: perSweep}
}

// Register hands the job of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(pledges.JobMade, lease, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(pledges.JobMade, time.Minute, pledges.JobMade)
}

// Stage is what backers of a launch are told of its production.
type Stage string

// The stages.
const (
	Started Stage = "started" // it is in production
	Made    Stage = "made"    // it is for sale
)

// backer is who paid for a launch and was not told how far it is.
type backer struct {
	ID       int64     `db:"id"` // of the pledge
	Campaign int64     `db:"campaign_id"`
	MemberID *int64    `db:"member_id"`
	Email    string    `db:"email"`
	Lang     i18n.Lang `db:"lang"`
	Token    string    `db:"token"` // of the order
	Title    string    `db:"title"` // in their language
	Brand    string    `db:"brand"`
	Slug     string    `db:"slug"`
	Expected time.Time `db:"expected"` // the month of their order
	Stage    Stage     `db:"stage"`
}

// Month is that in which it is delivered, in words.
func (b backer) Month() string { return b.Lang.Month(b.Expected) }

const lockUntold = `
select p.id, p.campaign_id, p.member_id, o.email, o.lang, o.token, coalesce(t.title, r.title) as title, b.name as brand, r.slug, o.expected,
  case when c.made_at is null then 'started' else 'made' end as stage
from campaigns c join pledges p on p.campaign_id = c.id join orders o on o.id = p.order_id join products r on r.id = c.product_id join brands b on b.id = c.brand_id
left join product_translations t on t.product_id = r.id and t.lang = o.lang
where c.started_at is not null and c.stopped_at is null and p.state = 'ordered' and p.told_stage <> 'made' and p.told_stage <> case when c.made_at is null then 'started' else 'made' end
  and o.state = 'paid' order by p.id limit $1 for update of p skip locked`

const setTold = `update pledges set told_stage = $2 where id = $1`

// Sweep tells some of those who were not told yet, and has the next ones told where there are more. Several may sweep at once: each backer is told once of each stage.
func (s *Service) Sweep(ctx context.Context) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var backers []backer
		if err := tx.SelectContext(ctx, &backers, lockUntold, s.perSweep); err != nil {
			return fmt.Errorf("find backers to tell: %w", postgres.Translate(err))
		}
		for _, b := range backers {
			if err := s.tell(ctx, tx, b); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, setTold, b.ID, b.Stage); err != nil {
				return postgres.Translate(err)
			}
		}
		if len(backers) < s.perSweep {
			return nil
		}
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: pledges.JobMade})
	})
}

func (s *Service) tell(ctx context.Context, tx *sqlx.Tx, b backer) error {
	template, path := "pledge_"+string(b.Stage), "/o/"+b.Token
	if b.Stage == Made {
		path = "/share?product=" + b.Slug
	}
	if b.Email != "" {
		if err := s.mail.Queue(ctx, tx, mail.Letter{To: b.Email, Lang: b.Lang, Template: template, Reference: fmt.Sprintf("pledge:%d:%s", b.ID, b.Stage), Data: b}); err != nil {
			return err
		}
	}
	if b.MemberID == nil {
		return nil
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: *b.MemberID, Kind: notices.Order, Event: "launch_" + string(b.Stage), Subject: fmt.Sprintf("campaign:%d", b.Campaign),
		Path: path, At: s.now(), Written: b.Email != "", Args: notices.Args{"Title": b.Title, "Brand": b.Brand, "Date": b.Expected.AddDate(0, 1, 0).Add(-12 * time.Hour)}})
}
