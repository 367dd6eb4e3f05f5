package disputes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/postgres"
)

const selectDispute = `
select d.id, d.stripe_id, d.order_id, d.payment_intent_id, d.charge_id, d.amount_minor as "amount.minor", d.currency as "amount.currency", d.state, d.reason, d.due_by,
  d.opened_at, d.decided_at, d.withdrawn_minor, d.fee_minor, d.booked, d.booked_times, d.lost_minor, d.excess_minor, d.stray_refund_id, d.evidence, d.submitted_at, d.error,
  coalesce(o.number, '') as order_number
from disputes d left join orders o on o.id = d.order_id`

func byID(ctx context.Context, q sqlx.QueryerContext, id int64) (Dispute, error) {
	var d Dispute
	err := postgres.Translate(sqlx.GetContext(ctx, q, &d, selectDispute+` where d.id = $1`, id))
	if errors.Is(err, fault.NotFound) {
		err = ErrGone
	}
	return d, err
}

// ByID is one dispute; with a brandID, only of an order of which that brand has a part: else ErrGone.
func (s *Service) ByID(ctx context.Context, id, brandID int64) (Dispute, error) {
	var theirs bool
	err := s.db.GetContext(ctx, &theirs, `select $2 = 0 or exists (select 1 from disputes d join shipments s on s.order_id = d.order_id where d.id = $1 and s.brand_id = $2)`, id, brandID)
	if err != nil {
		return Dispute{}, postgres.Translate(err)
	}
	if !theirs {
		return Dispute{}, ErrGone
	}
	return byID(ctx, s.db, id)
}

// OfOrder is every dispute of an order, oldest first.
func (s *Service) OfOrder(ctx context.Context, orderID int64) ([]Dispute, error) {
	var ds []Dispute
	err := s.db.SelectContext(ctx, &ds, selectDispute+` where d.order_id = $1 order by d.id`, orderID)
	return ds, postgres.Translate(err)
}

// List is the newest disputes, of a brand's orders or, with brandID 0, of all; open: only those that wait for a decision.
func (s *Service) List(ctx context.Context, brandID int64, open bool, limit int) ([]Dispute, error) {
	var ds []Dispute
	err := s.db.SelectContext(ctx, &ds, selectDispute+` where ($1 = 0 or exists (select 1 from shipments s where s.order_id = d.order_id and s.brand_id = $1))
		and (not $2 or d.state in ('needs_response','under_review','warning_needs_response','warning_under_review')) order by d.id desc limit $3`, brandID, open, limit)
	return ds, postgres.Translate(err)
}

// Files are the documents of an answer, without their content.
func (s *Service) Files(ctx context.Context, disputeID int64) ([]File, error) {
	var fs []File
	err := s.db.SelectContext(ctx, &fs, `select id, dispute_id, kind, name, bytes, stripe_id, uploaded_at from dispute_files where dispute_id = $1 order by id`, disputeID)
	return fs, postgres.Translate(err)
}

// tell writes what became of a dispute on its order, and to the brands and the platform's people.
func (s *Service) tell(ctx context.Context, tx *sqlx.Tx, d Dispute, was payments.DisputeState) error {
	kind := event(was, d.State)
	if kind == "" || d.OrderID == nil {
		return nil
	}
	now := s.now()
	detail := map[string]any{"dispute": d.ID, "minor": d.Amount.Minor, "currency": d.Amount.Currency, "reason": d.Reason}
	if err := orders.Tell(ctx, tx, *d.OrderID, now, kind, detail); err != nil {
		return err
	}
	if kind == "dispute_answered" {
		return nil
	}
	return s.letters(ctx, tx, d, kind, fmt.Sprintf("%s:%d", kind, d.BookedTimes))
}

// letter is what letters about a dispute read.
type letter struct {
	Dispute
	Kind string // the order's event
	Path string // its page
}

// Both the brands of an order and the platform's people are told: either may answer the bank.
const selectReaders = `
select b.contact_email as email, b.lang, '/brand/' || b.handle || '/disputes/' as path from shipments s join brands b on b.id = s.brand_id where s.order_id = $1
union select email, lang, '/admin/disputes/' from members where admin and blocked_at is null`

func (s *Service) letters(ctx context.Context, tx *sqlx.Tx, d Dispute, kind, key string) error {
	var readers []struct {
		Email string    `db:"email"`
		Lang  i18n.Lang `db:"lang"`
		Path  string    `db:"path"`
	}
	if err := tx.SelectContext(ctx, &readers, selectReaders, *d.OrderID); err != nil {
		return postgres.Translate(err)
	}
	for _, r := range readers {
		err := s.mail.Queue(ctx, tx, mail.Letter{To: r.Email, Lang: r.Lang, Template: "dispute", Reference: fmt.Sprintf("%s:%s:%s", d.Hold(), key, r.Email),
			Data: letter{Dispute: d, Kind: kind, Path: fmt.Sprintf("%s%d", r.Path, d.ID)}})
		if err != nil {
			return err
		}
	}
	return s.tellTeams(ctx, tx, d, kind, key)
}

const selectBrands = `select distinct b.id, b.handle from shipments s join brands b on b.id = s.brand_id where s.order_id = $1 order by b.id`

// tellTeams tells the teams of the brands of an order.
func (s *Service) tellTeams(ctx context.Context, tx *sqlx.Tx, d Dispute, kind, key string) error {
	var brands []struct {
		ID     int64  `db:"id"`
		Handle string `db:"handle"`
	}
	if err := tx.SelectContext(ctx, &brands, selectBrands, *d.OrderID); err != nil {
		return postgres.Translate(err)
	}
	for _, b := range brands {
		err := notices.TellTeam(ctx, tx, b.ID, notices.Notice{Kind: notices.BrandDispute, Event: kind, Subject: fmt.Sprintf("%s:%s:%d", d.Hold(), key, b.ID), At: s.now(),
			Path: fmt.Sprintf("/brand/%s/disputes/%d", b.Handle, d.ID), Args: notices.Args{"Amount": d.Amount, "Number": d.OrderNumber}})
		if err != nil {
			return err
		}
	}
	return nil
}

const selectDue = `
select id from disputes where state in ('needs_response','warning_needs_response') and submitted_at is null and order_id is not null
  and due_by > $1 and due_by <= $2 order by due_by limit 500`

// remind writes once of each dispute whose answer is due within three days.
func (s *Service) remind(ctx context.Context, now time.Time) error {
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, selectDue, now, now.AddDate(0, 0, 3)); err != nil {
		return postgres.Translate(err)
	}
	for _, id := range ids {
		err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			d, err := byID(ctx, tx, id)
			if err != nil {
				return err
			}
			return s.letters(ctx, tx, d, "dispute_due", "due")
		})
		if err != nil {
			return err
		}
	}
	return nil
}
