// Package shopify reads product files in Shopify's CSV format into a brand's catalogue.
//
// A file is refused whole when it cannot be trusted as a file (not UTF-8, a column missing, a quote that never
// closes, too large); otherwise every one of its rows ends with an outcome: created, updated, unchanged, or
// refused with a reason. Rows with the same Handle are one product: the first carries its texts, each row with
// a price is a variant, a row with only a picture adds that picture.
//
//	bytes ── Read ──► File ── Plan (pure) ──► products to write, rows with outcomes ── apply, one transaction each
//	                            ▲
//	                            └── what the brand has now
//
// Importing a file again changes nothing. A product is written whole or not at all; when its first row is
// refused all its rows are. Pictures are fetched before the transaction; one that cannot be had is reported on
// its row and the product is kept. A long import runs as a job: it records the rows of each product with the
// product, so after an interruption it goes on where it was.
package shopify

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"relais/internal/fault"
	"relais/internal/i18n"
)

// Outcome is what became of a row.
type Outcome string

// The outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	Refused   Outcome = "refused"
)

// Outcomes lists them in the order of a report.
func Outcomes() []Outcome { return []Outcome{Created, Updated, Unchanged, Refused} }

// Args are what a reason names: column, value, another line.
type Args map[string]any

// Scan reads Args from a jsonb column.
func (a *Args) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("read arguments of a reason: %T", src)
	}
	return json.Unmarshal(raw, a)
}

// Row is the account of one row of the file. A row that was not refused may carry a Reason too: what could
// not be done with it (a picture out of reach).
type Row struct {
	Line    int     `db:"line" json:"line"`
	Handle  string  `db:"handle" json:"handle"`
	Outcome Outcome `db:"outcome" json:"outcome"`
	Reason  string  `db:"reason" json:"reason"` // i18n key
	Args    Args    `db:"args" json:"args"`
}

// Why is the reason in words; empty without one.
func (r Row) Why(l i18n.Lang) string { return words(l, r.Reason, r.Args) }

// words fills a message with arguments that have been through JSON.
func words(l i18n.Lang, key string, named Args) string {
	if key == "" {
		return ""
	}
	var args []any
	for _, name := range slices.Sorted(maps.Keys(named)) {
		value := named[name]
		if n, ok := value.(float64); ok {
			value = int64(n)
		}
		args = append(args, name, value)
	}
	return l.T(key, args...)
}

// reason is why a row is refused.
type reason struct {
	key  string
	args Args
}

func because(key string, args ...any) *reason {
	r := &reason{key: key, args: Args{}}
	for i := 0; i+1 < len(args); i += 2 {
		r.args[args[i].(string)] = args[i+1]
	}
	return r
}

// refusal is a reason for which the whole file is refused.
func refusal(key string, args ...any) error {
	f := fault.New(fault.Invalid, key)
	f.Args = because(key, args...).args
	return f
}
