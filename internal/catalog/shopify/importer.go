package shopify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/media"
	"relais/internal/postgres"
)

// JobKind is the kind of the job that carries out an accepted import. Its lease should be JobLease.
const JobKind = "catalog.import"

// JobLease is how long one attempt of the job may take. What an attempt has done stays done.
const JobLease = 30 * time.Minute

// Fetch gets the bytes behind the address of a picture; media.Fetcher.Get in production.
type Fetch func(ctx context.Context, address string) ([]byte, error)

// Importer carries imports out.
type Importer struct {
	db     *sqlx.DB
	photos *media.Store
	fetch  Fetch
	vatBps int64
	now    func() time.Time
}

// New makes an importer. vatBps is the VAT of products that a file brings, in basis points; the clock is the
// business clock, as prices date from it.
func New(db *sqlx.DB, photos *media.Store, fetch Fetch, vatBps int64, now func() time.Time) *Importer {
	return &Importer{db: db, photos: photos, fetch: fetch, vatBps: vatBps, now: now}
}

// Accept takes a file in and answers with the import's id at once; a job does the work. A file that is refused
// whole is recorded too, in state refused. The team of the brand may; the file is read to MaxBytes at most.
func (im *Importer) Accept(ctx context.Context, by, brandID int64, name string, r io.Reader) (int64, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return 0, fmt.Errorf("read import file: %w", err)
	}
	var id int64
	err = postgres.InTx(ctx, im.db, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, brandID); err != nil {
			return err
		}
		var running bool
		id, running, err = record(ctx, tx, by, brandID, name, raw)
		if err != nil || !running {
			return err
		}
		if _, err := tx.ExecContext(ctx, `insert into import_files (import_id, content) values ($1, $2)`, id, raw); err != nil {
			return fmt.Errorf("keep import file: %w", err)
		}
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobKind, Args: jobArgs{ImportID: id}, UniqueKey: fmt.Sprintf("%s:%d", JobKind, id)})
	})
	return id, err
}

func may(ctx context.Context, tx *sqlx.Tx, by, brandID int64) error {
	if by == catalog.System {
		return nil
	}
	role, err := catalog.Role(ctx, tx, brandID, by)
	if err == nil && role == catalog.NoRole {
		return fault.New(fault.NotFound, "fault.not_found")
	}
	return err
}

type jobArgs struct {
	ImportID int64 `json:"import_id"`
}

const insertImport = `
insert into imports (brand_id, member_id, file_name, file_hash, state, rows_total, reason, args, ended_at)
values ($1, nullif($2, 0::bigint), $3, $4, $5, $6, $7, $8, case when $5 = 'refused' then now() end) returning id`

// record writes down that a file came, and whether it can be imported at all.
func record(ctx context.Context, tx *sqlx.Tx, by, brandID int64, name string, raw []byte) (id int64, running bool, err error) {
	sum := sha256.Sum256(raw)
	state, total, why, args := Running, 0, "", "{}"
	f, err := parse(raw)
	if err == nil {
		total = len(f.Rows)
	} else {
		refused, ok := errors.AsType[*fault.Error](err)
		if !ok {
			return 0, false, err
		}
		named, err := json.Marshal(refused.Args)
		if err != nil {
			return 0, false, fmt.Errorf("record import: %w", err)
		}
		state, why, args = RefusedWhole, refused.Message, string(named)
	}
	err = tx.GetContext(ctx, &id, insertImport, brandID, by, cleanName(name), hex.EncodeToString(sum[:]), state, total, why, args)
	if err != nil {
		return 0, false, fmt.Errorf("record import: %w", postgres.Translate(err))
	}
	return id, state == Running, nil
}

// cleanName keeps the last part of a file's name, as text.
func cleanName(name string) string {
	name = strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	for utf8.RuneCountInString(name) > 120 {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return name
}

// Run imports a file now, in this goroutine, and returns the import as it ended; state RefusedWhole is not an
// error. When it fails half way, what was written stays, the import says that it was interrupted, and importing
// the file again does the rest. progress is called after each product with the rows done and the rows in all.
func (im *Importer) Run(ctx context.Context, by, brandID int64, name string, r io.Reader, progress func(done, total int)) (Import, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Import{}, fmt.Errorf("read import file: %w", err)
	}
	var id int64
	var running bool
	err = postgres.InTx(ctx, im.db, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, brandID); err != nil {
			return err
		}
		id, running, err = record(ctx, tx, by, brandID, name, raw)
		return err
	})
	if err != nil {
		return Import{}, err
	}
	if running {
		if err := im.carryOut(ctx, id, raw, progress); err != nil {
			return Import{}, errors.Join(err, im.interrupt(context.WithoutCancel(ctx), id))
		}
		if err := im.end(ctx, id, nil); err != nil {
			return Import{}, err
		}
	}
	return ByID(ctx, im.db, brandID, id)
}

// Handle is the jobs.Handler of JobKind. Run again after an interruption, it goes on with the first product
// that is not accounted for.
func (im *Importer) Handle(ctx context.Context, w jobs.Work) error {
	var args jobArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	var raw []byte
	err := im.db.GetContext(ctx, &raw, `select f.content from import_files f join imports i on i.id = f.import_id
where i.id = $1 and i.state = 'running'`, args.ImportID)
	if errors.Is(postgres.Translate(err), fault.NotFound) {
		return nil // ended already
	}
	if err != nil {
		return fmt.Errorf("read import %d: %w", args.ImportID, err)
	}
	if err := im.carryOut(ctx, args.ImportID, raw, func(int, int) {}); err != nil {
		return err
	}
	return im.end(ctx, args.ImportID, &w)
}

const interruptImport = `update imports set state = 'done', reason = $2, ended_at = now() where id = $1 and state = 'running'`

func (im *Importer) interrupt(ctx context.Context, id int64) error {
	if _, err := im.db.ExecContext(ctx, interruptImport, id, "import.interrupted"); err != nil {
		return fmt.Errorf("end interrupted import %d: %w", id, err)
	}
	return nil
}

const endImport = `update imports set state = 'done', ended_at = now() where id = $1 and state = 'running'`

func (im *Importer) end(ctx context.Context, id int64, w *jobs.Work) error {
	err := postgres.InTx(ctx, im.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, endImport, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `delete from import_files where import_id = $1`, id); err != nil {
			return err
		}
		if w == nil {
			return nil
		}
		return w.Done(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("end import %d: %w", id, err)
	}
	return nil
}
