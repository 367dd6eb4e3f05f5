// Package fault names the errors that are somebody's to know about: the visitor's input, their rights, the state of things.
//
// A fault has a kind, which decides the HTTP status, and a message key, which the page turns into a sentence in the
// reader's language; it keeps its cause for the log. An error that is not a fault is ours: logged, and shown as a plain
// apology.
//
//	errors.Is(err, fault.NotFound)   // through any wrapping
//	f, ok := errors.AsType[*fault.Error](err)
package fault

import (
	"errors"
	"maps"
)

// Kind is what sort of fault it is. It is an error itself, so that errors.Is can ask for it.
type Kind string

// The kinds, with the HTTP status that web gives them.
const (
	Invalid         Kind = "invalid"         // 422: what was sent cannot be accepted; see Fields
	Unauthenticated Kind = "unauthenticated" // 401: log in first
	Forbidden       Kind = "forbidden"       // 403: not yours to do
	NotFound        Kind = "not_found"       // 404
	Conflict        Kind = "conflict"        // 409: no longer possible as things stand
	Declined        Kind = "declined"        // 402: the payment provider said no
	TooMany         Kind = "too_many"        // 429
	Unavailable     Kind = "unavailable"     // 503: try again later
)

func (k Kind) Error() string { return string(k) }

// Error is a fault. Message and the values of Fields are keys of the message catalogue, safe to show once translated.
type Error struct {
	Kind    Kind
	Message string            // "fault.email_taken"
	Args    map[string]any    // values for the message's placeholders
	Fields  map[string]string // field of the form: its own message
	Err     error             // the cause, for the log only
}

// New returns a fault with the message key.
func New(kind Kind, key string) *Error { return &Error{Kind: kind, Message: key} }

// Field returns an Invalid fault about one field of a form.
func Field(field, key string) *Error {
	return &Error{Kind: Invalid, Message: key, Fields: map[string]string{field: key}}
}

// With returns a copy that says something about one more field.
func (e *Error) With(field, key string) *Error {
	c := *e
	c.Fields = maps.Clone(e.Fields)
	if c.Fields == nil {
		c.Fields = map[string]string{}
	}
	c.Fields[field] = key
	return &c
}

// Arg returns a copy with a value for a placeholder of the message.
func (e *Error) Arg(name string, value any) *Error {
	c := *e
	c.Args = maps.Clone(e.Args)
	if c.Args == nil {
		c.Args = map[string]any{}
	}
	c.Args[name] = value
	return &c
}

// Because returns a copy that keeps its cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes a fault equal to its kind, and to any fault of the same kind and message: a copy with more fields is still the
// sentinel it was made from.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case Kind:
		return t == e.Kind
	case *Error:
		return t.Kind == e.Kind && t.Message == e.Message
	}
	return false
}

// Merge makes one Invalid fault of the faults of several fields, or returns the first error that is none of ours; nil where there is no error.
func Merge(errs ...error) error {
	var all *Error
	for _, err := range errs {
		var f *Error
		switch {
		case err == nil:
		case !errors.As(err, &f):
			return err
		case all == nil:
			all = f
		default:
			for field, key := range f.Fields {
				all = all.With(field, key)
			}
		}
	}
	if all == nil {
		return nil
	}
	return all
}
