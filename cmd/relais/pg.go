package main

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"syscall"

	"relais/internal/postgres"
)

type pgCommand struct {
	Exec pgExecCommand `cmd:"" help:"Run a program with a Postgres of its own."`
}

type pgExecCommand struct {
	Data    bool     `help:"The database of RELAIS_DATA_DIR instead of a throwaway one."`
	Command []string `arg:"" passthrough:"" help:"The program and its arguments."`
}

// Help is what relais pg exec --help adds.
func (pgExecCommand) Help() string {
	return `Starts a throwaway Postgres (no durability), runs the program, removes the Postgres. The program finds it in
RELAIS_TEST_POSTGRES (address of the owner), and psql and its family in PGHOST, PGUSER and PGDATABASE. Its exit code is ours.

Examples:
  relais pg exec -- go test ./...
  relais pg exec -- psql
  relais pg exec --data -- psql -c 'select count(*) from orders'`
}

// Run runs the program beside the cluster.
func (c pgExecCommand) Run(t *terminal) error {
	cfg, log, err := t.configure()
	if err != nil {
		return err
	}
	options := postgres.Options{Throwaway: true}
	if c.Data {
		options = postgres.Options{DataDir: cfg.DataDir, Log: log}
	}
	cluster, err := postgres.StartCluster(t.ctx, options)
	if err != nil {
		return err
	}
	defer cluster.Stop()
	address, err := url.Parse(cluster.OwnerURL())
	if err != nil {
		return err
	}
	argv := c.Command
	if argv[0] == "--" && len(argv) > 1 {
		argv = argv[1:]
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, t.out, t.errOut
	cmd.Env = append(os.Environ(), "PGHOST="+address.Query().Get("host"), "PGUSER="+address.Query().Get("user"), "PGDATABASE=relais")
	if !c.Data {
		cmd.Env = append(cmd.Env, "RELAIS_TEST_POSTGRES="+cluster.OwnerURL())
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run %s: %w", argv[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-t.ctx.Done(): // a terminal's Ctrl-C reached the program too; a SIGTERM to us did not
		_ = cmd.Process.Signal(syscall.SIGTERM)
		return <-ended
	}
}
