package pos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/address"
	"relais/internal/crash"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// Agreement is a buyer's word that they buy what the code shows, and pay.
type Agreement struct {
	Token    string
	Mark     string // of their browser, random
	Email    string // empty: they want no letters
	MemberID *int64 // signed in
	Lang     i18n.Lang
}

// claimSale is for whoever agrees first; it is theirs when they agree again.
const claimSale = `update counter_sales set buyer = $2 where id = $1 and token = $3 and state = 'shown' and order_id is null and buyer in ('', $2)`

// Agree makes the order of a sale. Again by the same browser it answers with the same one. ErrOver, ErrTaken, ErrMoved, ErrNoMail, what
// may not be sold there any more, and the faults of orders.Place.
func (s *Service) Agree(ctx context.Context, a Agreement) (orders.Order, error) {
	v, err := s.ByToken(ctx, a.Token, a.Lang)
	if err != nil {
		return orders.Order{}, err
	}
	if v.State == Cancelled {
		return orders.Order{}, ErrOver
	}
	if v.Order != nil {
		if v.Buyer != a.Mark {
			return orders.Order{}, ErrTaken
		}
		return v.Order.Order, nil
	}
	return s.place(ctx, v, a)
}

func (s *Service) place(ctx context.Context, v View, a Agreement) (orders.Order, error) {
	law := v.Law()
	switch {
	case v.State != Shown || v.Over(s.now()):
		return orders.Order{}, ErrOver
	case v.Refusal != nil:
		return orders.Order{}, v.Refusal
	case v.BrandID == nil && a.MemberID != nil && *a.MemberID == v.SellerID:
		return orders.Order{}, ErrOwn
	case law.OffPremises && strings.TrimSpace(a.Email) == "":
		return orders.Order{}, ErrNoMail
	}
	r, err := s.db.ExecContext(ctx, claimSale, v.ID, a.Mark, *v.Token)
	if err != nil {
		return orders.Order{}, postgres.Translate(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return orders.Order{}, errors.Join(err, ErrTaken)
	}
	p := orders.Placement{CartID: v.CartID, Operation: operation(v.ID), Email: a.Email, Address: orders.Address{Country: v.Country}, SeenMinor: *v.TotalMinor, Lang: a.Lang,
		InPerson: &orders.InPerson{Place: string(v.Place), WithdrawalDays: law.WithdrawalDays}}
	if v.BrandID == nil {
		p.MemberID = a.MemberID // a brand's own sale is nobody's, whoever once brought the buyer
	}
	o, err := s.orders.Place(ctx, p)
	if errors.Is(err, orders.ErrPriceMoved) {
		err = ErrMoved
	}
	if err != nil { // somebody else may try
		_, free := s.db.ExecContext(ctx, `update counter_sales set buyer = '' where id = $1 and order_id is null`, v.ID)
		return o, errors.Join(err, postgres.Translate(free))
	}
	crash.At(crash.SaleAgreed)
	return s.placed(ctx, v.ID, o)
}

// placed notes the order of a sale down. Where the seller gave the sale up while it was made, it ends with it.
func (s *Service) placed(ctx context.Context, saleID int64, o orders.Order) (orders.Order, error) {
	if err := s.link(ctx, saleID); err != nil {
		return o, err
	}
	sale, err := saleWhere(ctx, s.db, `c.id = $1`, saleID)
	if err != nil || sale.State != Cancelled {
		return o, err
	}
	return orders.Order{}, errors.Join(s.orders.Cancel(ctx, o.ID), ErrOver)
}

// SaveRules says where a brand wants its goods to be sold face to face in a country. What the law refuses is left out, whatever is asked. For
// the brand's team; the change is in the log. The field warning.
func (s *Service) SaveRules(ctx context.Context, by, brandID int64, country string, r Rules) error {
	r.Warning = strings.Join(strings.Fields(r.Warning), " ")
	switch {
	case !address.Known(country):
		return fault.Field("country", "fault.country")
	case utf8.RuneCountInString(r.Warning) > 500:
		return fault.Field("warning", "fault.too_long")
	}
	if on, err := onTeam(ctx, s.db, by, brandID); err != nil || !on {
		return errors.Join(err, gone(!on))
	}
	places := pq.StringArray{}
	for _, p := range Places() {
		if LawOf(country, p).Payable {
			for _, wanted := range r.Places {
				if wanted == p {
					places = append(places, string(p))
				}
			}
		}
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, upsertRules, brandID, country, r.Members, places, r.Warning, now, by); err != nil {
			return postgres.Translate(err)
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: now, ActorID: by, Action: "selling in person", Subject: fmt.Sprintf("brand %d, %s", brandID, country),
			Detail: map[string]any{"members": r.Members, "places": places, "warning": r.Warning}})
	})
}
