package stripesandbox

import "relais/internal/stripesandbox/visit"

// Visitor fills in the hosted pages; see package visit.
type Visitor = visit.Visitor

// Payer is what a buyer types on the payment page.
type Payer = visit.Payer

// AcceptedCard and SecondCard are always accepted; DeclinedCard never. The others are accepted, and something comes of
// it later.
const (
	AcceptedCard      = "4242424242424242"
	SecondCard        = "5555555555554444"
	DeclinedCard      = "4000000000000002"
	FraudCard         = "4000000000000259" // the buyer's bank takes the payment back: fraudulent
	NotReceivedCard   = "4000000000002685" // … product_not_received
	InquiryCard       = "4000000000001976" // the buyer's bank asks a question first
	SlowRefundCard    = "4000000000007726" // refunds are pending for an hour
	FailingRefundCard = "4000000000005126" // refunds succeed, and come back an hour later
)

// PersonalCards are always accepted, for people who are to have each a card of their own; SecondCard is the first.
func PersonalCards() []string {
	return []string{SecondCard, "2223003122003222", "5200828282828210", "5105105105105100", "4000056655665556", "6011111111111117", "6011000990139424",
		"3056930009020004", "3566002020360505", "6200000000000005"}
}
