package clicks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/postgres"
)

// writers is how many batches are under way at most. With one the next batch grows while this one waits for the disk, and a large batch
// costs a third of two small ones: on two cores one writer keeps a quarter more clicks a second than three.
const writers = 1

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

// keys are what later clicks of the same visitor on the same link are told by.
func (r row) keys() []string {
	keys := []string{fmt.Sprint(r.LinkID, " ", r.Day)}
	if r.Visitor != "" {
		keys = append(keys, fmt.Sprint(r.LinkID, " ", r.Visitor))
	}
	return keys
}

// looks are the keys of earlier clicks that this one would repeat: as in record_clicks.
func (r row) looks() []string {
	if r.Visitor != "" {
		return []string{fmt.Sprint(r.LinkID, " ", r.Visitor)}
	}
	return []string{fmt.Sprint(r.LinkID, " ", r.Day), fmt.Sprint(r.LinkID, " ", r.HourAgo)}
}

// batch collects rows for one statement: none of them can be a repeat of another, for the statement does not see its own.
type batch struct {
	rows []row
	seen map[string]bool
}

// add takes a row, or says that it has to wait for the next statement.
func (b *batch) add(r row) bool {
	counts := r.Reason == Counts
	if len(b.rows) == batchMost || counts && slices.ContainsFunc(r.looks(), func(k string) bool { return b.seen[k] }) {
		return false
	}
	b.rows = append(b.rows, r)
	if counts {
		if b.seen == nil {
			b.seen = map[string]bool{}
		}
		for _, k := range r.keys() {
			b.seen[k] = true
		}
	}
	return true
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
	r.lead(context.WithoutCancel(ctx)) // one visitor who leaves does not take the others along
	<-w.done
	return w.click, w.err
}

// lead writes the next batch and has the first of those who came meanwhile write the one after it.
func (r *recorder) lead(ctx context.Context) {
	defer r.pass()
	r.write(ctx, r.take())
}

// take is the next batch; those who might repeat somebody in it stay.
func (r *recorder) take() []*waiting {
	r.mu.Lock()
	defer r.mu.Unlock()
	var taken, left []*waiting
	var b batch
	for _, w := range r.queue {
		if b.add(w.row) {
			taken = append(taken, w)
		} else {
			left = append(left, w)
		}
	}
	r.queue = left
	return taken
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

// errNotKept is what everybody in a batch hears whose writing broke off.
var errNotKept = errors.New("the click was not kept")

// write keeps a batch, in the table or in the spool, and tells everybody in it.
func (r *recorder) write(ctx context.Context, taken []*waiting) {
	defer func() { // also if keeping it panics
		for _, w := range taken {
			close(w.done)
		}
	}()
	rows := make([]row, len(taken))
	for i, w := range taken {
		rows[i], w.err = w.row, errNotKept
	}
	kept, refused, err := r.keep(ctx, rows)
	for _, w := range taken {
		w.click = Click{Token: w.Token, LinkID: w.LinkID, At: w.At, Reason: w.Reason}
		if k, ok := kept[w.Token]; ok {
			w.click.ID, w.click.Reason = k.ID, k.Reason
		}
		w.click.Eligible = w.click.Reason == Counts
		w.err = errors.Join(err, refused[w.Token])
	}
}

// keep writes rows into the table or, while Postgres does not take them, into the spool. refused are those that it never will.
func (r *recorder) keep(ctx context.Context, rows []row) (kept map[string]recorded, refused map[string]error, err error) {
	if r.spool == nil {
		return insertEach(ctx, replayWait, r.db, rows)
	}
	if r.spool.open() { // those before these are not in the table yet
		err := r.spool.write(rows)
		if err == nil {
			return nil, nil, nil
		}
		if !errors.Is(err, errSpoolEmpty) {
			r.spool.log.Error("clicks cannot be spooled: the table is tried", "error", err)
		}
	}
	kept, refused, err = insertEach(ctx, patience, r.db, rows)
	if err != nil {
		return nil, nil, r.spool.begin(rows, err)
	}
	return kept, refused, nil
}

// errRefused says that Postgres takes some row never: of a link or a member that it does not know, or with a value that it cannot hold.
var errRefused = errors.New("a click is refused")

// insertEach is insertClicks for a server that may stand still, where no statement may take longer than limit: what it does in the end
// with rows that it did not answer for is told by their tokens. Where a row is refused, the others are taken one by one.
func insertEach(ctx context.Context, limit time.Duration, db *sqlx.DB, rows []row) (kept map[string]recorded, refused map[string]error, err error) {
	insert := func(rows []row) (map[string]recorded, error) {
		return postgres.Within(ctx, limit, func(ctx context.Context) (map[string]recorded, error) { return insertClicks(ctx, db, rows) })
	}
	if kept, err = insert(rows); !errors.Is(err, errRefused) {
		return kept, nil, err
	}
	kept, refused = map[string]recorded{}, map[string]error{}
	for _, one := range rows {
		k, err := insert([]row{one})
		switch {
		case errors.Is(err, errRefused):
			refused[one.Token] = err
		case err != nil:
			return kept, refused, err
		default:
			maps.Copy(kept, k)
		}
	}
	return kept, refused, nil
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
	if refusal, ok := errors.AsType[*pq.Error](err); ok && (refusal.Code.Class() == "22" || refusal.Code.Class() == "23") {
		return nil, fmt.Errorf("record %d clicks: %w: %w", n, errRefused, err)
	}
	if err != nil {
		return nil, fmt.Errorf("record %d clicks: %w", n, postgres.Translate(err))
	}
	kept := make(map[string]recorded, n)
	for _, k := range list {
		kept[k.Token] = k
	}
	return kept, nil
}
