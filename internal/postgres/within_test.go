package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"relais/internal/postgres"
)

func TestWithin(t *testing.T) {
	stuck := make(chan struct{})
	defer close(stuck)
	_, err := postgres.Within(t.Context(), time.Millisecond, func(context.Context) (int, error) {
		<-stuck // takes no notice of its context
		return 1, nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("of a server that stands still: %v", err)
	}
	broken := errors.New("broken")
	n, err := postgres.Within(t.Context(), time.Minute, func(ctx context.Context) (int, error) { return 7, errors.Join(ctx.Err(), broken) })
	if n != 7 || !errors.Is(err, broken) {
		t.Errorf("Within = %d, %v", n, err)
	}
}
