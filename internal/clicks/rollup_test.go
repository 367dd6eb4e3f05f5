package clicks_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"relais/internal/clicks"
	"relais/internal/postgres/pgtest"
)

// sum is one row of the sums, or of a recount.
type sum struct {
	LinkID int64  `db:"link_id"`
	Day    string `db:"day"`
	People int64  `db:"people"`
	Visits int64  `db:"visits"`
}

const (
	recount = `select link_id, to_char(at at time zone 'Europe/Paris', 'YYYY-MM-DD') as day, count(*) filter (where eligible) as people, count(*) as visits
		from clicks where eligible or reason = 'repeat' group by 1, 2 order by 1, 2`
	reading = `select link_id, day::text as day, sum(people)::bigint as people, sum(visits)::bigint as visits from link_counts group by 1, 2 order by 1, 2`
	rolled  = `select link_id, day::text as day, people, visits from link_days order by 1, 2`
	allDays = `select 0 as link_id, day::text as day, sum(people)::bigint as people, sum(visits)::bigint as visits from %s group by 1, 2 order by 2`
)

type fatal interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func (w *world) sums(t fatal, query string) (list []sum) {
	t.Helper()
	if err := w.db.Select(&list, query); err != nil {
		t.Fatal(err)
	}
	return list
}

const insertOne = `
insert into clicks (token, link_id, at, day_visitor, eligible, reason)
select md5(random()::text) || n, $1, $2, 'd', $3 = '', $3 from generate_series(1, $4) n`

// Writers commit in any order, or not at all, days apart, while others roll; a reader always has what a recount of the committed has, and
// after the last roll the sums by themselves have it.
func TestRolledIsRecounted(t *testing.T) {
	w := open(t)
	links := []int64{w.link, w.other}
	second := w.service(t, "")
	rapid.Check(t, func(t *rapid.T) {
		writers := map[int]*sqlx.Tx{}
		defer func() {
			for _, tx := range writers {
				_ = tx.Rollback()
			}
		}()
		ends := func(i int, end func(*sqlx.Tx) error) {
			if tx := writers[i]; tx != nil {
				delete(writers, i)
				if err := end(tx); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			i := rapid.IntRange(0, 4).Draw(t, "writer")
			switch rapid.SampledFrom([]string{"insert", "insert", "insert", "commit", "roll back", "roll"}).Draw(t, "step") {
			case "insert":
				if writers[i] == nil {
					writers[i] = w.db.MustBegin()
				}
				at := w.now.Add(time.Duration(rapid.IntRange(-60*24, 48).Draw(t, "hours")) * time.Hour)
				reason := rapid.SampledFrom([]clicks.Reason{"", "", clicks.Repeat, clicks.Embedded}).Draw(t, "reason")
				if _, err := writers[i].Exec(insertOne, rapid.SampledFrom(links).Draw(t, "link"), at, reason, rapid.IntRange(1, 3).Draw(t, "n")); err != nil {
					t.Fatal(err)
				}
			case "commit":
				ends(i, (*sqlx.Tx).Commit)
			case "roll back":
				ends(i, (*sqlx.Tx).Rollback)
			case "roll":
				if err := rapid.SampledFrom([]*clicks.Service{w.s, second}).Draw(t, "instance").Roll(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(w.sums(t, recount), w.sums(t, reading)); diff != "" {
				t.Fatalf("a reader has other sums than a recount (-recount +reading):\n%s", diff)
			}
		}
		for i := range 5 {
			ends(i, (*sqlx.Tx).Commit)
		}
		if err := w.s.Roll(context.Background()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.sums(t, recount), w.sums(t, rolled)); diff != "" {
			t.Fatalf("rolled (-recount +rolled):\n%s", diff)
		}
		if diff := cmp.Diff(w.sums(t, fmt.Sprintf(allDays, "link_days")), w.sums(t, fmt.Sprintf(allDays, "click_days"))); diff != "" {
			t.Fatalf("by day (-links +all):\n%s", diff)
		}
	})
}

// Instances roll at once while people click: nothing is taken twice, nothing is left behind.
func TestRollAtOnce(t *testing.T) {
	w := open(t)
	second := w.service(t, "")
	var all sync.WaitGroup
	stop := make(chan struct{})
	for _, s := range []*clicks.Service{w.s, second, w.s} {
		all.Go(func() {
			for {
				if err := s.Roll(context.Background()); err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range 5 {
		storm(t, w.s, w.link, 60)
		w.now = w.now.Add(7 * time.Hour)
	}
	close(stop)
	all.Wait()
	if err := w.s.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.sums(t, recount), w.sums(t, rolled)); diff != "" {
		t.Errorf("rolled (-recount +rolled):\n%s", diff)
	}
	if u, err := clicks.Lag(t.Context(), w.db); err != nil || u != (clicks.Unrolled{}) {
		t.Errorf("Lag = %+v, %v", u, err)
	}
}

// What waits is told, and a worker rolls it.
func TestRunRolls(t *testing.T) {
	w := open(t)
	w.click(t, clicks.Visit{LinkID: w.link, Address: "192.0.2.1", UserAgent: phone})
	if u, err := clicks.Lag(t.Context(), w.db); err != nil || u.Rows != 1 || u.Lag <= 0 {
		t.Errorf("Lag = %+v, %v", u, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- w.s.Run(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for w.count(t, `select count(*) from link_days_fresh`) > 0 && ctx.Err() == nil {
		<-tick.C
	}
	cancel()
	if err := <-ended; err != nil || w.count(t, `select people from link_days`) != 1 {
		t.Errorf("Run = %v", err)
	}
}

// Somebody with all rights changes what the audit looks at; it names what they did.
func TestCheckNamesEachCorruption(t *testing.T) {
	w := open(t)
	for i := range 3 {
		w.click(t, clicks.Visit{LinkID: w.link, Address: fmt.Sprintf("192.0.2.%d", i), UserAgent: phone})
	}
	if err := w.s.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	owner := pgtest.Owner(t, w.db)
	named := map[string]bool{}
	for _, tt := range []struct{ sql, want string }{
		{`update link_days set people = people - 1`, "clicks_rolled"},
		{`delete from link_days`, "clicks_rolled"},
		{`update clicks set eligible = false, reason = 'bot' where id = (select min(id) from clicks)`, "clicks_rolled"},
		{`insert into link_days_fresh (link_id, day, people, visits) select link_id, day, 1, 1 from link_days`, "clicks_rolled"},
		{`update click_days set visits = visits + 1`, "click_days_rolled"},
		{`grant delete on clicks to relais_app`, "clicks_guarded"},
		{`grant update on clicks to relais_app`, "clicks_guarded"},
		{`grant insert on clicks_default to relais_app`, "clicks_guarded"},
		{`grant delete on link_days to relais_app`, "clicks_guarded"},
		{`alter table clicks drop constraint clicks_token_key`, "clicks_guarded"},
		{`alter table clicks disable trigger clicks_count`, "clicks_guarded"},
	} {
		named[tt.want] = true
		tx := owner.MustBegin()
		tx.MustExec(tt.sql)
		found, err := clicks.Check(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		var broken []string
		for _, f := range found {
			if f.Count > 0 {
				broken = append(broken, f.Name)
			}
		}
		if !strings.Contains(strings.Join(broken, " "), tt.want) {
			t.Errorf("%s: %v are broken; want %s", tt.sql, broken, tt.want)
		}
		_ = tx.Rollback()
	}
	found, err := clicks.Check(t.Context(), w.db)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Count != 0 || !named[f.Name] {
			t.Errorf("%s is broken %d times, or no corruption breaks it", f.Name, f.Count)
		}
	}
}
