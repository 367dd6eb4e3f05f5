package pledges

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/polls"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Launch opens a launch of a brand for a draft of its, which everybody sees from then on. The whole team may. Faults: the fields of the draft; ErrGone for
// whoever is not on the team; ErrNotDraft, ErrSold, catalog.ErrPricedElsewhere; ErrNoSteps where the brand has no terms; ErrManyOpen; ideas.ErrThread.
func (s *Service) Launch(ctx context.Context, memberID, brandID int64, d LaunchDraft) (Campaign, error) {
	now := s.now()
	d.Plan = prose.Lines(prose.Printable(d.Plan))
	if err := d.Check(now); err != nil {
		return Campaign{}, err
	}
	month := monthOf(d.Expected)
	c := Campaign{Kind: Launch, Code: newCode(), ProductID: d.ProductID, BrandID: brandID, OpenedBy: memberID, Steps: d.All(), State: Open, OpenedAt: now,
		Deadline: d.deadline(now), Max: d.Max, Expected: &month, Plan: d.Plan}
	return c, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		role, err := catalog.Role(ctx, tx, brandID, memberID)
		if err == nil && role == catalog.NoRole {
			err = ErrGone
		}
		if err == nil && d.IdeaID != nil {
			err = ideas.Threads(ctx, tx, brandID, *d.IdeaID)
		}
		if err != nil {
			return err
		}
		// It locks the brand: two at once count each other.
		if err := begin(ctx, tx, brandID, d.ProductID, now); err != nil {
			return err
		}
		idea, err := polls.Launched(ctx, tx, polls.Launching{At: now, BrandID: brandID, Code: d.Poll, ProductID: d.ProductID, Why: d.Why, IdeaID: d.IdeaID})
		if err != nil {
			return err
		}
		c.IdeaID = idea
		goal := c.Steps
		if err := s.offered(ctx, tx, &c, catalog.Launching); err != nil {
			return err
		}
		c.Steps = goal
		var open int
		if err := tx.GetContext(ctx, &open, `select count(*) from campaigns where brand_id = $1 and kind = 'launch' and state = 'open'`, brandID); err != nil {
			return postgres.Translate(err)
		}
		if open >= MaxOpen {
			return ErrManyOpen
		}
		if err := tx.GetContext(ctx, &c.ID, insertLaunch, c.Code, c.ProductID, c.BrandID, c.OpenedBy, c.TermsID, c.Steps, c.Currency, c.OpenedAt, c.Deadline,
			c.Max, c.Expected, c.Plan, c.IdeaID); err != nil {
			return fmt.Errorf("open launch: %w", postgres.Translate(err))
		}
		if err := ideas.Launched(ctx, tx, ideas.Launching{At: now, By: memberID, BrandID: brandID, IdeaID: c.IdeaID, CampaignID: c.ID, ProductID: c.ProductID, Path: c.Path(), Said: c.Plan}); err != nil &&
			(d.IdeaID != nil || !errors.Is(err, ideas.ErrThread)) { // the idea of a poll may be over: it has its share all the same
			return err
		}
		return record(ctx, tx, s.now(), memberID, c, "launch opened")
	})
}

const insertLaunch = `
insert into campaigns (kind, code, product_id, brand_id, opened_by, terms_id, steps, currency, opened_at, deadline, max_units, expected, plan, idea_id)
values ('launch', $1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, 0), $11, $12, $13) returning id`

// record writes into the log of administrators what was done with a campaign.
func record(ctx context.Context, tx *sqlx.Tx, at time.Time, actorID int64, c Campaign, action string) error {
	return members.Audit(ctx, tx, members.AuditEntry{At: at, ActorID: actorID, Action: action, Subject: fmt.Sprintf("campaign %d", c.ID)})
}

const sumUnits = `
select coalesce(sum(p.quantity), 0) from pledges p join variants v on v.id = p.variant_id where p.campaign_id = $1 and p.state = 'joined' and v.active`

// units are the pieces that are promised with a card and can be ordered.
func units(ctx context.Context, q sqlx.QueryerContext, campaignID int64) (n int, err error) {
	if err := sqlx.GetContext(ctx, q, &n, sumUnits, campaignID); err != nil {
		return 0, fmt.Errorf("count pieces: %w", postgres.Translate(err))
	}
	return n, nil
}

const releaseGone = `
update pledges p set state = 'released', ended_at = $2, ended_why = 'not_offered' from variants v
where v.id = p.variant_id and not v.active and p.campaign_id = $1 and p.state = 'joined'`

// dropGone releases, at the end of a launch, what was promised of variants that cannot be ordered: it does not count.
func (s *Service) dropGone(ctx context.Context, tx *sqlx.Tx, c Campaign) error {
	if !c.IsLaunch() {
		return nil
	}
	_, err := tx.ExecContext(ctx, releaseGone, c.ID, s.now())
	return postgres.Translate(err)
}

// The same member, the same address, or a card that one of the team paid or promised with: as package referrals tells self from others, as far as it is known.
const selectOnTeam = `
select exists (select 1 from brand_members t join members m on m.id = t.member_id where t.brand_id = $1 and (m.id = $2 or m.email_normal = $3
  or $4 <> '' and (exists (select 1 from orders o where o.card_fingerprint = $4 and (o.member_id = m.id or o.email_normal = m.email_normal))
    or exists (select 1 from pledges p where p.fingerprint = $4 and (p.member_id = m.id or p.email_normal = m.email_normal)))))`

// admits refuses the team of the brand of a launch, and more pieces than are left. ErrTeam, ErrUnits.
func admits(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge) error {
	if !c.IsLaunch() {
		return nil
	}
	var team bool
	if err := tx.GetContext(ctx, &team, selectOnTeam, c.BrandID, p.MemberID, p.EmailNormal, p.Fingerprint); err != nil {
		return fmt.Errorf("look who promises: %w", postgres.Translate(err))
	}
	if team {
		return ErrTeam
	}
	return fits(ctx, tx, c, p)
}

// admitted is where a pledge stands once its card is known, and why where it lapses: what joining looked at is looked at again.
func admitted(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge) (State, Why, error) {
	var moved bool
	if err := tx.GetContext(ctx, &moved, `select exists (select 1 from launch_postponements m where m.campaign_id = $1 and m.at > $2)`, c.ID, p.AskedAt); err != nil || moved {
		return Lapsed, Moved, postgres.Translate(err) // they agreed to another month
	}
	err := room(ctx, tx, p)
	if err == nil {
		err = admits(ctx, tx, c, p)
	}
	switch {
	case err == nil:
		return Joined, "", nil
	case errors.Is(err, ErrRoom): // under other addresses
		return Lapsed, "", nil
	case errors.Is(err, ErrTeam):
		return Lapsed, OfTeam, nil
	case errors.Is(err, fault.Invalid):
		return Lapsed, Full, nil
	}
	return "", "", err
}

// fits refuses more pieces than a launch has left. Two at once: the second waits here, and counts the first.
func fits(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge) error {
	if c.Max == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, fmt.Sprint("units:", c.ID)); err != nil {
		return postgres.Translate(err)
	}
	taken, err := units(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	if left := c.Max - taken; int(p.Quantity) > left {
		return ErrUnits.Arg("Left", max(0, left))
	}
	return nil
}

const (
	setStarted = `update campaigns set started_at = $2 where id = $1`
	setMade    = `update campaigns set started_at = coalesce(started_at, $2), made_at = $2 where id = $1`
)

// Start says that what was launched is in production: whoever paid is told. The team of its brand may. Twice it changes nothing. ErrGone, ErrNotReached.
func (s *Service) Start(ctx context.Context, memberID, brandID, id int64) error {
	return s.produce(ctx, memberID, brandID, id, func(tx *sqlx.Tx, c Campaign) error {
		if c.StartedAt != nil {
			return nil
		}
		if _, err := tx.ExecContext(ctx, setStarted, c.ID, s.now()); err != nil {
			return postgres.Translate(err)
		}
		if err := record(ctx, tx, s.now(), memberID, c, "launch in production"); err != nil {
			return err
		}
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobMade})
	})
}

// Made says that what was launched is made: it is for sale from now on, with the stock that its brand gave it, whoever was charged is told, and the idea that it came of has it.
// The team of its brand may. Twice it changes nothing. ErrGone, ErrNotReached; ErrCharging while a pledge has no order yet.
func (s *Service) Made(ctx context.Context, memberID, brandID, id int64) error {
	return s.produce(ctx, memberID, brandID, id, func(tx *sqlx.Tx, c Campaign) error {
		if c.MadeAt != nil {
			return nil
		}
		var due bool
		if err := tx.GetContext(ctx, &due, `select exists (select 1 from pledges where campaign_id = $1 and state = 'due')`, c.ID); err != nil || due {
			return cmp.Or(postgres.Translate(err), error(ErrCharging))
		}
		if _, err := tx.ExecContext(ctx, setMade, c.ID, s.now()); err != nil {
			return postgres.Translate(err)
		}
		if err := s.finish(ctx, tx, c, catalog.Published); err != nil {
			return err
		}
		err := ideas.Became(ctx, tx, s.now(), c.IdeaID, c.ProductID)
		if err == nil {
			err = polls.OnSale(ctx, tx, s.now(), c.ProductID)
		}
		if err != nil {
			return err
		}
		if err := record(ctx, tx, s.now(), memberID, c, "launch made"); err != nil {
			return err
		}
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobMade})
	})
}

func (s *Service) produce(ctx context.Context, memberID, brandID, id int64, do func(*sqlx.Tx, Campaign) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := ofTeam(ctx, tx, memberID, brandID, id)
		switch {
		case err != nil:
			return err
		case !c.IsLaunch():
			return ErrGone
		case c.State != Reached || c.StoppedAt != nil:
			return ErrNotReached
		}
		return do(tx, c)
	})
}

// LaunchOf is the launch of a product that is open, or was reached and is not made yet. ErrGone.
func (s *Service) LaunchOf(ctx context.Context, productID int64, lang i18n.Lang) (View, error) {
	vs, err := viewsWhere(ctx, s.db, lang, `c.product_id = $2 and c.kind = 'launch' and (c.state = 'open' or c.state = 'reached' and c.made_at is null and c.stopped_at is null) order by c.id desc limit 1`, productID)
	if err == nil && len(vs) == 0 {
		err = ErrGone
	}
	if err != nil {
		return View{}, err
	}
	return vs[0], nil
}

// OpenLaunches are those that can be joined, the first to end first, of brands that can sell.
func (s *Service) OpenLaunches(ctx context.Context, lang i18n.Lang, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, s.db, lang, `c.kind = 'launch' and c.state = 'open' and c.deadline > $2 and b.blocked_at is null order by c.deadline, c.id limit $3 offset $4`, s.now(), limit, offset)
}

// LaunchesOf are the launches of a brand, the newest first.
func (s *Service) LaunchesOf(ctx context.Context, brandID int64, lang i18n.Lang, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, s.db, lang, `c.brand_id = $2 and c.kind = 'launch' order by c.id desc limit $3 offset $4`, brandID, limit, offset)
}

// Path is the address of its page on this site: that of its product while that shows it or is what came of it, and of a launch that came to nothing its own.
func (v View) Path() string {
	if v.IsLaunch() && !v.Over() {
		return "/p/" + v.Slug
	}
	return v.Campaign.Path()
}

// JoinPath is the address of the form on which it is joined.
func (v View) JoinPath() string { return v.Campaign.Path() + "/join" }

// Left is how many pieces of a launch can still be promised, as far as cards were kept; -1: no end.
func (v View) Left() int {
	if v.Max == 0 {
		return -1
	}
	return max(0, v.Max-v.Now)
}
