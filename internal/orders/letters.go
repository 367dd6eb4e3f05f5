package orders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/refunds"
)

// orderLetter is what letters about an order read.
type orderLetter struct {
	Order
	Shipment  Shipment   // the one that the letter is about, where it is about one
	Shipments []Shipment // all of them
	Until     time.Time  // end of the withdrawal period, where it is known
	Days      int        // of the withdrawal period
	Parts     []part     // who the letter says earns from the order
	Refund    *refunds.Refund
}

// TitleOf names a part of the order; empty for a delivery cost.
func (l orderLetter) TitleOf(i refunds.Item) string {
	if i.OrderLineID == nil {
		return ""
	}
	line, _ := lineIn(l.Shipments, *i.OrderLineID)
	return line.Title
}

// AmountOf is what a part is refunded, with its currency.
func (l orderLetter) AmountOf(i refunds.Item) money.Amount { return money.New(i.Minor, l.Currency) }

// part is what somebody earned on a line, for the letter that tells them.
type part struct {
	Name   string
	Title  string
	Amount money.Amount
	FreeAt time.Time
}

// PriceOf is the total of a line with its currency.
func (l orderLetter) PriceOf(line Line) money.Amount { return money.New(line.TotalMinor, l.Currency) }

func (s *Service) toBuyer(ctx context.Context, tx *sqlx.Tx, o Order, template, key string, data orderLetter) error {
	data.Order, data.Days = o, WithdrawalDays
	if err := s.mail.Queue(ctx, tx, mail.Letter{To: o.Email, Lang: o.Lang, Template: template, Reference: fmt.Sprintf("order:%d:%s", o.ID, key), Data: data}); err != nil {
		return err
	}
	args := notices.Args{"Brand": data.Shipment.BrandName}
	if data.Refund != nil {
		args["Amount"] = data.Refund.Amount
	}
	return TellBuyer(ctx, tx, o, strings.TrimPrefix(template, "order_"), key, args, s.now())
}

// TellBuyer tells a buyer who is a member what became of their order; the letter about it is written already. key says once what it is about.
func TellBuyer(ctx context.Context, tx *sqlx.Tx, o Order, event, key string, args notices.Args, at time.Time) error {
	if o.MemberID == nil {
		return nil
	}
	args["Number"] = o.Number
	return notices.Tell(ctx, tx, notices.Notice{MemberID: *o.MemberID, Kind: notices.Order, Event: event, Subject: fmt.Sprintf("order:%d:%s", o.ID, key),
		Path: "/o/" + o.Token, At: at, Args: args, Written: true})
}

// ToBrand writes to the brand of a shipment about its order; key says once what the letter is about.
func (s *Service) ToBrand(ctx context.Context, tx *sqlx.Tx, o Order, sh Shipment, template, key string, r *refunds.Refund) error {
	var lang i18n.Lang
	if err := tx.GetContext(ctx, &lang, `select lang from brands where id = $1`, sh.BrandID); err != nil {
		return err
	}
	return s.mail.Queue(ctx, tx, mail.Letter{To: sh.BrandEmail, Lang: lang, Template: template,
		Reference: fmt.Sprintf("order:%d:%s:%d", o.ID, key, sh.BrandID), Data: orderLetter{Order: o, Shipment: sh, Shipments: []Shipment{sh}, Days: WithdrawalDays, Refund: r}})
}

// lettersPaid tells the buyer, each brand, and each relay.
func (s *Service) lettersPaid(ctx context.Context, tx *sqlx.Tx, o Order, shipments []Shipment, paid earnings.Booking) error {
	relays, parts := map[int64][]part{}, []part{}
	for _, sh := range shipments {
		if err := s.ToBrand(ctx, tx, o, sh, "order_brand", "paid", nil); err != nil {
			return err
		}
		for _, l := range sh.Lines {
			for _, r := range l.Relays {
				payee, err := earnings.PayeeID(ctx, tx, earnings.Owner{MemberID: r.MemberID})
				if errors.Is(err, fault.NotFound) {
					continue // never earned anything, on this line neither
				}
				if err != nil {
					return err
				}
				i := slices.IndexFunc(paid.Shares, func(e earnings.Earning) bool {
					return e.Role == earnings.Commission && *e.OrderLineID == l.ID && e.PayeeID == payee
				})
				if i < 0 {
					continue
				}
				p := part{Name: r.Name, Title: l.Title, Amount: paid.Shares[i].Amount, FreeAt: paid.Shares[i].FreeAt}
				relays[r.MemberID] = append(relays[r.MemberID], p)
				parts = append(parts, p)
			}
		}
	}
	for _, memberID := range slices.Sorted(maps.Keys(relays)) {
		if err := s.tellRelay(ctx, tx, o, memberID, relays[memberID]); err != nil {
			return err
		}
	}
	if err := s.tellTeams(ctx, tx, o, shipments); err != nil {
		return err
	}
	return s.toBuyer(ctx, tx, o, "order_paid", "paid", orderLetter{Shipments: shipments, Parts: parts})
}

const selectRelay = `
select m.email, m.lang, (select min(e.id) from earnings e join payees p on p.id = e.payee_id where e.order_id = $2 and e.role = 'commission' and p.member_id = m.id) as earning
from members m where m.id = $1`

// tellRelay tells a member what they earned, never who bought: the order is not part of the letter.
func (s *Service) tellRelay(ctx context.Context, tx *sqlx.Tx, o Order, memberID int64, earned []part) error {
	var m struct {
		Email   string    `db:"email"`
		Lang    i18n.Lang `db:"lang"`
		Earning int64     `db:"earning"`
	}
	if err := tx.GetContext(ctx, &m, selectRelay, memberID, o.ID); err != nil {
		return postgres.Translate(err)
	}
	now, err := notices.LetterNow(ctx, tx, memberID, notices.Sale)
	if err != nil {
		return err
	}
	if now {
		err := s.mail.Queue(ctx, tx, mail.Letter{To: m.Email, Lang: m.Lang, Template: "relay_earned", MemberID: memberID, Kind: string(notices.Sale),
			Reference: fmt.Sprintf("order:%d:earned:%d", o.ID, memberID), Data: struct{ Parts []part }{earned}})
		if err != nil {
			return err
		}
	}
	event, sum, free := "made", money.New(0, o.Currency), earned[0].FreeAt
	for _, p := range earned {
		sum.Minor += p.Amount.Minor
		if p.FreeAt.After(free) {
			free = p.FreeAt
		}
	}
	if len(earned) > 1 {
		event = "made_several"
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: memberID, Kind: notices.Sale, Event: event, Subject: fmt.Sprintf("order:%d", o.ID), Written: now,
		Path: fmt.Sprintf("/me/earnings/%d", m.Earning), At: s.now(), Args: notices.Args{"Amount": sum, "Title": earned[0].Title, "Date": free}})
}

func (s *Service) letterShipped(ctx context.Context, tx *sqlx.Tx, o Order, sh Shipment) error {
	return s.toBuyer(ctx, tx, o, "order_shipped", fmt.Sprintf("shipped:%d", sh.ID), orderLetter{Shipment: sh})
}

func (s *Service) letterDelivered(ctx context.Context, tx *sqlx.Tx, o Order, sh Shipment) error {
	return s.toBuyer(ctx, tx, o, "order_delivered", fmt.Sprintf("delivered:%d", sh.ID), orderLetter{Shipment: sh, Until: s.now().AddDate(0, 0, WithdrawalDays)})
}

// letterRefunded tells the buyer what went back, part by part.
func (s *Service) letterRefunded(ctx context.Context, tx *sqlx.Tx, o Order, r refunds.Refund) error {
	shipments, err := ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	return s.toBuyer(ctx, tx, o, "order_refunded", r.Booking(), orderLetter{Shipments: shipments, Refund: &r})
}

// lettersRefundFailed tells the brands whose parts a refund was of that its buyer does not have the money.
func (s *Service) lettersRefundFailed(ctx context.Context, tx *sqlx.Tx, o Order, r refunds.Refund) error {
	shipments, err := ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	for _, sh := range shipments {
		if !slices.ContainsFunc(r.Items, func(i refunds.Item) bool { return i.ShipmentID == sh.ID }) {
			continue
		}
		if err := s.ToBrand(ctx, tx, o, sh, "refund_failed", r.Booking()+":failed", &r); err != nil {
			return err
		}
	}
	return nil
}
