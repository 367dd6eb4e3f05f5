package notices

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
)

// MostCounted is where the count of unread notices ends: beyond it is said to be more.
const MostCounted = 99

// beside are the notices of member $1 that may be seen together, from the side in $2.
const beside = `(topic not in ('personal','professional') or topic = $2 or not (select notices_apart($1)))`

const countUnread = `select count(*) from (select 1 from notices where member_id = $1 and listed and read_at is null and ` + beside + ` limit $3) n`

// Unread is how many notices a member has not read, MostCounted + 1 where there are more. Who keeps their spheres apart reads of one, its side,
// or of none where it is empty.
func Unread(ctx context.Context, q sqlx.QueryerContext, memberID int64, side Topic) (n int, err error) {
	if err := sqlx.GetContext(ctx, q, &n, countUnread, memberID, side, MostCounted+1); err != nil {
		return 0, fmt.Errorf("count notices: %w", postgres.Translate(err))
	}
	return n, nil
}

// PageSize is how many notices a page shows.
const PageSize = 30

// Filter narrows a list.
type Filter struct {
	Topic  Topic // empty: all that may be seen together
	Side   Topic // where the member keeps their spheres apart: of which one to show; empty: of none
	Unread bool  // only those
	Before int64 // only older ones than this notice; 0: from the newest
}

const shown = `id, topic, kind, event, args, path, at, read_at`

const selectList = `
select ` + shown + ` from notices where member_id = $1 and listed and ` + beside + ` and ($3 = 0 or id < $3) and (not $4 or read_at is null) order by id desc limit $5`

const selectTopic = `
select ` + shown + ` from notices where member_id = $1 and listed and topic = $2 and ($3 = 0 or id < $3) and (not $4 or read_at is null) order by id desc limit $5`

// List is a page of a member's notices, the newest first, and whether there are older ones.
func List(ctx context.Context, q sqlx.QueryerContext, memberID int64, f Filter) (list []Shown, more bool, err error) {
	query, of := selectList, f.Side
	if f.Topic != "" {
		query, of = selectTopic, f.Topic
	}
	if err := sqlx.SelectContext(ctx, q, &list, query, memberID, of, f.Before, f.Unread, PageSize+1); err != nil {
		return nil, false, fmt.Errorf("list notices: %w", postgres.Translate(err))
	}
	if len(list) > PageSize {
		return list[:PageSize], true, nil
	}
	return list, false, nil
}

const selectOne = `select ` + shown + ` from notices where id = $1 and member_id = $2`

func one(ctx context.Context, q sqlx.QueryerContext, memberID, id int64) (Shown, error) {
	var s Shown
	err := postgres.Translate(sqlx.GetContext(ctx, q, &s, selectOne, id, memberID))
	if errors.Is(err, fault.NotFound) {
		err = ErrGone
	}
	return s, err
}

const markOne = `update notices set read_at = case when $3 then coalesce(read_at, $4::timestamptz) end where id = $1 and member_id = $2`

// Mark says that a member has read a notice, or has not. Twice it changes nothing. ErrGone.
func (s *Service) Mark(ctx context.Context, memberID, id int64, read bool) error {
	r, err := s.db.ExecContext(ctx, markOne, id, memberID, read, s.now())
	if err != nil {
		return fmt.Errorf("mark notice %d: %w", id, postgres.Translate(err))
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrGone)
	}
	return nil
}

// Open says where a notice leads, and marks it as read where the member follows it: a browser that only looks ahead does not. ErrGone.
func (s *Service) Open(ctx context.Context, memberID, id int64, follows bool) (path string, err error) {
	n, err := one(ctx, s.db, memberID, id)
	if err != nil || !follows {
		return n.Path, err
	}
	return n.Path, s.Mark(ctx, memberID, id, true)
}

const markAll = `
update notices set read_at = $3 where member_id = $1 and listed and read_at is null and id <= $4 and ($5 = '' and ` + beside + ` or topic = $5)`

// MarkAll marks everything up to a notice as read that a list shows, by its topic or its side: not what came after the page was made.
func (s *Service) MarkAll(ctx context.Context, memberID, upTo int64, f Filter) error {
	if _, err := s.db.ExecContext(ctx, markAll, memberID, f.Side, s.now(), upTo, f.Topic); err != nil {
		return fmt.Errorf("mark notices: %w", postgres.Translate(err))
	}
	return nil
}

// Record is everything that this package keeps of a member, to be handed out.
type Record struct {
	Notices  []Told    `json:"notices"`
	Settings []Setting `json:"settings"`
	Zone     string    `json:"time_zone"`
	Apart    bool      `json:"spheres_apart"`
	Devices  []Device  `json:"devices"`
}

// Told is a notice in words.
type Told struct {
	At    time.Time  `json:"at"`
	Read  *time.Time `json:"read,omitempty"`
	Title string     `json:"title"`
	Text  string     `json:"text,omitempty"`
	Path  string     `json:"path"`
}

const mostExported = 10_000

const selectAll = `select ` + shown + ` from notices where member_id = $1 order by id desc limit $2`

// Export is everything that is kept of a member, notices in their language.
func Export(ctx context.Context, q sqlx.QueryerContext, memberID int64) (r Record, err error) {
	var list []Shown
	if err := sqlx.SelectContext(ctx, q, &list, selectAll, memberID, mostExported); err != nil {
		return r, fmt.Errorf("export notices: %w", postgres.Translate(err))
	}
	to, err := readerOf(ctx, q, memberID)
	if err != nil {
		return r, err
	}
	r.Notices, r.Zone = []Told{}, to.Zone
	for _, n := range list {
		r.Notices = append(r.Notices, Told{n.At, n.ReadAt, n.Title(to.Lang), n.Text(to.Lang), n.Path})
	}
	if r.Apart, err = Apart(ctx, q, memberID); err != nil {
		return r, err
	}
	if r.Settings, err = Settings(ctx, q, memberID); err != nil {
		return r, err
	}
	r.Devices, err = Devices(ctx, q, memberID)
	return r, err
}

// Forget deletes everything that is kept of a member: notices, choices, devices. What the books and letters keep stays.
func Forget(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
	for _, query := range []string{`delete from notices where member_id = $1`, `delete from notice_digests where member_id = $1`, `delete from push_devices where member_id = $1`,
		`delete from notice_settings where member_id = $1`, `delete from notice_zones where member_id = $1`,
		`delete from notice_spheres where member_id = $1`} {
		if _, err := tx.ExecContext(ctx, query, memberID); err != nil {
			return fmt.Errorf("forget notices of member %d: %w", memberID, postgres.Translate(err))
		}
	}
	return nil
}

// Forget is the free function in a transaction of its own.
func (s *Service) Forget(ctx context.Context, memberID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return Forget(ctx, tx, memberID) })
}

func newestFirst(list []Shown) {
	slices.SortFunc(list, func(a, b Shown) int { return cmp.Compare(b.ID, a.ID) })
}
