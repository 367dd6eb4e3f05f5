package jobs

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
)

// Due does in a transaction what was scheduled and whose time has come: do looks whether it still is, under a lock. Where a rule refuses it for good,
// do is called once more, in another transaction and with the refusal, to give it back to who scheduled it. What is refused because there is too much
// of it, or something is away, waits for a later sweep.
func Due(ctx context.Context, db *sqlx.DB, do func(tx *sqlx.Tx, refusal *fault.Error) error) error {
	err := postgres.InTx(ctx, db, func(tx *sqlx.Tx) error { return do(tx, nil) })
	if refusal, ok := errors.AsType[*fault.Error](err); ok && refusal.Kind != fault.TooMany && refusal.Kind != fault.Unavailable {
		err = postgres.InTx(ctx, db, func(tx *sqlx.Tx) error { return do(tx, refusal) })
	}
	if errors.Is(err, fault.TooMany) {
		return nil
	}
	return err
}
