package publications

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/postgres"
)

// Plan is what an author can ask for now: what the page shows, and what Ask goes by.
type Plan struct {
	Design   designs.Design
	Settings Settings
	BrandID  int64
	TermsBps int64         // what the terms of the base let all authors ask together
	Before   []Publication // those that it varies, the nearest first
	Room     int64         // what this author may ask at most, basis points
	Open     *Publication  // that is asked for or listed already; nil: none
	Err      error         // why it cannot be published now: ErrAsked (it waits), ErrNotOffered, ErrTakenDown, ErrShares, ErrChain, or a Conflict that says what has to be done to the design; nil: it can
}

// PlanOf reads it for a design's author. Fault NotFound for others.
func PlanOf(ctx context.Context, q sqlx.QueryerContext, memberID, designID int64, at time.Time) (p Plan, err error) {
	if p.Design, err = designs.ByID(ctx, q, memberID, designID); err != nil {
		return p, err
	}
	if err := sqlx.GetContext(ctx, q, &p.BrandID, `select brand_id from products where id = $1`, p.Design.ProductID); err != nil {
		return p, orGone(err)
	}
	if p.Settings, err = SettingsOf(ctx, q, p.Design.ProductID); err != nil {
		return p, err
	}
	if p.TermsBps, err = Most(ctx, q, p.BrandID, p.Design.ProductID, at); err != nil {
		return p, err
	}
	parent, err := designs.VariedFrom(ctx, q, memberID, designID)
	if err == nil && parent != nil {
		p.Before, err = Chain(ctx, q, *parent)
	}
	if err != nil {
		return p, err
	}
	var shares []int64
	for _, b := range p.Before {
		shares = append(shares, b.RoyaltyBps)
	}
	p.Room = Room(p.TermsBps, shares...)
	var mine []Publication
	if err := sqlx.SelectContext(ctx, q, &mine, `select `+columns+from+`where p.design_id = $1 order by p.id desc`, designID); err != nil {
		return p, postgres.Translate(err)
	}
	p.Err = p.refusal(mine)
	return p, nil
}

// refusal is why nothing can be asked for now; it finds what is open among what was asked for of the design.
func (p *Plan) refusal(mine []Publication) error {
	for i, m := range mine {
		switch m.State {
		case TakenDown:
			return ErrTakenDown
		case Asked, Listed:
			p.Open = &mine[i]
		}
	}
	for _, b := range p.Before {
		if b.State == TakenDown {
			return ErrTakenDown
		}
	}
	if p.Open != nil && p.Open.State == Asked {
		return ErrAsked
	}
	switch trouble := p.Design.Trouble(); {
	case trouble != designs.NoTrouble:
		return fault.New(fault.Conflict, "studio.trouble."+string(trouble))
	case p.Open != nil: // a newer revision of it can be asked for, whatever is offered now
		return nil
	case !p.Settings.Offered || p.TermsBps == 0:
		return ErrNotOffered
	case len(p.Before) > MaxChain:
		return ErrChain
	}
	return allowed(p.TermsBps, p.Before)
}

const insertPublication = `
insert into publications (design_id, revision, author_id, base_product_id, parent_id, lang, title, note, royalty_bps, may_vary, may_resell, asked_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id`

// Ask puts a design before its brand as it is now, or has it listed by itself where the brand does not look at it first. For its author, who declares that they hold the rights.
// The fields of the draft; NotFound; designs.ErrElsewhere; ErrUnverified, ErrAsked and those of Plan.
func (s *Service) Ask(ctx context.Context, memberID int64, d Draft) (id int64, err error) {
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := person(ctx, tx, memberID); err != nil {
			return err
		}
		now := s.now()
		p, err := PlanOf(ctx, tx, memberID, d.DesignID, now)
		switch {
		case err != nil:
			return err
		case p.Err != nil:
			return p.Err
		case p.Open != nil:
			return ErrAsked
		case p.Design.Revision != d.Revision:
			return designs.ErrElsewhere
		}
		if d, err = d.checked(p.Room); err != nil {
			return err
		}
		if err := designs.Freeze(ctx, tx, p.Design, now); err != nil {
			return err
		}
		var parent *int64
		if len(p.Before) > 0 {
			parent = &p.Before[0].ID
		}
		err = tx.GetContext(ctx, &id, insertPublication, d.DesignID, d.Revision, memberID, p.Design.ProductID, parent, d.Lang, d.Title, d.Note, d.RoyaltyBps, d.MayVary, d.MayResell, now)
		if err != nil {
			return fmt.Errorf("ask for publication: %w", postgres.Translate(err))
		}
		if _, err := tx.ExecContext(ctx, insertMove, id, Ask, d.Revision, memberID, "", now); err != nil {
			return postgres.Translate(err)
		}
		made, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		return s.asked(ctx, tx, made, p.Settings, Ask)
	})
	return id, err
}

// AskRevision asks that a listed design be sold as its author has it now; what is sold stays until that is accepted. For its author, who declares the same again: rights.
// ErrGone, ErrOver, ErrSame, designs.ErrElsewhere where revision is not the one it has now, field rights, those of Plan.
func (s *Service) AskRevision(ctx context.Context, memberID, id int64, revision int, rights bool) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		pub, err := s.ofAuthor(ctx, tx, memberID, id)
		if err != nil {
			return err
		}
		now := s.now()
		p, err := PlanOf(ctx, tx, memberID, pub.DesignID, now)
		switch {
		case err != nil:
			return err
		case p.Err != nil:
			return p.Err
		case p.Design.Revision != revision:
			return designs.ErrElsewhere
		case pub.State == Listed && (revision <= pub.Revision || pub.Next != nil && *pub.Next == revision):
			return ErrSame
		case !rights:
			return fault.Field("rights", "fault.publications.rights")
		}
		if err := designs.Freeze(ctx, tx, p.Design, now); err != nil {
			return err
		}
		if err := s.move(ctx, tx, &pub, step{AskRevision, &memberID, revision, ""}, `, next_revision = $5`, revision); err != nil {
			return err
		}
		pub.Next = &revision
		return s.asked(ctx, tx, pub, p.Settings, AskRevision)
	})
}

// asked tells the team of the brand, or has a job accept it where they do not look at it first.
func (s *Service) asked(ctx context.Context, tx *sqlx.Tx, p Publication, set Settings, e Event) error {
	if set.Review {
		return s.tellTeam(ctx, tx, p, e, p.Pending())
	}
	return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobList, Args: listArgs{p.ID, p.Pending()}, UniqueKey: fmt.Sprintf("%s:%d:%d:step:%d", JobList, p.ID, p.Pending(), p.LastStep)})
}

// ofAuthor locks a member and a publication of theirs. ErrGone, ErrUnverified.
func (s *Service) ofAuthor(ctx context.Context, tx *sqlx.Tx, memberID, id int64) (Publication, error) {
	if err := person(ctx, tx, memberID); err != nil {
		return Publication{}, err
	}
	p, err := lock(ctx, tx, id)
	if err == nil && p.AuthorID != memberID {
		err = ErrGone
	}
	return p, err
}

const selectVariable = `select ` + columns + from + `where o.slug = $1 and p.state = 'listed' and o.state = 'published' and d.blocked_at is null`

// Variable is the publication that is sold as the product at that address, where any member may vary it. ErrNoVarying.
func Variable(ctx context.Context, q sqlx.QueryerContext, slug string) (p Publication, err error) {
	err = orGone(sqlx.GetContext(ctx, q, &p, selectVariable, slug))
	if err == nil && p.MayVary {
		_, err = designs.Offered(ctx, q, p.BaseID)
		if errors.Is(err, fault.NotFound) {
			err = ErrNoVarying
		}
	} else if err == nil || errors.Is(err, ErrGone) {
		err = ErrNoVarying
	}
	return p, err
}

// Vary begins a design of that member's that is a copy of the one that is sold as the product at that address. ErrNoVarying, ErrUnverified, and what designs.Vary says.
func (s *Service) Vary(ctx context.Context, memberID int64, slug, title string) (designID int64, err error) {
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := person(ctx, tx, memberID); err != nil {
			return err
		}
		p, err := Variable(ctx, tx, slug)
		if err != nil {
			return err
		}
		of, err := designs.Ordered(ctx, tx, p.DesignID, p.Revision)
		if err != nil {
			return err
		}
		designID, err = designs.Vary(ctx, tx, memberID, of, p.ID, title, s.now())
		return err
	})
	return designID, err
}
