package stories

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
)

// ErrSeries says that there is no such series, or that it is somebody else's.
var ErrSeries = fault.Field("series", "story.series_gone")

// Series is a named order of stories.
type Series struct {
	ID      int64  `db:"id"`
	Title   string `db:"title"`
	Stories int    `db:"stories"` // whatever their state
}

// ownedSeries is of an owner: $1 is the member, $2 the brand.
const ownedSeries = ` case when $2 = 0 then r.member_id = $1 else r.brand_id = $2 end `

const selectSeries = `
select r.id, r.title, (select count(*) from stories s where s.series_id = r.id) as stories from story_series r where` + ownedSeries + `order by lower(r.title), r.id`

// SeriesOf are the series of an owner, by name.
func SeriesOf(ctx context.Context, q sqlx.QueryerContext, o Owner) ([]Series, error) {
	var list []Series
	if err := sqlx.SelectContext(ctx, q, &list, selectSeries, o.MemberID, o.BrandID); err != nil {
		return nil, fmt.Errorf("read series: %w", postgres.Translate(err))
	}
	return list, nil
}

// InOwnSeries are all stories of a series of an owner's, in its order. ErrSeries.
func InOwnSeries(ctx context.Context, q sqlx.QueryerContext, o Owner, id int64) ([]Story, error) {
	return where(ctx, q, `where s.series_id = $3 and`+owned+`order by s.series_position, s.id`, o.MemberID, o.BrandID, id)
}

const (
	insertSeries = `insert into story_series (member_id, brand_id, title, created_at) values ($1, $2, $3, $4) returning id`
	sameSeries   = `select r.id from story_series r where` + ownedSeries + `and lower(r.title) = lower($3) order by r.id limit 1`
)

// AddSeries makes a series, or finds the one of that name. Faults: of may, the field series.
func (s *Service) AddSeries(ctx context.Context, by int64, o Owner, title string) (id int64, err error) {
	if title, err = line("series", title, MaxName); err != nil {
		return 0, err
	}
	if title == "" {
		return 0, fault.Field("series", "fault.required")
	}
	return id, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, o); err != nil {
			return err
		}
		err := postgres.Translate(tx.GetContext(ctx, &id, sameSeries, o.MemberID, o.BrandID, title))
		if !errors.Is(err, fault.NotFound) {
			return err
		}
		known, err := SeriesOf(ctx, tx, o)
		if err != nil {
			return err
		}
		if len(known) >= MaxSeries {
			return fault.Field("series", "story.too_many_series").Arg("Most", MaxSeries)
		}
		var member *int64
		if o.BrandID == 0 {
			member = &o.MemberID
		}
		return postgres.Translate(tx.GetContext(ctx, &id, insertSeries, member, orNull(o.BrandID), title, s.now()))
	})
}

// EditSeries gives a series another name; with an empty one it is given up, and its stories stand alone. Faults: of may, ErrSeries, the field series.
func (s *Service) EditSeries(ctx context.Context, by int64, o Owner, id int64, title string) error {
	title, err := line("series", title, MaxName)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, o); err != nil {
			return err
		}
		if title != "" {
			r, err := tx.ExecContext(ctx, `update story_series r set title = $4 where r.id = $3 and`+ownedSeries, o.MemberID, o.BrandID, id, title)
			return exactlyOne(r, err, ErrSeries)
		}
		if _, err := tx.ExecContext(ctx, `update stories s set series_id = null, series_position = 0 where s.series_id = $3 and`+owned, o.MemberID, o.BrandID, id); err != nil {
			return postgres.Translate(err)
		}
		r, err := tx.ExecContext(ctx, `delete from story_series r where r.id = $3 and`+ownedSeries, o.MemberID, o.BrandID, id)
		return exactlyOne(r, err, ErrSeries)
	})
}

// MoveInSeries puts a story of a series one place forward (by -1) or back (by 1). Beyond either end it stays. Faults: of may, ErrGone.
func (s *Service) MoveInSeries(ctx context.Context, by int64, o Owner, id int64, step int) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, o); err != nil {
			return err
		}
		moved, err := Own(ctx, tx, o, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `select 1 from story_series where id = $1 for update`, moved.SeriesID); err != nil {
			return postgres.Translate(err)
		}
		list, err := InOwnSeries(ctx, tx, o, moved.SeriesID)
		if err != nil {
			return err
		}
		for i := range list {
			if j := i + step; list[i].ID == id && j >= 0 && j < len(list) {
				list[i], list[j] = list[j], list[i]
				break
			}
		}
		for i, one := range list {
			if _, err := tx.ExecContext(ctx, `update stories set series_position = $2 where id = $1 and series_position <> $2`, one.ID, i); err != nil {
				return postgres.Translate(err)
			}
		}
		return nil
	})
}

const lastInSeries = `
select (select coalesce(max(s.series_position) + 1, 0) from stories s where s.series_id = r.id) from story_series r where r.id = $3 and` + ownedSeries + `for update`

const ownPlace = `select series_position from stories where id = $1`

// placeInSeries is where a story stands in a series: where it stood in it, else at its end. ErrSeries where it is not its owner's.
func placeInSeries(ctx context.Context, tx *sqlx.Tx, was Story, seriesID int64) (at int, err error) {
	o := was.Owner()
	switch seriesID {
	case 0:
		return 0, nil
	case was.SeriesID:
		err = tx.GetContext(ctx, &at, ownPlace, was.ID)
	default:
		err = tx.GetContext(ctx, &at, lastInSeries, o.MemberID, o.BrandID, seriesID)
	}
	if err = postgres.Translate(err); errors.Is(err, fault.NotFound) {
		return 0, ErrSeries
	}
	return at, err
}
