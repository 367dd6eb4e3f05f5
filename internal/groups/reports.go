package groups

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
)

// Reported is what somebody says about something in a circle.
type Reported struct {
	GroupID    int64
	Kind       Kind
	SubjectID  int64
	AboutID    int64 // whose deed it is: the author of a post; 0: the circle as such
	ReporterID int64
	Reason     Reason
	Text       string
}

const insertReport = `
insert into group_reports (group_id, desk, subject_kind, subject_id, about_id, reporter, reason, text, at)
values ($1, $2, $3, $4, nullif($5::bigint, 0), $6, $7, $8, $9) on conflict do nothing`

// Report puts a report on the desk that decides it: the circle's, or the platform's when it is about the circle or its owner. Whoever
// reports must be in the circle, or report the circle as such; the caller has checked that they see the subject. The same report again
// while it is open does nothing. Faults: ErrGone, ErrReportYourself, the fields reason and text.
func Report(ctx context.Context, tx *sqlx.Tx, r Reported, now time.Time) error {
	if !slices.Contains(Reasons(), r.Reason) {
		return fault.Field("reason", "fault.required")
	}
	text, err := words("text", r.Text, maxReport, false)
	if err != nil {
		return err
	}
	if r.AboutID == r.ReporterID {
		return ErrReportYourself
	}
	about, err := RoleOf(ctx, tx, r.GroupID, r.AboutID)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, insertReport, r.GroupID, DeskOf(r.Kind, about), r.Kind, r.SubjectID, r.AboutID, r.ReporterID, r.Reason, text, now); err != nil {
		return fmt.Errorf("report in circle %d: %w", r.GroupID, postgres.Translate(err))
	}
	return nil
}
