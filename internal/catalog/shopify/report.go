package shopify

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
)

// Status is where an import stands.
type Status string

// The states of an import.
const (
	Running      Status = "running"
	Ended        Status = "done"
	RefusedWhole Status = "refused"
)

// Import is one file that came, and the count of its rows by outcome.
type Import struct {
	ID        int64      `db:"id"`
	BrandID   int64      `db:"brand_id"`
	FileName  string     `db:"file_name"`
	State     Status     `db:"state"`
	RowsTotal int        `db:"rows_total"`
	RowsDone  int        `db:"rows_done"`
	Created   int        `db:"created"`
	Updated   int        `db:"updated"`
	Unchanged int        `db:"unchanged"`
	Refused   int        `db:"refused"`
	Reason    string     `db:"reason"` // i18n key: why the whole file was refused, or that the import was interrupted
	Args      Args       `db:"args"`
	StartedAt time.Time  `db:"started_at"`
	EndedAt   *time.Time `db:"ended_at"`
}

// Why is Reason in words; empty without one.
func (i Import) Why(l i18n.Lang) string { return words(l, i.Reason, i.Args) }

// Count is the number of rows with an outcome.
func (i Import) Count(o Outcome) int {
	return map[Outcome]int{Created: i.Created, Updated: i.Updated, Unchanged: i.Unchanged, Refused: i.Refused}[o]
}

const importColumns = `id, brand_id, file_name, state, rows_total, rows_done, created, updated, unchanged, refused, reason, args, started_at, ended_at`

// ByID returns an import of a brand. Fault NotFound.
func ByID(ctx context.Context, q sqlx.QueryerContext, brandID, id int64) (Import, error) {
	i, err := one(ctx, q, id)
	if err == nil && i.BrandID != brandID {
		return Import{}, fault.New(fault.NotFound, "fault.not_found")
	}
	return i, err
}

func one(ctx context.Context, q sqlx.QueryerContext, id int64) (Import, error) {
	var i Import
	err := sqlx.GetContext(ctx, q, &i, `select `+importColumns+` from imports where id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Import{}, fault.New(fault.NotFound, "fault.not_found")
	}
	if err != nil {
		return Import{}, fmt.Errorf("read import %d: %w", id, err)
	}
	return i, nil
}

// Recent returns a brand's last imports, the newest first.
func Recent(ctx context.Context, q sqlx.QueryerContext, brandID int64) ([]Import, error) {
	var list []Import
	err := sqlx.SelectContext(ctx, q, &list, `select `+importColumns+` from imports where brand_id = $1 order by id desc limit 20`, brandID)
	if err != nil {
		return nil, fmt.Errorf("read imports of brand %d: %w", brandID, err)
	}
	return list, nil
}

// Rows returns the rows of an import in the order of the file, at most limit from line after on; an outcome
// of "" means all, limit 0 no limit.
func Rows(ctx context.Context, q sqlx.QueryerContext, id int64, o Outcome, after, limit int) ([]Row, error) {
	var list []Row
	err := sqlx.SelectContext(ctx, q, &list, `
select line, handle, outcome, reason, args from import_rows
where import_id = $1 and ($2 = '' or outcome = $2) and line > $3 order by line limit nullif($4, 0)`, id, o, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read rows of import %d: %w", id, err)
	}
	return list, nil
}

// WriteCSV writes rows as a CSV file. Cells that a spreadsheet would run are made text.
func WriteCSV(w io.Writer, l i18n.Lang, rows []Row) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{l.T("import.csv.line"), l.T("import.csv.handle"), l.T("import.csv.outcome"), l.T("import.csv.reason")}); err != nil {
		return err
	}
	for _, r := range rows {
		record := []string{strconv.Itoa(r.Line), inert(r.Handle), l.T("import.outcome." + string(r.Outcome)), inert(r.Why(l))}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func inert(cell string) string {
	if formula(cell) {
		return "'" + cell
	}
	return cell
}

// WriteText prints an import for people at a terminal: the counts, then every row that was refused or has
// something to say.
func WriteText(w io.Writer, l i18n.Lang, i Import, rows []Row) error {
	if i.State == RefusedWhole {
		_, err := fmt.Fprintln(w, l.T("import.text.refused_whole", "File", i.FileName, "Why", i.Why(l)))
		return err
	}
	_, err := fmt.Fprintln(w, l.T("import.text.summary", "File", i.FileName, "Rows", i.RowsTotal, "Created", i.Created,
		"Updated", i.Updated, "Unchanged", i.Unchanged, "Refused", i.Refused))
	for _, r := range rows {
		if r.Reason == "" || err != nil {
			continue
		}
		_, err = fmt.Fprintln(w, l.T("import.text.row", "Line", r.Line, "Handle", r.Handle, "Outcome", l.T("import.outcome."+string(r.Outcome)),
			"Why", r.Why(l)))
	}
	return err
}
