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
	DryRun bool  `help:"Only tell who would be paid, and who would not and why."`
	Pause  int64 `placeholder:"RUN" help:"Pause the run of that number: nothing new is sent, what is on its way ends."`
	Resume int64 `placeholder:"RUN" help:"Let the paused run of that number go on, and wait for it."`
}

// Help is what relais payouts --help adds.
func (payoutsCommand) Help() string {
	return `Makes one payout per payee and currency of everything on their free account, sends the transfers and waits for them.
What was paid is not paid again. Who has less than the minimum waits; when Stripe has too little money, who has waited longest
is paid first. A run pauses itself when Stripe refuses for a reason that would meet everybody: put that right, then resume it.

Exit 1 when a transfer was refused or the run is paused; the money of refused ones is free again, and the next run tries anew.
The server starts the weekly and monthly runs by itself: this command is for runs by hand.

Examples:
  relais payouts --dry-run
  relais payouts
  relais payouts --pause 12
  relais payouts --resume 12`
}

// Run pays.
func (c payoutsCommand) Run(t *terminal) error {
	cfg, log, err := t.configure()
	if err != nil {
		return err
	}
	return app.Beside(t.ctx, cfg, log, func(ctx context.Context, s *app.Services) error {
		switch {
		case c.DryRun:
			return t.preview(ctx, s)
		case c.Pause > 0:
			if err := s.Payouts.Pause(ctx, 0, c.Pause, "paused on the command line"); err != nil {
				return err
			}
			fmt.Fprintf(t.out, "Run %d is paused.\n", c.Pause)
			return nil
		}
		return t.payOut(ctx, s, c.Resume)
	})
}

func (t *terminal) preview(ctx context.Context, s *app.Services) error {
	p, err := s.Payouts.Preview(ctx, 1000)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, d := range p.Rows {
		state := app.WhyUnpaid(d)
		if state == "" {
			state = "is paid"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.Name, app.Words.Money(d.Amount), state)
	}
	if len(p.Rows) == 0 {
		fmt.Fprintln(w, "Nobody has free earnings.")
	}
	if p.More > 0 {
		fmt.Fprintf(w, "and %d more\n", p.More)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, o := range p.Currencies {
		fmt.Fprintf(t.out, "%s: %d payees are paid %s, %d wait. Stripe can send %s.\n", o.Currency, o.Fits, app.Words.Money(o.FitsDue), o.Waits(), app.Words.Money(o.Funds))
	}
	return nil
}

func (t *terminal) payOut(ctx context.Context, s *app.Services, resume int64) error {
	report, run, err := s.PayOut(ctx, resume)
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	failed := 0
	for _, p := range run.Rows {
		why, refused := app.WhyFailed(p)
		if refused {
			failed++
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", p.ID, p.PayeeName, app.Words.Money(p.Amount), p.State, why)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if resume == 0 {
		fmt.Fprintf(t.out, "Run %d: %d payouts made, %d payees waiting.\n", report.RunID, report.Made, report.Waiting)
	}
	if run.PausedAt != nil {
		return fmt.Errorf("run %d is paused: %s; relais payouts --resume %d lets it go on", run.ID, run.PausedReason, run.ID)
	}
	if failed > 0 {
		return fmt.Errorf("%d payouts failed: their money is free again; the reasons are above", failed)
	}
	return nil
}
