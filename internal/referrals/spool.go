package referrals

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
)

const (
	patience   = time.Second            // how long a batch waits for Postgres before it goes to the spool
	replayEach = 250 * time.Millisecond // how often Postgres is tried while there is a spool
	replayWait = 30 * time.Second       // how long one batch of a spool may take
	replayLast = 1000                   // rows that are put into the table while new clicks wait: so the spool comes to an end
)

// errSpoolEmpty says that the spool came to an end meanwhile: the table takes clicks again.
var errSpoolEmpty = errors.New("nothing is spooled")

// spool keeps clicks in a file, safe on disk, while Postgres does not take them, and puts them into the table later: each once, in the
// order in which they came. As long as it holds some, new ones come after them.
//
// A file is one line of JSON for each click. It is locked by the process that writes it; one that nobody has locked was left by a
// process that died, and is put into the table by the next that starts. A line that was torn by that death was never answered.
type spool struct {
	dir   string
	db    *sqlx.DB
	clock func() time.Time // real time
	log   *slog.Logger

	mu     sync.Mutex
	active *spoolFile // nil: clicks go to the table
	older  []*spoolFile
}

// spoolFile is an open file, locked by us.
type spoolFile struct {
	*os.File
	size int64 // bytes of whole lines
	done int64 // bytes of lines that are in the table
	rows int
}

// openSpool takes over what dead processes left in a folder, which it makes.
func openSpool(dir string, db *sqlx.DB, clock func() time.Time, log *slog.Logger) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the spool: %w", err)
	}
	s := &spool{dir: dir, db: db, clock: clock, log: log}
	names, err := filepath.Glob(filepath.Join(dir, "clicks-*.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names) // by time
	for _, name := range names {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its process put it into the table just now
		}
		if err != nil {
			return nil, err
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			_ = f.Close() // another process lives and has it
			continue
		}
		s.older = append(s.older, &spoolFile{File: f, rows: 1})
	}
	return s, nil
}

// create makes a file that is locked before anybody else can see it under a name that they would take over.
func (s *spool) create() (*spoolFile, error) {
	name := fmt.Sprintf("clicks-%s-%s.jsonl", s.clock().UTC().Format("20060102T150405.000000000"), rand.Text()[:8])
	hidden := filepath.Join(s.dir, "."+name)
	f, err := os.OpenFile(hidden, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	err = errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), os.Rename(hidden, filepath.Join(s.dir, name)))
	if err == nil {
		err = s.syncDir()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(hidden))
	}
	return &spoolFile{File: f}, nil
}

// syncDir makes the names in the folder survive the machine.
func (s *spool) syncDir() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// path is where a file lies now; it was opened under another name.
func (s *spool) path(f *spoolFile) string {
	base := filepath.Base(f.Name())
	if base[0] == '.' {
		base = base[1:]
	}
	return filepath.Join(s.dir, base)
}

// open says whether clicks go to the spool.
func (s *spool) open() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active != nil
}

// begin starts to spool with rows that Postgres did not take, for whatever cause.
func (s *spool) begin(rows []row, cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active == nil {
		f, err := s.create()
		if err != nil {
			return errors.Join(cause, fmt.Errorf("begin a spool of clicks: %w", err))
		}
		s.active = f
		s.log.Warn("clicks go to the spool", "file", s.path(f), "cause", cause)
	}
	return s.append(rows)
}

// write adds rows to the spool; errSpoolEmpty once it came to its end.
func (s *spool) write(rows []row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active == nil {
		return errSpoolEmpty
	}
	return s.append(rows)
}

// append writes whole lines and has the disk confirm them, or leaves the file as it was.
func (s *spool) append(rows []row) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, r := range rows {
		if err := e.Encode(r); err != nil {
			return fmt.Errorf("spool clicks: %w", err)
		}
	}
	f := s.active
	_, err := f.WriteAt(b.Bytes(), f.size)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("spool clicks: %w", err), f.Truncate(f.size))
	}
	f.size += int64(b.Len())
	f.rows += len(rows)
	return nil
}

// run puts what is spooled into the table as soon as Postgres takes it, until ctx ends. What is left then is taken over by the next
// process.
func (s *spool) run(ctx context.Context) error {
	tick := time.NewTicker(replayEach)
	defer tick.Stop()
	for {
		if err := s.drain(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("the spool waits for Postgres", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// drain puts everything into the table: files that are no longer written first, then what came meanwhile, then the last rows while
// new clicks wait for a moment.
func (s *spool) drain(ctx context.Context) error {
	for {
		done, err := s.turn(ctx)
		if done || err != nil {
			return err
		}
	}
}

// turn is one step of drain.
func (s *spool) turn(ctx context.Context) (done bool, err error) {
	s.mu.Lock()
	if len(s.older) > 0 {
		f := s.older[0]
		s.mu.Unlock()
		if err := s.replay(ctx, f, replayWait); err != nil {
			return false, err
		}
		s.mu.Lock()
		s.older = s.older[1:]
		s.mu.Unlock()
		return false, nil
	}
	defer s.mu.Unlock()
	switch {
	case s.active == nil:
		return true, nil
	case s.active.rows <= replayLast:
		if err := s.replay(ctx, s.active, patience); err != nil {
			return false, err
		}
		s.active = nil
		s.log.Info("the spool of clicks is empty again")
		return true, nil
	}
	next, err := s.create()
	if err != nil {
		return false, fmt.Errorf("turn over the spool of clicks: %w", err)
	}
	s.older, s.active = append(s.older, s.active), next
	return false, nil
}

// replay puts a file into the table and takes it away; no batch may take longer than limit. It goes on where an earlier try ended. Sent
// again after a death in between, a batch changes nothing: the table knows each click by its token.
func (s *spool) replay(ctx context.Context, f *spoolFile, limit time.Duration) error {
	if _, err := f.Seek(f.done, io.SeekStart); err != nil {
		return err
	}
	read, batch, seen := f.done, []row(nil), map[string]bool{}
	flush := func() error {
		if len(batch) > 0 {
			if _, err := insertWithin(ctx, limit, s.db, batch); err != nil {
				return err
			}
		}
		f.done, batch = read, nil // one that was left alone may still read it
		clear(seen)
		return nil
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for lines.Scan() {
		var r row
		switch err := json.Unmarshal(lines.Bytes(), &r); {
		case err != nil || r.Token == "":
			s.log.Warn("a spool of clicks has a torn line", "file", s.path(f)) // by a death: its visitor was not answered
		default:
			if len(batch) == batchMost || seen[r.key()] {
				if err := flush(); err != nil {
					return err
				}
			}
			seen[r.key()] = true
			batch = append(batch, r)
		}
		read += int64(len(lines.Bytes())) + 1
	}
	if err := errors.Join(lines.Err(), flush()); err != nil {
		return err
	}
	return errors.Join(os.Remove(s.path(f)), f.Close())
}

// waits is how many clicks are in the spool; those of dead processes count as one for each file until they are read.
func (s *spool) waits() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.older {
		n += f.rows
	}
	if s.active != nil {
		n += s.active.rows
	}
	return n
}
