// Package changes lets pages be answered from memory until something that they show has changed, and not a moment longer than it takes to
// notice, whichever instance changed it.
//
// Triggers write down what changed, in the transaction that changed it: "brand:7" for anything that the pages of a brand and of its
// products show, "member:7" for anything that a storefront and its links show. A Feed reads what is new four times a second, and at once
// after each request that changed something here. A Cache keeps values together with the topics that they were made of, and forgets a
// value when one of them has changed since before its making began.
//
//	make begins ──▶ reads rows ──▶ kept         kept values with a topic that changed
//	     │ position of the feed                      after that position are made again
//
// There is no LISTEN, which does not pass a pool in transaction mode, and nothing is sent: an instance that reads nothing for a while, as
// Postgres is away, answers nothing from memory either.
package changes

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/postgres"
)

const (
	pollEvery  = 250 * time.Millisecond
	silence    = 2 * time.Second // after so long without an answer from Postgres, nothing is answered from memory
	patience   = time.Second     // how long one look waits for Postgres
	remembered = 10 * time.Minute
	rowsKept   = time.Hour
	rowsMost   = 10_000 // of one look; with more of them everything is made again
)

// Feed knows what changed, and when it noticed. It is safe for concurrent use.
type Feed struct {
	db    *sqlx.DB
	clock func() time.Time // real time
	log   *slog.Logger

	begun   atomic.Int64 // polls so far, the one under way included
	reading sync.Mutex   // one poll at a time
	failed  error        // of the last one
	xmin    uint64       // rows of this transaction and later ones are not all read yet; 0: where to go on from is not known
	read    map[string]bool

	mu     sync.RWMutex
	polls  int64              // done so far: the position
	at     time.Time          // of the last one
	last   map[string]noticed // by topic
	latest int64              // position at which anything was noticed
	floor  int64              // position before which nothing is known to be right
}

type noticed struct {
	position int64
	at       time.Time
}

// NewFeed makes a Feed that has read nothing yet. Run keeps it up to date.
func NewFeed(db *sqlx.DB, clock func() time.Time, log *slog.Logger) *Feed {
	return &Feed{db: db, clock: clock, log: log, last: map[string]noticed{}}
}

// Run reads what is new until ctx ends, and drops rows that everybody has read.
func (f *Feed) Run(ctx context.Context) error {
	poll, tidy := time.NewTicker(pollEvery), time.NewTicker(rowsKept/4)
	defer poll.Stop()
	defer tidy.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
			f.noting(ctx, f.Poll(ctx))
		case <-tidy.C:
			f.noting(ctx, f.tidy(ctx))
		}
	}
}

func (f *Feed) noting(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		f.log.DebugContext(ctx, "changes were not read", "error", err) // the database's own alarm says why
	}
}

// A row that commits after this statement began has this xmin or a later transaction, so the next one reads from there: nothing is
// missed, and what is read twice is known.
const selectChanges = `
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin,
  array(select c.xid::text || ' ' || c.topic from changes c
    where c.xid >= case when $1 = '0' then pg_snapshot_xmin(pg_current_snapshot()) else $1::text::xid8 end limit $2) as rows`

// found is what one look finds.
type found struct {
	Xmin uint64         `db:"xmin"`
	Rows pq.StringArray `db:"rows"`
}

// Poll reads what changed since the last time. What was committed before it was called is noticed when it returns. After an error
// everything is made again: another server may answer next, which counts transactions in its own way.
func (f *Feed) Poll(ctx context.Context) error {
	before := f.begun.Load()
	f.reading.Lock()
	defer f.reading.Unlock()
	if f.begun.Load() > before { // one began and ended since
		return f.failed
	}
	f.begun.Add(1)
	f.failed = f.poll(context.WithoutCancel(ctx)) // whoever asks and leaves does not take the answer from the others
	return f.failed
}

func (f *Feed) poll(ctx context.Context) error {
	since := fmt.Sprint(f.xmin) // one that is given up reads on
	got, err := postgres.Within(ctx, patience, func(ctx context.Context) (got found, err error) {
		err = f.db.GetContext(ctx, &got, selectChanges, since, rowsMost+1)
		return got, err
	})
	if err != nil {
		f.xmin = 0
		return fmt.Errorf("read changes: %w", postgres.Translate(err))
	}
	// Numbers of transactions go back where a server takes over that had not got the last of them.
	missed := f.xmin == 0 || got.Xmin < f.xmin || f.clock().Sub(f.at) > rowsKept/2 || len(got.Rows) > rowsMost
	read := make(map[string]bool, len(got.Rows))
	var fresh []string
	for _, row := range got.Rows {
		if read[row] = true; !f.read[row] {
			fresh = append(fresh, row)
		}
	}
	f.xmin, f.read = got.Xmin, read
	f.notice(fresh, missed)
	return nil
}

// notice moves the position on. Each row is "transaction topic"; missed: there may have been others.
func (f *Feed) notice(rows []string, missed bool) {
	now := f.clock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.polls, f.at = f.polls+1, now
	if missed {
		f.floor = f.polls
	}
	for _, row := range rows {
		f.last[topicOf(row)] = noticed{f.polls, now}
		f.latest = f.polls
	}
	if f.polls%1000 == 0 {
		for topic, n := range f.last {
			if now.Sub(n.at) > remembered {
				delete(f.last, topic)
			}
		}
	}
}

const deleteChanges = `delete from changes where at < now() - interval '1 hour'`

func (f *Feed) tidy(ctx context.Context) error {
	_, err := f.db.ExecContext(ctx, deleteChanges)
	return postgres.Translate(err)
}

// position is how far the feed has read; ok is false where it does not know what changed just now.
func (f *Feed) position() (position int64, ok bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.polls, f.polls > 0 && f.clock().Sub(f.at) <= silence
}

// since says whether any of the topics changed after that position, or may have.
func (f *Feed) since(position int64, topics []string) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if position < f.floor {
		return true
	}
	for _, t := range topics {
		if t == Everything && f.latest > position || f.last[t].position > position {
			return true
		}
	}
	return false
}
