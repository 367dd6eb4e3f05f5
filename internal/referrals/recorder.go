package referrals

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/postgres"
)

// writers is how many batches are under way at most: while one waits for the disk, the next is worked at.
const writers = 3

// batchMost is how many clicks one statement records.
const batchMost = 256

// row is a click on its way into the table, as a spool file has it too.
type row struct {
	Token    string    `json:"token"`
	LinkID   int64     `json:"link"`
	At       time.Time `json:"at"`
	Day      string    `json:"day"`      // dayVisitor of the day
	HourAgo  string    `json:"hour_ago"` // dayVisitor of an hour before: another one just after midnight
	Visitor  string    `json:"visitor,omitempty"`
	MemberID int64     `json:"member,omitempty"`
	Reason   Reason    `json:"reason,omitempty"`
	Referer  string    `json:"referer,omitempty"`
	Device   string    `json:"device,omitempty"`
}

// key is what repeats are told by.
func (r row) key() string {
	if r.Visitor != "" {
		return fmt.Sprint(r.LinkID, " ", r.Visitor)
	}
	return fmt.Sprint(r.LinkID, " ", r.Day)
}

// waiting is a click whose visitor waits for it to be kept.
type waiting struct {
	row
	click Click
	err   error
	done  chan struct{} // closed when click and err are known
	lead  chan struct{} // closed when its own goroutine is to write the next batch
	leads bool          // it writes, or will; guarded by the recorder's mutex
}

// recorder commits clicks in groups, without a goroutine of its own: whoever finds the queue empty, and not all writers busy, writes;
// those who come meanwhile are the next batch, written by the first of them. So a batch is as large as the load, and a click alone
// waits for nobody. A queue that is not empty has one at its head who leads, or as many batches under way as there may be, or those in
// it wait for an earlier click of the same visitor: whoever ends a batch has the head lead.
type recorder struct {
	db    *sqlx.DB
	spool *spool // nil: where Postgres does not take clicks, they fail

	mu      sync.Mutex
	queue   []*waiting
	writing int // batches under way
}

// record returns when the click is durable: in the table, or in the spool.
func (r *recorder) record(ctx context.Context, c row) (Click, error) {
	w := &waiting{row: c, done: make(chan struct{}), lead: make(chan struct{})}
	r.mu.Lock()
	r.queue = append(r.queue, w)
	if r.writing < writers && len(r.queue) == 1 { // else somebody who leads is in the queue, or comes back to it
		w.leads = true
		r.writing++
	}
	leads := w.leads
	r.mu.Unlock()
	if !leads {
		select {
		case <-w.done:
			return w.click, w.err
		case <-w.lead:
		}
	}
	r.write(context.WithoutCancel(ctx), r.take()) // one visitor who leaves does not take the others along
	r.pass()
	<-w.done
	return w.click, w.err
}

// take is the next batch: a visitor comes once for a link in it, the others of theirs wait for the next.
func (r *recorder) take() []*waiting {
	r.mu.Lock()
	defer r.mu.Unlock()
	var batch, left []*waiting
	seen := make(map[string]bool, len(r.queue))
	for _, w := range r.queue {
		if k := w.key(); len(batch) < batchMost && (w.Reason != Counts || !seen[k]) {
			seen[k] = w.Reason == Counts || seen[k]
			batch = append(batch, w)
			continue
		}
		left = append(left, w)
	}
	r.queue = left
	return batch
}

// pass has the first of those who came meanwhile write the next batch.
func (r *recorder) pass() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 || r.queue[0].leads {
		r.writing--
		return
	}
	r.queue[0].leads = true
	close(r.queue[0].lead)
}

// write keeps a batch, in the table or in the spool, and tells everybody in it.
func (r *recorder) write(ctx context.Context, batch []*waiting) {
	rows := make([]row, len(batch))
	for i, w := range batch {
		rows[i] = w.row
	}
	kept, err := r.keep(ctx, rows)
	for i, w := range batch {
		w.click = Click{Token: w.Token, LinkID: w.LinkID, At: w.At, Reason: w.Reason}
		if k, ok := kept[w.Token]; ok {
			w.click.ID, w.click.Reason = k.ID, k.Reason
		}
		w.click.Eligible = w.click.Reason == Counts
		w.err = err
		close(batch[i].done)
	}
}

// keep writes rows into the table or, while Postgres does not take them, into the spool.
func (r *recorder) keep(ctx context.Context, rows []row) (map[string]recorded, error) {
	if r.spool == nil {
		return insertClicks(ctx, r.db, rows)
	}
	if r.spool.open() { // those before these are not in the table yet
		if err := r.spool.write(rows); !errors.Is(err, errSpoolEmpty) {
			return nil, err
		}
	}
	kept, err := insertWithin(ctx, patience, r.db, rows)
	if err != nil {
		return nil, r.spool.begin(rows, err)
	}
	return kept, nil
}

// insertWithin is insertClicks for a server that may stand still: what it does in the end with rows that it did not answer for is told
// by their tokens.
func insertWithin(ctx context.Context, limit time.Duration, db *sqlx.DB, rows []row) (map[string]recorded, error) {
	return postgres.Within(ctx, limit, func(ctx context.Context) (map[string]recorded, error) { return insertClicks(ctx, db, rows) })
}

// recorded is what the table made of a row.
type recorded struct {
	Token  string `db:"token"`
	ID     int64  `db:"id"`
	Reason Reason `db:"reason"`
}

const recordClicks = `
select token, id, reason from record_clicks($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[])`

// insertClicks commits rows of which each visitor has one for a link, and says what became of each by its token. Those that were there
// already are not among them.
func insertClicks(ctx context.Context, db *sqlx.DB, rows []row) (map[string]recorded, error) {
	n := len(rows)
	var (
		tokens, ats, days, hours    = make([]string, n), make([]string, n), make([]string, n), make([]string, n)
		visitors, reasons, referers = make([]string, n), make([]string, n), make([]string, n)
		devices                     = make([]string, n)
		links, memberIDs            = make([]int64, n), make([]int64, n)
	)
	for i, c := range rows {
		tokens[i], links[i], ats[i], days[i], hours[i] = c.Token, c.LinkID, c.At.UTC().Format(time.RFC3339Nano), c.Day, c.HourAgo
		visitors[i], memberIDs[i], reasons[i], referers[i], devices[i] = c.Visitor, c.MemberID, string(c.Reason), c.Referer, c.Device
	}
	var list []recorded
	err := db.SelectContext(ctx, &list, recordClicks, pq.Array(tokens), pq.Array(links), pq.Array(ats), pq.Array(days), pq.Array(hours),
		pq.Array(visitors), pq.Array(memberIDs), pq.Array(reasons), pq.Array(referers), pq.Array(devices))
	if err != nil {
		return nil, fmt.Errorf("record %d clicks: %w", n, postgres.Translate(err))
	}
	kept := make(map[string]recorded, n)
	for _, k := range list {
		kept[k.Token] = k
	}
	return kept, nil
}
