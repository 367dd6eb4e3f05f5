package stripesandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Visitor fills in the hosted pages over HTTP as a person does in a browser, where no person is: in the making of the
// demo, and in tests. The zero value asks for pages at the addresses that they have.
type Visitor struct {
	Site string // addresses that begin with this …
	At   string // … are asked for here: where the sandbox listens while the site does not
}

// Payer is what a buyer types on the payment page.
type Payer struct {
	Email, Name string
	Card        string // one of Stripe's test numbers
}

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

// Pay fills in the payment page at that address, and says whether the card was accepted or, with 3-D Secure, is asked
// about next. now is the business's time: it makes the card's expiry.
func (v Visitor) Pay(ctx context.Context, address string, p Payer, now time.Time) (accepted bool, err error) {
	status, err := v.post(ctx, address, url.Values{"email": {p.Email}, "name": {p.Name}, "number": {p.Card},
		"expiry": {now.AddDate(2, 0, 0).Format("0106")}, "cvc": {"123"}})
	return status == http.StatusSeeOther, err
}

// Onboard opens a one-time onboarding link and completes what Stripe asks there.
func (v Visitor) Onboard(ctx context.Context, link string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.reach(link), nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{}).Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", link, answer.Status)
	}
	_, err = v.post(ctx, answer.Request.URL.String(), url.Values{"finish": {"complete"}})
	return err
}

func (v Visitor) reach(address string) string {
	if rest, ok := strings.CutPrefix(address, v.Site); ok {
		return v.At + rest
	}
	return address
}

// post sends a form and does not follow where it leads: away from the sandbox.
func (v Visitor) post(ctx context.Context, address string, form url.Values) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.reach(address), strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := (&http.Client{CheckRedirect: stay}).Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther && answer.StatusCode != http.StatusPaymentRequired {
		return answer.StatusCode, fmt.Errorf("%s answers %s", address, answer.Status)
	}
	return answer.StatusCode, nil
}
