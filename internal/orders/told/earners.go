package told

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// Part is what a member earned on a line: for having brought its buyer, commission and margin together, or as the author of its design, or
// of the idea that it came of.
type Part struct {
	MemberID int64
	LineID   int64
	Role     earnings.Role // earnings.Commission, earnings.Royalty or earnings.Idea
	Name     string        // the member's
	Title    string        // the product's
	Amount   money.Amount
	Margin   money.Amount // of it, the margin of their storefront
	FreeAt   time.Time
}

// partsOf are the parts of members in a paid order, in the order of its lines.
func partsOf(paid earnings.Booking) []Part {
	var parts []Part
	for _, e := range paid.Shares {
		if e.MemberID == 0 || e.OrderLineID == nil {
			continue
		}
		p := Part{MemberID: e.MemberID, LineID: *e.OrderLineID, Role: e.Role, Name: e.PayeeName, Title: e.ProductTitle, Amount: e.Amount, Margin: money.New(0, paid.Currency), FreeAt: e.FreeAt}
		if e.Role == earnings.Margin {
			p.Role, p.Margin = earnings.Commission, e.Amount
		}
		i := slices.IndexFunc(parts, func(o Part) bool { return o.MemberID == p.MemberID && o.LineID == p.LineID && o.Role == p.Role })
		if i < 0 {
			parts = append(parts, p)
			continue
		}
		parts[i].Amount.Minor, parts[i].Margin.Minor = parts[i].Amount.Minor+p.Amount.Minor, parts[i].Margin.Minor+p.Margin.Minor
	}
	return parts
}

// Earners tells each member what they earned on a paid order, never who bought: the order is no part of it. It returns their parts, as the
// buyer is told of them. Who brought the buyer of a piece that they drew themselves is told of both, apart.
func Earners(ctx context.Context, tx *sqlx.Tx, out *mail.Outbox, o Order, paid earnings.Booking) ([]Part, error) {
	parts := partsOf(paid)
	brought, made := map[int64][]Part{}, map[int64][]Part{}
	for _, p := range parts {
		of := brought
		if p.Role.Makes() {
			of = made
		}
		of[p.MemberID] = append(of[p.MemberID], p)
	}
	for _, memberID := range slices.Sorted(maps.Keys(brought)) {
		if err := earned(ctx, tx, out, o, notices.Sale, "relay_earned", brought[memberID]); err != nil {
			return nil, err
		}
	}
	for _, memberID := range slices.Sorted(maps.Keys(made)) {
		if err := earned(ctx, tx, out, o, notices.Royalty, "royalty_earned", made[memberID]); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// earnedLetter is what the letter to a member who earned reads.
type earnedLetter struct {
	Parts    []Part
	InPerson bool
}

// The earning that a notice leads to is the first of those that it is about.
const selectEarner = `
select m.email, m.lang, (select min(e.id) from earnings e join payees p on p.id = e.payee_id where e.order_id = $2 and (e.role in ('royalty','idea')) = $3 and p.member_id = m.id) as earning
from members m where m.id = $1`

// earned tells one member of their parts, which are all of one kind.
func earned(ctx context.Context, tx *sqlx.Tx, out *mail.Outbox, o Order, kind notices.Kind, template string, parts []Part) error {
	var m struct {
		Email   string    `db:"email"`
		Lang    i18n.Lang `db:"lang"`
		Earning int64     `db:"earning"`
	}
	memberID := parts[0].MemberID
	if err := tx.GetContext(ctx, &m, selectEarner, memberID, o.ID, parts[0].Role.Makes()); err != nil {
		return postgres.Translate(err)
	}
	reference := fmt.Sprintf("order:%d:earned:%d", o.ID, memberID)
	if kind == notices.Royalty {
		reference = fmt.Sprintf("order:%d:royalty:%d", o.ID, memberID)
	}
	written, err := notices.Write(ctx, tx, out, memberID, kind, mail.Letter{To: m.Email, Lang: m.Lang, Template: template,
		Reference: reference, Data: earnedLetter{Parts: parts, InPerson: o.InPerson}})
	if err != nil {
		return err
	}
	event, sum, free := "made", money.New(0, parts[0].Amount.Currency), parts[0].FreeAt
	for _, p := range parts {
		sum.Minor += p.Amount.Minor
		if p.FreeAt.After(free) {
			free = p.FreeAt
		}
	}
	switch {
	case len(parts) > 1:
		event = "made_several"
	case parts[0].Role == earnings.Idea:
		event = "idea"
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: memberID, Kind: kind, Event: event, Subject: fmt.Sprintf("order:%d", o.ID), Written: written,
		Path: fmt.Sprintf("/me/earnings/%d", m.Earning), At: o.At, Args: notices.Args{"Amount": sum, "Title": parts[0].Title, "Date": free}})
}
