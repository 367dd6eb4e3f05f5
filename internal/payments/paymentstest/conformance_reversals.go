package paymentstest

import (
	"context"
	"testing"

	"relais/internal/money"
	"relais/internal/payments"

	"github.com/google/go-cmp/cmp"
)

// paidOut opens an account and sends it money.
func (s Subject) paidOut(t *testing.T, payee int64, reference string, minor int64) payments.Transfer {
	t.Helper()
	s.buy(t, "funds for "+reference, CardInstant)
	a := s.account(t, payee)
	s.Onboard(t, a.ID, OnboardComplete)
	tr, err := s.Transfers.Send(context.Background(), s.transfer(reference, a.ID, minor))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func (s Subject) reverse(transfer, reference string, minor int64) (payments.Reversal, error) {
	return s.Reversals.Reverse(context.Background(), payments.ReversalRequest{
		Reference: "reversal:" + reference + s.Unique, TransferID: transfer, Amount: money.New(minor, "EUR"),
		Metadata: map[string]string{"debt_id": reference},
	})
}

func (s Subject) reverses(t *testing.T) {
	ctx := context.Background()
	tr := s.paidOut(t, 11, "to reverse", 2000)
	if held, err := s.Reversals.AccountBalance(ctx, tr.Destination); err != nil || !cmp.Equal(held, []money.Amount{money.New(2000, "EUR")}) {
		t.Errorf("the account holds %v, %v", held, err)
	}
	first, err := s.reverse(tr.ID, "1", 500)
	if err != nil {
		t.Fatal(err)
	}
	want := payments.Reversal{
		ID: first.ID, Reference: "reversal:1" + s.Unique, TransferID: tr.ID, Amount: money.New(500, "EUR"), Metadata: map[string]string{"debt_id": "1"},
	}
	if diff := cmp.Diff(want, first); diff != "" || first.ID == "" {
		t.Errorf("reversal (-want +got):\n%s", diff)
	}
	if again, err := s.reverse(tr.ID, "1", 500); err != nil || again.ID != first.ID {
		t.Errorf("the same reference made %+v, %v", again, err)
	}
	_, err = s.reverse(tr.ID, "too large", 1501)
	Refused(t, err, payments.Final, payments.CodeReversalTooLarge)
	rest, err := s.reverse(tr.ID, "2", 1500)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.reverse(tr.ID, "nothing left", 1)
	Refused(t, err, payments.Final, payments.CodeReversalTooLarge)
	found, err := s.Reversals.FindReversals(ctx, tr.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]payments.Reversal{rest, first}, found); diff != "" {
		t.Errorf("reversals found (-want +got):\n%s", diff)
	}
	if held, err := s.Reversals.AccountBalance(ctx, tr.Destination); err != nil || !cmp.Equal(held, []money.Amount{money.New(0, "EUR")}) {
		t.Errorf("the account holds %v, %v", held, err)
	}
}

// bankPayout also shows that what has gone to a bank cannot be taken back from the account.
func (s Subject) bankPayout(t *testing.T) {
	ctx := context.Background()
	tr := s.paidOut(t, 12, "to the bank", 700)
	id := s.PayOut(t, tr.Destination)
	got, err := s.Books.BankPayout(ctx, tr.Destination, id)
	if err != nil {
		t.Fatal(err)
	}
	want := payments.BankPayout{ID: id, Amount: money.New(700, "EUR"), State: "pending", Automatic: true, ArrivesOn: got.ArrivesOn}
	if diff := cmp.Diff(want, got); diff != "" || !got.ArrivesOn.After(s.Now()) {
		t.Errorf("payout arriving on %v (-want +got):\n%s", got.ArrivesOn, diff)
	}
	_, err = s.Books.BankPayout(ctx, tr.Destination, "po_unknown")
	Refused(t, err, payments.Final, payments.CodeNotFound)
	_, err = s.Books.BankPayout(ctx, "", id)
	Refused(t, err, payments.Final, payments.CodeNotFound)
	_, err = s.reverse(tr.ID, "short", 700)
	Refused(t, err, payments.Final, payments.CodeBalanceShort)
}
