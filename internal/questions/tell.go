package questions

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/ratings"
	"relais/internal/reports"
)

// Path is the page of a question.
func (q Question) Path() string { return fmt.Sprintf("/p/%s/questions/%d", q.Slug, q.ID) }

func (q Question) subject() string { return fmt.Sprintf("question:%d", q.ID) }

// tellBrand tells the team of the brand, that something was asked.
func (s *Service) tellBrand(ctx context.Context, tx *sqlx.Tx, q Question) error {
	return notices.TellTeam(ctx, tx, q.BrandID, notices.Notice{Kind: notices.BrandQuestion, Event: "asked", Subject: q.subject(), At: s.now(),
		Path: fmt.Sprintf("/brand/%s/questions#q-%d", q.BrandHandle, q.ID), Args: notices.Args{"Title": q.ProductTitle, "Brand": q.BrandName}})
}

// tellDesigner tells who publishes the design that the product is, unless they asked themselves or are told in the brand's team.
func (s *Service) tellDesigner(ctx context.Context, tx *sqlx.Tx, q Question) error {
	if q.DesignerID == 0 || q.DesignerID == q.MemberID {
		return nil
	}
	team, err := reports.Concerns(ctx, tx, q.DesignerID, q.BrandID)
	if err != nil || team {
		return err
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: q.DesignerID, Kind: notices.Question, Event: "asked", Subject: q.subject(), At: s.now(),
		Path: q.Path(), Args: notices.Args{"Title": q.ProductTitle}})
}

// mostReceivers is among how many earlier buyers those are chosen whom a question asks.
const mostReceivers = 500

// Of earlier buyers $1 those who are asked: neither the author, nor the team, nor who designed it, who allow it in any way, and were not asked since $5. Who was asked by
// another question at the same moment is not asked again.
const insertCalls = `
insert into question_calls as k (member_id, question_id, at)
select c.id, $2, $3 from (
  select r.id from unnest($1::bigint[]) with ordinality r(id, nth) join questions q on q.id = $2
  where r.id is distinct from q.member_id and r.id <> $7 and not exists (select 1 from brand_members t where t.brand_id = q.brand_id and t.member_id = r.id)
    and not exists (select 1 from notice_settings n where n.member_id = r.id and n.kind = $4 and n.mail = 'never' and not n.push and not n.listed)
    and not exists (select 1 from question_calls x where x.member_id = r.id and x.at > $5)
  order by r.nth limit $6) c
order by c.id
on conflict (member_id) do update set question_id = excluded.question_id, at = excluded.at where k.at <= $5
returning member_id`

// call asks some earlier buyers of the product for what they know.
func (s *Service) call(ctx context.Context, tx *sqlx.Tx, q Question) error {
	buyers, err := ratings.Receivers(ctx, tx, q.ProductID, mostReceivers)
	if err != nil {
		return err
	}
	var called []int64
	err = tx.SelectContext(ctx, &called, insertCalls, pq.Array(buyers), q.ID, s.now(), notices.BuyerQuestion, s.now().AddDate(0, -1, 0), MostCalled, q.DesignerID)
	if err != nil {
		return fmt.Errorf("ask earlier buyers: %w", postgres.Translate(err))
	}
	return notices.TellAll(ctx, tx, called, notices.Notice{Kind: notices.BuyerQuestion, Event: "asked", Subject: q.subject(), At: s.now(),
		Path: q.Path(), Args: notices.Args{"Title": q.ProductTitle}})
}

// tellAnswered tells who asked that somebody answered, unless it is they themselves.
func (s *Service) tellAnswered(ctx context.Context, tx *sqlx.Tx, q Question, answerID int64) error {
	a, err := keptAnswer(ctx, tx, answerID)
	if err != nil || q.MemberID == 0 || q.MemberID == a.MemberID {
		return err
	}
	event := "buyer"
	switch {
	case a.ByBrand:
		event = "brand"
	case a.ByDesigner:
		event = "designer"
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: q.MemberID, Kind: notices.Question, Event: event, Subject: fmt.Sprintf("answer:%d", a.ID), At: s.now(),
		Path: fmt.Sprintf("%s#a-%d", q.Path(), a.ID), Args: notices.Args{"Title": q.ProductTitle, "Brand": q.BrandName}})
}
