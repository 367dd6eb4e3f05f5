package stories

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// JobSweep publishes what is due, has it known elsewhere who opened since, and forgets what was deleted long ago.
const JobSweep = "stories.sweep"

// sweepMost is how many stories a sweep takes up of each sort; the next one takes up the rest.
const sweepMost = 200

// Register hands the job of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, 5*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, 30*time.Second, JobSweep)
}

// selectDue leaves out whose author has published as many as they may within a day, so that these hold up nobody else's.
const selectDue = `
select s.id from stories s where s.state = 'scheduled' and s.publish_at <= $1
  and (select count(*) from stories p where p.author_id = s.author_id and p.published_at > $2) < $3
order by s.publish_at, s.id limit $4`

// selectUntold finds what is read by everybody and not known elsewhere, where its owner opened after it was published.
const selectUntold = `
select s.id from fediverse_actors a join stories s on case a.kind when 'brand' then s.brand_id = a.brand_id else s.brand_id is null and s.author_id = a.member_id end
join members m on m.id = s.author_id left join brands b on b.id = s.brand_id
where a.closed_at is null and a.kind in ('brand','storefront') and` + live + `
  and not exists (select 1 from fediverse_objects o where o.actor_id = a.id and o.ref = 'story:' || s.id and o.deleted_at is null)
order by s.published_at, s.id limit $1`

// Sweep does each in a transaction of its own; several at once do not come in each other's way. A story that cannot be published becomes a draft
// again, and its author or, of a brand, its team is told why.
func (s *Service) Sweep(ctx context.Context) error {
	var due, untold []int64
	if err := s.db.SelectContext(ctx, &due, selectDue, s.now(), s.now().Add(-24*time.Hour), MaxADay, sweepMost); err != nil {
		return fmt.Errorf("find stories that are due: %w", postgres.Translate(err))
	}
	var failed []error
	for _, id := range due {
		failed = append(failed, s.due(ctx, id))
	}
	if err := s.db.SelectContext(ctx, &untold, selectUntold, sweepMost); err != nil {
		return fmt.Errorf("find stories that are not known elsewhere: %w", postgres.Translate(err))
	}
	for _, id := range untold {
		failed = append(failed, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			told, err := one(ctx, tx, `where s.id = $1 for no key update of s`, id)
			if err != nil {
				return err
			}
			return s.announce(ctx, tx, told)
		}))
	}
	return errors.Join(append(failed, s.forget(ctx))...)
}

// due publishes a story if it is still scheduled, and its time has come.
func (s *Service) due(ctx context.Context, id int64) error {
	err := jobs.Due(ctx, s.db, func(tx *sqlx.Tx, refusal *fault.Error) error {
		list, err := where(ctx, tx, `where s.id = $1 and s.state = 'scheduled' and s.publish_at <= $2 for no key update of s skip locked`, id, s.now())
		if err != nil || len(list) == 0 {
			return err
		}
		told := list[0]
		if refusal != nil {
			return s.giveBack(ctx, tx, told, *refusal)
		}
		if err := may(ctx, tx, told.AuthorID, told.Owner()); err != nil {
			return err
		}
		if err := Ready(told.Content()); err != nil {
			return err
		}
		if err := s.publish(ctx, tx, told.AuthorID, id); err != nil {
			return err
		}
		return s.tell(ctx, tx, told, "published", fmt.Sprintf("story:%d:published", id), told.Path())
	})
	if err != nil {
		return fmt.Errorf("publish story %d: %w", id, err)
	}
	return nil
}

func (s *Service) giveBack(ctx context.Context, tx *sqlx.Tx, told Story, why fault.Error) error {
	if _, err := tx.ExecContext(ctx, `update stories set state = 'draft', publish_at = null, problem = $2 where id = $1`, told.ID, why.Message); err != nil {
		return postgres.Translate(err)
	}
	return s.tell(ctx, tx, told, "stuck", fmt.Sprintf("story:%d:stuck:%d", told.ID, told.PublishAt.Unix()), fmt.Sprintf("%s/%d", told.Desk(), told.ID))
}

// tell tells those who tell a story something about it: its author or, of a brand, its team.
func (s *Service) tell(ctx context.Context, tx *sqlx.Tx, told Story, event, subject, path string) error {
	to, err := tellers(ctx, tx, told)
	if err != nil {
		return err
	}
	n := s.notice(told)
	n.Event, n.Subject, n.Path = event, subject, path
	return notices.TellAll(ctx, tx, to, n)
}

// notice is what whoever is told about a story reads of it.
func (s *Service) notice(told Story) notices.Notice {
	return notices.Notice{Kind: notices.Story, At: s.now(), Args: notices.Args{"Title": told.Title}}
}

// What is forgotten of what its owner deleted; a story that is still to be decided about waits. The row stays for its links.
const (
	forgotten    = ` in (select s.id from stories s where s.state = 'deleted' and s.deleted_at < $1 and not exists (select 1 from story_reports r where r.story_id = s.id and r.decided = ''))`
	forgetPhotos = `delete from story_photos where story_id` + forgotten
	forgetSaid   = `update story_reports set title = '', body = '' where body <> '' and story_id` + forgotten
	forgetWords  = `update stories set title = '', slug = '', body = '', video = '', video_photo_id = null where body || title || video <> '' and id` + forgotten
)

func (s *Service) forget(ctx context.Context) error {
	for _, query := range []string{forgetPhotos, forgetSaid, forgetWords} {
		if _, err := s.db.ExecContext(ctx, query, s.now().AddDate(0, 0, -KeptDays)); err != nil {
			return fmt.Errorf("forget what was deleted: %w", postgres.Translate(err))
		}
	}
	return nil
}
