package main

import (
	"fmt"
	"strings"

	"relais/internal/app"
)

type serveCommand struct {
	Addr string `help:"Address to listen on, instead of RELAIS_ADDR." placeholder:"HOST:PORT"`
}

// Help is what relais serve --help adds.
func (serveCommand) Help() string {
	var b strings.Builder
	b.WriteString(`Starts everything that is missing: without RELAIS_DATABASE_URL a private Postgres, without a Stripe key a local
sandbox. SIGTERM or Ctrl-C lets requests and jobs finish; a second one ends at once.

Examples:
  relais serve
  relais serve --addr 127.0.0.1:9000
  RELAIS_DATABASE_URL_FILE=/run/secrets/database relais serve

Environment (those marked * also as NAME_FILE, the path of a file with the value):
`)
	for _, v := range app.Variables() {
		mark := " "
		if v.Secret {
			mark = "*"
		}
		byDefault := ""
		if v.Default != "" {
			byDefault = " [" + v.Default + "]"
		}
		fmt.Fprintf(&b, " %s%s%s\n      %s\n", mark, v.Name, byDefault, v.Help)
	}
	return b.String()
}

// Run serves until a signal.
func (c serveCommand) Run(t *terminal) error {
	cfg, log, err := t.configure()
	if err != nil {
		return err
	}
	if c.Addr != "" {
		cfg.Addr = c.Addr
	}
	cfg.Demo = t.demo()
	a, err := app.New(t.ctx, cfg, log)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, a.Ready())
	return a.Run(t.ctx)
}
