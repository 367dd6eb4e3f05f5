package payments_test

import (
	"testing"
	"time"

	"relais/internal/payments"
)

func TestKeyAlive(t *testing.T) {
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if !payments.KeyAlive(nil, first) || !payments.KeyAlive(&first, first.Add(22*time.Hour+59*time.Minute)) {
		t.Error("a young key must be used again")
	}
	if payments.KeyAlive(&first, first.Add(23*time.Hour)) {
		t.Error("a key of 23 hours must not be used again")
	}
}

func TestQuiet(t *testing.T) {
	tried := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if !payments.Quiet(nil, tried) || !payments.Quiet(&tried, tried.Add(time.Minute)) {
		t.Error("after a minute lists are complete")
	}
	if payments.Quiet(&tried, tried.Add(59*time.Second)) {
		t.Error("before a minute lists may lag")
	}
}
