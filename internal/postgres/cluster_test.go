package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// The test binary is also the program that gets killed: with this set it starts a cluster and waits.
const actAsProgram = "RELAIS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if dir, ok := os.LookupEnv(actAsProgram); ok {
		program(dir)
		return
	}
	os.Exit(m.Run())
}

// program starts the cluster of dir (a throwaway when empty), says where it is, and lives until it is killed.
func program(dir string) {
	c, err := postgres.StartCluster(context.Background(), postgres.Options{DataDir: dir, Throwaway: dir == ""})
	if err != nil {
		os.Stdout.WriteString("error " + err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("ready " + c.Dir() + "\n")
	_, _ = os.Stdin.Read(make([]byte, 1))
	c.Stop()
}

// spawn runs program and returns it with what it said.
func spawn(t *testing.T, dir string) (cmd *exec.Cmd, clusterDir string) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), actAsProgram+"="+dir)
	if _, err := cmd.StdinPipe(); err != nil { // open until we close or kill
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	said, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("the program said %q (%v)", line, err)
	}
	return cmd, said
}

// openDir makes a folder that every user may enter, which t.TempDir is not when root runs the tests.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "relais-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, dir string) *postgres.Cluster {
	t.Helper()
	c, err := postgres.StartCluster(t.Context(), postgres.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

func owner(t *testing.T, c *postgres.Cluster) *sqlx.DB {
	t.Helper()
	db, err := postgres.Open(c.OwnerURL(), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestClusterIsMadeJoinedAndKept(t *testing.T) {
	dir := openDir(t)
	first := start(t, dir)
	if want := filepath.Join(dir, "postgres"); first.Dir() != want || first.Shared() {
		t.Errorf("dir %s, shared %v; want %s of our own", first.Dir(), first.Shared(), want)
	}
	if err := postgres.Migrate(t.Context(), owner(t, first)); err != nil {
		t.Fatal(err)
	}
	second := start(t, dir)
	if !second.Shared() {
		t.Error("a second start did not join the running cluster")
	}
	second.Stop()
	if _, err := owner(t, first).Exec(`insert into throttles (key, count, window_end) values ('kept', 1, now())`); err != nil {
		t.Fatalf("the cluster ended with its guest: %v", err)
	}
	first.Stop()
	first.Stop() // harmless
	again := start(t, dir)
	app, err := postgres.Open(again.AppURL(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	for name, want := range map[string]string{"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s", "TimeZone": "UTC"} {
		var got string
		if err := app.Get(&got, `select current_setting($1)`, name); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %s", name, got, err, want)
		}
	}
	var key string
	if err := app.Get(&key, `select key from throttles`); err != nil || key != "kept" {
		t.Errorf("after a restart: %q, %v", key, err)
	}
}

func TestClusterSurvivesTheKillOfItsProgram(t *testing.T) {
	dir := openDir(t)
	cmd, _ := spawn(t, dir)
	guest := start(t, dir)
	if _, err := owner(t, guest).Exec(`create table kept as select 1 as one`); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var one int
	for { // connections break, then the guest has taken over
		if err := owner(t, guest).Get(&one, `select one from kept`); err == nil && !guest.Shared() {
			break
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("not taken over: shared %v", guest.Shared())
		}
	}
	if one != 1 {
		t.Errorf("after kill -9: %d", one)
	}
	guest.Stop()
	if c := start(t, dir); c.Shared() {
		t.Error("the cluster outlived its guest")
	}
	t.Logf("taken over %s after the kill", time.Since(began).Round(time.Millisecond))
}

// Nobody else is there when the program is killed: the next start finds the data.
func TestClusterStartsWarmAfterAKill(t *testing.T) {
	dir := openDir(t)
	cmd, where := spawn(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	c := start(t, dir)
	if c.Dir() != where {
		t.Errorf("dir %s; want %s", c.Dir(), where)
	}
	if err := owner(t, c).Ping(); err != nil {
		t.Error(err)
	}
}

func TestThrowawayDisappearsWithItsProgram(t *testing.T) {
	cmd, dir := spawn(t, "")
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s is still there", dir)
		case <-tick.C:
		}
	}
}

func TestThrowawayDisappearsWithStop(t *testing.T) {
	c, err := postgres.StartCluster(t.Context(), postgres.Options{Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	c.Stop()
	if _, err := os.Stat(c.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", c.Dir(), err)
	}
}

func TestTwoStartsAtOnceShareOneCluster(t *testing.T) {
	dir := openDir(t)
	clusters := make([]*postgres.Cluster, 2)
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i := range clusters {
		wg.Go(func() {
			clusters[i], errs[i] = postgres.StartCluster(t.Context(), postgres.Options{DataDir: dir})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	defer clusters[0].Stop()
	defer clusters[1].Stop()
	if clusters[0].Shared() == clusters[1].Shared() {
		t.Errorf("shared: %v and %v; want one starter and one guest", clusters[0].Shared(), clusters[1].Shared())
	}
}

// A clone below root's home cannot be entered by the user that Postgres runs as.
func TestClusterOfAFolderThatPostgresCannotEnter(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(closed, "var")
	c := start(t, dir)
	inside := strings.HasPrefix(c.Dir(), closed)
	if root := os.Getuid() == 0; inside == root {
		t.Errorf("cluster in %s, root %v", c.Dir(), root)
	}
	if !inside {
		t.Cleanup(func() { c.Stop(); _ = os.RemoveAll(filepath.Dir(c.Dir())) })
	}
	if err := owner(t, c).Ping(); err != nil {
		t.Error(err)
	}
}

func TestClusterInADeepFolder(t *testing.T) {
	dir := filepath.Join(openDir(t), strings.Repeat("long/", 25))
	c := start(t, dir)
	if err := owner(t, c).Ping(); err != nil {
		t.Error(err)
	}
}

func TestClusterOfAnotherMajorVersionIsRefusedAndKept(t *testing.T) {
	dir := openDir(t)
	version := filepath.Join(dir, "postgres", "data", "PG_VERSION")
	if err := os.MkdirAll(filepath.Dir(version), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(version, []byte("9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.StartCluster(t.Context(), postgres.Options{DataDir: dir})
	oneLine(t, err, "was made by Postgres 9", "install postgresql-9", "RELAIS_DATA_DIR")
	if b, err := os.ReadFile(version); err != nil || string(b) != "9\n" {
		t.Errorf("the other version's data was touched: %q, %v", b, err)
	}
}

func TestNoPostgresOnThisMachine(t *testing.T) {
	t.Setenv("PGBIN", t.TempDir())
	_, err := postgres.StartCluster(t.Context(), postgres.Options{DataDir: openDir(t)})
	oneLine(t, err, "apt-get install postgresql", "RELAIS_DATABASE_URL")
}

func TestBrokenClusterSaysWhy(t *testing.T) {
	dir := openDir(t)
	c := start(t, dir)
	c.Stop()
	conf := filepath.Join(c.Dir(), "data", "postgresql.conf")
	if err := os.WriteFile(conf, []byte("max_connections = many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.StartCluster(t.Context(), postgres.Options{DataDir: dir})
	oneLine(t, err, "did not start", "postgres.log")
}

func oneLine(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
}
