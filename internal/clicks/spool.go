package clicks

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
	replayLast = 64 << 10               // bytes that are put into the table while new clicks wait: so the spool comes to an end
	adoptEach  = time.Minute            // how often files of processes that died since are looked for
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
	return s, s.adopt()
}

// adopt takes over the files that nobody has locked.
func (s *spool) adopt() error {
	names, err := filepath.Glob(filepath.Join(s.dir, "clicks-*.jsonl"))
	if err != nil {
		return err
	}
	slices.Sort(names) // by time
	for _, name := range names {
		f, err := adoptFile(name)
		if err != nil {
			return fmt.Errorf("take over %s: %w", name, err)
		}
		if f != nil {
			s.mu.Lock()
			s.older = append(s.older, f)
			s.mu.Unlock()
		}
	}
	return nil
}

// adoptFile locks a file; nil where a living process has it, or has just put it into the table.
func adoptFile(name string) (*spoolFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil, f.Close()
	}
	mine, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if there, err := os.Stat(name); err != nil || !os.SameFile(mine, there) {
		return nil, f.Close()
	}
	return &spoolFile{File: f, size: mine.Size(), rows: 1}, nil
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
// process, or by another that lives.
func (s *spool) run(ctx context.Context) error {
	tick, looks := time.NewTicker(replayEach), time.NewTicker(adoptEach)
	defer tick.Stop()
	defer looks.Stop()
	for failed := 0; ; {
		failed++
		switch err := s.drain(ctx); {
		case err == nil:
			failed = 0
		case ctx.Err() == nil && failed%40 == 1: // at once, and then every ten seconds or so
			s.log.Warn("the spool of clicks waits for Postgres", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-looks.C:
			if err := s.adopt(); err != nil {
				s.log.Error("look for clicks of dead processes", "error", err)
			}
		case <-tick.C:
		}
	}
}

// drain puts everything into the table: files of dead processes first, then our own.
func (s *spool) drain(ctx context.Context) error {
	for {
		s.mu.Lock()
		var f *spoolFile
		switch {
		case len(s.older) > 0:
			f = s.older[0]
		case s.active != nil:
			f = s.active
		}
		s.mu.Unlock()
		if f == nil {
			return nil
		}
		if err := s.empty(ctx, f); err != nil {
			return err
		}
	}
}

// empty puts one file into the table and takes it away. What is written meanwhile follows, and the last of it while new clicks wait for
// a moment.
func (s *spool) empty(ctx context.Context, f *spoolFile) error {
	for {
		s.mu.Lock()
		size := f.size
		s.mu.Unlock()
		if err := s.replay(ctx, f, size, replayWait); err != nil {
			return err
		}
		if done, err := s.end(ctx, f); done || err != nil {
			return err
		}
	}
}

// end closes a file in which little is left, while nobody can write to it.
func (s *spool) end(ctx context.Context, f *spoolFile) (done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.size-f.done > replayLast {
		return false, nil
	}
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.replay(short, f, f.size, patience); err != nil {
		return false, err
	}
	if f == s.active {
		s.active = nil
		s.log.Info("the spool of clicks is empty again")
	} else {
		s.older = s.older[1:]
	}
	// All of it is in the table. A file that cannot be taken away is put there once more by the next process, and changes nothing.
	if err := os.Remove(s.path(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("a spool of clicks stays", "file", s.path(f), "error", err)
	}
	return true, f.Close()
}

// replay puts a file into the table up to a size; no statement may take longer than limit. It goes on where an earlier try ended. Sent
// again after a death in between, a batch changes nothing: the table knows each click by its token. A row that Postgres takes never is
// put aside.
func (s *spool) replay(ctx context.Context, f *spoolFile, size int64, limit time.Duration) error {
	read := f.done
	var b batch
	flush := func() error {
		if len(b.rows) > 0 {
			_, refused, err := insertEach(ctx, limit, s.db, b.rows)
			if err == nil {
				err = s.putAside(b.rows, refused)
			}
			if err != nil {
				return err
			}
		}
		f.done, b = read, batch{} // a new one: a statement that was left alone may still read the old
		return nil
	}
	lines := bufio.NewScanner(io.NewSectionReader(f.File, f.done, size-f.done))
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for lines.Scan() {
		var r row
		switch err := json.Unmarshal(lines.Bytes(), &r); {
		case err != nil || r.Token == "":
			s.log.Warn("a spool of clicks has a torn line", "file", s.path(f)) // by a death: its visitor was not answered
		case !b.add(r):
			if err := flush(); err != nil {
				return err
			}
			b.add(r)
		}
		read = min(read+int64(len(lines.Bytes()))+1, size)
	}
	return errors.Join(lines.Err(), flush())
}

// putAside keeps rows that Postgres refuses in a file of their own, for a person to look at: the others must not wait for them.
func (s *spool) putAside(rows []row, refused map[string]error) error {
	for _, r := range rows {
		why, ok := refused[r.Token]
		if !ok {
			continue
		}
		s.log.Error("a click is refused for good", "token", r.Token, "link", r.LinkID, "error", why)
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(s.dir, "refused.jsonl"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(append(line, '\n'))
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// waits is how many clicks are in the spool; those of dead processes count as one for each file.
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
