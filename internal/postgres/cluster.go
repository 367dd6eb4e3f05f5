package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lib/pq"
)

const (
	ownerRole    = "relais_owner"
	appRole      = "relais_app"
	databaseName = "relais"

	readyWithin = 60 * time.Second // crash recovery of a big database included
	stopWithin  = 10 * time.Second
)

// Options of a private cluster.
type Options struct {
	// DataDir is the folder that holds the cluster, in its sub-folder "postgres". Not used for a throwaway.
	DataDir string
	// Throwaway asks for a new cluster without durability in a temporary folder. It disappears with Stop, and when the
	// process dies without having called it.
	Throwaway bool
	// Log gets one line when the cluster starts and stops; nil: nothing.
	Log *slog.Logger
}

// Cluster is a private Postgres: a direct child of this process that listens on a unix socket only, open to the owner of
// its folder and to root, which is why it asks for no password.
//
// When the process that runs a joined cluster ends, the guest takes over: it starts the cluster again as its own child.
// Connections break in that moment, and a pool makes new ones.
type Cluster struct {
	home   home
	log    *slog.Logger
	reaper *reaper // throwaways only

	mu    sync.Mutex
	child *child // nil while another process runs it
	leave context.CancelFunc
	left  chan struct{} // closed when the watch over a joined cluster has ended
}

// OwnerURL is the address for the role that owns the schema.
func (c *Cluster) OwnerURL() string { return c.home.url(ownerRole, databaseName) }

// AppURL is the address for the application's role. The role itself is made by the first migration.
func (c *Cluster) AppURL() string { return c.home.url(appRole, databaseName) }

// Dir is the folder in which the cluster lives.
func (c *Cluster) Dir() string { return c.home.dir }

// Shared tells whether another process runs the cluster, so that Stop leaves it alone.
func (c *Cluster) Shared() bool { return c.own() == nil }

func (c *Cluster) own() *child {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.child
}

// StartCluster starts the private cluster of o.DataDir, making it first when there is none, or joins it when another
// process has it running. It never deletes data: a cluster of another major version is refused. Every error is one line
// that ends with what to do.
func StartCluster(ctx context.Context, o Options) (*Cluster, error) {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	who, err := runAs()
	if err != nil {
		return nil, err
	}
	h, err := openHome(o, who)
	if err != nil {
		return nil, err
	}
	c := &Cluster{home: h, log: log}
	if o.Throwaway {
		if c.reaper, err = startReaper(h); err != nil {
			return nil, errors.Join(err, h.remove())
		}
	}
	if err := c.start(ctx, o.Throwaway); err != nil {
		c.Stop()
		return nil, err
	}
	if c.Shared() {
		watch, leave := context.WithCancel(context.WithoutCancel(ctx))
		c.leave, c.left = leave, make(chan struct{})
		go c.succeed(watch)
	}
	return c, nil
}

// succeed watches over a joined cluster and starts it again when it has ended with its process.
func (c *Cluster) succeed(ctx context.Context) {
	defer close(c.left)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for c.Shared() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if c.home.postmaster() != 0 {
			continue
		}
		if err := c.start(ctx, false); err != nil && ctx.Err() == nil {
			c.log.Error("private postgres ended and does not start again", "error", err)
		}
	}
}

// start runs under the lock of the cluster's folder, so that of two processes one starts it and the other finds it alive.
func (c *Cluster) start(ctx context.Context, throwaway bool) error {
	unlock, err := c.home.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	live, err := c.home.settle(ctx)
	if err != nil {
		return err
	}
	if live {
		c.log.Debug("private postgres joined", "dir", c.home.dir)
		return nil
	}
	bin, err := c.home.binaries()
	if err != nil {
		return err
	}
	if err := c.home.initialise(ctx, bin, throwaway); err != nil {
		return err
	}
	postmaster, err := c.home.launch(bin, throwaway)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.child = postmaster
	c.mu.Unlock()
	if c.reaper != nil {
		c.reaper.watch(postmaster.pid)
	}
	if err := c.ready(ctx, postmaster); err != nil {
		return err
	}
	c.log.Debug("private postgres started", "dir", c.home.dir)
	return c.createDatabase(ctx)
}

// ready waits until the cluster answers, or tells why it ended.
func (c *Cluster) ready(ctx context.Context, postmaster *child) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ping(ctx, c.home.url(ownerRole, "postgres"))
		if err == nil {
			return nil
		}
		select {
		case <-postmaster.done:
			return fmt.Errorf("private postgres did not start: %s; read %s", c.home.lastWords(), c.home.logFile())
		case <-ctx.Done():
			return fmt.Errorf("private postgres did not answer within %s: %w; read %s", readyWithin, err, c.home.logFile())
		case <-tick.C:
		}
	}
}

func (c *Cluster) createDatabase(ctx context.Context) error {
	db, err := sql.Open("postgres", c.home.url(ownerRole, "postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	var exists bool
	if err := db.QueryRowContext(ctx, `select exists (select 1 from pg_database where datname = $1)`, databaseName).Scan(&exists); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if exists {
		return nil
	}
	if _, err := db.ExecContext(ctx, `create database `+pq.QuoteIdentifier(databaseName)); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}

// Stop ends the cluster if this process started it: clients are disconnected, everything committed is on disk. A
// throwaway is removed.
func (c *Cluster) Stop() {
	if c.leave != nil {
		c.leave()
		<-c.left
	}
	if postmaster := c.own(); postmaster != nil {
		postmaster.stop()
		if c.reaper != nil {
			c.reaper.forget()
		}
		c.home.clear()
		c.log.Debug("private postgres stopped", "dir", c.home.dir)
	}
	if c.reaper != nil {
		c.reaper.finish()
	}
}

func ping(ctx context.Context, url string) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}

// child is the postmaster.
type child struct {
	pid  int
	done chan struct{} // closed when it ended
}

// launch starts the postmaster. The thread that starts it must live as long as it does: the kernel sends the signal
// that stops Postgres after a kill -9 of this process when that thread ends.
func (h home) launch(bin string, throwaway bool) (*child, error) {
	out, err := h.openLog()
	if err != nil {
		return nil, err
	}
	defer out.Close()
	args := []string{"-D", h.data(), "-k", h.socket, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700",
		"-c", "logging_collector=off", "-c", "log_destination=stderr",
		"-c", fmt.Sprintf("shared_buffers=%dMB", buffersMB(memoryKB())), "-c", "max_wal_size=4GB"}
	if throwaway {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=300")
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", plainEnv(), out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT, Credential: h.who.credential()}
	c := &child{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		defer close(c.done)
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		c.pid = cmd.Process.Pid
		started <- nil
		_ = cmd.Wait() // how it ended is in its log
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w; check that it may be executed by %s", cmd.Path, err, h.who.name)
	}
	return c, nil
}

// stop asks for a fast shutdown, then insists.
func (c *child) stop() {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		select {
		case <-c.done:
			return
		default:
		}
		_ = syscall.Kill(c.pid, sig)
		select {
		case <-c.done:
			return
		case <-time.After(stopWithin):
		}
	}
	<-c.done
}

// initialise makes the cluster's files when there are none. They are made beside and moved into place in one step, so
// that a half-made cluster is never taken for a whole one.
func (h home) initialise(ctx context.Context, bin string, throwaway bool) error {
	if _, err := os.Stat(filepath.Join(h.data(), "PG_VERSION")); err == nil {
		return nil
	}
	unfinished := h.data() + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("clear an unfinished cluster: %w; remove %s", err, unfinished)
	}
	args := []string{"-D", unfinished, "-U", ownerRole, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"}
	if throwaway {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	cmd.Dir, cmd.Env = "/", plainEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: h.who.credential()}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %s (%w); check that %s has room and belongs to %s", lastLine(string(out)), err, h.dir, h.who.name)
	}
	if err := os.Rename(unfinished, h.data()); err != nil {
		return fmt.Errorf("move the new cluster into place: %w", err)
	}
	return nil
}

func plainEnv() []string {
	return []string{"LC_ALL=C.UTF-8", "TZ=UTC", "PATH=/usr/local/bin:/usr/bin:/bin"}
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// url is the address of one database of the cluster for one role.
func (h home) url(role, database string) string {
	q := url.Values{"host": {h.socket}, "user": {role}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}
