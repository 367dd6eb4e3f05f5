package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"relais/internal/app"
)

// verdict is what the oracle has to say after a round.
type verdict struct {
	doubles, losses, stuck int      // must be 0
	other                  []string // what else is wrong, in words
	words                  []string // of the doubles, losses and stuck rows
}

func (v *verdict) double(format string, args ...any) {
	v.doubles++
	v.words = append(v.words, "twice: "+fmt.Sprintf(format, args...))
}

func (v *verdict) lost(format string, args ...any) {
	v.losses++
	v.words = append(v.words, "lost: "+fmt.Sprintf(format, args...))
}

// bad reports whether anything is wrong.
func (v *verdict) bad() bool { return v.doubles+v.losses+v.stuck+len(v.other) > 0 }

// text is everything that is wrong, a line each.
func (v *verdict) text() string { return strings.Join(append(slices.Clone(v.words), v.other...), "\n") }

// judge holds what we have against what the sandbox has, both ways, without the code that is under test, and then asks that code too.
func (w *world) judge(ctx context.Context) (verdict, error) {
	v := verdict{}
	if err := w.explain(ctx); err != nil {
		return v, err
	}
	for _, look := range []func(context.Context, *verdict) error{w.judgePayouts, w.judgeRefunds, w.judgePayments, w.judgeReversals, w.judgeDisputes,
		w.judgeRows, w.judgeAudit, w.judgeBooks} {
		if err := look(ctx, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

const selectSentBack = `
select d.id from differences d join refunds r on d.object = 'refund ' || r.id where d.resolved_at is null and d.explained_at is null and r.stray and r.failure = 'expired_or_canceled_card'`

// explain is an admin who looks into the payments that no order keeps and that the buyer's bank sends back each time, as the card is no more: somebody has to ask
// its buyer where to send them, and the comparison rightly says so.
func (w *world) explain(ctx context.Context) error {
	var ids []int64
	_, err := w.domains.Reconcile.Run(ctx, true)
	if err == nil {
		err = w.owner.SelectContext(ctx, &ids, selectSentBack)
	}
	for _, id := range ids {
		waits, failed := w.domains.Reconcile.Explain(ctx, w.members[0], id, "The card is no more; its buyer was asked for an account.")
		if failed == nil && waits {
			failed = w.domains.Reconcile.Confirm(ctx, w.members[1], id)
		}
		err = errors.Join(err, failed)
	}
	return err
}

// thing is an object of Stripe's as far as the oracle looks at it.
type thing struct {
	ID, Status, Destination string
	Amount                  int64
	Currency                string
	TransferGroup           string `json:"transfer_group"`
	PaymentIntent           string `json:"payment_intent"`
	LatestCharge            string `json:"latest_charge"`
	Metadata                map[string]string
}

// list is every object of a kind that the sandbox has.
func (w *world) list(ctx context.Context, path string) ([]thing, error) {
	var all []thing
	for after := ""; ; {
		q := url.Values{"limit": {"100"}}
		if after != "" {
			q.Set("starting_after", after)
		}
		var page struct {
			Data    []thing
			HasMore bool `json:"has_more"`
		}
		if err := w.callStripe(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if !page.HasMore {
			return all, nil
		}
		after = all[len(all)-1].ID
	}
}

// judgePayouts: each payout that was sent is exactly one transfer, and each transfer one payout.
func (w *world) judgePayouts(ctx context.Context, v *verdict) error {
	transfers, err := w.list(ctx, "/v1/transfers")
	if err != nil {
		return err
	}
	var rows []struct {
		ID          int64  `db:"id"`
		Group       string `db:"transfer_group"`
		State       string `db:"state"`
		Transfer    string `db:"transfer_id"`
		Amount      int64  `db:"amount_minor"`
		Destination string `db:"destination"`
	}
	if err := w.owner.SelectContext(ctx, &rows, `select id, 'payout_' || id || '_' || key as transfer_group, state, coalesce(transfer_id, '') as transfer_id, amount_minor, destination from payouts`); err != nil {
		return err
	}
	w.counts.transfers = len(transfers)
	byGroup := map[string][]thing{}
	for _, t := range transfers {
		byGroup[t.TransferGroup] = append(byGroup[t.TransferGroup], t)
	}
	for _, r := range rows {
		sent := byGroup[r.Group]
		delete(byGroup, r.Group)
		switch {
		case len(sent) > 1:
			v.double("payout %d went out as %d transfers", r.ID, len(sent))
		case r.State == "sent" && (len(sent) == 0 || sent[0].ID != r.Transfer || sent[0].Amount != r.Amount || sent[0].Destination != r.Destination):
			v.lost("payout %d is sent as %s of %d, at Stripe is %v", r.ID, r.Transfer, r.Amount, sent)
		case r.State == "failed" && len(sent) > 0:
			v.double("payout %d failed, and went out as %s", r.ID, sent[0].ID)
		}
	}
	for group, sent := range byGroup {
		v.double("transfers %v of group %q are no payout of ours", sent, group)
	}
	return nil
}

// judgeRefunds: each refund of ours is exactly one at Stripe.
func (w *world) judgeRefunds(ctx context.Context, v *verdict) error {
	refunds, err := w.list(ctx, "/v1/refunds")
	if err != nil {
		return err
	}
	var rows []struct {
		ID     int64  `db:"id"`
		Stripe string `db:"stripe_id"`
		State  string `db:"state"`
		Amount int64  `db:"amount_minor"`
		Key    string `db:"key"`
		Stray  bool   `db:"stray"`
	}
	if err := w.owner.SelectContext(ctx, &rows, `select id, coalesce(stripe_id, '') as stripe_id, state, amount_minor, key, stray from refunds`); err != nil {
		return err
	}
	w.counts.refunds = len(refunds)
	kept := map[string]int{} // by our reference: those that did not come back
	byID := map[string]thing{}
	for _, r := range refunds {
		byID[r.ID] = r
		if r.Status != "failed" && r.Status != "canceled" {
			kept[strings.TrimRight(r.Metadata["reference"], "0123456789")]++
		}
	}
	for _, r := range rows {
		at, known := byID[r.Stripe]
		ours := fmt.Sprintf("refund-%d-%s-", r.ID, r.Key)
		delete(byID, r.Stripe)
		switch n := kept[ours]; {
		case n > 1:
			v.double("refund %d was made %d times", r.ID, n)
		case n == 1 && (r.State == "failed" || r.State == "canceled"):
			v.double("refund %d is %s, and was made", r.ID, r.State)
		case r.Stripe != "" && (!known || at.Status != r.State || at.Amount != r.Amount):
			v.lost("refund %d is %s of %d as %s, at Stripe %s of %d", r.ID, r.State, r.Amount, r.Stripe, at.Status, at.Amount)
		case r.State == "succeeded" && n == 0:
			v.lost("refund %d succeeded, and Stripe has none", r.ID)
		}
	}
	for id, r := range byID {
		if r.Status != "failed" && r.Status != "canceled" {
			v.double("refund %s of %d (%v) is none of ours", id, r.Amount, r.Metadata)
		}
	}
	return nil
}

// judgePayments: each payment that Stripe took pays one order or is on its way back; no order was paid twice and kept it.
func (w *world) judgePayments(ctx context.Context, v *verdict) error {
	payments, err := w.list(ctx, "/v1/payment_intents")
	if err != nil {
		return err
	}
	var paying, strays []string
	if err := w.owner.SelectContext(ctx, &paying, `select payment_intent_id from orders where payment_intent_id is not null`); err != nil {
		return err
	}
	if err := w.owner.SelectContext(ctx, &strays, `select payment_intent_id from refunds where stray`); err != nil {
		return err
	}
	kept, back := map[string]int{}, map[string]int{}
	for _, id := range paying {
		kept[id]++
	}
	for _, id := range strays {
		back[id]++
	}
	for _, p := range payments {
		n, m := kept[p.ID], back[p.ID]
		delete(kept, p.ID)
		delete(back, p.ID)
		switch {
		case p.Status != "succeeded" && n+m > 0:
			v.lost("payment %s is %s and counts with us", p.ID, p.Status)
		case p.Status == "succeeded" && n+m == 0:
			v.lost("payment %s of %d (%v) pays no order and does not go back", p.ID, p.Amount, p.Metadata)
		case n+m > 1:
			v.double("payment %s pays %d orders and goes back %d times", p.ID, n, m)
		case p.Status == "succeeded":
			w.counts.payments++
		}
	}
	if len(kept)+len(back) > 0 {
		v.lost("payments that Stripe does not have: %v %v", kept, back)
	}
	return nil
}

// judgeReversals: each transfer taken back was taken back once.
func (w *world) judgeReversals(ctx context.Context, v *verdict) error {
	var rows []struct {
		ID       int64  `db:"id"`
		Key      string `db:"key"`
		Transfer string `db:"transfer_id"`
		State    string `db:"state"`
	}
	if err := w.owner.SelectContext(ctx, &rows, `select r.id, r.key, p.transfer_id, r.state from reversals r join payouts p on p.id = r.payout_id`); err != nil {
		return err
	}
	w.counts.reversals = len(rows)
	for _, r := range rows {
		made, err := w.list(ctx, "/v1/transfers/"+r.Transfer+"/reversals")
		if err != nil {
			return err
		}
		n := 0
		for _, m := range made {
			if strings.HasPrefix(m.Metadata["reference"], fmt.Sprintf("reversal-%d-%s-", r.ID, r.Key)) {
				n++
			}
		}
		switch {
		case n > 1 || n == 1 && r.State == "failed":
			v.double("reversal %d is %s, and was made %d times", r.ID, r.State, n)
		case n == 0 && r.State == "done":
			v.lost("reversal %d is done, and Stripe has none", r.ID)
		}
	}
	return nil
}

// judgeDisputes: we know every dispute, as it stands.
func (w *world) judgeDisputes(ctx context.Context, v *verdict) error {
	disputes, err := w.list(ctx, "/v1/disputes")
	if err != nil {
		return err
	}
	var rows []struct {
		Stripe string `db:"stripe_id"`
		State  string `db:"state"`
	}
	if err := w.owner.SelectContext(ctx, &rows, `select stripe_id, state from disputes`); err != nil {
		return err
	}
	w.counts.disputes = len(disputes)
	ours := map[string]string{}
	for _, r := range rows {
		ours[r.Stripe] = r.State
	}
	for _, d := range disputes {
		if ours[d.ID] != d.Status {
			v.lost("dispute %s is %s at Stripe, and %q with us", d.ID, d.Status, ours[d.ID])
		}
	}
	return nil
}

// judgeAudit: no invariant is broken.
func (w *world) judgeAudit(ctx context.Context, v *verdict) error {
	findings, err := app.Audit(ctx, w.shared)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.Count != 0 {
			v.other = append(v.other, fmt.Sprintf("%s %s is broken %d times: %s", f.Number, f.Name, f.Count, f.Description))
		}
	}
	return nil
}

// judgeBooks: the comparison with Stripe finds nothing.
func (w *world) judgeBooks(ctx context.Context, v *verdict) error {
	r, err := w.domains.Reconcile.Run(ctx, true)
	if err != nil {
		return err
	}
	for _, d := range r.Open {
		v.other = append(v.other, "a difference: "+d.String())
	}
	return nil
}
