package main

import (
	"bytes"
	"strings"
	"testing"

	"relais/internal/postgres/pgtest"
)

func relais(args ...string) (code int, out, errOut string) {
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

func TestHelpTeaches(t *testing.T) {
	_, out, _ := relais("--help")
	commands := 0
	for line := range strings.SplitSeq(out, "\n") {
		name, _, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok || !strings.HasPrefix(line, "  ") || strings.HasPrefix(name, "-") {
			continue
		}
		commands++
		code, help, _ := relais(append(strings.Fields(strings.TrimSuffix(name, " ...")), "--help")...)
		if code != 0 || !strings.Contains(help, "Example") || !strings.Contains(help, "relais "+strings.Fields(name)[0]) {
			t.Errorf("relais %s --help (code %d) has no example:\n%s", name, code, help)
		}
	}
	if commands < 4 {
		t.Errorf("%d commands in\n%s", commands, out)
	}
}

func TestExitCodes(t *testing.T) {
	t.Setenv("RELAIS_DATA_DIR", t.TempDir())
	if code, _, errOut := relais("serv"); code != exitUsage || !strings.Contains(errOut, "--help") {
		t.Errorf("a wrong command: %d %s", code, errOut)
	}
	if code, _, errOut := relais("pg", "exec", "--", "sh", "-c", `psql -Atc 'select 1' && test -n "$RELAIS_TEST_POSTGRES" && exit 7`); code != 7 {
		t.Errorf("pg exec: %d %s", code, errOut)
	}
	t.Setenv("RELAIS_PLATFORM_FEE_BPS", "lots")
	t.Setenv("RELAIS_ENV", "moon")
	code, _, errOut := relais("serve")
	if code != exitUsage || strings.Count(errOut, "\n") != 2 || !strings.Contains(errOut, "relais: RELAIS_ENV") {
		t.Errorf("a wrong configuration: %d %s", code, errOut)
	}
}

func TestMigrateTellsWhatItDid(t *testing.T) {
	db := pgtest.DB(t)
	t.Setenv("RELAIS_DATABASE_URL", pgtest.URL(t, db))
	t.Setenv("RELAIS_DATABASE_OWNER_URL", pgtest.OwnerURL(t, db))
	if code, out, errOut := relais("migrate", "--status"); code != 0 || !strings.Contains(out, "up to date") {
		t.Errorf("status: %d %s %s", code, out, errOut)
	}
	if code, out, errOut := relais("migrate"); code != 0 || !strings.HasPrefix(out, "0 migrations applied") {
		t.Errorf("migrate: %d %s %s", code, out, errOut)
	}
	pgtest.Owner(t, db).MustExec(`delete from goose_db_version where version_id = 1`)
	if code, _, errOut := relais("migrate", "--status"); code != exitFailed || !strings.Contains(errOut, "1 migrations pending") {
		t.Errorf("status: %d %s", code, errOut)
	}
}

func TestVersion(t *testing.T) {
	if code, out, _ := relais("version"); code != 0 || !strings.HasPrefix(out, "relais ") {
		t.Errorf("version: %d %q", code, out)
	}
}
