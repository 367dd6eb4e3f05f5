package storefronts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
)

const updateMargin = `
update listings set margin_minor = $3, margin_currency = $4, cut_from_minor = null, cut_at = null, cut_why = null where member_id = $1 and product_id = $2`

// SetMargin puts an amount on the brand's price of a product in the member's storefront, the same on each of its variants, from now on;
// a product that is not there yet is listed first. 0 takes the margin away, and may always. What was ordered keeps its price. Faults:
// ErrProduct, ErrFull; on the field margin: ErrStaff, ErrNoMargin, ErrCurrencyGone, more than the terms allow on the cheapest variant.
func (s *Service) SetMargin(ctx context.Context, memberID, productID int64, margin money.Amount) error {
	now := s.now()
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := Add(ctx, tx, memberID, productID, now); err != nil {
			return err
		}
		if err := lock(ctx, tx, memberID, now); err != nil {
			return err
		}
		if err := allowed(ctx, tx, memberID, productID, margin, now); err != nil {
			return err
		}
		before, err := MarginsOf(ctx, tx, memberID, productID)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, updateMargin, memberID, productID, margin.Minor, margin.Currency)
		if err != nil {
			return fmt.Errorf("set margin: %w", postgres.Translate(err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return ErrProduct
		}
		if before[productID].Typed() == margin || before[productID].Currency == nil && margin.Minor == 0 {
			return nil
		}
		return remember(ctx, tx, memberID, productID, margin, now)
	})
}

// allowed says whether a member may put so much on a product's price now.
func allowed(ctx context.Context, tx *sqlx.Tx, memberID, productID int64, margin money.Amount, now time.Time) error {
	low, err := catalog.LowestPrice(ctx, tx, productID)
	if err != nil {
		return err
	}
	if margin.Currency != low.Currency {
		return ErrCurrencyGone
	}
	if margin.Minor == 0 {
		return nil
	}
	role, err := catalog.Role(ctx, tx, low.BrandID, memberID)
	if err != nil {
		return err
	}
	terms, err := catalog.TermsAt(ctx, tx, low.BrandID, productID, now)
	if err != nil {
		return err
	}
	most := catalog.MaxMargin(low.PriceMinor, terms.MarginBps)
	switch {
	case role != catalog.NoRole:
		return ErrStaff
	case most == 0:
		return ErrNoMargin
	case margin.Minor < 0 || margin.Minor > most:
		return fault.Field("margin", "relay.margin_above").Arg("Most", money.New(most, low.Currency))
	}
	return nil
}

const insertMargin = `insert into listing_margins (member_id, product_id, margin_minor, currency, since) values ($1, $2, $3, $4, $5)`

// remember adds to the history of a storefront's prices.
func remember(ctx context.Context, tx *sqlx.Tx, memberID, productID int64, margin money.Amount, at time.Time) error {
	if _, err := tx.ExecContext(ctx, insertMargin, memberID, productID, margin.Minor, margin.Currency, at); err != nil {
		return fmt.Errorf("remember margin: %w", postgres.Translate(err))
	}
	return nil
}

// forget ends the margin of a listing that is taken out.
func forget(ctx context.Context, tx *sqlx.Tx, memberID, productID int64, at time.Time) error {
	before, err := MarginsOf(ctx, tx, memberID, productID)
	m := before[productID]
	if err != nil || m.Minor == 0 {
		return err
	}
	return remember(ctx, tx, memberID, productID, money.New(0, *m.Currency), at)
}

const selectMargined = `
select ` + marginColumns + `, p.title, p.slug, b.name as brand_name, m.email, m.lang,
  (select min(price_minor) from variants where product_id = p.id and active) as low_minor, p.currency as low_currency
from listings l join products p on p.id = l.product_id join brands b on b.id = p.brand_id join members m on m.id = l.member_id
where p.brand_id = $1 and ($2 = 0 or p.id = $2) and l.margin_minor > 0 and l.member_id > $3 order by l.member_id, l.product_id limit $4`

// margined is a listing with a margin, and what may be asked of it now.
type margined struct {
	Margin
	Title       string         `db:"title"`
	Slug        string         `db:"slug"`
	BrandName   string         `db:"brand_name"`
	Email       string         `db:"email"`
	Lang        i18n.Lang      `db:"lang"`
	LowMinor    *int64         `db:"low_minor"` // nil: no variant is sold
	LowCurrency money.Currency `db:"low_currency"`
}

// Cap is the handler of catalog.JobRepriced: it lowers the margins that terms or a price allow no more, and tells each member. Run twice it
// finds nothing left to lower. Until it ran, nobody is asked more than allowed: see Margin.On.
func (s *Service) Cap(ctx context.Context, w jobs.Work) error {
	var changed catalog.Repriced
	if err := w.Decode(&changed); err != nil {
		return err
	}
	const batch = 500
	for after := int64(0); ; {
		var found []margined
		if err := s.db.SelectContext(ctx, &found, selectMargined, changed.BrandID, changed.ProductID, after, batch); err != nil {
			return fmt.Errorf("find margins: %w", err)
		}
		for i, m := range found {
			if i > 0 && m.MemberID == found[i-1].MemberID {
				continue // all of a member's are done together
			}
			if err := s.capOf(ctx, changed, m.MemberID); err != nil {
				return err
			}
		}
		if len(found) < batch {
			return nil
		}
		after = found[len(found)-1].MemberID
	}
}

const updateCut = `
update listings set margin_minor = $3, cut_from_minor = $4, cut_at = $5, cut_why = $6 where member_id = $1 and product_id = $2`

// capOf lowers the margins of one member, under the lock of their storefront.
func (s *Service) capOf(ctx context.Context, changed catalog.Repriced, memberID int64) error {
	now := s.now()
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := lock(ctx, tx, memberID, now); err != nil {
			return err
		}
		var found []margined
		if err := tx.SelectContext(ctx, &found, selectMargined, changed.BrandID, changed.ProductID, memberID-1, MaxListings); err != nil {
			return err
		}
		var told []cutTold
		for _, m := range found {
			if m.MemberID != memberID || m.LowMinor == nil {
				continue
			}
			low := money.New(*m.LowMinor, m.LowCurrency)
			terms, err := catalog.TermsAt(ctx, tx, changed.BrandID, m.ProductID, now)
			if err != nil {
				return err
			}
			minor, why, ok := Capped(m.Margin, low, terms.MarginBps, Why(changed.Why))
			if !ok {
				continue
			}
			if _, err := tx.ExecContext(ctx, updateCut, m.MemberID, m.ProductID, minor, m.Minor, now, why); err != nil {
				return fmt.Errorf("lower margin: %w", postgres.Translate(err))
			}
			if err := remember(ctx, tx, m.MemberID, m.ProductID, money.New(minor, *m.Currency), now); err != nil {
				return err
			}
			told = append(told, cutTold{Title: m.Title, Slug: m.Slug, Brand: m.BrandName, Why: why, Before: m.Typed(), Now: money.New(minor, *m.Currency), ProductID: m.ProductID})
		}
		return s.tellCut(ctx, tx, found, told, now)
	})
}

// cutTold is a margin that was lowered, for the letter about it.
type cutTold struct {
	ProductID          int64
	Title, Slug, Brand string
	Why                Why
	Before, Now        money.Amount
}

func (s *Service) tellCut(ctx context.Context, tx *sqlx.Tx, found []margined, told []cutTold, now time.Time) error {
	if len(told) == 0 {
		return nil
	}
	if s.mail == nil {
		return errors.New("margins were lowered, and there is nobody to tell it")
	}
	to := found[0]
	reference := fmt.Sprintf("margin:%d:%d:%d", to.MemberID, told[0].ProductID, now.UnixMicro())
	written, err := notices.Write(ctx, tx, s.mail, to.MemberID, notices.Margin, mail.Letter{To: to.Email, Lang: to.Lang, Template: "margin_cut", Reference: reference,
		Data: struct{ Cuts []cutTold }{told}})
	if err != nil {
		return err
	}
	for _, cut := range told {
		n := notices.Notice{MemberID: to.MemberID, Kind: notices.Margin, Event: "lowered", Subject: fmt.Sprintf("%s:%d", reference, cut.ProductID), Written: written, At: now,
			Path: fmt.Sprintf("/me/storefront/listings/%d/margin", cut.ProductID), Args: notices.Args{"Title": cut.Title, "Brand": cut.Brand, "Before": cut.Before, "Now": cut.Now}}
		if cut.Now.Minor == 0 {
			n.Event = "ended"
		}
		if err := notices.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}
