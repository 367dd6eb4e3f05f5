package crash_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"relais/internal/crash"
)

// TestMain walks past two steps three times where the test below started it to die there.
func TestMain(m *testing.M) {
	if os.Getenv(crash.Variable) == "" {
		os.Exit(m.Run())
	}
	for range 3 {
		crash.At(crash.RefundSending)
		crash.At(crash.RefundAnswered)
		fmt.Print("passed ")
	}
}

func TestAtKillsAtTheNamedPass(t *testing.T) {
	for value, want := range map[string]struct {
		passes int
		killed bool
	}{
		crash.RefundAnswered: {0, true}, crash.RefundAnswered + ":2": {1, true}, crash.RefundSending + ":3": {2, true},
		crash.RefundAnswered + ":4": {3, false}, "refunds.elsewhere": {3, false}, crash.RefundAnswered + ":0": {3, false},
	} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crash.Variable+"="+value)
		out, err := cmd.Output()
		if passes := strings.Count(string(out), "passed"); passes != want.passes {
			t.Errorf("%s: %d passes, want %d", value, passes, want.passes)
		}
		status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if killed := ok && status.Signaled() && status.Signal() == syscall.SIGKILL; killed != want.killed {
			t.Errorf("%s: ended with %v", value, err)
		}
	}
}

func TestValid(t *testing.T) {
	for value, want := range map[string]bool{crash.JobClaimed: true, crash.JobClaimed + ":9": true, "": false, "jobs": false,
		crash.JobClaimed + ":": false, crash.JobClaimed + ":-1": false, crash.JobClaimed + ":x": false} {
		if crash.Valid(value) != want {
			t.Errorf("Valid(%q) = %v", value, !want)
		}
	}
}
