package catalog

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres"
)

const insertBrand = `
insert into brands (handle, name, lang, tagline, story, maker_name, maker_address, contact_email, country, vat_number, currency, trader, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id`

// CreateBrand opens a brand; the member becomes its owner. It starts with FirstTerms, which the owner can
// replace at any time. Faults: Invalid by field, Conflict when the handle is taken.
func (s *Service) CreateBrand(ctx context.Context, by int64, d BrandDraft) (Brand, error) {
	d, err := d.validated()
	if err != nil {
		return Brand{}, err
	}
	if !slices.Contains(s.currencies, d.Currency) {
		return Brand{}, fault.Field("currency", "fault.catalog.currency")
	}
	var b Brand
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now := s.now()
		var id int64
		err := tx.GetContext(ctx, &id, insertBrand, d.Handle, d.Name, d.Lang, d.Tagline, d.Story, d.MakerName, d.MakerAddress,
			d.ContactEmail, d.Country, d.VATNumber, d.Currency, d.Trader, now)
		if err != nil {
			return fmt.Errorf("create brand: %w", postgres.Translate(err))
		}
		if by != System {
			if _, err := tx.ExecContext(ctx, insertTeam, id, by, Owner); err != nil {
				return fmt.Errorf("create brand: %w", postgres.Translate(err))
			}
		}
		if _, err := insertTerms(ctx, tx, id, by, FirstTerms(), now); err != nil {
			return err
		}
		b, err = BrandByID(ctx, tx, id)
		return err
	})
	return b, err
}

const updateBrand = `
update brands set name = $2, tagline = $3, story = $4, maker_name = $5, maker_address = $6, contact_email = $7, country = $8,
  vat_number = $9, trader = $10 where id = $1`

// EditBrand changes everything but handle and language, which links and texts rest on, and the currency, which has a rule of
// its own (SetCurrency). Owners only.
func (s *Service) EditBrand(ctx context.Context, by, brandID int64, d BrandDraft) error {
	d, err := d.validated()
	if err != nil {
		return err
	}
	return s.inBrand(ctx, by, brandID, Owner, func(tx *sqlx.Tx) error {
		return exactlyOne(tx.ExecContext(ctx, updateBrand, brandID, d.Name, d.Tagline, d.Story, d.MakerName, d.MakerAddress,
			d.ContactEmail, d.Country, d.VATNumber, d.Trader))
	})
}

const putBrandTranslation = `
insert into brand_translations (brand_id, lang, tagline, story) select id, $2, $3, $4 from brands where id = $1 and lang <> $2
on conflict (brand_id, lang) do update set tagline = excluded.tagline, story = excluded.story`

// TranslateBrand stores tagline and story in the brand's other language. Owners only.
func (s *Service) TranslateBrand(ctx context.Context, by, brandID int64, lang i18n.Lang, tagline, story string) error {
	var p problems
	p.text("tagline", tagline, 0, 160)
	p.text("story", story, 0, 20000)
	if err := p.fault(); err != nil {
		return err
	}
	return s.inBrand(ctx, by, brandID, Owner, func(tx *sqlx.Tx) error {
		return exactlyOne(tx.ExecContext(ctx, putBrandTranslation, brandID, lang, tagline, story))
	})
}

// Place is where a picture of a brand stands.
type Place string

// The pictures of a brand.
const (
	Logo  Place = "logo"
	Cover Place = "cover"
)

const (
	setLogo  = `update brands set logo_id = $2 where id = $1`
	setCover = `update brands set cover_id = $2 where id = $1`
)

// SetBrandPicture stores an uploaded picture as the brand's logo or cover. Owners only; faults of media.Save.
func (s *Service) SetBrandPicture(ctx context.Context, by, brandID int64, place Place, r io.Reader) error {
	photo, err := s.photos.Save(ctx, s.db, r, "")
	if err != nil {
		return err
	}
	statement := setLogo
	if place == Cover {
		statement = setCover
	}
	return s.inBrand(ctx, by, brandID, Owner, func(tx *sqlx.Tx) error {
		return exactlyOne(tx.ExecContext(ctx, statement, brandID, photo.ID))
	})
}

const insertTeam = `
insert into brand_members (brand_id, member_id, role) values ($1, $2, $3)
on conflict (brand_id, member_id) do update set role = excluded.role`

// SetTeam gives a member a role in the brand's team; NoRole takes them out of it. Owners only; the last
// owner stays (Conflict).
func (s *Service) SetTeam(ctx context.Context, by, brandID, memberID int64, role TeamRole) error {
	return s.inBrand(ctx, by, brandID, Owner, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `select 1 from brands where id = $1 for no key update`, brandID); err != nil {
			return err
		}
		if role == NoRole {
			if _, err := tx.ExecContext(ctx, `delete from brand_members where brand_id = $1 and member_id = $2`, brandID, memberID); err != nil {
				return err
			}
		} else if _, err := tx.ExecContext(ctx, insertTeam, brandID, memberID, role); err != nil {
			return err
		}
		var owners int
		if err := tx.GetContext(ctx, &owners, `select count(*) from brand_members where brand_id = $1 and role = 'owner'`, brandID); err != nil {
			return err
		}
		if owners == 0 {
			return fault.New(fault.Conflict, "fault.catalog.last_owner")
		}
		return nil
	})
}

const insertDelivery = `
insert into delivery_methods (brand_id, name, name_other, price_minor, free_from_minor, days_min, days_max, countries, active, position)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id`

const updateDelivery = `
update delivery_methods set name = $3, name_other = $4, price_minor = $5, free_from_minor = $6, days_min = $7, days_max = $8,
  countries = $9, active = $10, position = $11 where brand_id = $1 and id = $2 returning id`

// PutDelivery adds (ID 0) or changes a delivery method and returns its id. Orders keep what they were sold
// with. Owners only.
func (s *Service) PutDelivery(ctx context.Context, by, brandID int64, m DeliveryMethod) (int64, error) {
	if err := m.validate(); err != nil {
		return 0, err
	}
	err := s.inBrand(ctx, by, brandID, Owner, func(tx *sqlx.Tx) error {
		if m.ID == 0 {
			return tx.GetContext(ctx, &m.ID, insertDelivery, brandID, m.Name, m.NameOther, m.PriceMinor, m.FreeFromMinor,
				m.DaysMin, m.DaysMax, m.Countries, m.Active, m.Position)
		}
		return tx.GetContext(ctx, &m.ID, updateDelivery, brandID, m.ID, m.Name, m.NameOther, m.PriceMinor, m.FreeFromMinor,
			m.DaysMin, m.DaysMax, m.Countries, m.Active, m.Position)
	})
	return m.ID, err
}

const selectDelivery = `
select id, brand_id, name, name_other, price_minor, free_from_minor, days_min, days_max, countries, active, position
from delivery_methods where brand_id = $1 order by active desc, position, id`

// DeliveryMethods returns all delivery methods of a brand, the active ones first.
func DeliveryMethods(ctx context.Context, q sqlx.QueryerContext, brandID int64) ([]DeliveryMethod, error) {
	var list []DeliveryMethod
	if err := sqlx.SelectContext(ctx, q, &list, selectDelivery, brandID); err != nil {
		return nil, fmt.Errorf("read delivery methods: %w", err)
	}
	return list, nil
}
