package main

import (
	"fmt"
	"runtime"

	"relais/internal/app"
)

type migrateCommand struct {
	Status bool `help:"Only tell how many migrations are pending; exit 1 when there are some."`
}

// Help is what relais migrate --help adds.
func (migrateCommand) Help() string {
	return `Several processes may migrate at once: one works, the others wait. The private Postgres needs no address; a server
of your own needs RELAIS_DATABASE_OWNER_URL, by a direct connection. relais serve migrates by itself when it may.

Examples:
  relais migrate
  relais migrate --status`
}

// Run migrates, or tells what is pending.
func (c migrateCommand) Run(t *terminal) error {
	cfg, log, err := t.configure()
	if err != nil {
		return err
	}
	if c.Status {
		n, err := app.Pending(t.ctx, cfg, log)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%d migrations pending: run relais migrate", n)
		}
		fmt.Fprintln(t.out, "The schema is up to date.")
		return nil
	}
	n, err := app.Migrate(t.ctx, cfg, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d migrations applied. The schema is up to date.\n", n)
	return nil
}

type versionCommand struct{}

// Help is what relais version --help adds.
func (versionCommand) Help() string { return "Example:\n  relais version" }

// commit is what this program was built from; the linker sets it.
var commit = "unknown"

// Run prints the commit that this program was built from.
func (versionCommand) Run(t *terminal) error {
	fmt.Fprintf(t.out, "relais %s (%s)\n", commit, runtime.Version())
	return nil
}
