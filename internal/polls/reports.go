package polls

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/members"
	"relais/internal/postgres"
)

// Report is what a member objects to in a poll.
type Report struct {
	Name string    `db:"name"` // of who reported
	Text string    `db:"text"`
	At   time.Time `db:"at"`
}

// Report puts a poll before the platform. ErrGone, ErrReported where the member's report is open already, the field text.
func (s *Service) Report(ctx context.Context, memberID int64, code, text string) error {
	text, err := reason("text", text, MaxReport)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := pollWhere(ctx, tx, `p.code = $1 and p.state <> 'draft' and p.stopped_at is null`, code)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `insert into poll_reports (poll_id, member_id, text, at) values ($1, $2, $3, $4) on conflict do nothing`, p.ID, memberID, text, s.now())
		if err != nil {
			return fmt.Errorf("keep report: %w", postgres.Translate(err))
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return ErrReported
		}
		return nil
	})
}

// Reports are the open ones about a poll, for the platform; at most a hundred.
func Reports(ctx context.Context, q sqlx.QueryerContext, pollID int64) ([]Report, error) {
	var list []Report
	err := sqlx.SelectContext(ctx, q, &list, `select m.name, r.text, r.at from poll_reports r join members m on m.id = r.member_id where r.poll_id = $1 and r.decided_at is null order by r.id limit 100`, pollID)
	return list, postgres.Translate(err)
}

// ForPlatform is a poll with everything that it asks, whatever its state but a draft. ErrGone.
func (s *Service) ForPlatform(ctx context.Context, code string) (View, error) {
	return oneView(ctx, s.db, "fr", `p.code = $2 and p.state <> 'draft'`, code)
}

// Keep decides the open reports about a poll: it stays as it is. ErrGone, the field why.
func (s *Service) Keep(ctx context.Context, adminID int64, code, why string) error {
	why, err := reason("why", why, MaxReason)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := pollWhere(ctx, tx, `p.code = $1 and p.state <> 'draft' for update`, code)
		if err != nil {
			return err
		}
		return s.decide(ctx, tx, adminID, p, "poll kept", false, why)
	})
}

// decide ends the open reports about a poll and writes it into the log.
func (s *Service) decide(ctx context.Context, tx *sqlx.Tx, adminID int64, p Poll, action string, stopped bool, why string) error {
	if _, err := tx.ExecContext(ctx, `update poll_reports set decided_at = $2, decided_by = $3, stopped = $4 where poll_id = $1 and decided_at is null`, p.ID, s.now(), adminID, stopped); err != nil {
		return fmt.Errorf("decide reports: %w", postgres.Translate(err))
	}
	return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: adminID, Action: action, Subject: fmt.Sprintf("poll %d", p.ID), Detail: map[string]any{"reason": why}})
}
