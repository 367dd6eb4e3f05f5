package polls

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/ideas"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Draft is a poll as a team writes it. Minor units are of the brand's currency.
type Draft struct {
	ProductID  int64 // 0: a piece yet to be made
	IdeaID     int64 // that it stems from; 0: none
	Title      string
	Text       string
	BaseMinor  int64 // before any choice; of a product its price is taken
	FloorMinor int64 // what no choice may cost less than
	Days       int   // from opening to close
	AnswerDays int   // from the close to the day by which the brand says what it did
	Quorum     int
	MarginPct  int
	Changeable bool
	Audience   Audience
	Circle     string // its handle, where the audience is one
	Questions  []QuestionDraft
}

// QuestionDraft is a question; one without any text is none.
type QuestionDraft struct {
	Text    string
	Options []OptionDraft
}

// OptionDraft is an option; one without text and effect is none.
type OptionDraft struct {
	ID          int64 // that it was; 0: a new one
	Text        string
	EffectMinor int64
}

// problems gathers the faults of fields.
type problems struct{ all []error }

func (p *problems) check(ok bool, field, key string) {
	if !ok {
		p.all = append(p.all, fault.Field(field, key))
	}
}

// text checks the length of a text that was cleaned, in characters.
func (p *problems) text(field, text string, most int, required bool) {
	p.check(text != "" || !required, field, "fault.required")
	p.check(utf8.RuneCountInString(text) <= most, field, "fault.too_long")
}

// cleaned is a draft as it can be kept: its texts cleaned, what is empty left out. The fields of questions are named as they were typed: "q.0.text", "q.0.o.1.text".
func (d Draft) cleaned() (Draft, error) {
	var p problems
	d.Title, d.Text = prose.Line(d.Title), prose.Lines(prose.Printable(d.Text))
	p.text("title", d.Title, MaxTitle, true)
	p.text("text", d.Text, MaxText, d.ProductID == 0)
	p.check(d.ProductID != 0 || d.BaseMinor > 0 && d.BaseMinor <= MaxPrice, "base", "fault.polls.base")
	p.check(d.FloorMinor > 0 && d.FloorMinor <= MaxPrice, "floor", "fault.polls.floor_positive")
	p.check(d.Days >= 1 && d.Days <= MaxDays, "days", "fault.polls.days")
	p.check(d.AnswerDays >= 1 && d.AnswerDays <= MaxAnswerDays, "answer_days", "fault.polls.answer_days")
	p.check(d.Quorum >= 1 && d.Quorum <= MaxQuorum, "quorum", "fault.polls.quorum")
	p.check(d.MarginPct >= 0 && d.MarginPct <= MaxMargin, "margin", "fault.polls.margin")
	p.check(slices.Contains(Audiences(), d.Audience), "audience", "fault.required")
	var questions []QuestionDraft
	for i, q := range d.Questions {
		if q = q.cleaned(&p, fmt.Sprintf("q.%d", i)); q.Text != "" || len(q.Options) > 0 {
			questions = append(questions, q)
		}
	}
	d.Questions = questions
	p.check(len(questions) >= 1 && len(questions) <= MaxQuestions, "q.0.text", "fault.polls.questions")
	return d, fault.Merge(p.all...)
}

func (q QuestionDraft) cleaned(p *problems, at string) QuestionDraft {
	q.Text = prose.Line(q.Text)
	var options []OptionDraft
	seen := map[string]bool{}
	for i, o := range q.Options {
		if o.Text = prose.Line(o.Text); o.Text == "" && o.EffectMinor == 0 {
			continue
		}
		field := fmt.Sprintf("%s.o.%d.text", at, i)
		p.text(field, o.Text, MaxOption, true)
		p.check(!seen[o.Text], field, "fault.polls.twice")
		p.check(o.EffectMinor >= -MaxPrice && o.EffectMinor <= MaxPrice, fmt.Sprintf("%s.o.%d.effect", at, i), "fault.polls.effect")
		seen[o.Text] = true
		options = append(options, o)
	}
	if q.Options = options; q.Text != "" || len(options) > 0 {
		p.text(at+".text", q.Text, MaxQuestion, true)
		p.check(len(options) >= MinOptions && len(options) <= MaxOptions, at+".text", "fault.polls.options")
	}
	return q
}

func (d Draft) questions() []Question {
	var list []Question
	for _, q := range d.Questions {
		var one Question
		for _, o := range q.Options {
			one.Options = append(one.Options, Option{EffectMinor: o.EffectMinor})
		}
		list = append(list, one)
	}
	return list
}

const (
	insertPoll = `
insert into polls (code, brand_id, created_by, created_at, product_id, idea_id, title, text, currency, base_minor, floor_minor, days, answer_days, quorum, margin_pct, changeable, audience, group_id)
values ($1, $2, $3, $4, nullif($5::bigint, 0), nullif($6::bigint, 0), $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) returning id`
	updatePoll = `
update polls set product_id = nullif($2::bigint, 0), idea_id = nullif($3::bigint, 0), title = $4, text = $5, currency = $6, base_minor = $7, floor_minor = $8, days = $9, answer_days = $10, quorum = $11,
  margin_pct = $12, changeable = $13, audience = $14, group_id = $15 where id = $1`
)

// Save keeps a draft: a new one where code is empty. For the team of the brand, to others ErrGone. ErrAsked once it is open, ErrMany, ErrProduct, ErrCircle, ErrFloor, ErrHighest, ideas.ErrThread, and the
// fields of what was typed. It returns the code.
func (s *Service) Save(ctx context.Context, by, brandID int64, code string, d Draft) (string, error) {
	d, err := d.cleaned()
	if err != nil {
		return code, err
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		currency, err := teamCurrency(ctx, tx, by, brandID)
		if err != nil {
			return err
		}
		if err := ideas.Threads(ctx, tx, brandID, d.IdeaID); err != nil {
			return err
		}
		if d.ProductID != 0 {
			if d.BaseMinor, err = priceOf(ctx, tx, brandID, d.ProductID); err != nil {
				return err
			}
		}
		if err := Priced(d.BaseMinor, d.FloorMinor, d.questions()); err != nil {
			return err
		}
		group, err := circleOf(ctx, tx, d)
		if err != nil {
			return err
		}
		id, err := s.keep(ctx, tx, by, brandID, &code, currency, d, group)
		if err != nil {
			return err
		}
		return keepQuestions(ctx, tx, id, d.Questions)
	})
	return code, err
}

func (s *Service) keep(ctx context.Context, tx *sqlx.Tx, by, brandID int64, code *string, currency money.Currency, d Draft, group *int64) (id int64, err error) {
	if *code != "" {
		p, err := ofTeam(ctx, tx, by, brandID, *code)
		if err != nil {
			return 0, err
		}
		if p.State != Drafted {
			return 0, ErrAsked
		}
		_, err = tx.ExecContext(ctx, updatePoll, p.ID, d.ProductID, d.IdeaID, d.Title, d.Text, currency, d.BaseMinor, d.FloorMinor, d.Days, d.AnswerDays, d.Quorum, d.MarginPct, d.Changeable, d.Audience, group)
		return p.ID, postgres.Translate(err)
	}
	var drafts int
	if err := tx.GetContext(ctx, &drafts, `select count(*) from polls where brand_id = $1 and state = 'draft'`, brandID); err != nil {
		return 0, postgres.Translate(err)
	}
	if drafts >= MaxDrafts {
		return 0, ErrMany
	}
	fresh := newCode()
	err = tx.GetContext(ctx, &id, insertPoll, fresh, brandID, by, s.now(), d.ProductID, d.IdeaID, d.Title, d.Text, currency, d.BaseMinor, d.FloorMinor, d.Days, d.AnswerDays, d.Quorum, d.MarginPct, d.Changeable,
		d.Audience, group)
	if err != nil {
		return 0, fmt.Errorf("keep poll: %w", postgres.Translate(err))
	}
	*code = fresh
	return id, nil
}

// teamCurrency locks a brand for somebody of its team, so that two of them count one after the other, and returns its currency. ErrGone for others.
func teamCurrency(ctx context.Context, tx *sqlx.Tx, by, brandID int64) (c money.Currency, err error) {
	err = tx.GetContext(ctx, &c, `
select b.currency from brands b where b.id = $1 and b.blocked_at is null and exists (select 1 from brand_members m where m.brand_id = b.id and m.member_id = $2) for no key update`, brandID, by)
	return c, orGone(err)
}

const selectPrice = `
select min(v.price_minor) from products p join variants v on v.product_id = p.id and v.active join brands b on b.id = p.brand_id and b.currency = p.currency
where p.id = $1 and p.brand_id = $2 and p.state = 'published'`

// priceOf is the price of the cheapest variant of a product of the brand. ErrProduct where it is not for sale.
func priceOf(ctx context.Context, q sqlx.QueryerContext, brandID, productID int64) (int64, error) {
	var price *int64
	if err := sqlx.GetContext(ctx, q, &price, selectPrice, productID, brandID); err != nil {
		return 0, postgres.Translate(err)
	}
	if price == nil {
		return 0, ErrProduct
	}
	return *price, nil
}

// circleOf is the open circle whose members may vote; nil where the audience is another. ErrCircle.
func circleOf(ctx context.Context, tx *sqlx.Tx, d Draft) (*int64, error) {
	if d.Audience != Circle {
		return nil, nil
	}
	g, err := groups.ByHandle(ctx, tx, d.Circle)
	if errors.Is(err, fault.NotFound) || err == nil && !groups.CanShow(g) {
		return nil, ErrCircle
	}
	return &g.ID, err
}

const (
	deleteOptions  = `delete from poll_options o using poll_questions q where q.id = o.question_id and q.poll_id = $1 returning o.id, o.media_id`
	insertQuestion = `insert into poll_questions (poll_id, position, text) values ($1, $2, $3) returning id`
	insertOption   = `insert into poll_options (question_id, position, text, effect_minor, media_id) values ($1, $2, $3, $4, $5)`
)

// keepQuestions writes what a draft asks anew; an option that was there keeps its picture.
func keepQuestions(ctx context.Context, tx *sqlx.Tx, pollID int64, questions []QuestionDraft) error {
	var old []struct {
		ID      int64  `db:"id"`
		MediaID *int64 `db:"media_id"`
	}
	if err := tx.SelectContext(ctx, &old, deleteOptions, pollID); err != nil {
		return fmt.Errorf("write questions: %w", postgres.Translate(err))
	}
	if _, err := tx.ExecContext(ctx, `delete from poll_questions where poll_id = $1`, pollID); err != nil {
		return postgres.Translate(err)
	}
	pictures := map[int64]*int64{}
	for _, o := range old {
		pictures[o.ID] = o.MediaID
	}
	for i, q := range questions {
		var id int64
		if err := tx.GetContext(ctx, &id, insertQuestion, pollID, i, q.Text); err != nil {
			return fmt.Errorf("write question: %w", postgres.Translate(err))
		}
		for j, o := range q.Options {
			if _, err := tx.ExecContext(ctx, insertOption, id, j, o.Text, o.EffectMinor, pictures[o.ID]); err != nil {
				return fmt.Errorf("write option: %w", postgres.Translate(err))
			}
		}
	}
	return nil
}

// SetPicture gives a draft, or one of its options, a picture, or takes it away where photo is nil; optionID 0 is the poll itself. For the team, to others ErrGone. ErrAsked, the field photo.
func (s *Service) SetPicture(ctx context.Context, by, brandID int64, code string, optionID int64, photo io.Reader) error {
	var media *int64
	if photo != nil {
		if role, err := catalog.Role(ctx, s.db, brandID, by); err != nil || role == catalog.NoRole {
			return cmp.Or(err, error(ErrGone))
		}
		kept, err := s.photos.Save(ctx, s.db, photo, "")
		if err != nil {
			return err
		}
		media = &kept.ID
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := ofTeam(ctx, tx, by, brandID, code)
		if err != nil {
			return err
		}
		if p.State != Drafted {
			return ErrAsked
		}
		if optionID == 0 {
			_, err = tx.ExecContext(ctx, `update polls set media_id = $2 where id = $1`, p.ID, media)
			return postgres.Translate(err)
		}
		return oneRow(tx.ExecContext(ctx, `update poll_options o set media_id = $3 from poll_questions q where o.id = $1 and q.id = o.question_id and q.poll_id = $2`, optionID, p.ID, media))
	})
}

// oneRow is ErrGone where nothing matched.
func oneRow(r sql.Result, err error) error {
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, error(ErrGone))
	}
	return nil
}

// Delete throws a draft away. For the team, to others ErrGone. ErrAsked.
func (s *Service) Delete(ctx context.Context, by, brandID int64, code string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := ofTeam(ctx, tx, by, brandID, code)
		if err != nil {
			return err
		}
		if p.State != Drafted {
			return ErrAsked
		}
		_, err = tx.ExecContext(ctx, `delete from polls where id = $1`, p.ID)
		return postgres.Translate(err)
	})
}
