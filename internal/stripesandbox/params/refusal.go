package params

import (
	"fmt"
	"net/http"
)

// Refusal is a refusal in Stripe's shape.
type Refusal struct {
	Status int
	// Executed says that the endpoint had begun its work when it refused. Such a refusal is stored under the
	// idempotency key and repeated; one of malformed parameters is not.
	Executed bool
	Kept     bool // what it did until then is done
	Body     Body
}

// Body is what a refusal says.
type Body struct {
	Charge      string `json:"charge,omitempty"`
	Code        string `json:"code,omitempty"`
	DeclineCode string `json:"decline_code,omitempty"`
	Message     string `json:"message"`
	Param       string `json:"param,omitempty"`
	Intent      any    `json:"payment_intent,omitempty"` // as it stands after a card was refused
	Type        string `json:"type"`
}

// Error returns Stripe's sentence.
func (e *Refusal) Error() string { return e.Body.Message }

// InvalidRequest is the type of a refusal for which the caller has to change the call.
const InvalidRequest = "invalid_request_error"

// Malformed refuses parameters before anything was done.
func Malformed(code, param, format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Body: Body{
		Type: InvalidRequest, Code: code, Param: param, Message: fmt.Sprintf(format, args...),
	}}
}

// Refused is a refusal by the rules, once the endpoint had begun.
func Refused(code, param, format string, args ...any) *Refusal {
	e := Malformed(code, param, format, args...)
	e.Executed = true
	return e
}

// Late is a refusal of a call whose work was done all the same: what it changed stays.
func Late(code, message string) *Refusal {
	e := Refused(code, "", "%s", message)
	e.Kept = true
	return e
}

// Declined is a bank's refusal of a payment, which leaves its intent behind.
func Declined(why Body, intent any) *Refusal {
	why.Intent = intent
	return &Refusal{Status: http.StatusPaymentRequired, Executed: true, Kept: true, Body: why}
}

// Missing says that no such object exists.
func Missing(what, id, param string) *Refusal {
	e := Refused("resource_missing", param, "No such %s: '%s'", what, id)
	e.Status = http.StatusNotFound
	if param != "id" && param != "session" && param != "intent" {
		e.Status = http.StatusBadRequest // named in a parameter, not in the path
	}
	return e
}
