package questions

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/posts"
	"relais/internal/ratings"
)

// Service is the use cases of this package.
type Service struct {
	db  *sqlx.DB
	now func() time.Time // business time
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time) *Service { return &Service{db: db, now: now} }

const selectStanding = `
select coalesce((select m.email_confirmed_at is not null and m.blocked_at is null from members m where m.id = $1), false) as confirmed,
  exists (select 1 from brand_members t where t.brand_id = p.brand_id and t.member_id = $1) as team,
  coalesce((select u.id from publications u where u.product_id = p.id and u.author_id = $1 and u.state = 'listed'), 0) as publication_id,
  p.state = 'published' and b.blocked_at is null as shown, p.brand_id
from products p join brands b on b.id = p.brand_id where p.id = $2`

// proven is a Standing with what a new question or answer is written with.
type proven struct {
	Standing
	BrandID, LineID, PublicationID int64
}

func standing(ctx context.Context, q sqlx.QueryerContext, viewer, productID int64, now time.Time) (p proven, err error) {
	var row struct {
		Confirmed     bool  `db:"confirmed"`
		Team          bool  `db:"team"`
		PublicationID int64 `db:"publication_id"`
		Shown         bool  `db:"shown"`
		BrandID       int64 `db:"brand_id"`
	}
	if err := sqlx.GetContext(ctx, q, &row, selectStanding, viewer, productID); err != nil {
		return p, fmt.Errorf("read what member %d may do about product %d: %w", viewer, productID, postgres.Translate(err))
	}
	if viewer != 0 {
		if p.LineID, err = ratings.Proof(ctx, q, viewer, productID); err != nil {
			return p, err
		}
	}
	p.BrandID, p.PublicationID = row.BrandID, row.PublicationID
	p.Standing = Standing{Viewer: viewer, Confirmed: row.Confirmed, Team: row.Team, Designer: row.PublicationID != 0, Bought: p.LineID != 0, Shown: row.Shown, Now: now}
	return p, nil
}

// StandingOf is what a viewer is to a product: for asking about it, and with About, for its questions and answers.
func StandingOf(ctx context.Context, q sqlx.QueryerContext, viewer, productID int64, now time.Time) (Standing, error) {
	p, err := standing(ctx, q, viewer, productID, now)
	return p.Standing, err
}

// About is the standing to a question about the same product.
func (s Standing) About(q Question) Standing {
	s.Own, s.Written, s.Shown = s.Viewer != 0 && q.MemberID == s.Viewer, q.At, q.State == Shown
	return s
}

// AboutAnswer is the standing to an answer to a question about the same product.
func (s Standing) AboutAnswer(a Answer) Standing {
	s.Own, s.Written, s.Shown, s.Hidden = s.Viewer != 0 && a.MemberID == s.Viewer, a.At, a.State == Shown, a.State == Hidden
	if a.ByBrand {
		s.Own = s.Team
	}
	return s
}

// sent locks a member and says whether they sent the same words before: query reads the number of what they are, or 0.
func sent(ctx context.Context, tx *sqlx.Tx, memberID int64, query string, args ...any) (id int64, err error) {
	if _, err := tx.ExecContext(ctx, `select 1 from members where id = $1 for no key update`, memberID); err != nil {
		return 0, postgres.Translate(err)
	}
	return id, postgres.Translate(tx.GetContext(ctx, &id, query, append([]any{memberID}, args...)...))
}

// inPace refuses floods of a member, who is locked: last are the times of what they wrote, the newest first.
func inPace(ctx context.Context, tx *sqlx.Tx, memberID int64, paces []posts.Pace, last string, now time.Time) error {
	var times []time.Time
	most := slices.MaxFunc(paces, func(a, b posts.Pace) int { return a.Most - b.Most }).Most
	if err := tx.SelectContext(ctx, &times, last, memberID, most); err != nil {
		return fmt.Errorf("count what was written: %w", postgres.Translate(err))
	}
	if wait := posts.Wait(paces, times, now); wait > 0 {
		return fault.New(fault.TooMany, "posts.too_many").Arg("Count", int(wait.Minutes())+1).Because(&members.TooSoon{After: wait})
	}
	return nil
}

// Draft is a question as it is sent.
type Draft struct {
	MemberID  int64
	ProductID int64
	Lang      i18n.Lang
	Title     string
	Details   string
}

const selectAsked = `
select coalesce((select id from questions where member_id = $1 and product_id = $2 and title = $3 and details = $4 and state = 'shown' order by id limit 1), 0)`

const insertQuestion = `insert into questions (product_id, brand_id, member_id, lang, title, details, at) values ($1, $2, $3, $4, $5, $6, $7) returning id`

// Ask asks a question, tells the brand's team and who designed the product, and calls on earlier buyers. The same words of the same member are one question. It returns its
// number. Faults of May, TooMany, the fields title and details.
func (s *Service) Ask(ctx context.Context, d Draft) (id int64, err error) {
	if d.Title, d.Details, err = Tidy(d.Title, d.Details); err != nil {
		return 0, err
	}
	return id, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := standing(ctx, tx, d.MemberID, d.ProductID, s.now())
		if err != nil {
			return err
		}
		if err := May(Ask, p.Standing); err != nil {
			return err
		}
		if id, err = sent(ctx, tx, d.MemberID, selectAsked, d.ProductID, d.Title, d.Details); err != nil || id != 0 {
			return err
		}
		if err := inPace(ctx, tx, d.MemberID, askPaces, `select at from questions where member_id = $1 order by at desc limit $2`, s.now()); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &id, insertQuestion, d.ProductID, p.BrandID, d.MemberID, d.Lang, d.Title, d.Details, s.now()); err != nil {
			return fmt.Errorf("ask about product %d: %w", d.ProductID, postgres.Translate(err))
		}
		q, err := kept(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.tellBrand(ctx, tx, q); err != nil {
			return err
		}
		if err := s.tellDesigner(ctx, tx, q); err != nil {
			return err
		}
		return s.call(ctx, tx, q)
	})
}

// Reply is an answer as it is sent.
type Reply struct {
	MemberID   int64
	QuestionID int64
	Lang       i18n.Lang
	Body       string
}

const selectSame = `
select coalesce((select id from question_answers where member_id = $1 and question_id = $2 and body = $3 and state = 'shown'), 0)`

const insertAnswer = `
insert into question_answers (question_id, member_id, by_brand, order_line_id, publication_id, earns, lang, body, at)
select q.id, x.member_id, $3, nullif($4::bigint, 0), nullif($5::bigint, 0), not $3 and ` + recommends + `, $6, $7, $8
from questions q cross join (select $2::bigint as member_id) x where q.id = $1
on conflict do nothing returning id`

// Answer answers a question: for the brand, where the member is on its team, or else as who designed the product, or as somebody who received it. The same words sent
// twice are one answer. It returns its number. Faults of May, ErrAnswered where the brand or the member answered already, TooMany, the field body.
func (s *Service) Answer(ctx context.Context, r Reply) (id int64, err error) {
	if r.Body, err = words("body", r.Body, MaxBody, false); err != nil {
		return 0, err
	}
	return id, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		q, err := lock(ctx, tx, r.QuestionID)
		if err != nil {
			return err
		}
		p, err := standing(ctx, tx, r.MemberID, q.ProductID, s.now())
		if err != nil {
			return err
		}
		if err := May(AnswerIt, p.About(q)); err != nil {
			return err
		}
		if id, err = sent(ctx, tx, r.MemberID, selectSame, q.ID, r.Body); err != nil || id != 0 {
			return err
		}
		if err := inPace(ctx, tx, r.MemberID, answerPaces, `select at from question_answers where member_id = $1 order by at desc limit $2`, s.now()); err != nil {
			return err
		}
		line, publication := p.LineID, p.PublicationID
		if p.Team {
			publication = 0
		}
		if p.Team || publication != 0 {
			line = 0
		}
		var made []int64
		if err := tx.SelectContext(ctx, &made, insertAnswer, q.ID, r.MemberID, p.Team, line, publication, r.Lang, r.Body, s.now()); err != nil {
			return fmt.Errorf("answer question %d: %w", q.ID, postgres.Translate(err))
		}
		if len(made) == 0 {
			return ErrAnswered
		}
		id = made[0]
		return s.tellAnswered(ctx, tx, q, id)
	})
}

// lock is a question that readers see, which stays as it is until the transaction ends. ErrGone.
func lock(ctx context.Context, tx *sqlx.Tx, id int64) (Question, error) {
	if _, err := tx.ExecContext(ctx, `select 1 from questions where id = $1 for no key update`, id); err != nil {
		return Question{}, postgres.Translate(err)
	}
	return ByID(ctx, tx, 0, id)
}

// own runs a change of a question that May allows of its author.
func (s *Service) own(ctx context.Context, a Act, memberID, id int64, do func(tx *sqlx.Tx, q Question) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		q, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		st, err := StandingOf(ctx, tx, memberID, q.ProductID, s.now())
		if err != nil {
			return err
		}
		if err := May(a, st.About(q)); err != nil {
			return err
		}
		return do(tx, q)
	})
}

const updateQuestion = `
update questions set title = $2, details = $3, edited_at = case when (title, details) is distinct from ($2, $3) then $4::timestamptz else edited_at end where id = $1`

// EditQuestion writes a question anew. Faults of May, the fields title and details.
func (s *Service) EditQuestion(ctx context.Context, memberID, id int64, title, details string) error {
	title, details, err := Tidy(title, details)
	if err != nil {
		return err
	}
	return s.own(ctx, Edit, memberID, id, func(tx *sqlx.Tx, _ Question) error {
		_, err := tx.ExecContext(ctx, updateQuestion, id, title, details, s.now())
		return postgres.Translate(err)
	})
}

// DeleteQuestion takes a question away with its answers, for good. Faults of May.
func (s *Service) DeleteQuestion(ctx context.Context, memberID, id int64) error {
	return s.own(ctx, Delete, memberID, id, func(tx *sqlx.Tx, _ Question) error {
		_, err := tx.ExecContext(ctx, `update questions set state = 'deleted' where id = $1`, id)
		return postgres.Translate(err)
	})
}

// onAnswer runs a change of an answer under a question that readers see, where May allows it. The answer's row is locked.
func (s *Service) onAnswer(ctx context.Context, a Act, memberID, id int64, do func(tx *sqlx.Tx, a Answer) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		found, err := keptAnswer(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := lock(ctx, tx, found.QuestionID); err != nil {
			return err
		}
		if found, err = keptAnswer(ctx, tx, id); err != nil { // as it is now that its question is locked
			return err
		}
		st, err := StandingOf(ctx, tx, memberID, found.ProductID, s.now())
		if err != nil {
			return err
		}
		if err := May(a, st.AboutAnswer(found)); err != nil {
			return err
		}
		return do(tx, found)
	})
}

const updateAnswer = `
update question_answers set body = $2, edited_at = case when body <> $2 then $3::timestamptz else edited_at end where id = $1`

// EditAnswer writes an answer anew: the member’s own, or their brand's. One that is hidden stays so, and the platform looks again. Faults of May, the field body.
func (s *Service) EditAnswer(ctx context.Context, memberID, id int64, body string) error {
	body, err := words("body", body, MaxBody, false)
	if err != nil {
		return err
	}
	return s.onAnswer(ctx, Edit, memberID, id, func(tx *sqlx.Tx, was Answer) error {
		if _, err := tx.ExecContext(ctx, updateAnswer, id, body, s.now()); err != nil || was.State != Hidden || was.Body == body {
			return postgres.Translate(err)
		}
		return s.lookAgain(ctx, tx, id)
	})
}

// DeleteAnswer takes an answer away, for good; another may be written. Faults of May.
func (s *Service) DeleteAnswer(ctx context.Context, memberID, id int64) error {
	return s.onAnswer(ctx, Delete, memberID, id, func(tx *sqlx.Tx, _ Answer) error {
		_, err := tx.ExecContext(ctx, `update question_answers set state = 'deleted', pinned_at = null where id = $1`, id)
		return postgres.Translate(err)
	})
}

// Mark says that an answer helped a member, or takes that back; twice it changes nothing. Faults of May.
func (s *Service) Mark(ctx context.Context, memberID, id int64, helped bool) error {
	return s.onAnswer(ctx, Mark, memberID, id, func(tx *sqlx.Tx, _ Answer) error {
		query, args := `delete from question_marks where answer_id = $1 and member_id = $2`, []any{id, memberID}
		if helped {
			query, args = `insert into question_marks (answer_id, member_id, at) values ($1, $2, $3) on conflict do nothing`, append(args, s.now())
		}
		_, err := tx.ExecContext(ctx, query, args...)
		return postgres.Translate(err)
	})
}

// Pin makes an answer the brand's own word, in the place of the one before, or takes that back. Faults of May.
func (s *Service) Pin(ctx context.Context, memberID, id int64, pin bool) error {
	return s.onAnswer(ctx, Pin, memberID, id, func(tx *sqlx.Tx, a Answer) error {
		if _, err := tx.ExecContext(ctx, `update question_answers set pinned_at = null where question_id = $1 and pinned_at is not null and ($2 or id = $3)`, a.QuestionID, pin, id); err != nil {
			return postgres.Translate(err)
		}
		if !pin {
			return nil
		}
		_, err := tx.ExecContext(ctx, `update question_answers set pinned_at = $2 where id = $1`, id, s.now())
		return postgres.Translate(err)
	})
}
