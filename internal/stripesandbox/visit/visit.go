// Package visit fills in the sandbox's hosted pages where no person is.
package visit

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

// Pay fills in the payment page at that address, and says whether the card was accepted or, with 3-D Secure, is asked
// about next. now is the business's time: it makes the card's expiry.
func (v Visitor) Pay(ctx context.Context, address string, p Payer, now time.Time) (accepted bool, err error) {
	status, err := v.post(ctx, address, url.Values{"email": {p.Email}, "name": {p.Name}, "number": {p.Card},
		"expiry": {now.AddDate(2, 0, 0).Format("0106")}, "cvc": {"123"}})
	return status == http.StatusSeeOther, err
}

// Confirm answers the buyer's bank, which asks whether it was them, on the way from the payment page at that address.
func (v Visitor) Confirm(ctx context.Context, address string) error {
	_, err := v.post(ctx, address+"/secure", url.Values{"answer": {"confirm"}})
	return err
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
