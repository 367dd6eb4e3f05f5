package storefronts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
)

// Limits of what a trader says of themselves, in characters.
const (
	MaxLegalName    = 160
	MaxAddress      = 400
	MaxRegistration = 60
)

// Status is what a member says of what they do themselves, who resells with a margin or sells in person: that they act as a trader, or as a private
// person, which goes without saying. The seller stays the brand, which says so of itself (catalog.Brand.Trader).
type Status struct {
	Trader       bool       `db:"trader"`
	LegalName    string     `db:"legal_name"` // of a trader, as the next two; else empty
	Address      string     `db:"address"`    // in lines
	Registration string     `db:"registration"`
	At           *time.Time `db:"at"` // when they said so; nil: they never said anything
}

// Clean tidies what a member says, and says what is wrong with it: the fields legal_name, legal_address, registration.
func (s Status) Clean() (Status, error) {
	if !s.Trader {
		return Status{}, nil
	}
	text := func(field, value string, most int, lines bool) (string, error) {
		value, err := clean(field, value, most, lines)
		if err == nil && value == "" {
			err = fault.Field(field, "fault.required")
		}
		return value, err
	}
	var name, address, registration error
	s.LegalName, name = text("legal_name", s.LegalName, MaxLegalName, false)
	s.Address, address = text("legal_address", s.Address, MaxAddress, true)
	s.Registration, registration = text("registration", s.Registration, MaxRegistration, false)
	return s, fault.Merge(name, address, registration)
}

const selectStatus = `select trader, legal_name, address, registration, at from member_statuses where member_id = $1 order by id desc limit 1`

// StatusOf is what a member said last; a private person's, without a time, where they never said anything.
func StatusOf(ctx context.Context, q sqlx.QueryerContext, memberID int64) (Status, error) {
	var s Status
	err := postgres.Translate(sqlx.GetContext(ctx, q, &s, selectStatus, memberID))
	if errors.Is(err, fault.NotFound) {
		return Status{}, nil
	}
	if err != nil {
		return s, fmt.Errorf("read status of member %d: %w", memberID, err)
	}
	return s, nil
}

const insertStatus = `insert into member_statuses (member_id, trader, legal_name, address, registration, at) values ($1, $2, $3, $4, $5, $6)`

// SayStatus keeps what a member says of themselves, from now on; what they said before stays on record. Said again it changes nothing. The fields
// of Status.Clean.
func (s *Service) SayStatus(ctx context.Context, memberID int64, said Status) error {
	said, err := said.Clean()
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now := s.now()
		if err := lock(ctx, tx, memberID, now); err != nil {
			return err
		}
		before, err := StatusOf(ctx, tx, memberID)
		if err != nil {
			return err
		}
		if said.At = before.At; before.At != nil && before == said {
			return nil
		}
		_, err = tx.ExecContext(ctx, insertStatus, memberID, said.Trader, said.LegalName, said.Address, said.Registration, now)
		if err != nil {
			return fmt.Errorf("keep status of member %d: %w", memberID, postgres.Translate(err))
		}
		return nil
	})
}
