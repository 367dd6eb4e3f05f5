package ideas

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// about is what notices about an idea have in common.
func (s *Service) about(ctx context.Context, q sqlx.QueryerContext, i Idea, event string) (notices.Notice, string, error) {
	var brand struct {
		Name   string `db:"name"`
		Handle string `db:"handle"`
	}
	if err := sqlx.GetContext(ctx, q, &brand, `select name, handle from brands where id = $1`, i.BrandID); err != nil {
		return notices.Notice{}, "", postgres.Translate(err)
	}
	args := notices.Args{"Title": i.Title, "Brand": brand.Name, "People": i.Supporters}
	if i.AnswerBy != nil {
		args["Date"] = *i.AnswerBy
	}
	return notices.Notice{Kind: notices.Idea, Event: event, Subject: fmt.Sprintf("idea:%d", i.ID), Path: i.Path(), At: s.now(), Args: args}, brand.Handle, nil
}

// tellAuthor tells the author of an idea.
func (s *Service) tellAuthor(ctx context.Context, tx *sqlx.Tx, i Idea, event string) error {
	n, _, err := s.about(ctx, tx, i, event)
	if err != nil {
		return err
	}
	n.MemberID = i.AuthorID
	return notices.Tell(ctx, tx, n)
}

// tellTeam tells the team of its brand.
func (s *Service) tellTeam(ctx context.Context, tx *sqlx.Tx, i Idea, event string) error {
	n, handle, err := s.about(ctx, tx, i, event)
	if err != nil {
		return err
	}
	n.Kind, n.Path = notices.BrandIdea, fmt.Sprintf("/brand/%s/ideas/%d", handle, i.ID)
	return notices.TellTeam(ctx, tx, i.BrandID, n)
}

// tellArgs name those who are to be told next.
type tellArgs struct {
	ID    int64  `json:"id"`
	Event string `json:"event"`
	After int64  `json:"after"` // the member who was told last
	Title string `json:"title"` // as it was: its author may have its words erased
}

// tellAll tells the author now, and those who support the idea by a job: they may be thousands.
func (s *Service) tellAll(ctx context.Context, tx *sqlx.Tx, i Idea, event string) error {
	if err := s.tellAuthor(ctx, tx, i, event); err != nil {
		return err
	}
	return s.tellSupporting(ctx, tx, i, event)
}

// tellSupporting tells those who support the idea, by a job.
func (s *Service) tellSupporting(ctx context.Context, tx *sqlx.Tx, i Idea, event string) error {
	return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobTell, Args: tellArgs{ID: i.ID, Event: event, Title: i.Title}})
}

// atOnce is how many are told in one transaction.
const atOnce = 500

const selectSupporters = `select member_id from idea_supports where idea_id = $1 and member_id > $2 order by member_id limit $3`

// tellSupporters tells some of those who support an idea, and has the next ones told by another job.
func (s *Service) tellSupporters(ctx context.Context, a tellArgs) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var i Idea
		if err := tx.GetContext(ctx, &i, `select `+ideaColumns+` from ideas i where id = $1`, a.ID); err != nil {
			return postgres.Translate(err)
		}
		var list []int64
		if err := tx.SelectContext(ctx, &list, selectSupporters, a.ID, a.After, atOnce); err != nil {
			return fmt.Errorf("find who supports idea %d: %w", a.ID, postgres.Translate(err))
		}
		if len(list) == 0 || !i.Shown() {
			return nil
		}
		i.Title = cmp.Or(i.Title, a.Title)
		n, _, err := s.about(ctx, tx, i, a.Event)
		if err != nil {
			return err
		}
		if err := notices.TellAll(ctx, tx, list, n); err != nil || len(list) < atOnce {
			return err
		}
		a.After = list[len(list)-1]
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobTell, Args: a})
	})
}
