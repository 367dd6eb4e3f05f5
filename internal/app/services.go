package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/jmoiron/sqlx"
)

// Services is everything Relais can do, wired: each domain gets the values it needs, from the bottom of the import order
// to its top, by plain constructor calls. The server and the commands use the same ones.
type Services struct {
	DB   *sqlx.DB // pages and commands
	Work *sqlx.DB // jobs

	data   *database
	secret Secret

	// workers run while the server does: started in this order, stopped in the opposite one after the last request.
	workers []worker
}

// worker runs until its context ends; an error before that stops the server.
type worker struct {
	name string
	run  func(ctx context.Context) error
}

// Open connects to the database, migrates it when the owner's address is known, and wires the services. Close ends it.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Services, error) {
	data, err := connect(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	s := &Services{data: data}
	if err := s.wire(ctx, cfg, log); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// wire builds the services, top to bottom.
func (s *Services) wire(ctx context.Context, cfg Config, _ *slog.Logger) error {
	if s.data.owner != "" {
		if err := s.data.migrate(ctx); err != nil {
			return err
		}
	}
	if err := s.data.open(ctx); err != nil {
		return err
	}
	s.DB, s.Work = s.data.pages, s.data.work
	s.secret = cfg.Secret
	if s.secret == "" {
		var err error
		if s.secret, err = developmentSecret(cfg.DataDir); err != nil {
			return err
		}
	}
	return nil
}

// pages is the site.
func (s *Services) pages() http.Handler { return http.NotFoundHandler() }

// Close ends what Open began.
func (s *Services) Close() { s.data.close() }

// Migrate brings the schema up to date and returns how many migrations that took.
func Migrate(ctx context.Context, cfg Config, log *slog.Logger) (int, error) {
	data, err := connect(ctx, cfg, log)
	if err != nil {
		return 0, err
	}
	defer data.close()
	before, err := data.pending(ctx)
	if err != nil {
		return 0, err
	}
	return before, data.migrate(ctx)
}

// Pending returns how many migrations the database lacks.
func Pending(ctx context.Context, cfg Config, log *slog.Logger) (int, error) {
	data, err := connect(ctx, cfg, log)
	if err != nil {
		return 0, err
	}
	defer data.close()
	return data.pending(ctx)
}
