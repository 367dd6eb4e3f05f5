package main

import (
	"fmt"
	"os"

	"relais/internal/app"
)

type seedCommand struct{}

// Help is what relais seed --help adds.
func (seedCommand) Help() string {
	return `Fills an empty database with the demo: four brands, their products, people who recommend them, and three months of
clicks, orders, refunds and payouts, made by the same code as real ones. A server in development does so by itself on its
first start. Refused in production, with a Stripe key, and where there is anything in the database.

Example:
  relais seed`
}

// Run makes the demo.
func (seedCommand) Run(t *terminal) error {
	cfg, log, err := t.configure()
	if err != nil {
		return err
	}
	return app.Seed(t.ctx, cfg, log, t.demo())
}

// demo tells how far the making of the demo is: on one line that moves where somebody watches, elsewhere on two.
func (t *terminal) demo() func(percent int) {
	watched := false
	if f, ok := t.errOut.(*os.File); ok {
		info, err := f.Stat()
		watched = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	last := -1
	return func(percent int) {
		if percent <= last {
			return
		}
		switch {
		case percent == 100 && watched:
			fmt.Fprintln(t.errOut, "\rMaking the demo … done.  ")
		case percent == 100:
			fmt.Fprintln(t.errOut, "The demo is made.")
		case watched:
			fmt.Fprintf(t.errOut, "\rMaking the demo … %d %%", percent)
		case last < 0:
			fmt.Fprintln(t.errOut, "Making the demo, which takes some seconds …")
		}
		last = percent
	}
}
