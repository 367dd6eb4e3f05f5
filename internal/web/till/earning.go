package till

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/reviews"
	"relais/internal/web/page"
)

type earningPage struct {
	side
	earnings.Explanation
	Shown  page.Earning
	Exact  string // the commission or royalty before it was rounded, where that changed it
	Why    string
	Stages []page.Stage
	Holds  []earnings.Hold
	Steps  []step
	Passed []earnings.Passage
	Review *reviews.Review // of the member's commission, where somebody looked at it
}

// step is a clawback in words.
type step struct {
	earnings.Step
	From []string // the accounts that it came from, or went to, each with its amount
}

// Sum writes minor units in the currency of the earning.
func (p earningPage) Sum(minor int64) money.Amount { return money.New(minor, p.Amount.Currency) }

// earning explains one: where the amount comes from, why it waits, when it is free, how it was paid.
func (s *Server) earning(c echo.Context, of side) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	id, err := number(c.Param("id"))
	if err != nil {
		return err
	}
	payee, err := s.somePayeeID(ctx, of)
	if err != nil {
		return err
	}
	x, err := earnings.Explain(ctx, s.DB, payee, id)
	if err != nil {
		return err
	}
	data := earningPage{side: of, Explanation: x, Shown: shown(l, of, x.Earning), Stages: stages(l, x)}
	if x.Role == earnings.Commission || x.Role.Makes() {
		data.Exact = exact(l, x.Earning)
	}
	data.Why = l.T("till.why."+string(x.Reason), "Count", x.HoldDays, "Free", x.FreeAt)
	if data.Holds, err = earnings.HoldsOn(ctx, s.DB, x.Earning); err != nil {
		return err
	}
	if data.Steps, err = s.steps(ctx, l, x); err != nil {
		return err
	}
	if data.Passed, err = earnings.Passages(ctx, s.DB, x.ID); err != nil {
		return err
	}
	if data.Review, err = reviews.OfEarning(ctx, s.DB, x.ID); err != nil {
		return err
	}
	return s.render(c, "earning", data)
}

// steps explains everything that was given back of an earning.
func (s *Server) steps(ctx context.Context, l i18n.Lang, x earnings.Explanation) ([]step, error) {
	cs, err := earnings.Clawbacks(ctx, s.DB, x.ID)
	if err != nil {
		return nil, err
	}
	var list []step
	for _, st := range earnings.Steps(x.Share(), x.TotalMinor, cs) {
		shown := step{Step: st}
		way := "aftersale.from."
		if st.AmountMinor < 0 {
			way = "aftersale.to."
		}
		for account, minor := range map[string]int64{"held": st.HeldMinor, "free": st.FreeMinor, "debt": st.DebtMinor} {
			if minor != 0 {
				shown.From = append(shown.From, l.T(way+account, "Amount", money.New(max(minor, -minor), st.Currency)))
			}
		}
		slices.Sort(shown.From)
		list = append(list, shown)
	}
	return list, nil
}

type debtsPage struct {
	side
	Owed  []money.Amount
	Moves []earnings.DebtMove
}

// debts explains what the payee owes: what made it, and what paid it.
func (s *Server) debts(c echo.Context, of side) error {
	ctx := c.Request().Context()
	payee, err := s.payeeID(ctx, of)
	if err != nil {
		return err
	}
	totals, err := earnings.Totals(ctx, s.DB, payee)
	if err != nil {
		return err
	}
	data := debtsPage{side: of}
	for _, t := range totals {
		if t.Owed > 0 {
			data.Owed = append(data.Owed, t.Amount(t.Owed))
		}
	}
	if data.Moves, err = earnings.DebtMoves(ctx, s.DB, payee, 500); err != nil {
		return err
	}
	return s.render(c, "debts", data)
}

// exact is base × rate × part with all its decimals, empty where it was no more than the amount.
func exact(l i18n.Lang, e earnings.Earning) string {
	const one = 100_000_000 // a minor unit, in parts of rate × part
	fraction := e.BaseMinor % one * (e.RateBps * e.PartBps) % one
	if fraction == 0 {
		return ""
	}
	text := strings.TrimRight(fmt.Sprintf("%s%08d", e.Amount.Decimal(), fraction), "0")
	if l == i18n.FR {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

// stages is the way of an earning from the sale to the bank.
func stages(l i18n.Lang, x earnings.Explanation) []page.Stage {
	list := []page.Stage{{Label: l.T("till.stage.sold"), At: x.EarnedAt, State: "done"}}
	if x.State == earnings.Voided {
		key := "till.stage.voided"
		if x.Reason == earnings.Reassigned {
			key = "till.stage.reassigned"
		}
		return append(list, page.Stage{Label: l.T(key), At: at(x.VoidedAt), State: "failed"})
	}
	add := func(key string, when *time.Time, estimate time.Time) {
		st := page.Stage{Label: l.T("till.stage." + key), At: at(when), State: "done"}
		if when == nil {
			st.State = "next"
			if list[len(list)-1].State == "done" {
				st.State = "current"
			}
			if !estimate.IsZero() {
				st.Detail = l.T("till.stage.about", "Date", estimate)
				if x.FreeAtKnown {
					st.At, st.Detail = estimate, ""
				}
			}
		}
		list = append(list, st)
	}
	if x.InPerson {
		list = append(list, page.Stage{Label: l.T("shop.order.in_person.handed"), At: at(x.DeliveredAt), State: "done"})
	} else {
		add("shipped", x.ShippedAt, time.Time{})
		add("delivered", x.DeliveredAt, time.Time{})
	}
	if x.State == earnings.Frozen {
		return append(list, page.Stage{Label: l.T("till.stage.frozen"), Detail: sentence(l.T("earning.reason." + string(x.Reason))), State: "current"})
	}
	add("free", x.ReleasedAt, x.FreeAt)
	add("paid", x.PaidAt, time.Time{})
	return list
}
