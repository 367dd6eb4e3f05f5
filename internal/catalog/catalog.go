// Package catalog knows what is sold: brands and their teams, products with their variants and photographs,
// and the terms that a brand offers to whoever brings a sale.
//
// A brand owns products; a product has up to three options ("Taille", "Couleur") and one variant per
// combination that exists. The variant carries price, stock and SKU. A product lives
//
//	draft ⇄ published → archived → published
//
// and is seen by buyers only while it is published and its brand is not blocked. Variants are never deleted,
// since orders point at them: one that is taken away is no longer active.
//
// Two things are only ever added to, never changed: terms (an order line points at the version it was sold
// under; package steps knows their prices for groups) and the prices a variant has had (the law asks for the lowest of 30 days
// beside a reduction).
//
// Every text has one main language, that of the brand or product; the other is a translation which may be
// missing, and then a page shows the main language and says so.
//
// Use cases are methods of Service; each takes the member who acts, where 0 is the platform itself (seeding,
// the command line). Readers, and what orders need inside their own transaction, are functions.
package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/media"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Service carries out what brands do with their catalogue.
type Service struct {
	db     *sqlx.DB
	photos *media.Store
	now    func() time.Time

	currencies []money.Currency
}

// New makes the service. The clock is the business clock: prices and terms date from it. Brands may sell in euro and in the
// currencies.
func New(db *sqlx.DB, photos *media.Store, now func() time.Time, currencies ...money.Currency) *Service {
	s := &Service{db: db, photos: photos, now: now, currencies: []money.Currency{"EUR"}}
	for _, c := range currencies {
		if !slices.Contains(s.currencies, c) {
			s.currencies = append(s.currencies, c)
		}
	}
	return s
}

// Currencies are those that brands may sell in, the euro first.
func (s *Service) Currencies() []money.Currency { return slices.Clone(s.currencies) }

// System is the member argument of use cases run by the platform itself.
const System int64 = 0

// TeamRole is what a member may do for a brand.
type TeamRole string

// The roles of a brand's team. An owner may do everything; staff keep products and orders.
const (
	NoRole TeamRole = ""
	Owner  TeamRole = "owner"
	Staff  TeamRole = "staff"
)

const selectRole = `select role from brand_members where brand_id = $1 and member_id = $2`

// Role returns the role of a member in a brand's team, NoRole when they are not in it.
func Role(ctx context.Context, q sqlx.QueryerContext, brandID, memberID int64) (TeamRole, error) {
	var r TeamRole
	err := sqlx.GetContext(ctx, q, &r, selectRole, brandID, memberID)
	if errors.Is(err, sql.ErrNoRows) {
		return NoRole, nil
	}
	if err != nil {
		return NoRole, fmt.Errorf("read role: %w", err)
	}
	return r, nil
}

// inBrand runs a use case in one transaction once it is clear that the member may: NotFound for strangers
// (whether a brand has something is nobody else's business), Forbidden for staff where an owner is needed.
func (s *Service) inBrand(ctx context.Context, by, brandID int64, need TeamRole, fn func(tx *sqlx.Tx) error) error {
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if by != System {
			have, err := Role(ctx, tx, brandID, by)
			switch {
			case err != nil:
				return err
			case have == NoRole:
				return notFound()
			case need == Owner && have != Owner:
				return fault.New(fault.Forbidden, "fault.catalog.owner_only")
			}
		}
		return fn(tx)
	})
	return postgres.Translate(err)
}

func notFound() error { return fault.New(fault.NotFound, "fault.not_found") }

// exactlyOne turns "nothing matched" into NotFound.
func exactlyOne(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return notFound()
	}
	return nil
}

// ignoreNotFound is for readers to whom "there is none" is an answer.
func ignoreNotFound(err error) error {
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Seat is a member's place on a brand's team.
type Seat struct {
	BrandID int64    `db:"id"`
	Handle  string   `db:"handle"`
	Name    string   `db:"name"`
	Role    TeamRole `db:"role"`
}

const selectSeats = `
select b.id, b.handle, b.name, m.role from brand_members m join brands b on b.id = m.brand_id
where m.member_id = $1 order by b.name, b.id`

// Seats returns the brands that a member works for, with the role; none for most.
func Seats(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Seat, error) {
	var seats []Seat
	if err := sqlx.SelectContext(ctx, q, &seats, selectSeats, memberID); err != nil {
		return nil, fmt.Errorf("read teams of member %d: %w", memberID, err)
	}
	return seats, nil
}
