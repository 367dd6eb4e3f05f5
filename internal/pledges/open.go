package pledges

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Draft is a campaign as a member opens it.
type Draft struct {
	ProductID int64
	Days      int    // from now to the deadline
	Note      string // to those who are asked to join
}

// Open opens a campaign of a member for a product, with the steps that its terms offer now. ErrDays, the field note, ErrGone, ErrNoSteps, ErrMany.
func (s *Service) Open(ctx context.Context, memberID int64, d Draft) (Campaign, error) {
	d.Note = prose.Lines(prose.Printable(d.Note))
	var wrong []error
	if d.Days < 1 || d.Days > MaxDays {
		wrong = append(wrong, ErrDays)
	}
	if utf8.RuneCountInString(d.Note) > MaxNote {
		wrong = append(wrong, fault.Field("note", "fault.too_long"))
	}
	if err := fault.Merge(wrong...); err != nil {
		return Campaign{}, err
	}
	now := s.now()
	c := Campaign{Kind: GroupOrder, Code: newCode(), ProductID: d.ProductID, OpenedBy: memberID, Note: d.Note, State: Open, OpenedAt: now,
		Deadline: now.AddDate(0, 0, d.Days).Truncate(time.Minute)}
	return c, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := s.offered(ctx, tx, &c, catalog.Published); err != nil {
			return err
		}
		if len(c.Steps) == 0 {
			return ErrNoSteps
		}
		// Two at once: the second waits here, and counts the first.
		if _, err := tx.ExecContext(ctx, `select 1 from members where id = $1 for no key update`, memberID); err != nil {
			return err
		}
		var open, lately int
		if err := tx.QueryRowxContext(ctx, selectOpened, memberID, now.AddDate(0, 0, -1)).Scan(&open, &lately); err != nil {
			return err
		}
		if open >= MaxOpen || lately >= MaxDaily { // a brand is told of each
			return ErrMany
		}
		if err := tx.GetContext(ctx, &c.ID, insertCampaign, c.Code, c.ProductID, c.BrandID, c.OpenedBy, c.TermsID, c.Steps, c.Currency, c.Note, c.OpenedAt, c.Deadline); err != nil {
			return fmt.Errorf("open campaign: %w", postgres.Translate(err))
		}
		return s.tellBrand(ctx, tx, c, "group_opened", notices.Args{"Date": c.Deadline})
	})
}

const selectOpened = `select count(*) filter (where state = 'open'), count(*) filter (where opened_at > $2) from campaigns where opened_by = $1 and kind = 'group_order'`

// offered reads what a product's terms offer now, if it is in that state and can be seen. ErrGone; ErrNoSteps where there are no terms.
func (s *Service) offered(ctx context.Context, tx *sqlx.Tx, c *Campaign, state catalog.State) error {
	p, err := seen(ctx, tx, c.ProductID, state)
	if err != nil {
		return err
	}
	terms, err := catalog.TermsAt(ctx, tx, p.BrandID, c.ProductID, s.now())
	if errors.Is(err, fault.Conflict) {
		return ErrNoSteps
	}
	if err != nil {
		return err
	}
	c.BrandID, c.TermsID, c.Steps, c.Currency = p.BrandID, terms.ID, terms.Steps, p.Currency
	return nil
}

// product is what a campaign reads of a product.
type product struct {
	BrandID  int64          `db:"brand_id"`
	Currency money.Currency `db:"currency"`
}

const selectSeen = `
select p.brand_id, p.currency from products p join brands b on b.id = p.brand_id
where p.id = $1 and p.state = $2 and b.blocked_at is null and exists (select 1 from variants v where v.product_id = p.id and v.active)`

// seen reads a product in that state. ErrGone where it is in another, or its brand is blocked, or nothing of it can be had.
func seen(ctx context.Context, q sqlx.QueryerContext, productID int64, state catalog.State) (p product, err error) {
	return p, orGone(sqlx.GetContext(ctx, q, &p, selectSeen, productID, state))
}

// stateOf is the state in which the product of a campaign can be promised.
func stateOf(c Campaign) catalog.State {
	if c.IsLaunch() {
		return catalog.Launching
	}
	return catalog.Published
}

const insertCampaign = `
insert into campaigns (code, product_id, brand_id, opened_by, terms_id, steps, currency, note, opened_at, deadline)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id`

// newCode is 10 random characters: 50 bits, which nobody guesses, and which are the only way in.
func newCode() string { return strings.ToLower(rand.Text()[:10]) }

// Edit changes the note of a campaign that is open. For who opened it. The field note, ErrGone, ErrOver.
func (s *Service) Edit(ctx context.Context, memberID int64, code, note string) error {
	if note = prose.Lines(prose.Printable(note)); utf8.RuneCountInString(note) > MaxNote {
		return fault.Field("note", "fault.too_long")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := s.own(ctx, tx, memberID, code)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `update campaigns set note = $2 where id = $1`, c.ID, note)
		return postgres.Translate(err)
	})
}

// own locks an open group order of that member.
func (s *Service) own(ctx context.Context, tx *sqlx.Tx, memberID int64, code string) (Campaign, error) {
	c, err := campaignWhere(ctx, tx, `c.code = $1 and c.opened_by = $2 and c.kind = 'group_order' for update`, code, memberID)
	if err == nil && !c.Joinable(s.now()) {
		err = ErrOver
	}
	return c, err
}

// Cancel ends a campaign before its deadline, for who opened it: nobody pays. ErrGone, ErrOver.
func (s *Service) Cancel(ctx context.Context, memberID int64, code string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := s.own(ctx, tx, memberID, code)
		if err != nil {
			return err
		}
		return s.callOff(ctx, tx, c, ByOpener, CalledOff)
	})
}

// End does it for the team of the brand. ErrGone also for whoever is not on it; ErrOver.
func (s *Service) End(ctx context.Context, memberID, brandID, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := ofTeam(ctx, tx, memberID, brandID, id)
		if err != nil {
			return err
		}
		if !c.Joinable(s.now()) {
			return ErrOver
		}
		if err := s.callOff(ctx, tx, c, ByBrand, CalledOff); err != nil {
			return err
		}
		action := "group order ended by its brand"
		if c.IsLaunch() {
			action = "launch ended by its brand"
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: memberID, Action: action, Subject: fmt.Sprintf("campaign %d", c.ID)})
	})
}

const whereOfTeam = `c.id = $1 and c.brand_id = $2 and exists (select 1 from brand_members m where m.brand_id = c.brand_id and m.member_id = $3) for update`

// ofTeam locks a campaign of a brand, for a member of its team.
func ofTeam(ctx context.Context, tx *sqlx.Tx, memberID, brandID, id int64) (Campaign, error) {
	return campaignWhere(ctx, tx, whereOfTeam, id, brandID, memberID)
}

// Stop does it for the platform, with a reason for the log. Of a campaign that was reached it stops the charges that were not made yet, for good; what was
// launched will not be made then (see Unmake). ErrGone, ErrOver, the field reason.
func (s *Service) Stop(ctx context.Context, adminID int64, code, reason string) error {
	if reason = prose.Line(reason); reason == "" || utf8.RuneCountInString(reason) > MaxNote {
		return fault.Field("reason", "fault.required")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := campaignWhere(ctx, tx, `c.code = $1 for update`, code)
		if err != nil {
			return err
		}
		switch {
		case c.Joinable(s.now()):
			err = s.callOff(ctx, tx, c, ByPlatform, CalledOff)
		case c.Stoppable(s.now()):
			err = s.halt(ctx, tx, c, "")
		default:
			err = ErrOver
		}
		if err != nil {
			return err
		}
		action := "group order stopped"
		if c.IsLaunch() {
			action = "launch stopped"
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: adminID, Action: action, Subject: fmt.Sprintf("campaign %d", c.ID),
			Detail: map[string]any{"reason": reason}})
	})
}

const endCampaign = `update campaigns set state = $2, ended_at = $3, ended_why = $4, people = $5, less_bps = $6 where id = $1`

const releaseAll = `update pledges set state = 'released', ended_at = $2, ended_why = $3 where campaign_id = $1 and state = 'joined'`

// callOff ends a campaign of which nothing will be charged. What follows for each pledge is done by the sweep.
func (s *Service) callOff(ctx context.Context, tx *sqlx.Tx, c Campaign, why, released Why) error {
	if _, err := tx.ExecContext(ctx, patience); err != nil {
		return err
	}
	people, err := count(ctx, tx, c)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, endCampaign, c.ID, Cancelled, s.now(), why, people, 0); err != nil {
		return postgres.Translate(err)
	}
	if _, err := tx.ExecContext(ctx, releaseAll, c.ID, s.now(), released); err != nil {
		return postgres.Translate(err)
	}
	if err := s.finish(ctx, tx, c, catalog.Draft); err != nil || why == ByOpener {
		return err
	}
	return s.tellEnd(ctx, tx, c, "cancelled", notices.Args{})
}

const patience = `set local statement_timeout = '60s'` // for a campaign of tens of thousands

// Close ends a campaign whose deadline has come: what was reached is charged by the sweep, pledge by pledge; otherwise nobody pays. A second
// time it changes nothing.
func (s *Service) Close(ctx context.Context, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := campaignWhere(ctx, tx, `c.id = $1 for update`, id)
		if err != nil || c.State != Open {
			return err
		}
		if s.now().Before(c.Deadline) {
			return errEarly
		}
		if _, err := tx.ExecContext(ctx, patience); err != nil {
			return err
		}
		if s.now().Sub(c.Deadline) > GraceTime { // nobody expects to be charged any more
			return s.callOff(ctx, tx, c, TooLong, TooLong)
		}
		p, err := seen(ctx, tx, c.ProductID, stateOf(c))
		if errors.Is(err, fault.NotFound) || err == nil && p.Currency != c.Currency {
			return s.callOff(ctx, tx, c, Unavailable, Unavailable)
		}
		if err != nil {
			return err
		}
		return s.decide(ctx, tx, c)
	})
}

// decide ends a campaign at its deadline by what was promised.
func (s *Service) decide(ctx context.Context, tx *sqlx.Tx, c Campaign) error {
	if err := s.dropGone(ctx, tx, c); err != nil {
		return err
	}
	people, err := count(ctx, tx, c)
	if err != nil {
		return err
	}
	step, reached := c.Steps.Reached(people)
	state, pledge, args := Missed, releaseAll, []any{c.ID, s.now(), NotEnough}
	if reached {
		state, pledge, args = Reached, `update pledges set state = 'due' where campaign_id = $1 and state = 'joined'`, args[:1]
	}
	if _, err := tx.ExecContext(ctx, endCampaign, c.ID, state, s.now(), "", people, step.LessBps); err != nil {
		return postgres.Translate(err)
	}
	if _, err := tx.ExecContext(ctx, pledge, args...); err != nil {
		return postgres.Translate(err)
	}
	if err := errors.Join(s.tellEnd(ctx, tx, c, string(state), notices.Args{"People": people}), jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobSweep})); err != nil {
		return err // what follows begins at once, and not with the next sweep
	}
	switch {
	case !reached:
		return s.finish(ctx, tx, c, catalog.Draft)
	case c.IsLaunch():
		return nil
	}
	return s.tellBrand(ctx, tx, c, "group_reached", notices.Args{"People": people})
}

const selectPeople = `select email_normal, coalesce(member_id, 0) as member_id, fingerprint from pledges where campaign_id = $1 and state = 'joined'`

// count is how many people promised; of a launch, how many pieces.
func count(ctx context.Context, q sqlx.QueryerContext, c Campaign) (int, error) {
	if c.IsLaunch() {
		return units(ctx, q, c.ID)
	}
	var ps []Person
	if err := sqlx.SelectContext(ctx, q, &ps, selectPeople, c.ID); err != nil {
		return 0, fmt.Errorf("count people: %w", postgres.Translate(err))
	}
	return People(ps), nil
}
