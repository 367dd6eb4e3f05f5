package ideas

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/notices"
	"relais/internal/postgres"
)

// lockRoot locks an idea, or the last of those that it was merged into. ErrGone.
func lockRoot(ctx context.Context, tx *sqlx.Tx, id int64) (Idea, error) {
	for {
		var root *int64
		if err := tx.GetContext(ctx, &root, `select idea_root($1)`, id); err != nil {
			return Idea{}, postgres.Translate(err)
		}
		if root == nil {
			return Idea{}, ErrGone
		}
		if i, err := lock(ctx, tx, *root); err != nil || i.State != Merged { // else it was merged while we waited
			return i, err
		}
	}
}

// Root is an idea, or the last of those that it was merged into. ErrThread where there is none.
func Root(ctx context.Context, q sqlx.QueryerContext, id int64) (root *int64, err error) {
	if err := sqlx.GetContext(ctx, q, &root, `select idea_root($1)`, id); err != nil {
		return nil, fmt.Errorf("read idea %d: %w", id, postgres.Translate(err))
	}
	if root == nil {
		return nil, ErrThread
	}
	return root, nil
}

// Hold locks an idea, or the last of those that it was merged into, before anything is written that its thread may be part of: as whoever moves it does. nil is no idea.
func Hold(ctx context.Context, tx *sqlx.Tx, id *int64) error {
	if id == nil {
		return nil
	}
	_, err := lockRoot(ctx, tx, *id)
	if errors.Is(err, ErrGone) { // its brand is blocked
		return nil
	}
	return err
}

// Shares says whether what comes of something that stems from an idea is its author's in part: also where too few people supported it, unless it was withdrawn or its words erased.
func Shares(ctx context.Context, q sqlx.QueryerContext, id int64) (is bool, err error) {
	err = sqlx.GetContext(ctx, q, &is, `select exists (select 1 from ideas where id = idea_root($1) and state <> 'withdrawn' and erased_at is null)`, id)
	return is, postgres.Translate(err)
}

// Launching is a launch that stems from an idea.
type Launching struct {
	At         time.Time
	By         int64 // the member of its brand's team
	BrandID    int64
	IdeaID     *int64 // nil: from none
	CampaignID int64
	ProductID  int64
	Path       string // of the launch's own page on this site
	Said       string // what the brand says will happen: its answer, where the idea waits for one
}

// Launched adds a launch to the thread of the idea that it stems from, in the caller's transaction. A launch is an answer: an idea that has none is answered with yes, in the words of the launch.
// Its author and those who support it are told. ErrThread where Threads would not have it.
func Launched(ctx context.Context, tx *sqlx.Tx, l Launching) error {
	if l.IdeaID == nil {
		return nil
	}
	i, err := threaded(ctx, tx, l.BrandID, *l.IdeaID)
	if err != nil {
		return err
	}
	step := Step{Kind: Launch, RefID: l.CampaignID, Path: l.Path, At: l.At}
	if err := tx.GetContext(ctx, &step.Title, `select title from products where id = $1`, l.ProductID); err != nil {
		return postgres.Translate(err)
	}
	if _, err := insertStep(ctx, tx, i.ID, step); err != nil {
		return err
	}
	if i.AnsweredAt == nil {
		if err := move(ctx, tx, &i, Begin, `answer = $3, answer_text = $4, answered_by = $5, answered_at = $6`, Yes, l.Said, l.By, l.At); err != nil {
			return err
		}
	}
	s := Service{now: func() time.Time { return l.At }}
	return s.tellAll(ctx, tx, i, "launched")
}

const selectOwnProduct = `select exists (select 1 from products where id = $1 and brand_id = $2 and state = 'published')`

// Make says that a product of the brand, which is for sale, was made of an idea that it answered: from then on the product says whose idea it was. For its team.
// ErrGone, ErrOver, ErrProduct.
func (s *Service) Make(ctx context.Context, memberID, brandID, id, productID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, err := ofBrand(ctx, tx, memberID, brandID, id)
		if err == nil && i.AnsweredAt == nil && i.State != Made {
			err = ErrOver // it answers first
		}
		if err != nil {
			return err
		}
		added, err := s.became(ctx, tx, i, i.ID, productID)
		if err == nil && !added {
			err = ErrProduct
		}
		return err
	})
}

// Became is Make where something that stems from an idea was made, in the caller's transaction: the launch or the poll that carried the idea, or one that was merged into it, says what came
// of it, answered or not, and nobody has to attach the product by hand. What was begun from an idea before it was merged is its author's share all the same. id nil is no idea. Where it cannot be attached, because its author withdrew the idea or had its words erased, the platform hid
// it, or the product came of another one, the team is told so. A second time it changes nothing.
func Became(ctx context.Context, tx *sqlx.Tx, at time.Time, id *int64, productID int64) error {
	if id == nil {
		return nil
	}
	i, err := lockRoot(ctx, tx, *id)
	if errors.Is(err, ErrGone) { // its brand is blocked
		return nil
	}
	if err != nil {
		return err
	}
	s := Service{now: func() time.Time { return at }}
	added := false
	if err = ErrOver; i.Shown() && i.ErasedAt == nil {
		added, err = s.became(ctx, tx, i, *id, productID)
	}
	if errors.Is(err, ErrOver) || errors.Is(err, ErrProduct) || err == nil && !added {
		return s.tellUnattached(ctx, tx, i, productID)
	}
	return err
}

const selectAttached = `
select p.title, exists (select 1 from idea_steps s where s.kind = 'product' and s.ref_id = p.id and idea_root(s.idea_id) = $2) as attached from products p where p.id = $1`

// tellUnattached tells the team that a product was not attached to an idea that is locked; where it is attached already there is nothing to tell.
func (s *Service) tellUnattached(ctx context.Context, tx *sqlx.Tx, i Idea, productID int64) error {
	var product struct {
		Title    string `db:"title"`
		Attached bool   `db:"attached"`
	}
	if err := tx.GetContext(ctx, &product, selectAttached, productID, i.ID); err != nil || product.Attached {
		return postgres.Translate(err)
	}
	n, handle, err := s.about(ctx, tx, i, "unattached")
	if err != nil {
		return err
	}
	n.Kind, n.Path, n.Subject, n.Args["Piece"] = notices.BrandIdea, "/brand/"+handle+"/ideas", fmt.Sprintf("%s:product:%d", n.Subject, productID), product.Title
	return notices.TellTeam(ctx, tx, i.BrandID, n)
}

// became attaches a product to an idea that is locked, or to one that was merged into it, of, whose author's share it stays, and tells its author and those who support it; added is false
// where it was attached before.
func (s *Service) became(ctx context.Context, tx *sqlx.Tx, i Idea, of, productID int64) (added bool, err error) {
	if _, err := Next(i.State, Make); err != nil {
		return false, err
	}
	var sold bool
	if err := tx.GetContext(ctx, &sold, selectOwnProduct, productID, i.BrandID); err != nil {
		return false, postgres.Translate(err)
	}
	if !sold {
		return false, ErrProduct
	}
	now := s.now()
	if added, err = insertStep(ctx, tx, of, Step{Kind: Product, RefID: productID, At: now}); err != nil || !added {
		return false, err
	}
	if err := move(ctx, tx, &i, Make, `made_at = coalesce(made_at, $3)`, now); err != nil {
		return false, err
	}
	return true, s.tellAll(ctx, tx, i, "made")
}
