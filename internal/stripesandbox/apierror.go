package stripesandbox

import (
	"fmt"
	"net/http"
)

// apiError is a refusal in Stripe's shape.
type apiError struct {
	status int
	// executed says that the endpoint had begun its work when it refused. Such a refusal is stored under the
	// idempotency key and repeated; one of malformed parameters is not.
	executed bool
	body     errorBody
}

type errorBody struct {
	Charge      string `json:"charge,omitempty"`
	Code        string `json:"code,omitempty"`
	DeclineCode string `json:"decline_code,omitempty"`
	Message     string `json:"message"`
	Param       string `json:"param,omitempty"`
	Type        string `json:"type"`
}

// Error returns Stripe's sentence.
func (e *apiError) Error() string { return e.body.Message }

const invalidRequest = "invalid_request_error"

// malformed refuses parameters before anything was done.
func malformed(code, param, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, body: errorBody{
		Type: invalidRequest, Code: code, Param: param, Message: fmt.Sprintf(format, args...),
	}}
}

// refused is a refusal by the rules, once the endpoint had begun.
func refused(code, param, format string, args ...any) *apiError {
	e := malformed(code, param, format, args...)
	e.executed = true
	return e
}

// missing says that no such object exists.
func missing(what, id, param string) *apiError {
	e := refused("resource_missing", param, "No such %s: '%s'", what, id)
	e.status = http.StatusNotFound
	if param != "id" && param != "session" && param != "intent" {
		e.status = http.StatusBadRequest // named in a parameter, not in the path
	}
	return e
}
