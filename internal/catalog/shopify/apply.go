package shopify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/postgres"
)

// carryOut plans an import and writes it product by product. Products whose rows are recorded are passed over.
func (im *Importer) carryOut(ctx context.Context, id int64, raw []byte, progress func(done, total int)) error {
	f, err := parse(raw)
	if err != nil {
		return err
	}
	i, err := one(ctx, im.db, id)
	if err != nil {
		return err
	}
	brand, err := catalog.BrandByID(ctx, im.db, i.BrandID)
	if err != nil {
		return err
	}
	have, err := existing(ctx, im.db, brand, im.vatBps)
	if err != nil {
		return err
	}
	var lines []int
	if err := im.db.SelectContext(ctx, &lines, `select line from import_rows where import_id = $1 order by line`, id); err != nil {
		return fmt.Errorf("read import %d: %w", id, err)
	}
	album := album{Importer: im, failures: map[string]int{}}
	done := len(lines)
	for _, p := range Plan(f, have) {
		if _, recorded := slices.BinarySearch(lines, p.Rows[0].Line); recorded {
			continue
		}
		if err := im.apply(ctx, i, p, album.collect(ctx, &p)); err != nil {
			return fmt.Errorf("import %q: %w", p.Handle, err)
		}
		done += len(p.Rows)
		progress(done, len(f.Rows))
	}
	return nil
}

// apply writes one product and the account of its rows, both or neither. When the catalogue refuses the
// product (it changed since the plan was made) its rows are recorded as refused.
func (im *Importer) apply(ctx context.Context, i Import, p Product, photos []catalog.Picture) error {
	err := postgres.InTx(ctx, im.db, func(tx *sqlx.Tx) error {
		if p.Draft != nil && (p.Changed || len(photos) > 0) {
			if err := im.write(ctx, tx, i.BrandID, p, photos); err != nil {
				return err
			}
		}
		return recordRows(ctx, tx, i.ID, p.Rows)
	})
	err = postgres.Translate(err)
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	why := because(refused.Message)
	maps.Copy(why.args, refused.Args)
	if fields := slices.Sorted(maps.Values(refused.Fields)); len(fields) > 0 {
		why = because(fields[0])
	}
	for n := range p.Rows {
		if p.Rows[n].Outcome != Refused {
			p.Rows[n].Outcome, p.Rows[n].Reason, p.Rows[n].Args = Refused, why.key, why.args
		}
	}
	return postgres.InTx(ctx, im.db, func(tx *sqlx.Tx) error { return recordRows(ctx, tx, i.ID, p.Rows) })
}

func (im *Importer) write(ctx context.Context, tx *sqlx.Tx, brandID int64, p Product, photos []catalog.Picture) error {
	now := im.now()
	switch {
	case p.ID == 0:
		made, err := catalog.InsertProduct(ctx, tx, brandID, *p.Draft, now)
		if err != nil {
			return err
		}
		p.ID = made.ID
	case p.Changed:
		if err := catalog.UpdateProduct(ctx, tx, brandID, p.ID, *p.Draft, now); err != nil {
			return err
		}
	}
	for _, photo := range photos {
		if err := catalog.AttachPhoto(ctx, tx, p.ID, photo); err != nil {
			return err
		}
	}
	if p.State == "" {
		return nil
	}
	return catalog.SetState(ctx, tx, brandID, p.ID, p.State, now)
}

const insertRows = `
insert into import_rows (import_id, line, handle, outcome, reason, args)
select $1, line, handle, outcome, reason, args::jsonb from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[])
  as r (line, handle, outcome, reason, args)`

const countRows = `
update imports set rows_done = rows_done + $2, created = created + $3, updated = updated + $4, unchanged = unchanged + $5, refused = refused + $6
where id = $1`

func recordRows(ctx context.Context, tx *sqlx.Tx, id int64, rows []Row) error {
	var lines pq.Int64Array
	var handles, outcomes, reasons, args pq.StringArray
	count := map[Outcome]int{}
	for _, r := range rows {
		named, err := json.Marshal(r.Args)
		if err != nil {
			return fmt.Errorf("record rows: %w", err)
		}
		lines, handles = append(lines, int64(r.Line)), append(handles, r.Handle)
		outcomes, reasons, args = append(outcomes, string(r.Outcome)), append(reasons, r.Reason), append(args, string(named))
		count[r.Outcome]++
	}
	if _, err := tx.ExecContext(ctx, insertRows, id, lines, handles, outcomes, reasons, args); err != nil {
		return fmt.Errorf("record rows: %w", err)
	}
	_, err := tx.ExecContext(ctx, countRows, id, len(rows), count[Created], count[Updated], count[Unchanged], count[Refused])
	if err != nil {
		return fmt.Errorf("count rows: %w", err)
	}
	return nil
}

// album fetches pictures, and remembers hosts that do not answer: a file with a thousand pictures on a host
// that is gone must not wait a thousand times.
type album struct {
	*Importer
	failures map[string]int // by host
}

// givenUp is after how many failures a host is not asked any more in one import.
const givenUp = 3

// collect fetches the pictures of a product, and writes into its rows what became of them.
func (a album) collect(ctx context.Context, p *Product) []catalog.Picture {
	var got []catalog.Picture
	for _, photo := range p.Photos {
		row := &p.Rows[photo.Row]
		id, why := a.photo(ctx, photo.URL)
		switch {
		case why != nil:
			row.Reason, row.Args = why.key, why.args
			if photo.Alone {
				row.Outcome = Refused
			}
			continue
		case photo.Alone:
			row.Outcome = Created
		case row.Outcome == Unchanged:
			row.Outcome = Updated
		}
		got = append(got, catalog.Picture{MediaID: id, Alt: photo.Alt, SourceURL: photo.URL})
	}
	return got
}

func (a album) photo(ctx context.Context, address string) (int64, *reason) {
	host := ""
	if u, err := url.Parse(address); err == nil {
		host = u.Host
	}
	out := because("import.photo_unreachable", "Host", host)
	if a.failures[host] >= givenUp {
		return 0, out
	}
	raw, err := a.fetch(ctx, address)
	if errors.Is(err, fault.Unavailable) {
		a.failures[host]++
		return 0, out
	}
	if err == nil {
		photo, saved := a.photos.Save(ctx, a.db, bytes.NewReader(raw), "")
		if saved == nil {
			return photo.ID, nil
		}
		err = saved
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if key, named := f.Fields["photo"]; named {
			return 0, because(key)
		}
		return 0, because(f.Message)
	}
	return 0, out
}
