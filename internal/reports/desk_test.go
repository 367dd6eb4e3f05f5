package reports_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/internal/reports"
)

const insert = `
insert into said_reports (part, target, member_id, reason, text, said, at) values ($1, $2, nullif($3, 0), $4, '', 'Ceci.', $5) on conflict do nothing`

// A desk over a table of its own has what is open, the oldest first; a decision ends all of it about one thing, and nothing else.
func TestDesk(t *testing.T) {
	db, ctx, now := pgtest.DB(t), t.Context(), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	pgtest.Owner(t, db).MustExec(`create table said_reports (id bigint generated always as identity primary key, part text, target bigint, member_id bigint, reason text, text text,
  said text, at timestamptz, decided text not null default '', decided_by bigint, decided_at timestamptz, why text not null default '');
create unique index on said_reports (part, target, coalesce(member_id, 0)) where decided = '';
grant select, insert, update on said_reports to relais_app`)
	gone := fault.New(fault.NotFound, "fault.page_not_found")
	desk := reports.Desk[string]{
		Table: reports.Table{Name: "said_reports", Part: "part", Target: "target", Body: "said", Desk: "/admin/said"},
		Subject: func(_ context.Context, _ sqlx.QueryerContext, part reports.Part, id int64) (string, error) {
			if id == 99 {
				return "", gone
			}
			return string(part), nil
		},
		Party: func(ctx context.Context, q sqlx.QueryerContext, _ string, memberID int64) (bool, error) {
			return reports.Concerns(ctx, q, memberID, 0, 7)
		},
	}
	report := func(part reports.Part, target, by int64, at time.Time) error {
		tx := db.MustBegin()
		if err := desk.Table.Insert(ctx, tx, at, insert, part, target, by, "insult", at); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		return tx.Commit()
	}
	for _, err := range []error{report("answer", 1, 0, now), report("question", 1, 5, now), report("question", 1, 0, now.Add(time.Hour)), report("answer", 2, 0, now.Add(-time.Hour))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := report("question", 1, 5, now); !errors.Is(err, reports.ErrReported) {
		t.Errorf("twice: %v", err)
	}
	cases, total, err := desk.Cases(ctx, db, 2, 0)
	if err != nil || total != 3 || len(cases) != 2 || cases[0].Part != "answer" || cases[0].ID != 2 || cases[1].Subject != "question" || len(cases[1].Reports) != 2 {
		t.Fatalf("waits: %+v, %d, %v", cases, total, err)
	}
	if r := cases[1].Reports[0]; r.MemberID != 5 || r.By != "" || r.Body != "Ceci." || r.Title != "" || r.BrandID != 0 || r.Target != 1 || !r.At.Equal(now) {
		t.Errorf("%+v", r)
	}
	if rest, _, err := desk.Cases(ctx, db, 2, 2); err != nil || len(rest) != 1 || rest[0].Part != "answer" || rest[0].ID != 1 {
		t.Errorf("the second page: %+v, %v", rest, err)
	}
	failed := errors.New("it failed")
	decide := func(d reports.Decision, does error) (done *reports.Decision, err error) {
		err = desk.Decide(ctx, db, d, now, func(_ *sqlx.Tx, _ reports.Case[string], d reports.Decision) error {
			done = &d
			return does
		})
		return done, err
	}
	d := reports.Decision{Part: "question", ID: 1, By: 3, Hide: true, Why: " Injurieux. "}
	for want, one := range map[error]reports.Decision{fault.Invalid: {Part: "question", ID: 1, By: 3}, reports.ErrYourOwn: {Part: "question", ID: 1, By: 7, Why: "x"}, gone: {Part: "question", ID: 99, By: 3, Why: "x"}} {
		if done, err := decide(one, nil); done != nil || !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", one, err, want)
		}
	}
	if _, err := decide(d, failed); !errors.Is(err, failed) {
		t.Errorf("what the domain does failed: %v", err)
	}
	if _, total, err = desk.Cases(ctx, db, 2, 0); err != nil || total != 3 {
		t.Errorf("decided in part: %d wait, %v", total, err)
	}
	mine, late := d, d
	mine.By, late.By, late.Hide = 5, 8, false
	if done, err := decide(mine, nil); done != nil || !errors.Is(err, reports.ErrYourOwn) {
		t.Errorf("decided by who reported it: %v", err)
	}
	if _, err := decide(d, nil); err != nil {
		t.Fatal(err)
	}
	if done, err := decide(late, nil); done != nil || !errors.Is(err, reports.ErrDecided) {
		t.Errorf("decided a second time: %v", err)
	}
	past, err := desk.Decided(ctx, db, 10)
	if err != nil || len(past) != 2 || past[0].Decided != reports.Hidden || past[0].Why != "Injurieux." || !past[0].DecidedAt.Equal(now) {
		t.Errorf("decided: %+v, %v", past, err)
	}
	if _, total, err = desk.Cases(ctx, db, 2, 0); err != nil || total != 2 {
		t.Errorf("%d wait, %v", total, err)
	}
	if err := report("question", 1, 5, now); err != nil {
		t.Errorf("again, after it was decided: %v", err)
	}
	crowd(t, db, desk, now)
}

// The desk shows a hundred reports of a case, those of members first; a decision has all of them, and ends them.
func crowd(t *testing.T, db *postgres.DB, desk reports.Desk[string], now time.Time) {
	t.Helper()
	db.MustExec(`insert into said_reports (part, target, member_id, reason, text, said, at)
select 'answer', 50, nullif(n, 0), 'insult', '', '', $1 from generate_series(0, 100) n`, now)
	c, err := desk.Case(t.Context(), db, "answer", 50)
	if err != nil || len(c.Reports) != 100 || c.Reports[0].MemberID != 1 || c.Reports[99].MemberID != 100 {
		t.Errorf("the desk shows %d reports, %v", len(c.Reports), err)
	}
	var all int
	err = desk.Decide(t.Context(), db, reports.Decision{Part: "answer", ID: 50, By: 200, Why: "Non."}, now, func(_ *sqlx.Tx, c reports.Case[string], _ reports.Decision) error {
		all = len(c.Reports)
		return nil
	})
	var open int
	if err := errors.Join(err, db.Get(&open, `select count(*) from said_reports where target = 50 and decided = ''`)); err != nil || all != 101 || open != 0 {
		t.Errorf("decided of %d reports, %d are open, %v", all, open, err)
	}
}
