package postgres

import (
	"context"
	"time"
)

// Within asks Postgres by f and waits for so long at most. A server that stands still answers no cancellation either, so that a
// statement whose context has ended may block all the same: it is then left alone, and ends when the server goes on or its
// connection breaks. Whatever it does in the end, its caller has had the error, and must be able to do the same again.
func Within[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answered := make(chan answer, 1)
	go func() {
		value, err := f(ctx)
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
