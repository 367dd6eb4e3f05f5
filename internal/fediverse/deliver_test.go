package fediverse_test

import (
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fediverse"
	"relais/internal/storefronts/storefronttest"
)

// A delivery that commits in the moment in which a run ends, and whose own job came and went while the run still had the server, is sent.
func TestADeliveryAsARunEnds(t *testing.T) {
	w := open(t)
	w.follows(w.opens())
	w.drains()
	w.recommends(w.soap, "Il mousse.")
	arrived, answer, once := make(chan struct{}), make(chan struct{}), sync.Once{}
	w.them.during = func() { once.Do(func() { close(arrived); <-answer }) }
	ended := make(chan error, 1)
	go func() { ended <- w.jobs.Drain(t.Context()) }()
	<-arrived
	job := w.begins() // has the run wait once it has looked, before it commits
	var id int64
	w.must(job.Get(&id, `select id from jobs where kind = 'fediverse.deliver' and done_at is null for update`))
	late := w.begins()
	w.must(fediverse.Publish(t.Context(), late, w.storefront(), fediverse.Thing{Ref: "story:9", Lang: "fr", Title: "Une histoire", Path: "/stories/9"}, storefronttest.Start))
	close(answer)
	w.awaited(late)
	w.must(late.Commit())
	w.awaited(job)
	w.drains() // its own job finds the server taken
	w.must(job.Commit())
	w.must(<-ended)
	w.drains()
	w.is(0, `select count(*) from fediverse_deliveries where state <> 'sent'`)
	if got := w.them.told(); got != "Accept:Follow Create:Note Create:Note" {
		t.Errorf("told %q", got)
	}
}

func (w *world) begins() *sqlx.Tx {
	w.t.Helper()
	tx, err := w.db.BeginTxx(w.t.Context(), nil)
	w.must(err)
	w.t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

// awaited returns once somebody waits for what a transaction has locked.
func (w *world) awaited(tx *sqlx.Tx) {
	w.t.Helper()
	var pid int
	w.must(tx.Get(&pid, `select pg_backend_pid()`))
	for end := time.Now().Add(30 * time.Second); w.count(`select count(*) from pg_stat_activity where $1 = any(pg_blocking_pids(pid))`, pid) == 0; {
		if time.Now().After(end) {
			w.t.Fatal("nobody waits")
		}
	}
}
