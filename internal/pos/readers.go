package pos

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"relais/internal/address"
	"relais/internal/fault"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Owner is whose a reader is: exactly one of the two is set.
type Owner struct{ MemberID, BrandID int64 }

// OwnerOf is whose readers a sale is paid at.
func OwnerOf(s Sale) Owner {
	if s.BrandID != nil {
		return Owner{BrandID: *s.BrandID}
	}
	return Owner{MemberID: s.SellerID}
}

// Reader is a card reader of a seller.
type Reader struct {
	ID         int64   `db:"id"`
	Label      string  `db:"label"`
	Street     string  `db:"street"`
	Postcode   string  `db:"postcode"`
	City       string  `db:"city"`
	Country    string  `db:"country"`
	State      string  `db:"state"` // new, ready, failed, removed
	Attempt    int     `db:"attempt"`
	LocationID *string `db:"location_id"`
	StripeID   *string `db:"stripe_id"`
	Device     string  `db:"device"`
	Failure    string  `db:"failure"`
}

const readerColumns = `id, label, street, postcode, city, country, state, attempt, location_id, stripe_id, device, failure`

const ofOwner = ` (member_id = nullif($1::bigint, 0) or brand_id = nullif($2::bigint, 0))`

// Readers lists the readers of a seller that are registered.
func (s *Service) Readers(ctx context.Context, o Owner) ([]Reader, error) {
	var list []Reader
	err := s.db.SelectContext(ctx, &list, `select `+readerColumns+` from readers where`+ofOwner+` and state = 'ready' order by label, id limit 50`, o.MemberID, o.BrandID)
	return list, postgres.Translate(err)
}

// Online says of each reader of a place whether the provider reaches it now.
func (s *Service) Online(ctx context.Context, list []Reader) (map[int64]bool, error) {
	online, asked := map[int64]bool{}, map[string][]payments.Reader{}
	for _, r := range list {
		if r.LocationID == nil || r.StripeID == nil {
			continue
		}
		if _, known := asked[*r.LocationID]; !known {
			found, err := s.pay.ListReaders(ctx, *r.LocationID)
			if err != nil {
				return nil, fmt.Errorf("list readers: %w", err)
			}
			asked[*r.LocationID] = found
		}
		for _, f := range asked[*r.LocationID] {
			if f.ID == *r.StripeID {
				online[r.ID] = f.Online
			}
		}
	}
	return online, nil
}

// Registration asks for a reader by the code that it shows.
type Registration struct {
	Operation                              string
	By                                     int64
	Owner                                  Owner
	Label, Street, Postcode, City, Country string
	Code                                   string // on the reader's screen; never kept
}

func (r *Registration) check() error {
	e := fault.New(fault.Invalid, "fault.form")
	for field, v := range map[string]*string{"label": &r.Label, "street": &r.Street, "city": &r.City, "postcode": &r.Postcode, "code": &r.Code} {
		if *v = strings.Join(strings.Fields(*v), " "); *v == "" {
			e = e.With(field, "fault.required")
		} else if len([]rune(*v)) > 60 {
			e = e.With(field, "fault.too_long")
		}
	}
	switch {
	case !address.Known(r.Country):
		e = e.With("country", "fault.country")
	case r.Postcode != "" && !address.ValidPostcode(r.Country, r.Postcode):
		e = e.With("postcode", "fault.postcode")
	}
	if len(r.Operation) < 16 || len(r.Operation) > 64 {
		e = e.With("operation", "fault.form_stale")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

const insertReader = `
insert into readers (operation, member_id, brand_id, label, street, postcode, city, country, created_at, created_by)
values ($1, nullif($2::bigint, 0), nullif($3::bigint, 0), $4, $5, $6, $7, $8, $9, $10) on conflict (operation) do nothing`

// RegisterReader makes a reader a seller's. Its row is committed before the provider is asked; sent again it is the same reader. Faults: the fields of
// the form; "code" where no reader shows that code, "country" where there are no readers; "pos.fault.provider" while nobody knows: send it again.
func (s *Service) RegisterReader(ctx context.Context, r Registration) error {
	if err := r.check(); err != nil {
		return err
	}
	if r.Owner.BrandID != 0 {
		if on, err := onTeam(ctx, s.db, r.By, r.Owner.BrandID); err != nil || !on {
			return errors.Join(err, gone(!on))
		}
	} else if r.Owner.MemberID != r.By {
		return ErrGone
	}
	var row Reader
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, insertReader, r.Operation, r.Owner.MemberID, r.Owner.BrandID, r.Label, r.Street, r.Postcode, r.City, r.Country, s.now(), r.By); err != nil {
			return postgres.Translate(err)
		}
		return orGone(tx.GetContext(ctx, &row, `select `+readerColumns+` from readers where operation = $1 and created_by = $2`, r.Operation, r.By))
	})
	if err != nil || row.State == "ready" {
		return err
	}
	if err := s.register(ctx, row, r); err != nil {
		return s.unregistered(ctx, row, err)
	}
	return nil
}

func (s *Service) register(ctx context.Context, row Reader, r Registration) error {
	reference := fmt.Sprintf("reader-%d-%d", row.ID, row.Attempt)
	if row.LocationID == nil {
		at, err := s.pay.CreateLocation(ctx, payments.LocationRequest{Reference: reference + "-place", Name: r.Label, Street: r.Street, Postcode: r.Postcode, City: r.City, Country: r.Country})
		if err != nil {
			return err
		}
		row.LocationID = &at
		if _, err := s.db.ExecContext(ctx, `update readers set location_id = $2 where id = $1`, row.ID, at); err != nil {
			return postgres.Translate(err)
		}
	}
	got, err := s.pay.RegisterReader(ctx, payments.ReaderRequest{Reference: reference + "-" + r.Code, Code: r.Code, Label: r.Label, LocationID: *row.LocationID})
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `update readers set state = 'ready', stripe_id = $2, device = $3, failure = '' where id = $1`, row.ID, got.ID, got.Device)
	return postgres.Translate(err)
}

// unregistered notes why a reader is not registered, and says it to who asked.
func (s *Service) unregistered(ctx context.Context, row Reader, err error) error {
	code := payments.CodeOf(err)
	if code == "" {
		return err // of our own database
	}
	final := payments.OutcomeOf(err) == payments.Final
	_, saved := s.db.ExecContext(ctx, `update readers set failure = $2, attempt = attempt + case when $3 then 0 else 1 end where id = $1`, row.ID, code, payments.OutcomeOf(err) != payments.LookUp)
	switch {
	case saved != nil:
		return postgres.Translate(saved)
	case code == payments.CodeReaderCountry:
		return fault.Field("country", "pos.reader.failure.country")
	case final:
		return fault.Field("code", "pos.fault.code")
	}
	s.log.WarnContext(ctx, "register reader", "reader", row.ID, "error", err)
	return fault.New(fault.Conflict, "pos.fault.provider")
}

// RemoveReader gives a reader up. ErrGone where it is somebody else's.
func (s *Service) RemoveReader(ctx context.Context, by int64, o Owner, id int64) error {
	if o.BrandID != 0 {
		if on, err := onTeam(ctx, s.db, by, o.BrandID); err != nil || !on {
			return errors.Join(err, gone(!on))
		}
	} else if o.MemberID != by {
		return ErrGone
	}
	var r Reader
	if err := s.db.GetContext(ctx, &r, `select `+readerColumns+` from readers where`+ofOwner+` and id = $3 and state = 'ready'`, o.MemberID, o.BrandID, id); err != nil {
		return orGone(err)
	}
	if err := s.pay.RemoveReader(ctx, *r.StripeID); err != nil && payments.CodeOf(err) != payments.CodeNotFound {
		s.log.WarnContext(ctx, "remove reader", "reader", id, "error", err)
		return fault.New(fault.Conflict, "pos.fault.provider")
	}
	_, err := s.db.ExecContext(ctx, `update readers set state = 'removed' where id = $1`, id)
	return postgres.Translate(err)
}

const selectLocation = `
select location_id from readers where` + ofOwner + ` and state = 'ready' and location_id is not null order by id desc limit 1`

// Token lets a native application on a seller's phone speak to the provider about the readers at one place of the sale's owner, for minutes; it serves
// once and is never kept. ErrNoReader where the owner has no place.
func (s *Service) Token(ctx context.Context, memberID, saleID int64) (secret string, err error) {
	sale, err := s.of(ctx, memberID, saleID)
	if err != nil {
		return "", err
	}
	o := OwnerOf(sale)
	var location string
	err = postgres.Translate(s.db.GetContext(ctx, &location, selectLocation, o.MemberID, o.BrandID))
	if errors.Is(err, fault.NotFound) {
		return "", ErrNoReader
	}
	if err != nil {
		return "", err
	}
	if secret, err = s.pay.ConnectionToken(ctx, location); err != nil {
		return "", fmt.Errorf("connection token: %w", err)
	}
	return secret, nil
}
