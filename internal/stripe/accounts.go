package stripe

import (
	"context"
	"strconv"

	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// CreateAccount opens an Express account.
func (c *Client) CreateAccount(ctx context.Context, r payments.AccountRequest) (payments.Account, error) {
	p := &stripego.AccountParams{
		Type: stripego.String(string(stripego.AccountTypeExpress)), Country: stripego.String(r.Country),
		Metadata: map[string]string{"payee_id": strconv.FormatInt(r.PayeeID, 10)},
	}
	if r.Email != "" {
		p.Email = stripego.String(r.Email)
	}
	if r.BusinessType != "" {
		p.BusinessType = stripego.String(string(r.BusinessType))
	}
	for _, name := range c.capabilities {
		p.AddExtra("capabilities["+name+"][requested]", "true")
	}
	p.Context = ctx
	p.SetIdempotencyKey(r.Reference)
	a, err := c.api.Accounts.New(p)
	if err != nil {
		return payments.Account{}, translate("open account for payee "+strconv.FormatInt(r.PayeeID, 10), err)
	}
	return account(a), nil
}

// Account reads an account's state.
func (c *Client) Account(ctx context.Context, id string) (payments.Account, error) {
	p := &stripego.AccountParams{}
	p.Context = ctx
	a, err := c.api.Accounts.GetByID(id, p)
	if err != nil {
		return payments.Account{}, translate("read account "+id, err)
	}
	if a.Deleted {
		return payments.Account{}, &payments.Error{
			Outcome: payments.Final, Code: payments.CodeAccountGone, Message: "read account " + id + ": it was deleted",
		}
	}
	return account(a), nil
}

// OnboardingLink makes a one-time link to Stripe's onboarding.
func (c *Client) OnboardingLink(ctx context.Context, id, returnURL, refreshURL string) (string, error) {
	p := &stripego.AccountLinkParams{
		Account: stripego.String(id), Type: stripego.String(string(stripego.AccountLinkTypeAccountOnboarding)),
		ReturnURL: stripego.String(returnURL), RefreshURL: stripego.String(refreshURL),
	}
	p.Context = ctx
	l, err := c.api.AccountLinks.New(p)
	if err != nil {
		return "", translate("make onboarding link for account "+id, err)
	}
	return l.URL, nil
}

// DashboardLink makes a one-time link to the payee's Express dashboard.
func (c *Client) DashboardLink(ctx context.Context, id string) (string, error) {
	p := &stripego.LoginLinkParams{Account: stripego.String(id)}
	p.Context = ctx
	l, err := c.api.LoginLinks.New(p)
	if err != nil {
		return "", translate("make dashboard link for account "+id, err)
	}
	return l.URL, nil
}

func account(a *stripego.Account) payments.Account {
	out := payments.Account{
		ID: a.ID, Country: a.Country, DetailsSubmitted: a.DetailsSubmitted, PayoutsEnabled: a.PayoutsEnabled,
		TransfersActive: a.Capabilities != nil && a.Capabilities.Transfers == stripego.AccountCapabilityStatusActive,
	}
	if id, err := strconv.ParseInt(a.Metadata["payee_id"], 10, 64); err == nil {
		out.PayeeID = id
	}
	if a.Requirements != nil {
		out.DisabledReason = string(a.Requirements.DisabledReason)
		out.CurrentlyDue = a.Requirements.CurrentlyDue
	}
	return out
}
