package postgres

import (
	"database/sql"
	"errors"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"relais/internal/fault"
)

// meaning is what the breach of one constraint tells the person who caused it. They go by the constraint's name, so that
// uniqueness needs no look before the write, and a race no code of its own.
func meaning(constraint string) *fault.Error {
	switch constraint {
	case "members_email_key":
		return fault.New(fault.Conflict, "fault.email_taken").With("email", "fault.email_taken")
	case "members_handle_key", "brands_handle_key":
		return fault.New(fault.Conflict, "fault.handle_taken").With("handle", "fault.handle_taken")
	case "products_slug_key":
		return fault.New(fault.Conflict, "fault.slug_taken").With("slug", "fault.slug_taken")
	case "variants_options_key":
		return fault.New(fault.Conflict, "fault.variant_twice").With("options", "fault.variant_twice")
	case "variants_stock_check":
		return fault.New(fault.Conflict, "fault.out_of_stock")
	case "write_offs_one_waiting":
		return fault.New(fault.Conflict, "fault.debt_waiting")
	case "inbox_replies_title":
		return fault.New(fault.Conflict, "fault.talk_title").With("title", "fault.talk_title")
	case "publications_again_check":
		return fault.New(fault.Conflict, "fault.publications.taken_down")
	case "publications_one_open":
		return fault.New(fault.Conflict, "fault.publications.asked")
	case "publications_custom_check":
		return fault.New(fault.Conflict, "fault.publications.custom").With("custom_made", "fault.publications.custom")
	case "publications_launch_check":
		return fault.New(fault.Conflict, "fault.publications.launch").With("product", "fault.publications.launch")
	case "publications_over_check":
		return fault.New(fault.Conflict, "fault.publications.ended")
	case "publications_base_check":
		return fault.New(fault.Conflict, "fault.publications.base")
	case "order_lines_published_check": // a newer revision was accepted at this moment
		return fault.New(fault.Conflict, "fault.cart_design_changed")
	case "listings_published_check":
		return fault.New(fault.Conflict, "fault.publications.own_storefront")
	case "orders_move_check", "earnings_move_check", "payouts_move_check", "returns_move_check", "refunds_move_check":
		return fault.New(fault.Conflict, "fault.moved_on")
	}
	return nil
}

// Translate turns what the database refused into a fault: a known constraint into its own, any other unique key into a
// Conflict, a missing row into NotFound. The cause stays inside. Other errors come back as they are: a check that nobody
// gave a meaning to is a mistake of ours.
func Translate(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "fault.not_found").Because(err)
	}
	e := pq.As(err, pqerror.UniqueViolation, pqerror.ForeignKeyViolation, pqerror.CheckViolation)
	if e == nil {
		return err
	}
	if f := meaning(e.Constraint); f != nil {
		return f.Because(err)
	}
	if e.Code == pqerror.UniqueViolation {
		return fault.New(fault.Conflict, "fault.conflict").Because(err)
	}
	return err
}
