package stripesandbox

import (
	"slices"

	"relais/internal/stripesandbox/params"
)

// lags reports whether an object is too new for a list that lags behind.
func (c *call) lags(o object) bool {
	recent, ok := o.(interface{ made() int64 })
	return ok && unix(recent.made()).Add(c.sandbox.options.ListLag).After(c.tx.now)
}

// page answers a list call: the kept objects of one kind, newest first, a page at a time. The caller has read its own
// filters from the form before, so that what is left unread is unknown.
func page[T object](c *call, kind, url string, keep func(T) bool) (any, *params.Refusal) {
	limit := int(c.form.Number("limit", 1))
	after, before := c.form.Text("starting_after"), c.form.Text("ending_before")
	if limit == 0 {
		limit = 10
	}
	if limit > 100 {
		c.form.Fail(params.Malformed("parameter_invalid_integer", "limit", "This value must be less than or equal to 100."))
	}
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	for _, cursor := range []string{after, before} {
		if cursor != "" && c.tx.find(cursor) == nil {
			return nil, params.Missing(kind, cursor, "starting_after")
		}
	}
	ids := slices.Clone(c.tx.state.order[kind])
	slices.Reverse(ids)
	if after != "" {
		ids = ids[slices.Index(ids, after)+1:]
	}
	if before != "" {
		ids = ids[:max(slices.Index(ids, before), 0)]
		slices.Reverse(ids) // the page next to the cursor, not the first
	}
	out := emptyList(url)
	for _, id := range ids {
		o, ok := load[T](c.tx, id)
		if !ok || !keep(o) || c.lags(o) {
			continue
		}
		if len(out.Data) == limit {
			out.HasMore = true
			break
		}
		out.Data = append(out.Data, c.tx.present(o))
	}
	if before != "" {
		slices.Reverse(out.Data)
	}
	return out, nil
}
