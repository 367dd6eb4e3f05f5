package stripe

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"relais/internal/payments"

	"github.com/stripe/stripe-go/v76/webhook"
)

// tolerance is how far from now, either way, a webhook may be dated.
const tolerance = 5 * time.Minute

// notice is what we read of an event. The object's state is not: it is read afresh by whoever acts on the event, so
// that neither order nor API version of webhooks matters.
type notice struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Account  string `json:"account"`
	Created  int64  `json:"created"`
	Livemode bool   `json:"livemode"`
	Data     struct {
		Object struct {
			ID     string `json:"id"`
			Object string `json:"object"`
		} `json:"object"`
	} `json:"data"`
}

// ParseEvent checks a webhook's signature with the endpoint's secret, or with either while two are in force. The
// library checks the age only, and takes an empty secret: both are refused here.
func (c *Client) ParseEvent(payload []byte, signature string, endpoint payments.Endpoint) (payments.Event, error) {
	keys := c.secrets[endpoint]
	if len(keys) == 0 {
		return payments.Event{}, payments.ErrNoSecret
	}
	if !c.isCurrent(signature) || !signedByAny(payload, signature, keys) {
		return payments.Event{}, payments.ErrSignature
	}
	return c.readEvent(payload)
}

// readEvent reads an event whose sender is known.
func (c *Client) readEvent(payload []byte) (payments.Event, error) {
	var n notice
	if err := json.Unmarshal(payload, &n); err != nil {
		return payments.Event{}, fmt.Errorf("read webhook: %w", err)
	}
	if n.ID == "" || n.Type == "" {
		return payments.Event{}, fmt.Errorf("read webhook: it has no id or type: %w", payments.ErrSignature)
	}
	return payments.Event{
		ID: n.ID, Type: n.Type, Account: n.Account, ObjectType: n.Data.Object.Object, ObjectID: n.Data.Object.ID,
		Created: time.Unix(n.Created, 0).UTC(), LiveMode: n.Livemode, WrongMode: n.Livemode != c.live, Payload: payload,
	}, nil
}

func signedByAny(payload []byte, signature string, keys []string) bool {
	for _, key := range keys {
		if webhook.ValidatePayloadIgnoringTolerance(payload, signature, key) == nil {
			return true
		}
	}
	return false
}

// isCurrent reports whether the signature's time, its last "t=" as the library reads it, is near now.
func (c *Client) isCurrent(signature string) bool {
	var at time.Time
	for part := range strings.SplitSeq(signature, ",") {
		if text, ok := strings.CutPrefix(part, "t="); ok {
			sec, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return false
			}
			at = time.Unix(sec, 0)
		}
	}
	age := c.now().Sub(at)
	return -tolerance <= age && age <= tolerance
}
