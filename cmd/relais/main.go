// Command relais is Relais: the site and everything around it in one program. Run without a command it serves.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"relais/internal/app"
)

// What the exit code says.
const (
	exitFailed = 1 // it was tried and did not work, or the books do not add up
	exitUsage  = 2 // the command line or the configuration is wrong; nothing was done
	exitAtOnce = 130
)

// commands is the command line.
type commands struct {
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Serve the site (this is what happens without a command)."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema up to date."`
	Seed    seedCommand    `cmd:"" help:"Fill an empty database with the demo."`
	Import  importCommand  `cmd:"" help:"Import a brand's products from Shopify's CSV."`
	Payouts payoutsCommand `cmd:"" help:"Pay everybody what is free and due."`
	Audit   auditCommand   `cmd:"" help:"Check the books against every invariant."`
	Member  memberCommand  `cmd:"" help:"Create members, make them admins, reset their passwords."`
	Pg      pgCommand      `cmd:"" name:"pg" help:"Work with the private Postgres."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// terminal is what a command gets to work with.
type terminal struct {
	ctx    context.Context
	out    io.Writer
	errOut io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run carries out one command line and returns the exit code.
func run(args []string, out, errOut io.Writer) (code int) {
	var cli commands
	exit := -1
	parser, err := kong.New(&cli, kong.Name("relais"),
		kong.Description("Relais: anyone can be the relay between a brand and their own circle."),
		kong.UsageOnError(), kong.Writers(out, errOut), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(c int) { exit = c; panic(exited{}) }))
	if err != nil {
		fmt.Fprintln(errOut, "relais:", err)
		return exitUsage
	}
	defer func() { // kong ends the program after --help; here it ends this function
		if r := recover(); r != nil {
			if _, ok := r.(exited); !ok {
				panic(r)
			}
			code = exit
		}
	}()
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "relais: %v\nTry: relais --help\n", err)
		return exitUsage
	}
	ctx, stop := untilSignal()
	defer stop()
	return exitCode(command.Run(&terminal{ctx, out, errOut}), errOut)
}

// exited unwinds run when kong wants to end the program.
type exited struct{}

func exitCode(err error, errOut io.Writer) int {
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok { // of a program that we ran for somebody: its own code
		return max(exit.ExitCode(), exitFailed)
	}
	if config, ok := errors.AsType[*app.ConfigError](err); ok {
		for _, p := range config.Problems {
			fmt.Fprintln(errOut, "relais:", p)
		}
		return exitUsage
	}
	fmt.Fprintln(errOut, "relais:", app.Explain(err))
	return exitFailed
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. The second one ends the program at once.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitAtOnce)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// configure reads the environment and makes the logger that goes with it.
func (t *terminal) configure() (app.Config, *slog.Logger, error) {
	cfg, err := app.ReadConfig()
	if err != nil {
		return cfg, nil, err
	}
	return cfg, t.logger(cfg), nil
}

// logger writes lines for a person in development and JSON for machines in production.
func (t *terminal) logger(cfg app.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.Production {
		return slog.New(slog.NewJSONHandler(t.errOut, options))
	}
	return slog.New(slog.NewTextHandler(t.errOut, options))
}
