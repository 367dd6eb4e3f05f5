package polls

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Piece is a product that came of a poll: its brand named it, or launches it from the poll.
type Piece struct {
	ProductID  int64          `db:"product_id"`
	Title      string         `db:"title"`
	Slug       string         `db:"slug"` // empty: it is neither for sale nor being launched
	State      catalog.State  `db:"state"`
	Currency   money.Currency `db:"currency"`
	PriceMinor int64          `db:"price_minor"` // when it was named, VAT included
	NowMinor   int64          `db:"now_minor"`   // today; 0: it has no price any more
	Why        string         `db:"why"`         // why that was more than was decided
	At         time.Time      `db:"at"`
}

// Price is what its cheapest variant cost when it was named, Now what it costs today.
func (p Piece) Price() money.Amount { return money.New(p.PriceMinor, p.Currency) }

// Now is what its cheapest variant costs today.
func (p Piece) Now() money.Amount { return money.New(p.NowMinor, p.Currency) }

const selectPieces = `
select x.product_id, coalesce(t.title, r.title) as title, case when r.state in ('published','launch') then r.slug else '' end as slug, r.state, p.currency, x.price_minor,
  coalesce((select min(v.price_minor) from variants v where v.product_id = r.id and v.active and r.currency = p.currency), 0) as now_minor, x.why, x.at
from poll_pieces x join polls p on p.id = x.poll_id join products r on r.id = x.product_id left join product_translations t on t.product_id = r.id and t.lang = $2
where x.poll_id = $1 order by x.at, x.product_id`

// PiecesOf are what came of a poll, in the order in which it was named.
func PiecesOf(ctx context.Context, q sqlx.QueryerContext, pollID int64, lang i18n.Lang) (list []Piece, err error) {
	if err := sqlx.SelectContext(ctx, q, &list, selectPieces, pollID, lang); err != nil {
		return nil, fmt.Errorf("read what came of poll %d: %w", pollID, postgres.Translate(err))
	}
	return list, nil
}

const (
	selectOffered = `
select p.state, min(v.price_minor) as price from products p join variants v on v.product_id = p.id and v.active
where p.id = $1 and p.brand_id = $2 and p.state in ('published','launch') and p.currency = $3 group by p.state`
	selectHighest = `
select poll_highest($1) as highest, coalesce((select price_minor from poll_pieces where poll_id = $1 and product_id = $2), 0) as named, (select count(*) from poll_pieces where poll_id = $1) as pieces`
	insertPiece = `insert into poll_pieces (poll_id, product_id, price_minor, why, at) values ($1, $2, $3, $4, $5)`
	raisePiece  = `update poll_pieces set price_minor = $3, why = $4 where poll_id = $1 and product_id = $2`
	setMade     = `update poll_pieces set made_at = $3 where poll_id = $1 and product_id = $2 and made_at is null`
	lockProduct = `select 1 from products where id = $1 for share`
)

// name keeps that a product of the brand, which is for sale or being launched, came of a poll that is locked, the product before it, and returns its state. One that is named already stays
// as it was named: added is false; launched again for more than was decided and than it cost then, it says why anew. ErrProduct, ErrNotOpen where nothing was decided, ErrPieces, and the
// field why where it costs more than was decided and nobody says why.
func name(ctx context.Context, tx *sqlx.Tx, p Poll, productID int64, why string, now time.Time) (state catalog.State, added bool, err error) {
	if p.State != Decided || p.StoppedAt != nil {
		return "", false, ErrNotOpen
	}
	if why = prose.Line(why); utf8.RuneCountInString(why) > MaxReason {
		return "", false, fault.Field("why", "fault.too_long")
	}
	var offered []struct {
		State catalog.State `db:"state"`
		Price int64         `db:"price"`
	}
	if err := tx.SelectContext(ctx, &offered, selectOffered, productID, p.BrandID, p.Currency); err != nil {
		return "", false, postgres.Translate(err)
	}
	if len(offered) == 0 {
		return "", false, ErrProduct
	}
	var known struct {
		Highest int64 `db:"highest"`
		Named   int64 `db:"named"` // what it cost then; 0: it is not
		Pieces  int   `db:"pieces"`
	}
	if err := tx.GetContext(ctx, &known, selectHighest, p.ID, productID); err != nil {
		return "", false, postgres.Translate(err)
	}
	price := offered[0].Price
	switch {
	case known.Named != 0 && (offered[0].State == catalog.Published || price <= max(known.Highest, known.Named)):
		return offered[0].State, false, nil
	case known.Named == 0 && known.Pieces >= MaxPieces:
		return "", false, ErrPieces
	case price <= known.Highest:
		why = ""
	case why == "":
		return "", false, ErrDearer
	}
	if known.Named != 0 { // launched again, for more
		_, err := tx.ExecContext(ctx, raisePiece, p.ID, productID, price, why)
		return offered[0].State, false, postgres.Translate(err)
	}
	if _, err := tx.ExecContext(ctx, insertPiece, p.ID, productID, price, why, now); err != nil {
		return "", false, fmt.Errorf("name what came of poll %d: %w", p.ID, postgres.Translate(err))
	}
	return offered[0].State, true, nil
}

// made says that a piece that came of a poll is for sale: it is what became of the idea from which the poll stems. first is false where that was said before.
func made(ctx context.Context, tx *sqlx.Tx, p Poll, productID int64, now time.Time) (first bool, err error) {
	r, err := tx.ExecContext(ctx, setMade, p.ID, productID, now)
	if err != nil {
		return false, postgres.Translate(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	return true, ideas.Became(ctx, tx, now, p.IdeaID, productID)
}

// came tells those who voted of a piece that came of their poll, once that it is for sale.
func came(ctx context.Context, tx *sqlx.Tx, p Poll, productID int64, state catalog.State, now time.Time) error {
	event := "launched"
	if state == catalog.Published {
		event = "made"
		if first, err := made(ctx, tx, p, productID, now); err != nil || !first {
			return err
		}
	}
	return enqueueTelling(ctx, tx, tellArgs{Poll: p.ID, Event: event, Product: productID})
}

// Name names a piece that came of a poll after its brand answered: one that was not there yet, or another one. Twice it changes nothing, but for one that was being launched and is for sale now. For the team, to others ErrGone. Faults:
// ErrNotOpen, also where the answer is still to come, which names the first; ErrProduct, ErrPieces, the field why.
func (s *Service) Name(ctx context.Context, by, brandID int64, code string, productID int64, why string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := naming(ctx, tx, by, brandID, code, productID)
		if err == nil && p.AnsweredAt == nil {
			err = ErrNotOpen
		}
		if err != nil {
			return err
		}
		now := s.now()
		state, added, err := name(ctx, tx, p, productID, why, now)
		if err != nil || !added && state != catalog.Published {
			return err
		}
		return came(ctx, tx, p, productID, state, now)
	})
}

// naming locks what whoever names a piece reads: the product, which nobody makes meanwhile, the poll, for its team, and the idea from which it stems.
func naming(ctx context.Context, tx *sqlx.Tx, by, brandID int64, code string, productID int64) (Poll, error) {
	if _, err := tx.ExecContext(ctx, lockProduct, productID); err != nil {
		return Poll{}, postgres.Translate(err)
	}
	p, err := ofTeam(ctx, tx, by, brandID, code)
	if err != nil {
		return p, err
	}
	return p, ideas.Hold(ctx, tx, p.IdeaID)
}

// selectPublished are pieces that are for sale, of which that was not said: the launch that was to make them missed, or the poll was off when it was made.
const selectPublished = `
select x.poll_id, x.product_id from poll_pieces x join products r on r.id = x.product_id and r.state = 'published' join polls p on p.id = x.poll_id and p.stopped_at is null
where x.made_at is null order by x.at limit $1`

// publish makes up for what no launch said.
func (s *Service) publish(ctx context.Context) (failed error) {
	var due []struct {
		PollID    int64 `db:"poll_id"`
		ProductID int64 `db:"product_id"`
	}
	if err := s.db.SelectContext(ctx, &due, selectPublished, perSweep); err != nil {
		return fmt.Errorf("find pieces that are for sale: %w", postgres.Translate(err))
	}
	for _, d := range due {
		err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			var state catalog.State
			if err := tx.GetContext(ctx, &state, `select state from products where id = $1 for share`, d.ProductID); err != nil || state != catalog.Published {
				return postgres.Translate(err)
			}
			p, err := pollWhere(ctx, tx, `p.id = $1 and p.stopped_at is null for update`, d.PollID)
			if err == nil {
				err = ideas.Hold(ctx, tx, p.IdeaID)
			}
			if err != nil {
				return err
			}
			return came(ctx, tx, p, d.ProductID, state, s.now())
		})
		if err != nil && !errors.Is(err, ErrGone) {
			failed = errors.Join(failed, fmt.Errorf("poll %d, product %d: %w", d.PollID, d.ProductID, err))
		}
	}
	return failed
}

// Launching is a launch that is opened from a poll.
type Launching struct {
	At        time.Time
	BrandID   int64
	Code      string // of the poll; empty: from none
	ProductID int64
	Why       string // why it costs more than was decided
	IdeaID    *int64 // from which its brand says that it stems; nil: from none
}

// Launched says, in the transaction that opens a launch, that its product comes of a poll, and returns the idea from which the launch stems, that of the poll before any other; nil: none.
// ErrGone, what Name refuses, and ideas.ErrThread where the poll stems from another idea than the launch is to.
func Launched(ctx context.Context, tx *sqlx.Tx, l Launching) (idea *int64, err error) {
	if l.IdeaID != nil {
		if l.IdeaID, err = ideas.Root(ctx, tx, *l.IdeaID); err != nil {
			return nil, err
		}
	}
	if l.Code == "" {
		return l.IdeaID, nil
	}
	p, err := pollWhere(ctx, tx, `p.code = $1 and p.brand_id = $2 for update`, l.Code, l.BrandID)
	if err == nil && p.IdeaID != nil {
		var root *int64
		if root, err = ideas.Root(ctx, tx, *p.IdeaID); err == nil && l.IdeaID != nil && *root != *l.IdeaID {
			err = ideas.ErrThread
		}
	}
	if err != nil {
		return nil, err
	}
	state, added, err := name(ctx, tx, p, l.ProductID, l.Why, l.At)
	if err == nil && added {
		err = came(ctx, tx, p, l.ProductID, state, l.At)
	}
	if err != nil || p.IdeaID == nil {
		return l.IdeaID, err
	}
	if shares, err := ideas.Shares(ctx, tx, *p.IdeaID); err != nil || !shares {
		return nil, err // the launch stands by itself
	}
	return p.IdeaID, nil
}

// OnSale says, in the transaction in which a launch is made, that its product is for sale: those who voted in the polls that it came of are told, and the ideas from which these stem
// have it.
func OnSale(ctx context.Context, tx *sqlx.Tx, at time.Time, productID int64) error {
	var list []Poll
	err := tx.SelectContext(ctx, &list, `select `+pollColumns+` from polls p join poll_pieces x on x.poll_id = p.id where x.product_id = $1 and p.stopped_at is null order by p.id`, productID)
	if err != nil {
		return fmt.Errorf("read of which polls product %d came: %w", productID, postgres.Translate(err))
	}
	for _, p := range list {
		if err := came(ctx, tx, p, productID, catalog.Published, at); err != nil {
			return err
		}
	}
	return nil
}
