package polls

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/media"
	"relais/internal/postgres"
)

// Service is the use cases of this package.
type Service struct {
	db     *sqlx.DB
	photos *media.Store
	secret []byte           // of digests of networks
	now    func() time.Time // business time
	clock  func() time.Time // real time, as accounts are dated
}

// New makes the Service. Secret keys the digests of networks; clock is real time.
func New(db *sqlx.DB, photos *media.Store, secret []byte, now, clock func() time.Time) *Service {
	return &Service{db: db, photos: photos, secret: secret, now: now, clock: clock}
}

// The kinds of job of this package.
const (
	JobSweep = "polls.sweep" // close what is due, remind who is late
	JobTell  = "polls.tell"  // tell voters, part by part
)

const lease = 2 * time.Minute

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, lease, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Minute, JobSweep)
	r.Handle(JobTell, lease, func(ctx context.Context, w jobs.Work) error {
		var a tellArgs
		if err := w.Decode(&a); err != nil {
			return err
		}
		return s.tellVoters(ctx, a)
	})
}

// perSweep is how many polls one sweep closes, and of how many it tells that their brand is late.
const perSweep = 100

const (
	selectDue  = `select id from polls where state = 'open' and closes_at <= $1 order by closes_at limit $2`
	selectLate = `select id from polls where state = 'decided' and answered_at is null and answer_by <= $1 and late_told_at is null and stopped_at is null order by answer_by limit $2`
)

// Sweep closes the polls whose time has come, tells the teams of brands that have not said in time what they did, and those who voted what is for sale of which nobody told them. One that fails does not keep the others.
func (s *Service) Sweep(ctx context.Context) error {
	var failed error
	for _, due := range []struct {
		query string
		do    func(context.Context, int64) error
	}{{selectDue, s.Close}, {selectLate, s.remind}} {
		var ids []int64
		if err := s.db.SelectContext(ctx, &ids, due.query, s.now(), perSweep); err != nil {
			return fmt.Errorf("find polls that are due: %w", postgres.Translate(err))
		}
		for _, id := range ids {
			if err := due.do(ctx, id); err != nil {
				failed = errors.Join(failed, fmt.Errorf("poll %d: %w", id, err))
			}
		}
	}
	return errors.Join(failed, s.publish(ctx))
}

// newCode is 10 random characters: of the address.
func newCode() string { return strings.ToLower(rand.Text()[:10]) }
