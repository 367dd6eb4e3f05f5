package clicks_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/internal/clicks"
	"relais/internal/postgres/pgtest"
)

// A month is kept in a table of its own, made ahead; what came before its table was made moves there; and a month goes with its table
// when it is too old, while its sums stay.
func TestKeepMonths(t *testing.T) {
	w := open(t)
	w.now = time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)
	late := w.click(t, clicks.Visit{LinkID: w.link, Address: "192.0.2.1", UserAgent: phone})
	where := func(c clicks.Click) (table string) {
		if err := w.db.Get(&table, `select tableoid::regclass::text from clicks where id = $1`, c.ID); err != nil {
			t.Fatal(err)
		}
		return table
	}
	if got := where(late); got != "clicks_default" {
		t.Errorf("a click without a table of its month is in %s", got)
	}
	keep := func() []string {
		did, err := w.s.KeepMonths(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return did
	}
	if diff := cmp.Diff([]string{"+clicks_2026_03", "+clicks_2026_04", "+clicks_2026_05", "+clicks_2026_06"}, keep()); diff != "" {
		t.Errorf("in March (-want +got):\n%s", diff)
	}
	if again := keep(); len(again) != 0 {
		t.Errorf("again: %v", again)
	}
	if got := where(late); got != "clicks_2026_03" {
		t.Errorf("the click is in %s", got)
	}
	w.now = w.now.Add(time.Hour)
	if got := where(w.click(t, clicks.Visit{LinkID: w.link, Address: "192.0.2.2", UserAgent: phone})); got != "clicks_2026_04" {
		t.Errorf("a click in April is in %s", got)
	}
	if found, err := clicks.ClickByToken(t.Context(), w.db, late.Token, w.now); err != nil || found.ID != late.ID {
		t.Errorf("after the move: %+v, %v", found, err)
	}

	w.insert(t, 2, time.Date(2025, 2, 10, 12, 0, 0, 0, time.UTC)) // no table was made for it: older than the retention, just
	w.insert(t, 3, time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)) // the last month that is kept
	if got := keep(); !slices.Contains(got, "+clicks_2025_03") || slices.Contains(got, "+clicks_2025_02") {
		t.Errorf("with late clicks: %v", got)
	}
	if n := w.count(t, `select count(*) from clicks where at < '2025-03-01Z'`); n != 0 {
		t.Errorf("%d clicks are kept too long", n)
	}
	w.now = w.now.AddDate(0, 1, 0)
	if got := keep(); !slices.Contains(got, "-clicks_2025_03") {
		t.Errorf("a month later: %v", got)
	}
	if err := w.s.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.count(t, `select sum(people) from link_days where day < '2025-04-01'`); n != 5 {
		t.Errorf("the sums have %d people of months that went; want 5", n)
	}
	found, err := clicks.Check(t.Context(), w.db)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Count != 0 {
			t.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
}

// The table of a month is made while people click in that month: each of them is kept once, and answered.
func TestMonthMadeAmongClicks(t *testing.T) {
	w := open(t)
	var tokens []string
	for month := range 4 {
		w.now = time.Date(2027, time.Month(1+6*month), 10, 12, 0, 0, 0, time.UTC)
		tokens = append(tokens, storm(t, w.s, w.link, 30)...)
		made := make(chan error, 1)
		go func() {
			_, err := w.s.KeepMonths(t.Context())
			made <- err
		}()
		for range 3 {
			tokens = append(tokens, storm(t, w.s, w.link, 30)...)
		}
		if err := <-made; err != nil {
			t.Error(err)
		}
	}
	w.once(t, tokens)
	if n := w.count(t, `select count(*) from clicks where tableoid::regclass::text = 'clicks_default'`); n != 0 {
		t.Errorf("%d clicks are left without a month", n)
	}
	if err := w.s.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.sums(t, recount), w.sums(t, rolled)); diff != "" {
		t.Errorf("rolled (-recount +rolled):\n%s", diff)
	}
}

// insert has so many people click at a time.
func (w *world) insert(t testing.TB, n int, at time.Time) {
	t.Helper()
	if _, err := w.db.Exec(insertOne, w.link, at, "", n); err != nil {
		t.Fatal(err)
	}
}

// The application may have tables of months made and dropped, and nothing beside that.
func TestMonthsOnly(t *testing.T) {
	w := open(t)
	for _, refused := range []string{
		`create table mine (id int)`,
		`drop table clicks_default`,
		`delete from clicks`,
		`update clicks set at = now()`,
		`select count(*) from clicks_default`,
		`select clicks_partitions(now(), 3, 3)`,
		`select clicks_partitions(now(), 300, 13)`,
		`update clicks_kept set since = now()`,
	} {
		if _, err := w.db.Exec(refused); err == nil {
			t.Errorf("the application may: %s", refused)
		}
	}
	// A clock that is far ahead makes nothing old: the database has its own.
	w.insert(t, 1, time.Now().UTC())
	if _, err := w.db.Exec(`select clicks_partitions(now() + interval '50 years', 0, 13)`); err != nil || w.count(t, `select count(*) from clicks`) != 1 {
		t.Errorf("a clock ahead: %v", err)
	}
}

func TestRetentionIsLongEnough(t *testing.T) {
	if _, err := clicks.New(clicks.Config{Secret: []byte(strings.Repeat("s", 32)), Months: 3}); err == nil {
		t.Error("clicks may go before attribution has done with them")
	}
}

// A session that has kept its plan since the tables were empty records a batch among hundreds of thousands of clicks of twelve months
// with no more pages than among few: it opens the present month only, by the one index that fits.
func TestPlanOfRecording(t *testing.T) {
	w := open(t)
	w.now = time.Date(2026, 12, 10, 12, 0, 0, 0, time.UTC)
	for m := range 12 {
		if _, err := w.db.Exec(`select clicks_partitions($1, 0, 24)`, time.Date(2026, time.Month(1+m), 1, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := w.db.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	record := func(name string) (pages int) {
		const batch = `explain (analyze, buffers, format json) select * from record_clicks(
			array(select $1 || n from generate_series(1, 64) n), array_fill($2::bigint, array[64]), array_fill($3::timestamptz, array[64]),
			array(select $1 || n from generate_series(1, 64) n), array(select $1 || n from generate_series(1, 64) n),
			array_fill(''::text, array[64]), array_fill(0::bigint, array[64]), array_fill(''::text, array[64]), array_fill(''::text, array[64]), array_fill(''::text, array[64]))`
		var raw []byte
		if err := conn.GetContext(t.Context(), &raw, batch, name, w.link, w.now); err != nil {
			t.Fatal(err)
		}
		var plans []struct {
			Plan struct {
				Hit  int `json:"Shared Hit Blocks"`
				Read int `json:"Shared Read Blocks"`
			}
		}
		if err := json.Unmarshal(raw, &plans); err != nil {
			t.Fatal(err)
		}
		return plans[0].Plan.Hit + plans[0].Plan.Read
	}
	for i := range 8 { // it has its plan then
		record(fmt.Sprint("first", i))
	}
	few := record("few")
	owner := pgtest.Owner(t, w.db)
	owner.MustExec(`alter table clicks disable trigger clicks_count`)
	owner.MustExec(`insert into clicks (token, link_id, at, day_visitor, eligible) select 'old' || n, $1, timestamptz '2026-01-01Z' + n * interval '90 seconds', 'old' || n, true
		from generate_series(1, 330000) n`, w.link)
	owner.MustExec(`alter table clicks enable trigger clicks_count`)
	if many := record("many"); few == 0 || many > 2*few {
		t.Errorf("a batch reads %d pages among many clicks, %d among few", many, few)
	}
}
