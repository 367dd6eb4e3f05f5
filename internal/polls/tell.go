package polls

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// tellArgs is a part of telling those who voted: those after a ballot.
type tellArgs struct {
	Poll  int64  `json:"poll"`
	Event string `json:"event"`
	After int64  `json:"after"` // number of a ballot

	Product int64 `json:"product,omitempty"` // that came of it, where it is told of one
}

// atOnce is how many voters are told in one transaction.
const atOnce = 300

func enqueueTelling(ctx context.Context, tx *sqlx.Tx, a tellArgs) error {
	return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobTell, Args: a, UniqueKey: fmt.Sprintf("%s:%d:%s:%d:%d", JobTell, a.Poll, a.Event, a.Product, a.After)})
}

const selectNames = `select b.name as brand, b.handle from brands b where b.id = $1`

type names struct {
	Brand  string `db:"brand"`
	Handle string `db:"handle"`
}

func namesOf(ctx context.Context, q sqlx.QueryerContext, p Poll) (n names, err error) {
	err = sqlx.GetContext(ctx, q, &n, selectNames, p.BrandID)
	return n, postgres.Translate(err)
}

// tellVoters tells the next ones who voted, and leaves the rest to another job. Nothing is told of what the platform took off but that.
func (s *Service) tellVoters(ctx context.Context, a tellArgs) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := pollWhere(ctx, tx, `p.id = $1`, a.Poll)
		if err != nil {
			return err
		}
		if p.StoppedAt != nil && a.Event != string(Cancelled) {
			return nil
		}
		n, err := namesOf(ctx, tx, p)
		if err != nil {
			return err
		}
		var rows []struct {
			ID       int64 `db:"id"`
			MemberID int64 `db:"member_id"`
		}
		if err := tx.SelectContext(ctx, &rows, `select id, member_id from poll_ballots where poll_id = $1 and id > $2 order by id limit $3`, p.ID, a.After, atOnce); err != nil {
			return postgres.Translate(err)
		}
		if len(rows) == 0 {
			return nil
		}
		var voters []int64
		for _, r := range rows {
			voters, a.After = append(voters, r.MemberID), r.ID
		}
		title := p.Title
		if p.StoppedAt != nil {
			title = "–"
		}
		notice := notices.Notice{Kind: notices.Poll, Event: a.Event, Subject: fmt.Sprintf("poll:%d", p.ID), Path: p.Path(), At: s.now(), Args: notices.Args{"Title": title, "Brand": n.Brand}}
		if a.Product != 0 {
			if err := aboutPiece(ctx, tx, a.Product, &notice); err != nil {
				return err
			}
		}
		if err := notices.TellAll(ctx, tx, voters, notice); err != nil || len(rows) < atOnce {
			return err
		}
		return enqueueTelling(ctx, tx, a)
	})
}

// aboutPiece has a notice about a poll tell of a piece that came of it, and lead there.
func aboutPiece(ctx context.Context, q sqlx.QueryerContext, productID int64, n *notices.Notice) error {
	var piece struct {
		Title string `db:"title"`
		Slug  string `db:"slug"`
	}
	if err := sqlx.GetContext(ctx, q, &piece, `select title, slug from products where id = $1`, productID); err != nil {
		return fmt.Errorf("read what came of a poll: %w", postgres.Translate(err))
	}
	n.Args["Piece"] = piece.Title
	n.Subject, n.Path = fmt.Sprintf("%s:piece:%d", n.Subject, productID), "/p/"+piece.Slug
	return nil
}

// tellTeam tells the team of the brand.
func (s *Service) tellTeam(ctx context.Context, tx *sqlx.Tx, p Poll, event string, args notices.Args) error {
	n, err := namesOf(ctx, tx, p)
	if err != nil {
		return err
	}
	args["Title"], args["Brand"] = p.Title, n.Brand
	if event == string(Decided) || event == "late" {
		args["Date"] = *p.AnswerBy
	}
	return notices.TellTeam(ctx, tx, p.BrandID, notices.Notice{Kind: notices.BrandPoll, Event: event, Subject: fmt.Sprintf("poll:%d", p.ID), Path: "/brand/" + n.Handle + "/polls/" + p.Code, At: s.now(), Args: args})
}

// remind tells the team of a brand once that it has not said in time what it did.
func (s *Service) remind(ctx context.Context, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := pollWhere(ctx, tx, `p.id = $1 and p.late_told_at is null for update`, id)
		if errors.Is(err, ErrGone) || err == nil && !p.Late(s.now()) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update polls set late_told_at = $2 where id = $1`, p.ID, s.now()); err != nil {
			return postgres.Translate(err)
		}
		return s.tellTeam(ctx, tx, p, "late", notices.Args{})
	})
}
