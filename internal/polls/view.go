package polls

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/doubts"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
)

// View is a poll as pages show it. Of one that the platform took off it has neither words nor pictures nor results.
type View struct {
	Poll
	BrandName     string         `db:"brand_name"`
	BrandHandle   string         `db:"brand_handle"`
	BrandLang     i18n.Lang      `db:"brand_lang"` // of what it asks
	Picture       string         `db:"picture"`    // content hash: its own, else that of its product; empty: none
	ProductTitle  string         `db:"product_title"`
	ProductSlug   string         `db:"product_slug"` // empty: a piece yet to be made, or one that is not for sale any more
	CircleName    string         `db:"circle_name"`  // empty: none, or one that strangers may not know of any more
	CircleHandle  string         `db:"circle_handle"`
	MadeTitle     string         `db:"made_title"` // the product that came of it last
	MadeSlug      string         `db:"made_slug"`
	Cast          int            `db:"ballots"` // that came, those in doubt included
	OpenReports   int            `db:"open_reports"`
	Chosen        pq.StringArray `db:"chosen"` // what was decided, in words
	ChosenEffects pq.Int64Array  `db:"chosen_effects"`
	Questions     []Question     `db:"-"` // where one poll is read
	Pieces        []Piece        `db:"-"` // as well
	Mine          *Ballot        `db:"-"` // of the member who looks
	Results       *Results       `db:"-"` // nil: not to be seen
}

// Picked says whether the member who looks chose that option.
func (v View) Picked(optionID int64) bool {
	if v.Mine == nil {
		return false
	}
	for _, id := range v.Mine.Choice {
		if id == optionID {
			return true
		}
	}
	return false
}

// Results is how the votes stand, or stood when the poll ended.
type Results struct {
	Counted int
	Aside   []Aside
	Votes   map[int64]int64 // by option
	Chosen  map[int64]bool
}

// Aside is how many ballots are kept without being counted, for a reason.
type Aside struct {
	Doubt doubts.Doubt `db:"doubt"`
	Count int          `db:"count"`
}

// Part is the part of an option in per cent of the ballots that count, rounded down.
func (r Results) Part(optionID int64) int64 {
	if r.Counted == 0 {
		return 0
	}
	return r.Votes[optionID] * 100 / int64(r.Counted)
}

// NotCounted is how many ballots are kept aside.
func (r Results) NotCounted() int {
	n := 0
	for _, a := range r.Aside {
		n += a.Count
	}
	return n
}

// Outcome is what the decided piece costs: the same twice, unless two variants of something are made. ok is false where nothing was decided.
func (v View) Outcome() (low, high money.Amount, ok bool) {
	if v.Results == nil || v.State != Decided {
		return low, high, false
	}
	var made []Question
	for _, q := range v.Questions {
		var one Question
		for _, o := range q.Options {
			if v.Results.Chosen[o.ID] {
				one.Options = append(one.Options, o)
			}
		}
		made = append(made, one)
	}
	least, most := Range(v.BaseMinor, made)
	return money.New(least, v.Currency), money.New(most, v.Currency), true
}

const chosenOf = ` from poll_outcomes c join poll_options o on o.id = c.option_id join poll_questions q on q.id = o.question_id
    where c.poll_id = p.id and c.chosen order by q.position, c.votes desc, o.position) as `

const selectViews = `
select ` + pollColumns + `, b.name as brand_name, b.handle as brand_handle, b.lang as brand_lang,
  coalesce(x.hash, (select y.hash from product_photos f join media y on y.id = f.media_id where f.product_id = p.product_id order by f.position limit 1), '') as picture,
  coalesce(t.title, r.title, '') as product_title, case when r.state = 'published' then r.slug else '' end as product_slug,
  case when g.visibility = 'open' and g.closed_at is null then g.name else '' end as circle_name, case when g.visibility = 'open' and g.closed_at is null then g.handle else '' end as circle_handle,
  coalesce(u.title, a.title, '') as made_title, case when a.state in ('published','launch') then a.slug else '' end as made_slug,
  (select count(*) from poll_ballots v where v.poll_id = p.id) as ballots, (select count(*) from poll_reports w where w.poll_id = p.id and w.decided = '') as open_reports,
  array(select o.text` + chosenOf + `chosen, array(select o.effect_minor` + chosenOf + `chosen_effects
from polls p join brands b on b.id = p.brand_id left join media x on x.id = p.media_id
left join products r on r.id = p.product_id left join product_translations t on t.product_id = r.id and t.lang = $1
left join products a on a.id = (select y.product_id from poll_pieces y join products z on z.id = y.product_id where y.poll_id = p.id order by z.state in ('published','launch') desc, y.at desc limit 1) left join product_translations u on u.product_id = a.id and u.lang = $1
left join groups g on g.id = p.group_id
where `

func viewsWhere(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, where string, args ...any) ([]View, error) {
	var vs []View
	if err := sqlx.SelectContext(ctx, q, &vs, selectViews+where, append([]any{lang}, args...)...); err != nil {
		return nil, fmt.Errorf("read polls: %w", postgres.Translate(err))
	}
	return vs, nil
}

func oneView(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, where string, args ...any) (View, error) {
	vs, err := viewsWhere(ctx, q, lang, where, args...)
	if err == nil && len(vs) == 0 {
		err = ErrGone
	}
	if err != nil {
		return View{}, err
	}
	v := vs[0]
	if v.Pieces, err = PiecesOf(ctx, q, v.ID, lang); err != nil {
		return v, err
	}
	v.Questions, err = questionsOf(ctx, q, v.ID)
	return v, err
}

// shown says which polls everybody may see: asked, and of a brand that is not blocked.
const shown = `p.state <> 'draft' and b.blocked_at is null`

// listed are those of them that lists show.
const listed = shown + ` and p.stopped_at is null`

// ByCode is a poll as somebody sees it, 0 for a guest: with what they voted, and with the results where Shows lets them. ErrGone.
func (s *Service) ByCode(ctx context.Context, code string, viewer int64, lang i18n.Lang) (View, error) {
	v, err := oneView(ctx, s.db, lang, `p.code = $2 and `+shown, code)
	if err != nil {
		return v, err
	}
	if v.StoppedAt != nil {
		v.Text, v.Picture, v.Answer, v.Questions, v.Chosen, v.ChosenEffects = "", "", "", nil, nil, nil
		v.Title, v.ProductTitle, v.ProductSlug, v.MadeTitle, v.MadeSlug, v.Pieces = "", "", "", "", "", nil
		return v, nil
	}
	if viewer != 0 {
		if v.Mine, err = ballotOf(ctx, s.db, v.ID, viewer); err != nil {
			return v, err
		}
	}
	if Shows(v.State, v.Mine != nil) {
		v.Results, err = resultsOf(ctx, s.db, v.Poll)
	}
	return v, err
}

// OfTeam is a poll for the team of its brand, drafts included; while it is open they do not see the results, as they do not vote. ErrGone.
func (s *Service) OfTeam(ctx context.Context, brandID int64, code string, lang i18n.Lang) (View, error) {
	v, err := oneView(ctx, s.db, lang, `p.code = $2 and p.brand_id = $3`, code, brandID)
	if err == nil && Shows(v.State, false) {
		v.Results, err = resultsOf(ctx, s.db, v.Poll)
	}
	return v, err
}

// DecidedOf is a poll of a brand in which something was decided, with how the votes stood, for whoever makes what was decided. ErrGone.
func DecidedOf(ctx context.Context, q sqlx.QueryerContext, brandID int64, code string, lang i18n.Lang) (View, error) {
	v, err := oneView(ctx, q, lang, `p.code = $2 and p.brand_id = $3 and p.state = 'decided' and p.stopped_at is null`, code, brandID)
	if err == nil {
		v.Results, err = resultsOf(ctx, q, v.Poll)
	}
	return v, err
}

const (
	selectAside = `
select case when m.blocked_at is not null and p.state = 'open' then 'blocked' else v.doubt end as doubt, count(*) as count
from poll_ballots v join polls p on p.id = v.poll_id join members m on m.id = v.member_id where v.poll_id = $1 group by 1 order by 1`
	selectOutcomes = `select option_id, question_id, votes, chosen from poll_outcomes where poll_id = $1`
)

// resultsOf counts an open poll, and reads what was counted of one that is over.
func resultsOf(ctx context.Context, q sqlx.QueryerContext, p Poll) (*Results, error) {
	r := &Results{Votes: map[int64]int64{}, Chosen: map[int64]bool{}}
	if err := sqlx.SelectContext(ctx, q, &r.Aside, selectAside, p.ID); err != nil {
		return nil, fmt.Errorf("count ballots: %w", postgres.Translate(err))
	}
	if len(r.Aside) > 0 && r.Aside[0].Doubt == "" {
		r.Counted, r.Aside = r.Aside[0].Count, r.Aside[1:]
	}
	query := selectOutcomes
	if p.State == Open {
		query = `select option_id, question_id, votes, false as chosen from (` + selectVotes(countsNow) + `) now`
	}
	var rows []voteRow
	if err := sqlx.SelectContext(ctx, q, &rows, query, p.ID); err != nil {
		return nil, fmt.Errorf("read votes: %w", postgres.Translate(err))
	}
	for _, row := range rows {
		r.Votes[row.OptionID], r.Chosen[row.OptionID] = row.Votes, row.Chosen
	}
	return r, nil
}

// OpenNow are the open polls, those that close first at the head.
func OpenNow(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, q, lang, listed+` and p.state = 'open' order by p.closes_at, p.id limit $2 offset $3`, limit, offset)
}

// Lately are the polls that ended last, and the latest answers of brands with them.
func Lately(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, q, lang, listed+` and p.closed_at is not null order by p.closed_at desc, p.id desc limit $2 offset $3`, limit, offset)
}

// OpenOfBrand are the open polls of a brand, OpenOfProduct those about a product.
func OpenOfBrand(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, brandID int64) ([]View, error) {
	return viewsWhere(ctx, q, lang, listed+` and p.state = 'open' and p.brand_id = $2 order by p.closes_at, p.id`, brandID)
}

// OpenOfProduct are the open polls about a product.
func OpenOfProduct(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, productID int64) ([]View, error) {
	return viewsWhere(ctx, q, lang, listed+` and p.state = 'open' and p.product_id = $2 order by p.closes_at, p.id`, productID)
}

// DecidedFor are the polls that a product came of, whether its brand said what it did or not, and those about it of which it did and names no other piece: for its page to thank those
// who decided.
func DecidedFor(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, productID int64) ([]View, error) {
	return viewsWhere(ctx, q, lang, listed+` and p.state = 'decided' and p.id in (select poll_id from poll_pieces where product_id = $2 union select id from polls where product_id = $2)
  and (exists (select 1 from poll_pieces y where y.poll_id = p.id and y.product_id = $2) or p.answered_at is not null and p.product_id = $2 and not exists (select 1 from poll_pieces y where y.poll_id = p.id)) order by p.closed_at desc, p.id desc`, productID)
}

// OfBrand are all polls of a brand, the newest first, for its team.
func OfBrand(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, brandID int64, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, q, lang, `p.brand_id = $2 order by p.id desc limit $3 offset $4`, brandID, limit, offset)
}

// All are all polls that were asked, those with open reports at the head, for the platform.
func All(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, q, lang, `p.state <> 'draft' order by exists (select 1 from poll_reports w where w.poll_id = p.id and w.decided = '') desc, p.id desc limit $2 offset $3`, limit, offset)
}

// StatesOf says how polls stand, by their numbers; those that were never asked, or that the platform took off, are missing.
func StatesOf(ctx context.Context, q sqlx.QueryerContext, ids ...int64) (map[int64]State, error) {
	states := map[int64]State{}
	if len(ids) == 0 {
		return states, nil
	}
	var rows []Poll
	if err := sqlx.SelectContext(ctx, q, &rows, `select p.id, p.state from polls p where p.id = any($1) and p.state <> 'draft' and p.stopped_at is null`, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read how polls stand: %w", postgres.Translate(err))
	}
	for _, p := range rows {
		states[p.ID] = p.State
	}
	return states, nil
}
