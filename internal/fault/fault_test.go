package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"relais/internal/fault"
)

func TestIs(t *testing.T) {
	taken := fault.New(fault.Conflict, "fault.email_taken")
	wrapped := fmt.Errorf("sign up: %w", taken.With("email", "fault.email_taken").Because(io.EOF))
	for target, want := range map[error]bool{
		fault.Conflict: true, fault.NotFound: false, taken: true, io.EOF: true,
		fault.New(fault.Conflict, "fault.other"):      false,
		fault.New(fault.Invalid, "fault.email_taken"): false,
	} {
		if got := errors.Is(wrapped, target); got != want {
			t.Errorf("errors.Is(%v, %v) = %v; want %v", wrapped, target, got, want)
		}
	}
	if f, ok := errors.AsType[*fault.Error](wrapped); !ok || f.Fields["email"] != "fault.email_taken" {
		t.Errorf("AsType = %v, %v", f, ok)
	}
	if plain := errors.New("plain"); errors.Is(plain, fault.Conflict) {
		t.Error("a plain error has a kind")
	}
}

func TestCopiesLeaveTheSentinelAlone(t *testing.T) {
	s := fault.Field("handle", "fault.handle_taken")
	_ = s.With("email", "x").Arg("Name", "y").Because(io.EOF)
	if len(s.Fields) != 1 || s.Args != nil || s.Err != nil {
		t.Errorf("the sentinel changed: %+v", s)
	}
	if got := fault.New(fault.NotFound, "fault.not_found").Arg("Name", "y").Args["Name"]; got != "y" {
		t.Errorf("Args[Name] = %v", got)
	}
}

func TestErrorKeepsTheCause(t *testing.T) {
	if got := fault.New(fault.Declined, "fault.card").Because(io.EOF).Error(); got != "fault.card: EOF" {
		t.Errorf("Error() = %q", got)
	}
	if got := fault.Declined.Error(); got != "declined" {
		t.Errorf("Kind.Error() = %q", got)
	}
}
