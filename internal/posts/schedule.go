package posts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/postgres"
)

// JobSweep publishes what is due, and forgets what was deleted long ago.
const JobSweep = "posts.sweep"

// KeptDays is how long moderators can still read what was deleted.
const KeptDays = 90

// sweepMost is how many posts a sweep reads at a time.
const sweepMost = 200

// Register hands the job of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, 5*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, 30*time.Second, JobSweep)
}

const selectDue = `select id from posts where state = 'scheduled' and publish_at <= $1 order by publish_at, id limit $2`

// Sweep publishes every post whose time has come, each once and in a transaction of its own; one that cannot be published becomes a
// draft again, and its author is told why.
func (s *Service) Sweep(ctx context.Context) error {
	var failed []error
	for {
		var ids []int64
		if err := s.db.SelectContext(ctx, &ids, selectDue, s.now(), sweepMost); err != nil {
			return fmt.Errorf("find posts that are due: %w", postgres.Translate(err))
		}
		for _, id := range ids {
			failed = append(failed, s.due(ctx, id))
		}
		if len(ids) < sweepMost || errors.Join(failed...) != nil {
			break
		}
	}
	return errors.Join(append(failed, s.forget(ctx))...)
}

// due publishes a post if it is still scheduled, and its time has come.
func (s *Service) due(ctx context.Context, id int64) error {
	err := jobs.Due(ctx, s.db, func(tx *sqlx.Tx, refusal *fault.Error) error {
		list, err := postsWhere(ctx, tx, `where p.id = $1 and p.state = 'scheduled' and p.publish_at <= $2 for update of p skip locked`, id, s.now())
		if err != nil || len(list) == 0 {
			return err
		}
		if refusal != nil {
			return s.giveBack(ctx, tx, list[0], *refusal)
		}
		if err := hold(ctx, tx, id, nil); err != nil {
			return err
		}
		return s.publish(ctx, tx, list[0], s.now())
	})
	if err != nil {
		return fmt.Errorf("publish post %d: %w", id, err)
	}
	return nil
}

func (s *Service) giveBack(ctx context.Context, tx *sqlx.Tx, p Post, why fault.Error) error {
	if _, err := tx.ExecContext(ctx, `update posts set state = 'draft', problem = $2 where id = $1`, p.ID, why.Message); err != nil {
		return postgres.Translate(err)
	}
	p.Problem = why.Message
	return s.tell(ctx, tx, p.AuthorID, "post_stuck", fmt.Sprintf("post:%d:stuck:%d", p.ID, p.PublishAt.Unix()), told{Post: p})
}

const (
	forgetPosts    = `update posts set text = '', operation = 'forgotten:' || id where state = 'deleted' and deleted_at < $1 and text <> '' returning id`
	forgetVersions = `delete from post_versions v using posts p where p.id = v.post_id and p.state = 'deleted' and p.deleted_at < $1`
	forgetPhotos   = `delete from post_photos f using posts p where p.id = f.post_id and p.state = 'deleted' and p.deleted_at < $1`
	forgetComments = `update comments set text = '' where deleted_at < $1 and text <> ''`
)

// forget wipes the words of what its author deleted.
func (s *Service) forget(ctx context.Context) error {
	for _, query := range []string{forgetPosts, forgetVersions, forgetPhotos, forgetComments} {
		if _, err := s.db.ExecContext(ctx, query, s.now().AddDate(0, 0, -KeptDays)); err != nil {
			return fmt.Errorf("forget what was deleted: %w", postgres.Translate(err))
		}
	}
	return nil
}
