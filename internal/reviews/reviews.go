package reviews

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// Service is the use cases of this package.
type Service struct {
	db   *sqlx.DB
	now  func() time.Time // business time
	mail *mail.Outbox
	most int // rows that a sweep reads at a time
}

// New makes the Service, and has it look at every order that is paid.
func New(db *sqlx.DB, o *orders.Service, now func() time.Time, m *mail.Outbox) *Service {
	s := &Service{db: db, now: now, mail: m, most: sweepMost}
	o.WhenSold(s.sold)
	return s
}

// JobSweep looks again at commissions whose facts have changed, ends the reviews whose time is over, and reminds of what is late.
const JobSweep = "reviews.sweep"

// Register hands the job of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, 10*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Hour, JobSweep)
}

// sold looks at the commissions of an order in the transaction that has it paid, so that none can come free unseen.
func (s *Service) sold(ctx context.Context, tx *sqlx.Tx, o orders.Order) error {
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, selectWaiting+` and e.order_id = $1 order by e.id`, o.ID); err != nil {
		return fmt.Errorf("find commissions of order %d: %w", o.ID, postgres.Translate(err))
	}
	for _, id := range ids {
		if err := s.look(ctx, tx, o.ID, id); err != nil {
			return err
		}
	}
	return nil
}

// look opens a review of a commission where there is a doubt. Its order must be locked.
func (s *Service) look(ctx context.Context, tx *sqlx.Tx, orderID, earningID int64) error {
	now := s.now()
	f, err := factsOf(ctx, tx, earningID, now)
	if err != nil {
		return err
	}
	ds := Doubts(f, Disposable)
	if len(ds) == 0 {
		return nil
	}
	doubts, err := json.Marshal(ds)
	if err != nil {
		return err
	}
	var id int64
	err = postgres.Translate(tx.GetContext(ctx, &id, insertReview, earningID, string(doubts), now, now.AddDate(0, 0, ReviewDays)))
	if errors.Is(err, fault.NotFound) {
		return nil // it was looked at before
	}
	if err != nil {
		return fmt.Errorf("review earning %d: %w", earningID, err)
	}
	r, err := ByID(ctx, tx, 0, id)
	if err != nil {
		return err
	}
	hold := earnings.Hold{OrderID: orderID, Part: earnings.OneEarning, EarningID: &earningID, Reason: earnings.Reviewed, Reference: r.Hold(), PlacedAt: now}
	holds := []earnings.Hold{hold}
	if margin, err := alongside(ctx, tx, earningID); err != nil {
		return err
	} else if margin != 0 {
		hold.EarningID = &margin
		holds = append(holds, hold)
	}
	if err := earnings.Place(ctx, tx, holds...); err != nil {
		return err
	}
	return s.toMember(ctx, tx, r, "review_opened")
}

// with locks the order of a review, and hands the review over as it is under the lock; brandID 0: whichever brand's.
func (s *Service) with(ctx context.Context, brandID, id int64, do func(tx *sqlx.Tx, r Review) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := ByID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if _, err := orders.Lock(ctx, tx, r.OrderID); err != nil {
			return err
		}
		if r, err = ByID(ctx, tx, brandID, id); err != nil {
			return err
		}
		return do(tx, r)
	})
}

// Verdict is what somebody decides.
type Verdict struct {
	BrandID int64 // at whose desk; 0: the platform's
	By      int64 // the member who decides
	Yes     bool  // for the member: a review is cleared, an appeal or a claim granted
	Why     string
}

func (v Verdict) as() string {
	if v.BrandID == 0 {
		return ByPlatform
	}
	return ByBrand
}

// about says whether a verdict may be about a member's money: anybody's but the decider's own. ErrYourself.
func (v Verdict) about(memberID int64) error {
	if v.By == memberID {
		return ErrYourself
	}
	return nil
}

// Decide ends a review: cleared, the commission goes its way; refused, it is the brand's. Faults: ErrGone (also for a brand that has no part
// in it), ErrYourself, ErrDecided, the field why.
func (s *Service) Decide(ctx context.Context, id int64, v Verdict) error {
	why, err := Words("why", v.Why)
	if err != nil {
		return err
	}
	return s.with(ctx, v.BrandID, id, func(tx *sqlx.Tx, r Review) error {
		if err := v.about(r.MemberID); err != nil {
			return err
		}
		if r.State != Open {
			return ErrDecided
		}
		r.State, r.DecidedAs, r.DecidedBy, r.Why = Refused, v.as(), &v.By, why
		if v.Yes {
			r.State = Cleared
		}
		return s.end(ctx, tx, r)
	})
}

// end records a decision, passes a refused commission on to the brand, and lifts the hold.
func (s *Service) end(ctx context.Context, tx *sqlx.Tx, r Review) error {
	now, by, kept := s.now(), int64(0), int64(0)
	if r.DecidedBy != nil {
		by = *r.DecidedBy
	}
	if r.State == Refused {
		brand, err := earnings.EnsurePayee(ctx, tx, earnings.Owner{BrandID: r.BrandID})
		if err != nil {
			return err
		}
		why := r.Why
		if why == "" {
			why = "the review was not decided in time"
		}
		refusal := earnings.Reassignment{OrderID: r.OrderID, FromID: r.EarningID, PayeeID: brand, Role: earnings.Kept, Reference: r.Hold() + ":refused", By: by, Why: why, At: now}
		if kept, err = earnings.Reassign(ctx, tx, refusal); err != nil {
			return err
		}
		if err := andMargin(ctx, tx, r.EarningID, refusal); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, updateDecided, r.ID, r.State, r.DecidedAs, by, now, r.Why, kept); err != nil {
		return fmt.Errorf("decide review %d: %w", r.ID, postgres.Translate(err))
	}
	r.DecidedAt = &now
	if err := earnings.Lift(ctx, tx, r.OrderID, r.Hold(), now); err != nil {
		return err
	}
	if err := audit(ctx, tx, now, by, "review "+string(r.State), r.Hold(), map[string]any{"as": r.DecidedAs, "why": r.Why, "earning": r.EarningID}); err != nil {
		return err
	}
	return s.toMember(ctx, tx, r, "review_"+string(r.State))
}

// andMargin has the margin beside a commission go to the brand as well.
func andMargin(ctx context.Context, tx *sqlx.Tx, earningID int64, refusal earnings.Reassignment) error {
	margin, err := alongside(ctx, tx, earningID)
	if err != nil || margin == 0 {
		return err
	}
	refusal.FromID, refusal.Reference = margin, refusal.Reference+":margin"
	_, err = earnings.Reassign(ctx, tx, refusal)
	return err
}

const selectKeptOf = `select id from earnings where from_earning_id = $1 and role = 'kept'`

// marginBack gives the margin beside a commission back to its member, as it came to the brand.
func marginBack(ctx context.Context, tx *sqlx.Tx, earningID int64, granted earnings.Reassignment) error {
	margin, err := alongside(ctx, tx, earningID)
	if err != nil || margin == 0 {
		return err
	}
	if err := tx.GetContext(ctx, &granted.FromID, selectKeptOf, margin); err != nil {
		return postgres.Translate(err)
	}
	granted.BackToID, granted.Reference = margin, granted.Reference+":margin"
	_, err = earnings.Reassign(ctx, tx, granted)
	return err
}

func audit(ctx context.Context, tx *sqlx.Tx, at time.Time, by int64, action, subject string, detail map[string]any) error {
	return members.Audit(ctx, tx, members.AuditEntry{At: at, ActorID: by, Action: action, Subject: subject, Detail: detail})
}

// Appeal is the member's objection to a refusal, once, within AppealDays; the platform answers. Faults: ErrGone for a review of somebody
// else's, ErrNoAppeal, ErrAppealed, ErrTooLate, the field text.
func (s *Service) Appeal(ctx context.Context, memberID, id int64, text string) error {
	text, err := Words("text", text)
	if err != nil {
		return err
	}
	return s.with(ctx, 0, id, func(tx *sqlx.Tx, r Review) error {
		if r.MemberID != memberID {
			return ErrGone
		}
		now := s.now()
		if err := CanAppeal(r, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, updateAppealed, r.ID, now, text, now.AddDate(0, 0, AppealAnswerDays)); err != nil {
			return fmt.Errorf("appeal review %d: %w", r.ID, postgres.Translate(err))
		}
		return audit(ctx, tx, now, memberID, "review appealed", r.Hold(), nil)
	})
}

// The brand did not choose to pay a second commission where the platform granted the claim.
const selectPaidOn = `
select exists (select 1 from claims where order_line_id = $1 and member_id <> $2 and state = 'granted' and decided_as = 'platform')`

// DecideAppeal is the platform's answer. Granted, the commission is the member's again: from where the brand has it by then, held, free or as
// its debt. Faults: ErrGone, ErrYourself, ErrNotAppeal where none is open, ErrPaidOn, the field why.
func (s *Service) DecideAppeal(ctx context.Context, id int64, v Verdict) error {
	why, err := Words("why", v.Why)
	if err != nil {
		return err
	}
	return s.with(ctx, 0, id, func(tx *sqlx.Tx, r Review) error {
		if err := v.about(r.MemberID); err != nil {
			return err
		}
		if r.AppealState != AppealOpen {
			return ErrNotAppeal
		}
		now := s.now()
		r.AppealState, r.AppealAt, r.AppealWhy = AppealRefused, &now, why
		if v.Yes {
			r.AppealState = AppealGranted
			var paidOn bool
			if err := tx.GetContext(ctx, &paidOn, selectPaidOn, r.OrderLineID, r.MemberID); err != nil {
				return postgres.Translate(err)
			}
			if paidOn {
				return ErrPaidOn
			}
			granted := earnings.Reassignment{OrderID: r.OrderID, FromID: *r.KeptEarningID, BackToID: r.EarningID, Reference: r.Hold() + ":appeal", By: v.By, Why: why, At: now}
			if _, err := earnings.Reassign(ctx, tx, granted); err != nil {
				return err
			}
			if err := marginBack(ctx, tx, r.EarningID, granted); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, updateAppealDecided, r.ID, r.AppealState, v.By, now, why); err != nil {
			return fmt.Errorf("decide appeal of review %d: %w", r.ID, postgres.Translate(err))
		}
		if err := audit(ctx, tx, now, v.By, "appeal "+r.AppealState, r.Hold(), map[string]any{"why": why, "earning": r.EarningID}); err != nil {
			return err
		}
		return s.toMember(ctx, tx, r, "appeal_"+r.AppealState)
	})
}
