package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// identity is the user that the postmaster runs as: it refuses to be root.
type identity struct {
	uid, gid int
	name     string
	change   bool // this process is root and must become it
}

func (i identity) credential() *syscall.Credential {
	if !i.change {
		return nil
	}
	return &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid)}
}

func runAs() (identity, error) {
	if uid := os.Getuid(); uid != 0 {
		return identity{uid: uid, gid: os.Getgid(), name: "uid " + strconv.Itoa(uid)}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.Atoi(u.Uid)
		gid, errG := strconv.Atoi(u.Gid)
		if errU == nil && errG == nil {
			return identity{uid: uid, gid: gid, name: name, change: true}, nil
		}
	}
	return identity{}, errors.New("postgres refuses to run as root and there is neither a user postgres nor nobody: add one with useradd --system postgres")
}

// home is the folder of a cluster (data, log, lock) and the folder of its socket.
type home struct {
	dir, socket string
	who         identity
}

func (h home) data() string    { return filepath.Join(h.dir, "data") }
func (h home) logFile() string { return filepath.Join(h.dir, "postgres.log") }

// openHome finds or makes the folders, private to the cluster's user.
func openHome(o Options, who identity) (home, error) {
	h := home{who: who}
	var err error
	if o.Throwaway {
		h.dir, err = throwawayDir(who)
	} else {
		h.dir, err = durableDir(o.DataDir, who)
	}
	if err != nil {
		return home{}, err
	}
	if err := own(h.dir, who); err != nil {
		return home{}, err
	}
	h.socket = h.dir
	if len(h.socket)+len("/.s.PGSQL.5432.lock") > 100 { // a socket's path has room for 107 bytes
		h.socket = filepath.Join("/tmp", fmt.Sprintf("relais-%d-%s", who.uid, digest(h.dir)))
		if err := os.Mkdir(h.socket, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return home{}, fmt.Errorf("make the socket folder: %w", err)
		}
		if err := own(h.socket, who); err != nil {
			return home{}, err
		}
	}
	return h, nil
}

// durableDir is where the data lives: under dataDir, unless the cluster's user cannot get there (a clone below root's
// home); then in a folder of the system named after the one that was asked for.
func durableDir(dataDir string, who identity) (string, error) {
	abs, err := filepath.Abs(dataDir)
	if err != nil {
		return "", fmt.Errorf("find the data folder: %w", err)
	}
	if err := os.MkdirAll(abs, 0o755); err != nil {
		return "", fmt.Errorf("make the data folder: %w; set RELAIS_DATA_DIR to a folder that you may write", err)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	dir := filepath.Join(abs, "postgres")
	if !searchable(abs, who) {
		id, err := clusterID(abs)
		if err != nil {
			return "", err
		}
		dir = filepath.Join("/var/lib/relais", digest(abs+id), "postgres")
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			return "", fmt.Errorf("make the data folder: %w", err)
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make the database folder: %w; set RELAIS_DATA_DIR to a folder that you may write", err)
	}
	return dir, nil
}

// clusterID is made once per data folder and kept in it: a folder that was removed and made again gets a new cluster, as
// it would if the cluster lay inside.
func clusterID(dataDir string) (string, error) {
	path := filepath.Join(dataDir, "cluster-id")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		own := path + "." + rand.Text() // whole before it gets its name, for whoever starts at the same moment
		if err := os.WriteFile(own, []byte(rand.Text()), 0o644); err != nil {
			return "", fmt.Errorf("name the cluster: %w", err)
		}
		defer os.Remove(own)
		if err := os.Link(own, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("name the cluster: %w", err)
		}
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return "", fmt.Errorf("name the cluster: %w", err)
	}
	return string(b), nil
}

func throwawayDir(who identity) (string, error) {
	for _, parent := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if !searchable(parent, who) {
			continue
		}
		if dir, err := os.MkdirTemp(parent, "relais-pg-"); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no temporary folder for a throwaway cluster: set TMPDIR to a folder that every user may enter")
}

// searchable tells whether who can walk down to dir.
func searchable(dir string, who identity) bool {
	if !who.change {
		return true
	}
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			return false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false
		}
		need := fs.FileMode(0o001)
		switch {
		case int(st.Uid) == who.uid:
			need = 0o100
		case int(st.Gid) == who.gid:
			need = 0o010
		}
		if info.Mode().Perm()&need == 0 {
			return false
		}
		if d == filepath.Dir(d) {
			return true
		}
	}
}

// own makes dir private to who. What belongs to somebody else already is refused: nobody may slip us a folder.
func own(dir string, who identity) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the database folder: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || (int(st.Uid) != who.uid && int(st.Uid) != os.Getuid()) {
		return fmt.Errorf("%s does not belong to %s: give it to that user with chown -R, or set RELAIS_DATA_DIR to another folder", dir, who.name)
	}
	if who.change && int(st.Uid) != who.uid {
		if err := os.Lchown(dir, who.uid, who.gid); err != nil {
			return fmt.Errorf("give the database folder to %s: %w", who.name, err)
		}
	}
	return os.Chmod(dir, 0o700)
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

// lock holds off other processes of ours that would start or make the same cluster.
func (h home) lock(ctx context.Context) (unlock func(), err error) {
	path := filepath.Join(h.dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the database folder: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("another process is starting the cluster in %s: %w", h.dir, ctx.Err())
		case <-tick.C:
		}
	}
}

// settle tells whether a postmaster already serves this folder. One that is starting or shutting down is waited for.
func (h home) settle(ctx context.Context) (live bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	doubt := time.After(time.Second)
	for {
		err := ping(ctx, h.url(ownerRole, "postgres"))
		if err == nil && !h.orphaned() {
			return true, nil
		}
		if err == nil { // its process was killed: it is about to end, unless somebody started it by hand
			select {
			case <-doubt:
				return true, nil
			case <-tick.C:
				continue
			}
		}
		if pid := h.postmaster(); pid == 0 {
			return false, nil
		} else if pq.As(err) != nil && pq.As(err, pqerror.CannotConnectNow) == nil {
			return false, fmt.Errorf("the cluster in %s is running but refuses us: %w; end process %d", h.dir, err, pid)
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("the cluster in %s neither starts nor ends (process %d): end it with kill -INT", h.dir, h.postmaster())
		case <-tick.C:
		}
	}
}

// postmaster returns the process that serves this folder, 0 when there is none.
func (h home) postmaster() int {
	b, err := os.ReadFile(filepath.Join(h.data(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		return 0
	}
	args, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil || !bytes.Contains(args, []byte(h.data())) {
		return 0 // ended long ago; its number may be another program's by now
	}
	return pid
}

// orphaned tells whether the process that started the postmaster has ended.
func (h home) orphaned() bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(h.postmaster()) + "/stat")
	if err != nil {
		return true
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // state, parent, ...
	return len(fields) > 1 && fields[1] == "1"
}

// binaries finds the folder with postgres and initdb: of the major version that the data was made with, if there is any.
func (h home) binaries() (string, error) {
	major := ""
	if b, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION")); err == nil {
		major = strings.TrimSpace(string(b))
	}
	found := candidates()
	for _, c := range found {
		if major == "" || c.major == major {
			return c.dir, nil
		}
	}
	if len(found) == 0 {
		return "", errors.New("no Postgres on this machine: apt-get install postgresql, or set PGBIN to the folder of its programs, or RELAIS_DATABASE_URL to a server")
	}
	return "", fmt.Errorf("%s was made by Postgres %s, but this machine has %s: install postgresql-%s, set PGBIN to its programs, or set RELAIS_DATA_DIR to a new folder",
		h.data(), major, found[0].major, major)
}

type installed struct{ dir, major string }

// candidates are the installed versions: the one named by PGBIN alone, or the one on the PATH and Debian's, newest first.
func candidates() []installed {
	dirs := []string{os.Getenv("PGBIN")}
	if dirs[0] == "" {
		dirs = nil
		if p, err := exec.LookPath("postgres"); err == nil {
			if p, err = filepath.EvalSymlinks(p); err == nil {
				dirs = append(dirs, filepath.Dir(p))
			}
		}
		debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
		slices.SortFunc(debian, func(a, b string) int { return debianMajor(b) - debianMajor(a) })
		dirs = append(dirs, debian...)
	}
	var found []installed
	for _, d := range dirs {
		out, err := exec.Command(filepath.Join(d, "postgres"), "--version").Output()
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(d, "initdb")); err != nil {
			continue
		}
		fields := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 (Debian ...)
		if len(fields) > 2 {
			major, _, _ := strings.Cut(fields[2], ".")
			found = append(found, installed{d, major})
		}
	}
	return found
}

func debianMajor(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))) // not a number: last
	return n
}

const logKeeps = 10 << 20

// openLog opens the server's log for appending, begun anew when it grew beyond 10 MB.
func (h home) openLog() (*os.File, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if info, err := os.Stat(h.logFile()); err == nil && info.Size() > logKeeps {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(h.logFile(), flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	return f, nil
}

// lastWords is the last thing that the server wrote.
func (h home) lastWords() string {
	b, err := os.ReadFile(h.logFile())
	if err != nil {
		return err.Error()
	}
	return lastLine(string(b))
}

// clear removes a socket folder of its own, empty once the server has ended.
func (h home) clear() {
	if h.socket != h.dir {
		_ = os.Remove(h.socket)
	}
}

func (h home) remove() error {
	h.clear()
	return os.RemoveAll(h.dir)
}
