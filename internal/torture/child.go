package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"relais/internal/crash"
)

// child is one life of Relais.
type child struct {
	pid  int
	done chan struct{} // closed when it has ended
}

// start begins a life of Relais; crashAt is the step at which it kills itself, or empty.
func (w *world) start(crashAt string) (*child, error) {
	log, err := os.OpenFile(w.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(w.binary, "serve")
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, log, log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "RELAIS_ADDR=" + w.addr, "RELAIS_BASE_URL=" + w.site(""), "RELAIS_DATA_DIR=" + w.dir,
		"RELAIS_DATABASE_URL=" + w.cluster.AppURL(), "RELAIS_SECRET=" + siteSecret, "RELAIS_STRIPE_SECRET_KEY=" + stripeKey, "RELAIS_STRIPE_URL=" + w.at + "/stripe",
		"RELAIS_STRIPE_WEBHOOK_SECRET=" + platformSecret, "RELAIS_STRIPE_CONNECT_WEBHOOK_SECRET=" + connectSecret, "RELAIS_TRUSTED_PROXIES=127.0.0.0/8",
		"RELAIS_LOG_LEVEL=warn", crash.Variable + "=" + crashAt}
	// The kernel kills it when this program dies, and takes the end of the thread that started it for that: the thread stays.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c := &child{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer close(c.done)
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		c.pid = cmd.Process.Pid
		started <- nil
		_ = cmd.Wait() // it is always killed
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start relais: %w", err)
	}
	return c, nil
}

func (w *world) logFile() string { return filepath.Join(w.dir, "relais.log") }

// kill ends it at once.
func (c *child) kill() {
	_ = syscall.Kill(c.pid, syscall.SIGKILL)
	<-c.done
}

func (c *child) dead() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// errDied says that it ended before it answered: by its own hand, at a step.
var errDied = errors.New("relais died before it was ready")

// ready waits until it answers.
func (w *world) ready(ctx context.Context, c *child) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err := poll(ctx, 5*time.Millisecond, func() (bool, error) {
		if c.dead() {
			return false, errDied
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.site("/readyz"), nil)
		if err != nil {
			return false, err
		}
		answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(r)
		if err != nil {
			return false, nil // not yet
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK, nil
	})
	if err != nil && !errors.Is(err, errDied) {
		return fmt.Errorf("relais is not ready: %w; its last words: %s", err, w.lastWords())
	}
	return err
}

// lastWords is the end of what Relais logged.
func (w *world) lastWords() string {
	b, err := os.ReadFile(w.logFile())
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-3000):])
}

// poll asks every so often until the answer is yes.
func poll(ctx context.Context, every time.Duration, is func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if yes, err := is(); err != nil || yes {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// rest waits for a while, or for the end of the child, or of the run.
func (c *child) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.done:
	case <-ctx.Done():
	}
}
