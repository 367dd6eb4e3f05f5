package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/debts"
	"relais/internal/disputes"
	"relais/internal/documents"
	"relais/internal/earnings"
	"relais/internal/jobs"
	"relais/internal/orders"
	"relais/internal/payouts"
	"relais/internal/pledges"
	"relais/internal/pos"
	"relais/internal/reconcile"
	"relais/internal/refunds"
	"relais/internal/returns"
	"relais/internal/webhooks"
)

// act is one click of a brand, an admin, a payee, or a decision of a bank. What is refused, or meets no database and no Stripe, is
// left: people do not click for ever.
type act func(ctx context.Context, random *rand.Rand) error

// work goes on clicking until ctx ends.
func (w *world) work(ctx context.Context, random *rand.Rand) {
	acts := []act{w.deliver, w.deliver, w.deliver, w.refundPart, w.refundPart, w.refundAll, w.takeBack, w.dispute, w.decide, w.payRun, w.payNow, w.owe, w.goOn, w.recover, w.payOrphan,
		w.cancel, w.gather, w.gather, w.leave, w.callOff, w.payRefused, w.sellAtReader, w.sellAtReader}
	for ctx.Err() == nil {
		w.breathe(ctx)
		w.gate.RLock()
		err := acts[random.IntN(len(acts))](ctx, random)
		w.gate.RUnlock()
		if err == nil {
			w.counts.clicks.Add(1)
		}
		w.pause(ctx, time.Duration(30+random.IntN(170))*time.Millisecond)
	}
}

const selectPaid = `select id from orders where state = 'paid' order by id desc offset $1 limit 1`

// some is a paid order, one of the newest.
func (w *world) some(ctx context.Context, random *rand.Rand) (orders.Page, error) {
	var id int64
	if err := w.owner.GetContext(ctx, &id, selectPaid, random.IntN(60)); err != nil {
		return orders.Page{}, err
	}
	return w.domains.Orders.ByID(ctx, id)
}

func (w *world) deliver(ctx context.Context, random *rand.Rand) error {
	p, err := w.some(ctx, random)
	if err != nil {
		return err
	}
	for _, s := range p.Shipments {
		if err := w.domains.Orders.Ship(ctx, s.BrandID, s.ID, "Colissimo", "6A000"); err != nil {
			return err
		}
		if random.IntN(3) == 0 {
			continue // time will do it
		}
		if err := w.domains.Orders.Deliver(ctx, 0, s.ID, "buyer"); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) refund(ctx context.Context, random *rand.Rand, p orders.Page, brand int64, wish orders.RefundWish) error {
	_, err := w.domains.Orders.Refund(ctx, orders.RefundRequest{OrderID: p.ID, BrandID: brand, Operation: fmt.Sprintf("torture-%016x", random.Uint64()), Reason: "admin", Wish: wish})
	return err
}

// refundPart pays back some cents, or a piece.
func (w *world) refundPart(ctx context.Context, random *rand.Rand) error {
	p, err := w.some(ctx, random)
	if err != nil {
		return err
	}
	sh := p.Shipments[random.IntN(len(p.Shipments))]
	wish := orders.RefundWish{Minor: 100 + random.Int64N(900), ShipmentID: sh.ID}
	if l := sh.Lines[random.IntN(len(sh.Lines))]; random.IntN(2) == 0 && l.PiecesLeft() > 0 {
		wish = orders.RefundWish{Lines: []orders.RefundLine{{LineID: l.ID, Quantity: 1, Minor: min(l.Left(), l.PriceMinor), Restock: random.IntN(2) == 0}}}
	}
	return w.refund(ctx, random, p, sh.BrandID, wish)
}

func (w *world) refundAll(ctx context.Context, random *rand.Rand) error {
	p, err := w.some(ctx, random)
	if err != nil {
		return err
	}
	return w.everything(ctx, random, p)
}

// everything pays back what is left of an order.
func (w *world) everything(ctx context.Context, random *rand.Rand, p orders.Page) error {
	var wish orders.RefundWish
	for _, sh := range p.Shipments {
		for _, l := range sh.Lines {
			if l.Left() > 0 {
				wish.Lines = append(wish.Lines, orders.RefundLine{LineID: l.ID, Quantity: l.PiecesLeft(), Minor: l.Left(), Restock: true})
			}
		}
		if sh.DeliveryLeft() > 0 {
			wish.Delivery = append(wish.Delivery, sh.ID)
		}
	}
	return w.refund(ctx, random, p, 0, wish)
}

const selectReleased = `
select o.id from orders o where o.state = 'paid' and exists (select 1 from earnings e where e.order_id = o.id and e.released_at is not null) order by random() limit 1`

// owe refunds an order whose earnings were free, and so perhaps paid out.
func (w *world) owe(ctx context.Context, random *rand.Rand) error {
	var id int64
	if err := w.owner.GetContext(ctx, &id, selectReleased); err != nil {
		return err
	}
	p, err := w.domains.Orders.ByID(ctx, id)
	if err != nil {
		return err
	}
	return w.everything(ctx, random, p)
}

// takeBack has a return arrive.
func (w *world) takeBack(ctx context.Context, _ *rand.Rand) error {
	var id int64
	if err := w.owner.GetContext(ctx, &id, `select id from returns where state = 'approved' order by id limit 1`); err != nil {
		return err
	}
	return w.domains.Returns.Receive(ctx, returns.Receipt{ReturnID: id, Restock: true})
}

func (w *world) dispute(ctx context.Context, random *rand.Rand) error {
	p, err := w.some(ctx, random)
	if err != nil || random.IntN(3) > 0 {
		return err
	}
	_, err = w.sandbox.OpenDispute(*p.PaymentIntentID, 0, "fraudulent", random.IntN(4) == 0)
	return err
}

const selectDispute = `select stripe_id from disputes order by decided_at is not null, random() limit 1`

func (w *world) decide(ctx context.Context, random *rand.Rand) error {
	var id string
	if err := w.owner.GetContext(ctx, &id, selectDispute); err != nil {
		return err
	}
	return w.sandbox.DecideDispute(id, random.IntN(2) == 0)
}

const selectOpenRuns = `select count(*) from payout_runs where state <> 'done'`

func (w *world) payRun(ctx context.Context, _ *rand.Rand) error {
	var open int
	if err := w.owner.GetContext(ctx, &open, selectOpenRuns); err != nil || open > 2 {
		return err
	}
	_, err := w.domains.Payouts.Start(ctx, 0)
	return err
}

func (w *world) payNow(ctx context.Context, random *rand.Rand) error {
	payee, err := w.domains.Payouts.PayeeOf(ctx, earnings.Owner{MemberID: w.members[random.IntN(len(w.members))]})
	if err != nil {
		return err
	}
	return w.domains.Payouts.PayNow(ctx, 0, payee.ID)
}

// free releases what is due.
func (w *world) free(ctx context.Context, _ *rand.Rand) error { return w.domains.Orders.Release(ctx) }

func (w *world) startRun(ctx context.Context, _ *rand.Rand) error {
	_, err := w.domains.Payouts.Start(ctx, 0)
	return err
}

// goOn resumes a run that paused itself.
func (w *world) goOn(ctx context.Context, _ *rand.Rand) error {
	var id int64
	if err := w.owner.GetContext(ctx, &id, `select id from payout_runs where state = 'paused' order by id limit 1`); err != nil {
		return err
	}
	return w.domains.Payouts.Resume(ctx, 0, id)
}

const selectAccounts = `
select y.stripe_account_id from payees y join ledger_accounts a on a.owner_id = y.id and a.kind = 'debt' join ledger_balances b on b.account_id = a.id
where b.balance < 0 and y.stripe_account_id is not null`

// recover gives accounts of payees with debts something to take back, which their other customers may have paid, and takes it.
func (w *world) recover(ctx context.Context, _ *rand.Rand) error {
	var ids []string
	if err := w.owner.SelectContext(ctx, &ids, selectAccounts); err != nil {
		return err
	}
	for _, id := range ids {
		if err := w.sandbox.AdjustAccountBalance(id, "eur", 5000); err != nil {
			return err
		}
	}
	return w.domains.Debts.Sweep(ctx)
}

// payOrphan pays on a page whose address got lost: a buyer had it open in another window.
func (w *world) payOrphan(ctx context.Context, random *rand.Rand) error {
	var open struct {
		Data []struct {
			Status, URL string
		}
	}
	if err := w.callStripe(ctx, http.MethodGet, "/v1/checkout/sessions?limit=100", nil, &open); err != nil || len(open.Data) == 0 {
		return err
	}
	if s := open.Data[random.IntN(len(open.Data))]; s.Status == "open" && random.IntN(3) == 0 {
		_, err := stripePage.Pay(ctx, s.URL, payer, w.domains.Clock.Now())
		return err
	}
	return nil
}

// cancel ends an order that waits for its payment.
func (w *world) cancel(ctx context.Context, random *rand.Rand) error {
	var id int64
	if err := w.owner.GetContext(ctx, &id, `select id from orders where state = 'awaiting_payment' order by id desc offset $1 limit 1`, random.IntN(10)); err != nil {
		return err
	}
	return w.domains.Orders.Cancel(ctx, id)
}

// hourly are the jobs that come by themselves in the course of a day.
var hourly = []string{orders.JobSweepExpired, orders.JobSweepDelivered, orders.JobRelease, refunds.JobSweep, disputes.JobSweep, payouts.JobSchedule, debts.JobSweep,
	reconcile.JobRun, pledges.JobSweep, webhooks.JobFeed, documents.JobFull, documents.JobMonth, pos.JobSweep}

const selectWaiting = `select exists (select 1 from jobs where kind = $1 and done_at is null and parked_at is null)`

// stir has everything done that comes by itself, as after an hour. again: also what is under way already, perhaps with somebody who died.
// whole: the comparison with Stripe leaves nothing out.
func (w *world) stir(ctx context.Context, again, whole bool) error {
	for _, kind := range hourly {
		tx, err := w.owner.BeginTxx(ctx, nil)
		if err != nil {
			return err
		}
		if err := stirOne(ctx, tx, kind, again, whole); err != nil {
			_ = tx.Rollback()
			return fmt.Errorf("enqueue %s: %w", kind, err)
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

func stirOne(ctx context.Context, tx *sqlx.Tx, kind string, again, whole bool) error {
	var waits bool
	if err := tx.GetContext(ctx, &waits, selectWaiting, kind); err != nil || waits && !again {
		return err
	}
	return jobs.Enqueue(ctx, tx, jobs.Job{Kind: kind, Args: map[string]bool{"whole": whole}})
}

// callStripe asks the sandbox as its owner would, and reads the answer into out.
func (w *world) callStripe(ctx context.Context, method, path string, form url.Values, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, w.at+"/stripe"+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+stripeKey)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s %s", method, path, res.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}
