package payouts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"relais/internal/payments"
	"relais/internal/postgres"
)

// Countries in which payees can live: those to which a platform in the EU may transfer under the full agreement
// (Stripe, "Cross-border payouts").
var Countries = []string{"FR", "BE", "LU", "DE", "NL", "ES", "IT", "PT", "AT", "IE", "DK", "SE", "FI", "PL", "CH", "GB"}

// Onboard opens a Stripe Express account for a payee if they have none, and answers with the address of the page on
// which Stripe asks for their details. The address works once and for minutes: it is not stored. ErrCountry; ErrSetUp
// where Stripe refuses the platform.
func (s *Service) Onboard(ctx context.Context, payeeID int64, country, returnURL, refreshURL string) (string, error) {
	p, err := payeeWhere(ctx, s.db, `p.id = $1`, payeeID)
	if err != nil {
		return "", err
	}
	if p.StripeAccountID == nil {
		if !slices.Contains(Countries, country) {
			return "", ErrCountry
		}
		kind := payments.Individual
		if p.BrandID != nil {
			kind = payments.Company
		}
		a, err := s.accounts.CreateAccount(ctx, payments.AccountRequest{Reference: fmt.Sprintf("payee-%d-account-%s-%s", p.ID, country, p.AccountKey),
			PayeeID: p.ID, Email: p.Email, Country: country, BusinessType: kind})
		if payments.OutcomeOf(err) == payments.LookUp { // the key only repeats the failure; an account made all the same stays empty
			if _, err := s.db.ExecContext(ctx, spendAccountKey, p.ID, p.AccountKey); err != nil {
				return "", postgres.Translate(err)
			}
		}
		if err != nil {
			return "", setUp(err)
		}
		if err := s.record(ctx, p.ID, a); err != nil {
			return "", err
		}
		p.StripeAccountID = &a.ID
	}
	url, err := s.accounts.OnboardingLink(ctx, *p.StripeAccountID, returnURL, refreshURL)
	if err != nil {
		return "", setUp(err)
	}
	return url, nil
}

const spendAccountKey = `update payees set account_key = replace(gen_random_uuid()::text, '-', '') where id = $1 and account_key = $2`

// setUp keeps Stripe's own words for the log behind a sentence that a payee can read.
func setUp(err error) error {
	var e *payments.Error
	if errors.As(err, &e) && e.Outcome == payments.Final {
		return ErrSetUp.Because(err)
	}
	return err
}

// Dashboard is the address of Stripe's own pages for a payee who finished onboarding.
func (s *Service) Dashboard(ctx context.Context, payeeID int64) (string, error) {
	p, err := payeeWhere(ctx, s.db, `p.id = $1`, payeeID)
	if err != nil {
		return "", err
	}
	if p.StripeAccountID == nil || !p.DetailsSubmitted {
		return "", ErrNotFound
	}
	return s.accounts.DashboardLink(ctx, *p.StripeAccountID)
}

const updateAccount = `
update payees set stripe_account_id = $2, country = coalesce(nullif($3, ''), country), details_submitted = $4, transfers_active = $5, payouts_enabled = $6,
  disabled_reason = $7, checked_at = $8 where id = $1`

func (s *Service) record(ctx context.Context, payeeID int64, a payments.Account) error {
	_, err := s.db.ExecContext(ctx, updateAccount, payeeID, a.ID, a.Country, a.DetailsSubmitted, a.TransfersActive, a.PayoutsEnabled, a.DisabledReason, s.now())
	return postgres.Translate(err)
}

const forgetAccount = `
update payees set stripe_account_id = null, details_submitted = false, transfers_active = false, payouts_enabled = false, disabled_reason = '',
  checked_at = $3, account_key = replace(gen_random_uuid()::text, '-', '') where id = $1 and stripe_account_id = $2`

// Refresh reads what Stripe says of a payee's account now. One that is closed, or whose owner revoked our access, is
// forgotten: its payee can connect another.
func (s *Service) Refresh(ctx context.Context, payeeID int64) (Payee, error) {
	p, err := payeeWhere(ctx, s.db, `p.id = $1`, payeeID)
	if err != nil || p.StripeAccountID == nil {
		return p, err
	}
	a, err := s.accounts.Account(ctx, *p.StripeAccountID)
	if payments.CodeOf(err) == payments.CodeAccountGone {
		if _, err := s.db.ExecContext(ctx, forgetAccount, p.ID, *p.StripeAccountID, s.now()); err != nil {
			return p, postgres.Translate(err)
		}
		return payeeWhere(ctx, s.db, `p.id = $1`, payeeID)
	}
	if err != nil {
		return p, fmt.Errorf("read account of payee %d: %w", payeeID, err)
	}
	if err := s.record(ctx, p.ID, a); err != nil {
		return p, err
	}
	return payeeWhere(ctx, s.db, `p.id = $1`, payeeID)
}

// Forget parts a payee from their account at Stripe, so that they can connect another, in another country for one. Payouts that
// were prepared for the old one are not sent to it: their money goes with the next run. ErrNotFound where there is none.
func (s *Service) Forget(ctx context.Context, payeeID int64) error {
	p, err := payeeWhere(ctx, s.db, `p.id = $1`, payeeID)
	if err != nil {
		return err
	}
	if p.StripeAccountID == nil {
		return ErrNotFound
	}
	_, err = s.db.ExecContext(ctx, forgetAccount, p.ID, *p.StripeAccountID, s.now())
	return postgres.Translate(err)
}

// AccountChanged refreshes the payee whose Stripe account this is. ErrNotFound where it is nobody's.
func (s *Service) AccountChanged(ctx context.Context, accountID string) error {
	p, err := payeeWhere(ctx, s.db, `p.stripe_account_id = $1`, accountID)
	if err != nil {
		return err
	}
	_, err = s.Refresh(ctx, p.ID)
	return err
}
