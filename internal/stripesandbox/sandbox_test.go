package stripesandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripesandbox"
)

var ctx = context.Background()

// subject names one test's references.
func subject(h *paymentstest.Harness) paymentstest.Subject {
	return paymentstest.Subject{Checkouts: h.Client, Accounts: h.Client, Transfers: h.Client, Now: h.Clock.Now}
}

func open(t *testing.T, h *paymentstest.Harness, reference string) payments.Checkout {
	t.Helper()
	c, err := h.Client.OpenCheckout(ctx, subject(h).Request(reference))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reread(t *testing.T, h *paymentstest.Harness, c payments.Checkout) payments.Checkout {
	t.Helper()
	c, err := h.Client.Checkout(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// payee opens an account and takes it through onboarding.
func payee(t *testing.T, h *paymentstest.Harness, reference string) string {
	t.Helper()
	a, err := h.Client.CreateAccount(ctx, payments.AccountRequest{Reference: reference, PayeeID: 7, Email: "p@example.com", Country: "FR"})
	if err != nil {
		t.Fatal(err)
	}
	h.Onboard(t, a.ID, paymentstest.OnboardComplete)
	return a.ID
}

func transfer(reference, destination string, minor int64) payments.TransferRequest {
	return payments.TransferRequest{Reference: reference, Destination: destination, Amount: money.New(minor, "EUR"), Group: "payout_" + reference}
}

func available(t *testing.T, h *paymentstest.Harness) int64 {
	t.Helper()
	got, err := h.Client.AvailableBalance(ctx)
	if err != nil || len(got) != 1 {
		t.Fatalf("balance %v, %v", got, err)
	}
	return got[0].Minor
}

func types(events []payments.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Type)
	}
	return strings.Join(out, " ")
}

// raw calls the API as any client could.
func raw(t *testing.T, h *paymentstest.Harness, method, path string, form url.Values, header map[string]string) (int, string, http.Header) {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	} else if len(form) > 0 {
		path += "?" + form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, h.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_x")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Header
}

func TestPaymentFlows(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	t.Run("accepted", func(t *testing.T) {
		c := open(t, h, "accepted")
		if got := h.Pay(t, c.URL, paymentstest.CardOK); got != "https://shop.example/o/token?session="+c.ID {
			t.Errorf("led to %q", got)
		}
		want := "payment_intent.created charge.succeeded payment_intent.succeeded checkout.session.completed"
		if got := types(h.Events(t)); got != want {
			t.Errorf("events %s\nwant   %s", got, want)
		}
		if got := h.Pay(t, c.URL, paymentstest.CardOK); got != "" {
			t.Errorf("a paid checkout was paid again: %q", got)
		}
		if page, _, status := h.Get(t, c.URL); status != http.StatusOK || !strings.Contains(page, "Paiement reçu") {
			t.Errorf("page of a paid checkout: %d", status)
		}
	})
	for _, card := range []string{paymentstest.CardDeclined, paymentstest.CardNoFunds, "378282246310005"} {
		t.Run("declined "+card, func(t *testing.T) {
			c := open(t, h, "declined"+card)
			if got := h.Pay(t, c.URL, card); got != "" {
				t.Errorf("a declined card led to %q", got)
			}
			if got := reread(t, h, c); got.Paid || got.State != payments.CheckoutOpen || got.ChargeID != "" {
				t.Errorf("after a decline: %+v", got)
			}
			if got := types(h.Events(t)); got != "payment_intent.created charge.failed payment_intent.payment_failed" {
				t.Errorf("events %s", got)
			}
			if page, _, _ := h.Get(t, c.URL); !strings.Contains(page, `role="alert"`) {
				t.Error("the page does not say why")
			}
			if h.Pay(t, c.URL, paymentstest.CardOK); !reread(t, h, c).Paid {
				t.Error("another card was not taken")
			}
			h.Events(t)
		})
	}
	t.Run("expired by time", func(t *testing.T) {
		c := open(t, h, "expired")
		h.Clock.Advance(time.Hour)
		if got := h.Pay(t, c.URL, paymentstest.CardOK); got != "" {
			t.Errorf("an expired checkout was paid: %q", got)
		}
		if got := reread(t, h, c); got.State != payments.CheckoutExpired {
			t.Errorf("state %s", got.State)
		}
		if got := types(h.Events(t)); got != "checkout.session.expired" {
			t.Errorf("events %s", got)
		}
		if page, _, status := h.Get(t, c.URL); status != http.StatusGone || !strings.Contains(page, "https://shop.example/cart") {
			t.Errorf("page of an expired checkout: %d", status)
		}
	})
}

func TestOwnCardsAreNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	h := paymentstest.Start(t, paymentstest.Options{Path: path})
	const own = "378282246310005" // valid, and not one of the test cards
	h.Pay(t, open(t, h, "own").URL, own)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "charge.failed") || strings.Contains(string(text), own[:12]) {
		t.Error("the journal holds the number of somebody's card, or no trace of the attempt")
	}
}

func TestThreeDSecure(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := open(t, h, "secure")
	if got := h.Pay(t, c.URL, paymentstest.CardSecure); got != "" {
		t.Fatalf("paid without the bank: %q", got)
	}
	page, _, _ := h.Get(t, c.URL+"/secure")
	if !strings.Contains(page, "3155") || !strings.Contains(page, "24,40") {
		t.Error("the bank's page does not say what is confirmed")
	}
	if reread(t, h, c).Paid {
		t.Error("paid before the bank confirmed")
	}
	h.Post(t, c.URL+"/secure", url.Values{"answer": {"refuse"}})
	if got := reread(t, h, c); got.Paid || got.State != payments.CheckoutOpen {
		t.Errorf("after a refusal: %+v", got)
	}
	if got := types(h.Events(t)); got != "payment_intent.created payment_intent.requires_action payment_intent.payment_failed" {
		t.Errorf("events %s", got)
	}
	h.Pay(t, c.URL, paymentstest.CardSecure)
	if _, location, _ := h.Post(t, c.URL+"/secure", url.Values{"answer": {"confirm"}}); !strings.HasSuffix(location, c.ID) {
		t.Errorf("after confirming led to %q", location)
	}
	if got := reread(t, h, c); !got.Paid || got.CardFingerprint == "" {
		t.Errorf("after confirming: %+v", got)
	}
}

func TestCheckoutForm(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := open(t, h, "form")
	page, _, status := h.Get(t, c.URL)
	for _, want := range []string{`lang="fr"`, "Bac à sable Stripe", "Savon à l’huile d’olive", "3 × 6,50", "24,40", "buyer@example.com", "https://shop.example/cart"} {
		if status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("the page (%d) does not say %q", status, want)
		}
	}
	page, _, _ = h.Post(t, c.URL, url.Values{"email": {"other@example.com"}, "fill": {paymentstest.CardSecure}})
	for _, want := range []string{"4000 0025 0000 3155", "other@example.com"} {
		if !strings.Contains(page, want) {
			t.Errorf("after filling in, the page does not say %q", want)
		}
	}
	page, _, status = h.Post(t, c.URL, url.Values{"email": {"x"}, "number": {"4242424242424241"}, "expiry": {"01 / 20"}, "cvc": {"1"}, "pay": {"1"}})
	if got := strings.Count(page, `aria-invalid="true"`); status != http.StatusUnprocessableEntity || got != 5 {
		t.Errorf("%d faults shown with status %d, want 5 with 422", got, status)
	}
	if _, _, status := h.Get(t, h.URL+"/c/pay/cs_test_unknown"); status != http.StatusNotFound {
		t.Errorf("unknown page: %d", status)
	}
}

func TestPagesSpeakTheBuyersLanguage(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	get := func(r payments.CheckoutRequest, accept string) string {
		c, err := h.Client.OpenCheckout(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Language", accept)
		res, err := h.Browser(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://shop.example") {
			t.Errorf("policy %q does not let the buyer back to the shop", policy)
		}
		return string(text)
	}
	r := subject(h).Request("fr")
	if page := get(r, "en-GB,en"); !strings.Contains(page, "Payer 24,40\u00a0€") {
		t.Error("the order's language does not win")
	}
	r.Reference, r.Locale = "en", "en"
	if page := get(r, "fr"); !strings.Contains(page, "Stripe sandbox") || !strings.Contains(page, "Pay €24.40") {
		t.Error("no English page")
	}
	r.Reference, r.Locale = "any", ""
	if page := get(r, "de, fr-CA;q=0.8, en;q=0.5"); !strings.Contains(page, `lang="fr"`) {
		t.Error("the browser's language is not heard")
	}
	if css, _, status := h.Get(t, h.URL+"/assets/sandbox.css"); status != http.StatusOK || !strings.Contains(css, "--paper") {
		t.Errorf("style sheet: %d", status)
	}
}

func TestMoneySettles(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{SettleDelay: 7 * 24 * time.Hour})
	acct := payee(t, h, "payee")
	h.Pay(t, open(t, h, "sale").URL, paymentstest.CardOK)
	if got := available(t, h); got != 0 {
		t.Errorf("available at once: %d", got)
	}
	_, err := h.Client.Send(ctx, transfer("1", acct, 1000))
	paymentstest.Refused(t, err, payments.Final, payments.CodeBalanceShort)
	h.Clock.Advance(7 * 24 * time.Hour)
	if got := available(t, h); got != 2440 {
		t.Errorf("available after settling: %d", got)
	}
	_, err = h.Client.Send(ctx, transfer("1", acct, 1000))
	paymentstest.Refused(t, err, payments.Final, payments.CodeBalanceShort) // the key repeats its answer
	if _, err := h.Client.Send(ctx, transfer("2", acct, 1000)); err != nil {
		t.Error(err)
	}
	if got := available(t, h); got != 1440 {
		t.Errorf("available after a transfer: %d", got)
	}
	h.Pay(t, open(t, h, "instant").URL, paymentstest.CardInstant)
	if got := available(t, h); got != 3880 {
		t.Errorf("available after an instant sale: %d", got)
	}
}

func TestRefundsDrawOnTheirChargeOrTheBalance(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{SettleDelay: 7 * 24 * time.Hour})
	refund := func(c payments.Checkout, reference string) payments.Refund {
		r, err := h.Client.Refund(ctx, payments.RefundRequest{Reference: reference, PaymentIntentID: reread(t, h, c).PaymentIntentID, Amount: money.New(2440, "EUR")})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	early := open(t, h, "early")
	h.Pay(t, early.URL, paymentstest.CardOK)
	if got := refund(early, "early").State; got != payments.RefundSucceeded {
		t.Errorf("refund before settlement is %s", got)
	}
	late := open(t, h, "late")
	h.Pay(t, late.URL, paymentstest.CardInstant)
	if _, err := h.Client.Send(ctx, transfer("all", payee(t, h, "p"), 2440)); err != nil {
		t.Fatal(err)
	}
	short := refund(late, "late")
	if short.State != payments.RefundPending {
		t.Errorf("refund without funds is %s", short.State)
	}
	h.Events(t)
	h.Pay(t, open(t, h, "funds").URL, paymentstest.CardInstant)
	found, err := h.Client.FindRefunds(ctx, short.PaymentIntentID)
	if err != nil || len(found) != 1 || found[0].State != payments.RefundSucceeded {
		t.Errorf("with funds again: %+v, %v", found, err)
	}
	if got := types(h.Events(t)); !strings.HasSuffix(got, "charge.refund.updated refund.updated") {
		t.Errorf("events %s", got)
	}
}

func TestOnboarding(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	a, err := h.Client.CreateAccount(ctx, payments.AccountRequest{Reference: "a", PayeeID: 7, Email: "p@example.com", Country: "FR", BusinessType: payments.Company})
	if err != nil {
		t.Fatal(err)
	}
	read := func() payments.Account {
		got, err := h.Client.Account(ctx, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	h.Onboard(t, a.ID, paymentstest.OnboardLeave)
	if got := read(); got.DetailsSubmitted || got.Payable() || len(h.Events(t)) != 0 {
		t.Errorf("after leaving: %+v", got)
	}
	h.Onboard(t, a.ID, paymentstest.OnboardNoBank)
	if got := read(); !got.DetailsSubmitted || !got.Payable() || got.PayoutsEnabled || len(got.CurrentlyDue) != 1 {
		t.Errorf("without bank details: %+v", got)
	}
	h.Onboard(t, a.ID, paymentstest.OnboardComplete)
	if got := read(); !got.PayoutsEnabled || len(got.CurrentlyDue) != 0 {
		t.Errorf("complete: %+v", got)
	}
	events := h.Events(t)
	if types(events) != "account.updated account.updated" || events[0].Account != a.ID || events[0].ObjectID != a.ID {
		t.Errorf("events %+v", events)
	}
}

func TestLinksServeOnce(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	acct := payee(t, h, "p")
	link := func() string {
		l, err := h.Client.OnboardingLink(ctx, acct, "https://shop.example/back", "https://shop.example/again")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	once, late := link(), link()
	if _, location, status := h.Get(t, once); status != http.StatusOK || location != "" {
		t.Errorf("first use: %d, led to %q", status, location)
	}
	if _, location, _ := h.Get(t, once); location != "https://shop.example/again" {
		t.Errorf("second use led to %q", location)
	}
	h.Clock.Advance(6 * time.Minute)
	if _, location, _ := h.Get(t, late); location != "https://shop.example/again" {
		t.Errorf("late use led to %q", location)
	}
	dashboard, err := h.Client.DashboardLink(ctx, acct)
	if err != nil {
		t.Fatal(err)
	}
	if page, _, _ := h.Get(t, dashboard); !strings.Contains(page, "€0.00") {
		t.Error("the dashboard shows no balance")
	}
	if _, _, status := h.Get(t, dashboard); status != http.StatusGone {
		t.Errorf("second use of the dashboard link: %d", status)
	}
	status, text, _ := raw(t, h, "POST", "/v1/account_links", url.Values{"account": {acct}, "type": {"account_update"}, "return_url": {"https://a.example"}, "refresh_url": {"https://a.example"}}, nil)
	if status != 400 || !strings.Contains(text, "account_onboarding") {
		t.Errorf("account_update for Express: %d %s", status, text)
	}
}

func TestRejectedAndDeletedAccounts(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	acct := payee(t, h, "p")
	h.Pay(t, open(t, h, "funds").URL, paymentstest.CardInstant)
	raw(t, h, "POST", "/v1/accounts/"+acct+"/reject", url.Values{"reason": {"fraud"}}, nil)
	a, err := h.Client.Account(ctx, acct)
	if err != nil || !a.Rejected() || a.Payable() {
		t.Errorf("rejected: %+v, %v", a, err)
	}
	_, err = h.Client.Send(ctx, transfer("1", acct, 100))
	paymentstest.Refused(t, err, payments.Final, payments.CodeNotReady)
	raw(t, h, "DELETE", "/v1/accounts/"+acct, nil, nil)
	_, err = h.Client.Account(ctx, acct)
	paymentstest.Refused(t, err, payments.Final, payments.CodeAccountGone)
	_, err = h.Client.Send(ctx, transfer("2", acct, 100))
	paymentstest.Refused(t, err, payments.Final, payments.CodeAccountGone)
	abroad, err := h.Client.CreateAccount(ctx, payments.AccountRequest{Reference: "jp", Country: "JP"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Client.Send(ctx, transfer("3", abroad.ID, 100))
	paymentstest.Refused(t, err, payments.Final, payments.CodeRegion)
}

func TestOptionsAreChecked(t *testing.T) {
	now := func() time.Time { return time.Unix(1, 0) }
	for name, o := range map[string]stripesandbox.Options{
		"no clock":           {BaseURL: "http://x"},
		"no address":         {Now: now},
		"hook without key":   {Now: now, BaseURL: "http://x", PlatformURL: "http://y"},
		"journal in nowhere": {Now: now, BaseURL: "http://x", Path: t.TempDir() + "/no/such/folder"},
	} {
		if _, err := stripesandbox.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
