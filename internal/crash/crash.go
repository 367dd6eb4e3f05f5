// Package crash lets a test kill this program at a named step, as a power cut would: at once, with nothing written and nothing
// told. RELAIS_CRASH_AT names the step, or the step and the pass that is the last one: "refunds.answered:3". Without it a step
// costs a comparison. Production refuses to start while it is set.
//
// Steps stand where a crash would hurt most: between what a provider did and what we know of it, and between two commits that
// belong together. Their names are the package, then what has happened.
package crash

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Variable is the name of the variable of the environment that names the step.
const Variable = "RELAIS_CRASH_AT"

// The steps.
const (
	JobClaimed          = "jobs.claimed"          // a job is leased and not begun
	JobWorked           = "jobs.worked"           // … done and not recorded
	CheckoutOpened      = "orders.opened"         // a payment page is made and its address not kept
	CheckoutRead        = "orders.read"           // a payment is known and the order not locked
	OrderConfirmed      = "orders.confirmed"      // an order is paid or its payment sent back, and that not committed
	CheckoutClosed      = "orders.closed"         // a payment page is closed and the order not ended
	SetupOpened         = "pledges.opened"        // a page for a card is made and its address not kept
	CardKept            = "pledges.kept"          // a card is kept for a pledge, and that not committed
	PledgeOrdered       = "pledges.ordered"       // the order of a pledge is made, and that not committed
	PledgeCharging      = "pledges.charging"      // the intent to charge a card is committed and nobody called
	PledgeCharged       = "pledges.charged"       // a card is charged, or refused, and that not recorded
	PledgeRefused       = "pledges.refused"       // … refused and recorded, and that not committed
	CardForgotten       = "pledges.forgotten"     // the provider forgot a customer and their card, and we did not note it
	EarningReleased     = "earnings.released"     // one earning is free and the others of the batch are not
	RefundSending       = "refunds.sending"       // the intent to refund is committed and nobody called
	RefundAnswered      = "refunds.answered"      // a refund is made and not recorded
	RefundRecorded      = "refunds.recorded"      // … recorded with what follows, and that not committed
	DisputeRead         = "disputes.read"         // a dispute is known and not kept
	DisputeKept         = "disputes.kept"         // … kept with what follows, and that not committed
	PayoutsPlanned      = "payouts.planned"       // a run is planned and nothing of it made
	PayoutsBooked       = "payouts.booked"        // a batch of payouts is booked and not committed
	PayoutsMade         = "payouts.made"          // … committed and the next not begun
	PayoutCalled        = "payouts.called"        // the intent to send is committed and nobody called
	PayoutAnswered      = "payouts.answered"      // a transfer is made and not recorded
	PayoutRecorded      = "payouts.recorded"      // … recorded and booked, and that not committed
	ReversalSending     = "debts.sending"         // the intent to take a transfer back is committed and nobody called
	ReversalAnswered    = "debts.answered"        // it was taken back and that is not recorded
	NoticeKept          = "webhooks.kept"         // a notice is kept and not acknowledged
	NoticeActed         = "webhooks.acted"        // … acted on and not marked
	MovementsKept       = "reconcile.kept"        // movements are kept and the cursor stands where it stood
	DifferencesRecorded = "reconcile.differences" // what differs is written and not committed
	SaleAgreed          = "pos.agreed"            // the order of a sale in person is made and not noted down there
	ReaderRead          = "pos.read"              // a payment at a reader is known to be made and its order not locked
	ReaderConfirmed     = "pos.confirmed"         // … its order is paid, or the payment on its way back, and it is not recorded
)

// Points are all steps.
func Points() []string {
	return []string{JobClaimed, JobWorked, CheckoutOpened, CheckoutRead, OrderConfirmed, CheckoutClosed, SetupOpened, CardKept, PledgeOrdered, PledgeCharging, PledgeCharged,
		PledgeRefused, CardForgotten, EarningReleased, RefundSending, RefundAnswered,
		RefundRecorded, DisputeRead, DisputeKept, PayoutsPlanned, PayoutsBooked, PayoutsMade, PayoutCalled, PayoutAnswered, PayoutRecorded, ReversalSending,
		ReversalAnswered, NoticeKept, NoticeActed, MovementsKept, DifferencesRecorded, SaleAgreed, ReaderRead, ReaderConfirmed}
}

// Valid says whether a value names a step.
func Valid(value string) bool {
	_, ok := parse(value)
	return ok
}

// target is the step at which to die, once it was passed often enough.
type target struct {
	name   string
	passes *atomic.Int64 // left until then
}

func parse(value string) (target, bool) {
	name, pass, counted := strings.Cut(value, ":")
	n := int64(1)
	if counted {
		var err error
		if n, err = strconv.ParseInt(pass, 10, 32); err != nil || n < 1 {
			return target{}, false
		}
	}
	t := target{name: name, passes: new(atomic.Int64)}
	t.passes.Store(n)
	return t, slices.Contains(Points(), name)
}

var armed = arm(os.Getenv(Variable))

func arm(value string) *target {
	if t, ok := parse(value); ok {
		return &t
	}
	return nil
}

// At kills this process where the environment names this step, and else does nothing.
func At(name string) {
	if armed == nil || armed.name != name || armed.passes.Add(-1) != 0 {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing is done after the signal, however late it comes
}
