package stripesandbox

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"relais/internal/stripesandbox/params"
)

// What a new account still has to tell, as Stripe names it, and where Stripe opens accounts in the same region.
var (
	dueAtFirst = []string{"external_account", "individual.dob.day", "individual.first_name", "individual.last_name", "tos_acceptance.date"}
	countries  = map[string]string{
		"AT": "eur", "BE": "eur", "BG": "eur", "CA": "cad", "CH": "chf", "CY": "eur", "CZ": "czk", "DE": "eur", "DK": "dkk",
		"EE": "eur", "ES": "eur", "FI": "eur", "FR": "eur", "GB": "gbp", "GR": "eur", "HR": "eur", "HU": "huf", "IE": "eur",
		"IS": "eur", "IT": "eur", "LI": "chf", "LT": "eur", "LU": "eur", "LV": "eur", "MT": "eur", "NL": "eur", "NO": "nok",
		"PL": "pln", "PT": "eur", "RO": "ron", "SE": "sek", "SI": "eur", "SK": "eur", "US": "usd",
	}
	abroad = map[string]string{"AU": "aud", "BR": "brl", "IN": "inr", "JP": "jpy", "MX": "mxn", "NZ": "nzd", "SG": "sgd", "TH": "thb"}
)

const linkLife = 5 * time.Minute

func createAccount(c *call) (any, *params.Refusal) {
	f := c.form
	a := account{
		ID: newID("acct_", 16), Object: "account", Created: c.tx.now.Unix(), Type: f.Choice("type", "standard", "express", "custom"),
		Country: f.Text("country"), Email: optional(f.Text("email")), Metadata: f.Metadata("metadata"),
		Capabilities: requested(f, nil),
	}
	if f.Has("business_type") {
		a.BusinessType = optional(f.Choice("business_type", "individual", "company", "non_profit", "government_entity"))
	}
	for _, key := range []string{"business_profile[url]", "business_profile[name]", "business_profile[product_description]", "business_profile[mcc]"} {
		f.Text(key)
	}
	if a.Country == "" {
		a.Country = "FR"
	}
	if f.Good() && a.Type != "express" {
		f.Fail(params.Malformed("", "type", "The sandbox opens Express accounts only: type=express."))
	}
	a.DefaultCurrency = countries[a.Country]
	if a.DefaultCurrency == "" {
		a.DefaultCurrency = abroad[a.Country]
	}
	if a.DefaultCurrency == "" {
		f.Fail(params.Malformed("", "country", "Country '%s' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or 'GB'.", a.Country))
	}
	if err := f.Done(); err != nil {
		return nil, err
	}
	a.ExternalAccounts = emptyList("/v1/accounts/" + a.ID + "/external_accounts")
	a.Requirements = due(dueAtFirst, "requirements.past_due")
	c.tx.put(a)
	return a, nil
}

func requested(f *params.Form, had map[string]string) map[string]string {
	caps := maps.Clone(had)
	if caps == nil {
		caps = map[string]string{}
	}
	for _, name := range []string{"transfers", "card_payments"} {
		key := "capabilities[" + name + "][requested]"
		if !f.Has(key) {
			continue
		}
		switch want := f.Boolean(key); {
		case want && caps[name] == "":
			caps[name] = "inactive"
		case !want:
			delete(caps, name)
		}
	}
	return caps
}

func due(what []string, reason optional) requirements {
	return requirements{
		CurrentlyDue: what, EventuallyDue: what, PastDue: what, DisabledReason: reason,
		Errors: []string{}, PendingVerification: []string{},
	}
}

// revoked is how Stripe refuses an account that is gone or never was ours.
func revoked(id string) *params.Refusal {
	return &params.Refusal{Status: http.StatusForbidden, Executed: true, Body: params.Body{
		Type: params.InvalidRequest, Code: "account_invalid",
		Message: "The provided key 'sk_test_***' does not have access to account '" + id + "' (or that account does not exist). Application access may have been revoked.",
	}}
}

func (c *call) target() (account, *params.Refusal) {
	if err := c.form.Done(); err != nil {
		return account{}, err
	}
	a, ok := load[account](c.tx, c.path("id"))
	if !ok || a.Deleted {
		return account{}, revoked(c.path("id"))
	}
	return a, nil
}

func readAccount(c *call) (any, *params.Refusal) { return c.target() }

func listAccounts(c *call) (any, *params.Refusal) {
	within := c.form.Created()
	return page(c, "account", "/v1/accounts", func(a account) bool { return !a.Deleted && within(a.Created) })
}

func updateAccount(c *call) (any, *params.Refusal) {
	old, ok := load[account](c.tx, c.path("id"))
	more, email, hasEmail := c.form.Metadata("metadata"), c.form.Text("email"), c.form.Has("email")
	caps := requested(c.form, old.Capabilities)
	a, err := c.target()
	if err != nil || !ok {
		return nil, err
	}
	if hasEmail {
		a.Email = optional(email)
	}
	a.Metadata = maps.Clone(a.Metadata)
	maps.Copy(a.Metadata, more)
	a.Capabilities = caps
	if a.DetailsSubmitted {
		a = a.active()
	}
	c.tx.put(a)
	c.tx.emit("account.updated", a, a.ID)
	return a, nil
}

func deleteAccount(c *call) (any, *params.Refusal) {
	a, err := c.target()
	if err != nil {
		return nil, err
	}
	a.Deleted = true
	c.tx.put(a)
	return a, nil
}

func rejectAccount(c *call) (any, *params.Refusal) {
	c.form.Need("reason")
	reason := c.form.Choice("reason", "fraud", "terms_of_service", "other")
	a, err := c.target()
	if err != nil {
		return nil, err
	}
	a = a.rejected(reason)
	c.tx.put(a)
	c.tx.emit("account.updated", a, a.ID)
	return a, nil
}

// rejected is the account that Stripe has refused for good.
func (a account) rejected(reason string) account {
	a.PayoutsEnabled, a.ChargesEnabled = false, false
	a.Capabilities = withStatus(a.Capabilities, "inactive")
	a.Requirements = due([]string{}, optional("rejected."+reason))
	return a
}

func withStatus(caps map[string]string, status string) map[string]string {
	out := maps.Clone(caps)
	for name := range out {
		out[name] = status
	}
	return out
}

// active is the account once its holder has said who they are.
func (a account) active() account {
	a.DetailsSubmitted = true
	a.Capabilities = withStatus(a.Capabilities, "active")
	a.ChargesEnabled = a.Capabilities["card_payments"] == "active"
	return a
}

// onboarded is the account after the hosted form, with bank details or still without.
func (a account) onboarded(bank bool) account {
	a = a.active()
	a.PayoutsEnabled = bank
	a.Requirements = due([]string{}, "")
	if !bank {
		a.Requirements = due([]string{"external_account"}, "requirements.past_due")
	}
	return a
}

func createAccountLink(c *call) (any, *params.Refusal) {
	f := c.form
	id, kind := f.Need("account"), f.Need("type")
	l := link{
		Token: newID("", 32), Flow: newID("", 32), Account: id, ReturnURL: f.Need("return_url"),
		RefreshURL: f.Need("refresh_url"), Expires: c.tx.now.Add(linkLife).Unix(),
	}
	f.Text("collection_options[fields]")
	if f.Good() && !slices.Contains([]string{"account_onboarding", "account_update"}, kind) {
		f.Fail(params.Malformed("", "type", "Invalid type: must be one of account_onboarding or account_update"))
	}
	for _, u := range []string{l.ReturnURL, l.RefreshURL} {
		if !isWebURL(u) {
			f.Fail(params.Malformed("url_invalid", "return_url", "Not a valid URL"))
		}
	}
	if err := f.Done(); err != nil {
		return nil, err
	}
	a, ok := load[account](c.tx, id)
	switch {
	case !ok || a.Deleted:
		return nil, revoked(id)
	case kind == "account_update":
		return nil, params.Refused("", "type", "You cannot create `account_update` type Account Links for this account. You may only create `account_onboarding` type Account Links for accounts of type express.")
	}
	c.tx.put(l)
	return map[string]any{
		"object": "account_link", "created": c.tx.now.Unix(), "expires_at": l.Expires,
		"url": c.sandbox.options.BaseURL + "/setup/e/" + l.Token,
	}, nil
}

func createLoginLink(c *call) (any, *params.Refusal) {
	a, err := c.target()
	if err != nil {
		return nil, err
	}
	if !a.DetailsSubmitted {
		return nil, params.Refused("", "", "Cannot create a login link for an account that has not completed onboarding.")
	}
	l := link{
		Token: newID("", 32), Flow: newID("", 32), Account: a.ID, Dashboard: true, Expires: c.tx.now.Add(linkLife).Unix(),
	}
	c.tx.put(l)
	return map[string]any{
		"object": "login_link", "created": c.tx.now.Unix(), "url": c.sandbox.options.BaseURL + "/express/" + l.Token,
	}, nil
}
