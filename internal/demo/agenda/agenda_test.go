package agenda_test

import (
	"context"
	"testing"
	"time"

	"relais/internal/demo/agenda"
)

func TestAgendaKeepsTheOrderOfTimeAndOfComing(t *testing.T) {
	var a agenda.Agenda
	var day = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	var got string
	for _, e := range []struct {
		after time.Duration
		name  string
	}{{2, "c"}, {1, "a"}, {1, "b"}, {9, "never"}} {
		a.Add(day.Add(e.after), func(context.Context) error { got += e.name; return nil })
	}
	for {
		e, ok := a.Next(day.Add(5))
		if !ok {
			break
		}
		if err := e.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got != "abc" {
		t.Errorf("got %q", got)
	}
}
