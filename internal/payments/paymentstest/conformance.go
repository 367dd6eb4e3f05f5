package paymentstest

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
)

// Subject is an implementation of the provider's interfaces under test.
type Subject struct {
	Checkouts payments.Checkouts
	Accounts  payments.Accounts
	Transfers payments.Transfers
	Reversals payments.Reversals
	Disputes  payments.Disputes
	Books     payments.Books
	Readers   payments.Readers
	Cards     payments.CardPresent
	Saved     payments.SavedCards
	Now       func() time.Time
	API, Key  string // the provider's address and our key there, for what the interfaces have no words for
	Unique    string // makes references unique between runs, for a provider that remembers

	// Pay and Onboard play the buyer and the payee on hosted pages. Nil where only people can: what needs them is
	// then left out of the suite.
	Pay     func(t testing.TB, checkoutURL, card string) string
	Onboard func(t testing.TB, accountID, finish string)
	// PayOut waits until an account's money goes to its bank, and returns the payout's id. Nil: as above.
	PayOut func(t testing.TB, accountID string) string
	// Present holds a card to a reader, and Turn does something else to it. Nil: as above.
	Present func(readerID, card string) error
	Turn    func(readerID, how string) error
	// Keep plays a buyer who lets us keep a card, and TurnCard is what its bank says from then on. Nil: as above.
	Keep     func(t testing.TB, setupURL, card string) string
	TurnCard func(cardID, word string) error
}

// Run checks that a provider keeps the promises of package payments.
func Run(t *testing.T, s Subject) {
	t.Run("a checkout is opened once per reference", s.opensOnce)
	t.Run("an open checkout can be expired, once", s.expires)
	t.Run("an unknown checkout is a final refusal", s.unknownCheckout)
	t.Run("another request under the same reference is not a fresh start", s.otherContent)
	t.Run("a new account cannot be paid", s.newAccount)
	t.Run("an unknown account is gone", s.unknownAccount)
	t.Run("a transfer to nobody is a final refusal", s.transferToNobody)
	t.Run("a group without transfers is empty", s.emptyGroup)
	t.Run("the balance has a currency", s.balance)
	t.Run("an unknown dispute is a final refusal", s.unknownDispute)
	t.Run("the books have a beginning and an end", s.nothingMoved)
	t.Run("an unknown card payment is a final refusal", s.unknownCardPayment)
	t.Run("a country without readers is a final refusal", s.readerCountry)
	t.Run("a setup is opened once per reference, and takes no payment", s.setupOnce)
	t.Run("an open setup can be expired, once", s.setupExpires)
	t.Run("unknown setups, charges and customers are final refusals", s.unknownSaved)
	t.Run("a kept card is charged once per reference, and given back", s.chargesOnce)
	t.Run("a refused charge is closed", s.chargeRefused)
	t.Run("a forgotten customer pays nothing, and what they paid stays", s.forgets)
	if s.Keep != nil {
		t.Run("a card is kept on a page", s.keeps)
		t.Run("a card that is refused on the page is not kept", s.keepsNot)
		t.Run("a kept card says what its bank says", s.chargesKept)
	}
	if s.Present != nil {
		t.Run("a reader is registered once, listed and removed", s.registers)
		t.Run("a card payment is declined, then paid", s.presents)
		t.Run("a card payment can be given up", s.givesUp)
		t.Run("a reader that cannot says so", s.readerFaults)
	}
	if s.Pay == nil || s.Onboard == nil {
		return
	}
	t.Run("a paid checkout names its payment, charge and card", s.paid)
	t.Run("refunds are made once, found again, and never exceed the payment", s.refunds)
	t.Run("an onboarded account is paid once per reference", s.pays)
	t.Run("a transfer beyond the balance is a final refusal", s.balanceShort)
	t.Run("a transfer is reversed once per reference, and never beyond it", s.reverses)
	t.Run("a dispute is answered and won", s.disputeWon)
	t.Run("a dispute is lost, or accepted", s.disputeLost)
	t.Run("an inquiry moves nothing", s.inquiry)
	t.Run("a dispute has its movements", s.disputeMovements)
	t.Run("the movements are the funds", s.books)
	t.Run("recent events are told again", s.events)
	if s.PayOut != nil {
		t.Run("a payout to a bank is read, and its money is gone from the account", s.bankPayout)
	}
}

// Request is a checkout request that any provider takes.
func (s Subject) Request(reference string) payments.CheckoutRequest {
	return payments.CheckoutRequest{
		Reference: "checkout:" + reference + s.Unique, OrderNumber: "R-7K2MQ4", OrderID: "42",
		Lines: []payments.CheckoutLine{
			{Name: "Savon à l’huile d’olive", UnitMinor: 650, Quantity: 3},
			{Name: "Livraison", UnitMinor: 490, Quantity: 1},
		},
		Currency: "EUR", Email: "buyer@example.com", Locale: "fr",
		SuccessURL: "https://shop.example/o/token?session={CHECKOUT_SESSION_ID}", CancelURL: "https://shop.example/cart",
		ExpiresAt: s.Now().Add(30 * time.Minute).Truncate(time.Second), TransferGroup: "order_42",
	}
}

func (s Subject) open(t *testing.T, reference string) payments.Checkout {
	t.Helper()
	c, err := s.Checkouts.OpenCheckout(context.Background(), s.Request(reference))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s Subject) opensOnce(t *testing.T) {
	first := s.open(t, "once")
	again := s.open(t, "once")
	if first.ID == "" || first.ID != again.ID {
		t.Errorf("ids %q and %q, want one", first.ID, again.ID)
	}
	if first.URL == "" || first.State != payments.CheckoutOpen || first.Paid {
		t.Errorf("a new checkout is %+v", first)
	}
	if want := money.New(2440, "EUR"); first.Amount != want {
		t.Errorf("amount %v, want %v", first.Amount, want)
	}
	if first.OrderID != "42" {
		t.Errorf("order %q, want 42", first.OrderID)
	}
	if first.ExpiresAt.Before(s.Now().Add(30 * time.Minute)) {
		t.Errorf("expires at %v, before the order does", first.ExpiresAt)
	}
	read, err := s.Checkouts.Checkout(context.Background(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if read != first {
		t.Errorf("read %+v, want %+v", read, first)
	}
}

func (s Subject) expires(t *testing.T) {
	ctx := context.Background()
	c := s.open(t, "expires")
	if err := s.Checkouts.ExpireCheckout(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	got, err := s.Checkouts.Checkout(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.State != payments.CheckoutExpired || got.URL != "" || got.Paid {
		t.Errorf("after expiry: %+v", got)
	}
	Refused(t, s.Checkouts.ExpireCheckout(ctx, c.ID), payments.Final, payments.CodeCheckoutNotOpen)
}

func (s Subject) unknownCheckout(t *testing.T) {
	_, err := s.Checkouts.Checkout(context.Background(), "cs_test_unknown")
	Refused(t, err, payments.Final, payments.CodeNotFound)
}

func (s Subject) otherContent(t *testing.T) {
	s.open(t, "other")
	r := s.Request("other")
	r.Lines[0].Quantity++
	_, err := s.Checkouts.OpenCheckout(context.Background(), r)
	Refused(t, err, payments.LookUp, payments.CodeIdempotency)
}

func (s Subject) account(t *testing.T, payee int64) payments.Account {
	t.Helper()
	a, err := s.Accounts.CreateAccount(context.Background(), payments.AccountRequest{
		Reference: "account:" + strconv.FormatInt(payee, 10) + s.Unique, PayeeID: payee, Email: "payee@example.com", Country: "FR",
		BusinessType: payments.Individual,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (s Subject) newAccount(t *testing.T) {
	ctx := context.Background()
	a := s.account(t, 1)
	if a.ID == "" || a.PayeeID != 1 || a.Country != "FR" || a.Payable() || a.DetailsSubmitted || a.PayoutsEnabled {
		t.Errorf("a new account is %+v", a)
	}
	if again := s.account(t, 1); again.ID != a.ID {
		t.Errorf("ids %q and %q, want one", a.ID, again.ID)
	}
	link, err := s.Accounts.OnboardingLink(ctx, a.ID, "https://shop.example/back", "https://shop.example/again")
	if err != nil || link == "" {
		t.Errorf("onboarding link %q, %v", link, err)
	}
	_, err = s.Accounts.DashboardLink(ctx, a.ID)
	Refused(t, err, payments.Final, payments.CodeNotReady)
	_, err = s.Transfers.Send(ctx, s.transfer("early", a.ID, 100))
	Refused(t, err, payments.Final, payments.CodeNotReady)
}

func (s Subject) transfer(reference, destination string, minor int64) payments.TransferRequest {
	return payments.TransferRequest{
		Reference: "payout:" + reference + s.Unique, Destination: destination, Amount: money.New(minor, "EUR"),
		Group: "payout_" + reference + s.Unique, Metadata: map[string]string{"payout_id": reference},
	}
}

func (s Subject) unknownAccount(t *testing.T) {
	_, err := s.Accounts.Account(context.Background(), "acct_unknown")
	Refused(t, err, payments.Final, payments.CodeAccountGone)
}

func (s Subject) transferToNobody(t *testing.T) {
	_, err := s.Transfers.Send(context.Background(), s.transfer("nobody", "acct_unknown", 100))
	Refused(t, err, payments.Final, payments.CodeAccountGone)
}

func (s Subject) emptyGroup(t *testing.T) {
	got, err := s.Transfers.FindTransfers(context.Background(), "payout_never_made"+s.Unique)
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func (s Subject) balance(t *testing.T) {
	got, err := s.Transfers.AvailableBalance(context.Background())
	if err != nil || len(got) == 0 {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, a := range got {
		if err := a.Currency.Valid(); err != nil {
			t.Errorf("balance %v: %v", a, err)
		}
	}
}

// Refused checks that an error is the provider's, with that outcome and code.
func Refused(t testing.TB, err error, outcome payments.Outcome, code string) {
	t.Helper()
	var e *payments.Error
	if !errors.As(err, &e) {
		t.Errorf("error %v, want a *payments.Error (%s, %s)", err, code, outcome)
		return
	}
	if e.Outcome != outcome || e.Code != code {
		t.Errorf("refused with %s, %s, want %s, %s: %v", e.Code, e.Outcome, code, outcome, err)
	}
}
