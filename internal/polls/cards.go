package polls

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/i18n"
	"relais/internal/postgres"
)

// Cards are polls by their numbers as somebody sees them in a list, 0 for a guest: with their own ballot, and for whoever voted in an open one with
// its questions and how the votes stand. Those that lists do not show are missing.
func Cards(ctx context.Context, q sqlx.QueryerContext, viewer int64, lang i18n.Lang, ids ...int64) (map[int64]View, error) {
	cards := map[int64]View{}
	if len(ids) == 0 {
		return cards, nil
	}
	vs, err := viewsWhere(ctx, q, lang, listed+` and p.id = any($2)`, pq.Array(ids))
	if err != nil {
		return nil, err
	}
	voted := map[int64]bool{}
	if viewer != 0 {
		var in []int64
		if err := sqlx.SelectContext(ctx, q, &in, `select poll_id from poll_ballots where member_id = $1 and poll_id = any($2)`, viewer, pq.Array(ids)); err != nil {
			return nil, fmt.Errorf("read ballots: %w", postgres.Translate(err))
		}
		for _, id := range in {
			voted[id] = true
		}
	}
	for _, v := range vs {
		if voted[v.ID] {
			if v.Mine, err = ballotOf(ctx, q, v.ID, viewer); err != nil {
				return nil, err
			}
		}
		if v.State == Open && Shows(v.State, voted[v.ID]) {
			if v.Questions, err = questionsOf(ctx, q, v.ID); err != nil {
				return nil, err
			}
			if v.Results, err = resultsOf(ctx, q, v.Poll); err != nil {
				return nil, err
			}
		}
		cards[v.ID] = v
	}
	return cards, nil
}

// Matching are the open polls in whose title, brand or product a text occurs, those that close first at the head.
func Matching(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, text string, limit int) ([]View, error) {
	return viewsWhere(ctx, q, lang, listed+` and p.state = 'open' and strpos(lower(concat_ws(' ', p.title, b.name, t.title, r.title)), lower($2)) > 0
order by p.closes_at, p.id limit $3`, text, limit)
}

// Leading are the options that would be made if a poll ended now, in the order of its questions; none where its results are not to be seen.
func (v View) Leading() (list []Option) {
	if v.Results == nil {
		return nil
	}
	for _, q := range v.Questions {
		var tallies []Tally
		for _, o := range q.Options {
			tallies = append(tallies, Tally{o.ID, v.Results.Votes[o.ID]})
		}
		for _, id := range Decide(tallies, int64(v.MarginPct)) {
			for _, o := range q.Options {
				if o.ID == id {
					list = append(list, o)
				}
			}
		}
	}
	return list
}

// Shown is the number of a poll that lists show, by its code. ErrGone.
func Shown(ctx context.Context, q sqlx.QueryerContext, code string) (id int64, err error) {
	err = sqlx.GetContext(ctx, q, &id, `select p.id from polls p join brands b on b.id = p.brand_id where p.code = $1 and `+listed, code)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrGone
	}
	return id, postgres.Translate(err)
}
