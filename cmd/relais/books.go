package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"relais/internal/app"
)

type auditCommand struct {
	Quiet  bool `short:"q" help:"Print only what is broken."`
	Stripe bool `help:"Hold the books against Stripe's as well, both ways."`
}

// Help is what relais audit --help adds.
func (auditCommand) Help() string {
	return `Counts what breaks each invariant: postings against balances, orders against their earnings, payouts against what they
pay. It only reads. Exit 0 when all hold, 1 when one is broken or could not be checked.

With --stripe it first reads every movement of the platform's account at Stripe that it has not seen, and compares each object
and each balance with the books, as the server does every hour: fees are booked, differences are recorded and shown at
/admin/reconciliation, payees whom they touch are not paid. Exit 0 only when nothing differs that nobody has explained.

Examples:
  relais audit
  relais audit --stripe
  relais audit --quiet || mail -s 'The books do not add up' ops@example.org`
}

// Run prints what the audit found.
func (c auditCommand) Run(t *terminal) error {
	cfg, log, err := t.configure()
	if err != nil {
		return err
	}
	if c.Stripe {
		return app.Beside(t.ctx, cfg, log, func(ctx context.Context, s *app.Services) error {
			return errors.Join(c.compare(ctx, t, s), c.invariants(ctx, t, s))
		})
	}
	s, err := app.Open(t.ctx, cfg, log)
	if err != nil {
		return err
	}
	defer s.Close()
	return c.invariants(t.ctx, t, s)
}

// compare prints how many differences of each kind there are, and each of them.
func (c auditCommand) compare(ctx context.Context, t *terminal, s *app.Services) error {
	r, err := s.AuditStripe(ctx)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, d := range r.Open {
		counts[string(d.Kind)]++
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, kind := range app.Kinds() {
		state, n := "ok", counts[string(kind)]
		if n > 0 {
			state = "DIFFERS"
		}
		if n > 0 || !c.Quiet {
			fmt.Fprintf(w, "%s\t%d\t%s\n", state, n, kind)
		}
	}
	for _, d := range r.Open {
		fmt.Fprintf(w, "%s\t%s\tbooks %s\tfound %s\tsince %s\n", d.Kind, d.Object, amount(d.Expected, d.Currency), amount(d.Found, d.Currency),
			d.FirstSeen.Format(time.DateTime))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Open) > 0 {
		return fmt.Errorf("%w: %d differences; see /admin/reconciliation", app.ErrDiffers, len(r.Open))
	}
	if !c.Quiet {
		fmt.Fprintf(t.out, "Stripe's books and ours agree: %d new movements, %d notices recovered.\n", r.Movements, r.Recovered)
	}
	return nil
}

// amount writes minor units of a currency; without a currency they are a count.
func amount(minor int64, currency string) string {
	if currency == "" {
		return strconv.FormatInt(minor, 10)
	}
	return fmt.Sprintf("%d %s (minor units)", minor, currency)
}

// invariants prints a line per invariant.
func (c auditCommand) invariants(ctx context.Context, t *terminal, s *app.Services) error {
	findings, err := app.Audit(ctx, s.DB)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	broken := 0
	for _, f := range findings {
		state := "ok"
		if f.Count > 0 {
			state = "BROKEN"
			broken++
		}
		if f.Count > 0 || !c.Quiet {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", state, f.Count, f.Number, f.Name, f.Description)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("%w: %d of %d invariants are broken", app.ErrBooks, broken, len(findings))
	}
	if !c.Quiet {
		fmt.Fprintf(t.out, "All %d invariants hold.\n", len(findings))
	}
	return nil
}

type payoutsCommand struct {
	DryRun bool `help:"Only tell who would be paid, and who would not and why."`
}

// Help is what relais payouts --help adds.
func (payoutsCommand) Help() string {
	return `Makes one payout per payee and currency of everything on their free account, sends the transfers and waits for them.
Run it by a timer, as often as you like: what was paid is not paid again. Exit 1 when a transfer was refused; its money is
free again, and the next run tries anew.

Examples:
  relais payouts --dry-run
  relais payouts`
}

// Run pays.
func (c payoutsCommand) Run(t *terminal) error {
	cfg, log, err := t.configure()
	if err != nil {
		return err
	}
	return app.Beside(t.ctx, cfg, log, func(ctx context.Context, s *app.Services) error {
		if c.DryRun {
			return t.preview(ctx, s)
		}
		return t.payOut(ctx, s)
	})
}

func (t *terminal) preview(ctx context.Context, s *app.Services) error {
	due, err := s.Payouts.Preview(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, d := range due {
		state := string(d.Readiness())
		if d.Live {
			state = "a payout is on its way"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.Name, app.Words.Money(d.Amount), state)
	}
	if len(due) == 0 {
		fmt.Fprintln(w, "Nobody has free earnings.")
	}
	return w.Flush()
}

func (t *terminal) payOut(ctx context.Context, s *app.Services) error {
	report, run, err := s.PayOut(ctx)
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	failed := 0
	for _, p := range run {
		if p.Failure != "" {
			failed++
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", p.ID, p.PayeeName, app.Words.Money(p.Amount), p.State, p.Failure)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Run %d: %d payouts made, %d payees waiting.\n", report.RunID, report.Made, report.Waiting)
	if failed > 0 {
		return fmt.Errorf("%d payouts failed: their money is free again; the reasons are above", failed)
	}
	return nil
}
