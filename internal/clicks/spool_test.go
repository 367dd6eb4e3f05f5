package clicks_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"relais/internal/clicks"
	"relais/internal/postgres/pgtest"
)

// storm has so many visitors click at once, and returns the tokens that they were answered with.
func storm(t *testing.T, s *clicks.Service, l int64, visitors int) (tokens []string) {
	t.Helper()
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	for i := range visitors {
		all.Go(func() {
			c, err := s.Record(t.Context(), clicks.Visit{LinkID: l, Address: fmt.Sprintf("192.0.2.%d", i), UserAgent: phone})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			tokens = append(tokens, c.Token)
		})
	}
	all.Wait()
	return tokens
}

// standStill has Postgres answer nothing about clicks until goOn is called.
func (w *world) standStill(t *testing.T) (goOn func()) {
	t.Helper()
	tx, err := pgtest.Owner(t, w.db).Beginx()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() }) // after goOn it does nothing
	if _, err := tx.Exec(`lock table clicks in access exclusive mode`); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// emptied runs the service until nothing is spooled.
func emptied(t *testing.T, s *clicks.Service) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.Spooled() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the spool does not come to an end")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// once fails unless each token is in the table once, and no other.
func (w *world) once(t *testing.T, tokens []string) {
	t.Helper()
	if n := w.count(t, `select count(*) from clicks`); n != len(tokens) {
		t.Errorf("%d clicks are in the table, %d were answered", n, len(tokens))
	}
	for _, token := range tokens {
		if n := w.count(t, `select count(*) from clicks where token = $1`, token); n != 1 {
			t.Errorf("click %s is in the table %d times", token, n)
		}
	}
}

func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Postgres stands still while people click: they are answered, and their clicks are in the table once it goes on.
func TestClicksWhilePostgresStandsStill(t *testing.T) {
	w := open(t)
	l := w.link
	dir := t.TempDir()
	s := w.service(t, dir)
	tokens := storm(t, s, l, 30)
	goOn := w.standStill(t)
	w.now = w.now.Add(2 * time.Hour)
	tokens = append(tokens, storm(t, s, l, 30)...)
	if s.Spooled() == 0 {
		t.Error("nothing is spooled")
	}
	w.now = w.now.Add(time.Minute)
	tokens = append(tokens, storm(t, s, l, 30)...) // repeats, all of them
	goOn()
	emptied(t, s)
	w.once(t, tokens)
	if n := w.count(t, `select count(*) from clicks where eligible`); n != 60 {
		t.Errorf("%d clicks are eligible; want 60", n)
	}
	if names := left(t, dir); len(names) > 0 {
		t.Errorf("left in the folder: %v", names)
	}
	w.now = w.now.Add(2 * time.Hour)
	w.once(t, append(tokens, storm(t, s, l, 3)...))
}

// Postgres refuses clicks, and the process dies: the next one puts them into the table, also those of whom the dead one had done so.
func TestSpoolOfADeadProcess(t *testing.T) {
	w := open(t)
	l := w.link
	known := w.click(t, clicks.Visit{LinkID: l, Address: "192.0.2.200", UserAgent: phone})
	dir := t.TempDir()
	line := func(token, visitor string) string {
		return fmt.Sprintf(`{"token":%q,"link":%d,"at":%q,"day":%q,"hour_ago":%q,"device":"phone"}`+"\n", token, l, w.now.Format(time.RFC3339Nano), visitor, visitor)
	}
	file := line("T1", "v1") + line(known.Token, "v2") + line("T2", "v1") + line("T3", "v3") + `{"token":"T4","lin`
	if err := os.WriteFile(filepath.Join(dir, "clicks-20260302T090000.000000000-ABCDEFGH.jsonl"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	s := w.service(t, dir)
	if other := w.service(t, dir); other.Spooled() != 0 {
		t.Error("two processes have the same file")
	}
	emptied(t, s)
	w.once(t, []string{"T1", "T2", "T3", known.Token})
	if n := w.count(t, `select count(*) from clicks where token = 'T2' and reason = 'repeat'`); n != 1 {
		t.Error("a repeat in the spool counts")
	}
	if names := left(t, dir); len(names) > 0 {
		t.Errorf("left in the folder: %v", names)
	}
}

// A click of a link that the table does not know, after a restore of an older copy, does not hold up the others; the rule of repeats
// holds within the file, across midnight and with and without consent.
func TestSpoolWithAClickThatIsRefused(t *testing.T) {
	w := open(t)
	l := w.link
	dir := t.TempDir()
	line := func(token string, link int64, at time.Time, day, ago, visitor string) string {
		return fmt.Sprintf(`{"token":%q,"link":%d,"at":%q,"day":%q,"hour_ago":%q,"visitor":%q,"device":"phone"}`+"\n", token, link, at.Format(time.RFC3339Nano), day, ago, visitor)
	}
	night := time.Date(2026, 3, 1, 23, 50, 0, 0, time.UTC)
	file := line("T1", l, night, "d1", "d1", "") + line("T2", 999_999, night, "e1", "e1", "") + line("T3", l, night.Add(20*time.Minute), "d2", "d1", "") +
		line("T4", l, night, "f1", "f1", "V") + line("T5", l, night.Add(time.Minute), "f1", "f1", "")
	if err := os.WriteFile(filepath.Join(dir, "clicks-20260301T235000.000000000-ABCDEFGH.jsonl"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	emptied(t, w.service(t, dir))
	w.once(t, []string{"T1", "T3", "T4", "T5"})
	for token, want := range map[string]int{"T1": 0, "T3": 1, "T4": 0, "T5": 1} {
		if n := w.count(t, `select count(*) from clicks where token = $1 and reason = 'repeat'`, token); n != want {
			t.Errorf("%s is a repeat: %d, want %d", token, n, want)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "refused.jsonl"))
	if err != nil || !strings.Contains(string(b), `"T2"`) || strings.Count(string(b), "\n") != 1 {
		t.Errorf("put aside: %q, %v", b, err)
	}
	if _, err := w.s.Record(t.Context(), clicks.Visit{LinkID: 999_999, Address: "192.0.2.1", UserAgent: phone}); err == nil {
		t.Error("a click of no link is answered as kept")
	}
}

// Somebody cleans the folder up while clicks are in it: those are gone from the disk, not from the process, and the next ones are kept.
func TestSpoolWhoseFileIsTakenAway(t *testing.T) {
	w := open(t)
	l := w.link
	dir := t.TempDir()
	s := w.service(t, dir)
	goOn := w.standStill(t)
	tokens := storm(t, s, l, 5)
	for _, name := range left(t, dir) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	goOn()
	emptied(t, s)
	w.once(t, tokens)
	w.now = w.now.Add(2 * time.Hour)
	w.once(t, append(tokens, storm(t, s, l, 5)...))
	if n := s.Spooled(); n != 0 {
		t.Errorf("%d clicks wait on disk", n)
	}
}

func TestClicksWithoutASpoolFail(t *testing.T) {
	w := open(t)
	l := w.link
	refuse(t, pgtest.Owner(t, w.db))
	if _, err := w.s.Record(t.Context(), clicks.Visit{LinkID: l, Address: "192.0.2.1", UserAgent: phone}); err == nil {
		t.Error("a click is answered that is kept nowhere")
	}
	dir := t.TempDir()
	s := w.service(t, dir)
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(t.Context(), clicks.Visit{LinkID: l, Address: "192.0.2.1", UserAgent: phone}); err == nil {
		t.Error("a click is answered that is kept nowhere: the folder is gone")
	}
}

// refuse has Postgres refuse clicks.
func refuse(t *testing.T, owner *sqlx.DB) {
	t.Helper()
	if _, err := owner.Exec(`revoke insert on clicks from relais_app`); err != nil {
		t.Fatal(err)
	}
}

// Repeats are told as by the plain rule, whatever the order and the gaps, across midnight, and through the spool.
func TestRepeatsByTheRule(t *testing.T) {
	w := open(t)
	links := []int64{w.link, w.other}
	rapid.Check(t, func(r *rapid.T) {
		w.now = w.now.AddDate(0, 0, 3)
		last := map[string]time.Time{} // of the eligible one, by link and visitor
		for range rapid.IntRange(1, 25).Draw(r, "clicks") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(r, "minutes")) * time.Minute)
			link, visitor := links[rapid.IntRange(0, 1).Draw(r, "link")], rapid.SampledFrom([]string{"a", "b"}).Draw(r, "visitor")
			consents := rapid.Bool().Draw(r, "consents")
			v := clicks.Visit{LinkID: link, Address: visitor, UserAgent: phone}
			key := fmt.Sprint(link, visitor, consents)
			if consents {
				v.Visitor, v.Address = "V"+visitor, "everywhere"
			}
			c, err := w.s.Record(t.Context(), v)
			if err != nil {
				r.Fatal(err)
			}
			want := clicks.Counts
			if at, ok := last[key]; ok && w.now.Sub(at) < clicks.RepeatAfter {
				want = clicks.Repeat
			}
			if want == clicks.Counts {
				last[key] = w.now
			}
			if c.Reason != want {
				r.Fatalf("click of %s at %v is %q, want %q", key, w.now, c.Reason, want)
			}
		}
	})
}
