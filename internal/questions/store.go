package questions

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/i18n"
	"relais/internal/postgres"
	"relais/internal/waits"
)

// What readers see of questions q and answers a, whose authors are m: nothing of whom the platform blocked.
const (
	seenQuestion = `q.state = 'shown' and m.blocked_at is null`
	seenAnswer   = `a.state = 'shown' and (a.by_brand or m.blocked_at is null)`
)

// answersOf are the answers a of question q that readers see.
const answersOf = `from question_answers a left join members m on m.id = a.member_id where a.question_id = q.id and ` + seenAnswer

const selectQuestions = `
select q.id, q.product_id, p.title as product_title, p.slug, coalesce((select u.author_id from publications u where u.product_id = q.product_id and u.state = 'listed'), 0) as designer_id, q.brand_id, b.name as brand_name, b.handle as brand_handle, coalesce(q.member_id, 0) as member_id,
  coalesce(m.name, '') as name, exists (select 1 from brand_members t where t.brand_id = q.brand_id and t.member_id = q.member_id) as of_brand,
  q.lang, q.title, q.details, q.at, q.edited_at, q.state, q.hidden_why, c.count, c.useful
from questions q join products p on p.id = q.product_id join brands b on b.id = q.brand_id left join members m on m.id = q.member_id
cross join lateral (select count(*) as count, coalesce(sum((select count(*) from question_marks k where k.answer_id = a.id)), 0)::bigint as useful ` + answersOf + `) c `

// recommends says of a member x whether they recommend the product of question q: in their storefront, or by a link that is
// not switched off, that to a story which shows it included.
const recommends = `(exists (select 1 from listings i where i.product_id = q.product_id and i.member_id = x.member_id)
  or exists (select 1 from share_links s where s.member_id = x.member_id and s.disabled_at is null and (s.product_id = q.product_id or s.brand_id = q.brand_id
    or exists (select 1 from story_products t where t.story_id = s.story_id and t.product_id = q.product_id and t.off_at is null)
    or exists (select 1 from poll_covers o where o.poll_id = s.poll_id and o.product_id = q.product_id))))`

const selectAnswers = `
select a.id, a.question_id, q.product_id, q.brand_id, b.name as brand_name, coalesce(a.member_id, 0) as member_id, coalesce(m.name, '') as name, a.by_brand, a.publication_id is not null as by_designer,
  not a.by_brand and (a.earns or ` + recommends + `) as earns, a.lang, a.body, a.at, a.edited_at, a.state, a.hidden_why, a.pinned_at is not null as pinned,
  (select count(*) from question_marks k where k.answer_id = a.id) as helpful,
  exists (select 1 from question_marks k where k.answer_id = a.id and k.member_id = $1) as marked
from question_answers a join questions q on q.id = a.question_id join brands b on b.id = q.brand_id left join members m on m.id = a.member_id
cross join lateral (select a.member_id) x `

const bestFirst = ` order by a.question_id, a.pinned_at is null, helpful desc, not a.by_brand, a.id`

func readQuestions(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Question, error) {
	var list []Question
	if err := sqlx.SelectContext(ctx, q, &list, selectQuestions+where, args...); err != nil {
		return nil, fmt.Errorf("read questions: %w", postgres.Translate(err))
	}
	return list, nil
}

func readAnswers(ctx context.Context, q sqlx.QueryerContext, viewer int64, where string, args ...any) ([]Answer, error) {
	var list []Answer
	if err := sqlx.SelectContext(ctx, q, &list, selectAnswers+where+bestFirst, append([]any{viewer}, args...)...); err != nil {
		return nil, fmt.Errorf("read answers: %w", postgres.Translate(err))
	}
	return list, nil
}

// answered puts answers that readers see under their questions, the best first; at most so many each, 0: all.
func answered(ctx context.Context, q sqlx.QueryerContext, viewer int64, list []Question, most int) ([]Question, error) {
	at, ids := map[int64]int{}, make([]int64, len(list))
	for i, one := range list {
		at[one.ID], ids[i] = i, one.ID
	}
	all, err := readAnswers(ctx, q, viewer, `where a.question_id = any($2) and `+seenAnswer, pq.Array(ids))
	for _, a := range all {
		if one := &list[at[a.QuestionID]]; most == 0 || len(one.Answers) < most {
			one.Answers = append(one.Answers, a)
		}
	}
	return list, err
}

// Filter narrows the questions of a product.
type Filter struct {
	ProductID int64
	Words     string // that a question or one of its answers has, in French or English; empty: all
	Sort      Sort   // empty: Useful
	Viewer    int64  // whose marks are told; 0: a guest
	Limit     int
	Offset    int
}

const withWords = `
where q.product_id = $1 and ` + seenQuestion + ` and ($2 = '' or q.search @@ (websearch_to_tsquery('public.fr', $2) || websearch_to_tsquery('public.en', $2))
  or exists (select 1 ` + answersOf + ` and a.search @@ (websearch_to_tsquery('public.fr', $2) || websearch_to_tsquery('public.en', $2))))`

// Of are questions about a product that readers see, each with its best answer.
func Of(ctx context.Context, q sqlx.QueryerContext, f Filter) ([]Question, error) {
	order := ` order by c.count = 0, c.useful desc, q.at desc, q.id desc`
	if f.Sort == Newest {
		order = ` order by q.at desc, q.id desc`
	}
	list, err := readQuestions(ctx, q, withWords+order+` limit $3 offset $4`, f.ProductID, f.Words, f.Limit, f.Offset)
	if err != nil {
		return nil, err
	}
	return answered(ctx, q, f.Viewer, list, 1)
}

// CountOf is how many Of would read in all.
func CountOf(ctx context.Context, q sqlx.QueryerContext, f Filter) (n int, err error) {
	err = sqlx.GetContext(ctx, q, &n, `select count(*) from questions q left join members m on m.id = q.member_id `+withWords, f.ProductID, f.Words)
	if err != nil {
		err = fmt.Errorf("count questions of product %d: %w", f.ProductID, postgres.Translate(err))
	}
	return n, err
}

// A third of the words at least, as the language of whoever asks reduces them. The parts of “est-il” are no words that count, as a whole it would be.
const alike = `
cross join lateral (select tsvector_to_array(case when $2 = 'en' then to_tsvector('public.en', replace($3, '-', ' ')) else to_tsvector('public.fr', replace($3, '-', ' ')) end) as typed) w
cross join lateral (select count(*) as same from unnest(w.typed) t where t = any(tsvector_to_array(q.search))) s
where q.product_id = $1 and ` + seenQuestion + ` and c.count > 0 and s.same > 0 and s.same * 3 >= cardinality(w.typed) order by s.same desc, c.useful desc, q.id desc limit 3`

// Similar are questions about a product that have answers already and words in common with a text in that language, each with its best answer.
func Similar(ctx context.Context, q sqlx.QueryerContext, productID int64, l i18n.Lang, text string) ([]Question, error) {
	list, err := readQuestions(ctx, q, alike, productID, l, text)
	if err != nil {
		return nil, err
	}
	return answered(ctx, q, 0, list, 1)
}

// ByID is a question that readers see with all answers that they see. ErrGone.
func ByID(ctx context.Context, q sqlx.QueryerContext, viewer, id int64) (Question, error) {
	list, err := readQuestions(ctx, q, `where q.id = $1 and `+seenQuestion, id)
	if err == nil && len(list) == 0 {
		err = ErrGone
	}
	if err != nil {
		return Question{}, err
	}
	list, err = answered(ctx, q, viewer, list, 0)
	return list[0], err
}

// kept is a question whatever its state, without answers. ErrGone.
func kept(ctx context.Context, q sqlx.QueryerContext, id int64) (Question, error) {
	list, err := readQuestions(ctx, q, `where q.id = $1`, id)
	if err == nil && len(list) == 0 {
		err = ErrGone
	}
	if err != nil {
		return Question{}, err
	}
	return list[0], nil
}

// keptAnswer is an answer whatever its state. ErrGone.
func keptAnswer(ctx context.Context, q sqlx.QueryerContext, id int64) (Answer, error) {
	list, err := readAnswers(ctx, q, 0, `where a.id = $2`, id)
	if err == nil && len(list) == 0 {
		err = ErrGone
	}
	if err != nil {
		return Answer{}, err
	}
	return list[0], nil
}

const atDesk = `where q.brand_id = $1 and ` + seenQuestion + ` and (not $2 or not exists (select 1 from question_answers x where x.question_id = q.id and x.by_brand and x.state = 'shown'))`

// HiddenAnswer is the answer to a question that the platform hides of a viewer's: their own or, in the team of the brand, the brand's. Nil: none.
func HiddenAnswer(ctx context.Context, q sqlx.QueryerContext, viewer, questionID int64) (*Answer, error) {
	if viewer == 0 {
		return nil, nil
	}
	list, err := readAnswers(ctx, q, viewer, `where a.question_id = $2 and a.state = 'hidden' and case when a.by_brand
  then exists (select 1 from brand_members t where t.brand_id = q.brand_id and t.member_id = $1) else a.member_id = $1 end`, questionID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	for i := range list {
		if list[i].ByBrand { // who answered before they joined the team has theirs too
			return &list[i], nil
		}
	}
	return &list[0], nil
}

// OfBrand are the questions about a brand's products that readers see, with all their answers: all, the newest first, or those without an answer of the
// brand's that readers see, the oldest first.
func OfBrand(ctx context.Context, q sqlx.QueryerContext, brandID int64, open bool, limit, offset int) ([]Question, error) {
	order := ` order by q.at desc, q.id desc`
	if open {
		order = ` order by q.at, q.id`
	}
	list, err := readQuestions(ctx, q, atDesk+order+` limit $3 offset $4`, brandID, open, limit, offset)
	if err != nil {
		return nil, err
	}
	return answered(ctx, q, 0, list, 0)
}

// CountOfBrand is how many OfBrand would read in all.
func CountOfBrand(ctx context.Context, q sqlx.QueryerContext, brandID int64, open bool) (n int, err error) {
	err = sqlx.GetContext(ctx, q, &n, `select count(*) from questions q left join members m on m.id = q.member_id `+atDesk, brandID, open)
	if err != nil {
		err = fmt.Errorf("count questions of brand %d: %w", brandID, postgres.Translate(err))
	}
	return n, err
}

// The questions that the clock of a brand looks at.
const (
	clockDays = 180
	clockMost = 50
)

const selectWaits = `
select q.at, (select min(a.at) from question_answers a where a.question_id = q.id and a.by_brand and a.state <> 'deleted') as first
from questions q left join members m on m.id = q.member_id where q.brand_id = $1 and q.at > $2 and ` + seenQuestion + ` order by q.at desc, q.id desc limit $3`

// ClockOf is within how many days a brand usually answers, as Usually says of its latest questions.
func ClockOf(ctx context.Context, q sqlx.QueryerContext, brandID int64, now time.Time) (days int, ok bool, err error) {
	var rows []struct {
		At    time.Time  `db:"at"`
		First *time.Time `db:"first"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectWaits, brandID, now.AddDate(0, 0, -clockDays), clockMost); err != nil {
		return 0, false, fmt.Errorf("read how soon brand %d answers: %w", brandID, postgres.Translate(err))
	}
	all := make([]waits.Wait, 0, len(rows))
	for _, r := range rows {
		if r.First != nil {
			all = append(all, waits.Wait{For: r.First.Sub(r.At), Answered: true})
		} else {
			all = append(all, waits.Wait{For: now.Sub(r.At)})
		}
	}
	days, ok = Usually(all)
	return days, ok, nil
}
