package page

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
)

// Form keeps what a person typed and what is wrong with it, so that a refused form is shown again with nothing lost.
//
//	form := page.PostedForm(c)
//	_, err := s.members.SignUp(ctx, form.Get("email"), form.Raw("password"))
//	if form.Refused(err) {
//		return s.site.Render(c, http.StatusUnprocessableEntity, "account/signup", signupPage{Form: form})
//	}
//	if err != nil {
//		return err
//	}
//
// Templates show it by the partials "form-errors" and "field".
type Form struct {
	values url.Values
	fault  *fault.Error
	fields map[string]string
	said   map[string]string // fields whose message is in words already
}

// NewForm returns a form filled with pairs of names and values, for the page that shows it first.
func NewForm(pairs ...string) *Form {
	f := &Form{values: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values.Add(pairs[i], pairs[i+1])
	}
	return f
}

// PostedForm returns the form that the request carries, url-encoded or multipart; query parameters are not part of it.
func PostedForm(c echo.Context) *Form {
	f := NewForm()
	if strings.HasPrefix(c.Request().Header.Get("Content-Type"), "multipart/form-data") {
		if form, err := c.MultipartForm(); err == nil {
			f.values = asText(form.Value)
		}
	} else if err := c.Request().ParseForm(); err == nil {
		f.values = asText(c.Request().PostForm)
	}
	return f
}

// QueryForm returns the request's query as a form: for filters.
func QueryForm(c echo.Context) *Form { return &Form{values: c.QueryParams()} }

// Get returns the first value of the field without space around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// Raw returns the first value of the field as it was typed: for passwords.
func (f *Form) Raw(name string) string { return f.values.Get(name) }

// All returns every value of the field.
func (f *Form) All(name string) []string { return f.values[name] }

// Has reports whether the field has that value: for check boxes, radio buttons and options.
func (f *Form) Has(name, value string) bool { return slices.Contains(f.values[name], value) }

// Int returns the field as a whole number, or fallback when it is empty or not a number.
func (f *Form) Int(name string, fallback int64) int64 {
	if n, err := strconv.ParseInt(f.Get(name), 10, 64); err == nil {
		return n
	}
	return fallback
}

// Set replaces the values of the field.
func (f *Form) Set(name string, values ...string) { f.values[name] = values }

// Fail marks a field as wrong with the message of that key.
func (f *Form) Fail(field, key string) {
	if f.fields == nil {
		f.fields = map[string]string{}
	}
	f.fields[field] = key
}

// Say marks a field as wrong in words, for a message that has values of its own.
func (f *Form) Say(field, text string) {
	if f.said == nil {
		f.said = map[string]string{}
	}
	f.said[field] = text
	f.Fail(field, "")
}

// Failed reports whether anything is wrong with the form.
func (f *Form) Failed() bool { return f.fault != nil || len(f.fields) > 0 }

// Refused takes over the faults that the person can put right (Invalid, Conflict, Declined, TooMany) and reports
// whether err was one. Other errors are the caller's to return.
func (f *Form) Refused(err error) bool {
	var problem *fault.Error
	if !errors.As(err, &problem) {
		return false
	}
	switch problem.Kind {
	case fault.Invalid, fault.Conflict, fault.Declined, fault.TooMany:
	default:
		return false
	}
	f.fault = problem
	for field, key := range problem.Fields {
		f.Fail(field, key)
	}
	return true
}

// Status is what the page of this form is answered with: 200, or that of the fault (422, 409, 402, 429).
func (f *Form) Status() int {
	switch {
	case f.fault != nil:
		return statusOf(f.fault.Kind)
	case len(f.fields) > 0:
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// Error returns what is wrong with the field, in words, or "".
func (f *Form) Error(l i18n.Lang, field string) string {
	key, ok := f.fields[field]
	if !ok {
		return ""
	}
	if text, ok := f.said[field]; ok {
		return text
	}
	return l.T(key, f.args()...)
}

// Problem is one line of the summary above a refused form. Field is empty when it concerns the whole form.
type Problem struct{ Field, Text string }

// Problems lists what is wrong, the whole form first, then the fields by name.
func (f *Form) Problems(l i18n.Lang) []Problem {
	var list []Problem
	if f.fault != nil && !slices.Contains(keysOf(f.fault.Fields), f.fault.Message) {
		list = append(list, Problem{"", l.T(f.fault.Message, f.args()...)})
	}
	for field := range f.fields {
		list = append(list, Problem{field, f.Error(l, field)})
	}
	slices.SortFunc(list, func(a, b Problem) int { return strings.Compare(a.Field, b.Field) })
	return list
}

func (f *Form) args() []any {
	if f.fault == nil {
		return nil
	}
	return faultArgs(f.fault)
}

func faultArgs(e *fault.Error) []any {
	var args []any
	for name, value := range e.Args {
		args = append(args, name, value)
	}
	return args
}

func keysOf(fields map[string]string) []string {
	var keys []string
	for _, key := range fields {
		keys = append(keys, key)
	}
	return keys
}
