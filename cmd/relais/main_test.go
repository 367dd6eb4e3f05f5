package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
	"relais/internal/postgres"
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

// database points the commands at a migrated database of the test's own.
func database(t *testing.T) *sqlx.DB {
	t.Helper()
	db := pgtest.DB(t)
	t.Setenv("RELAIS_DATABASE_URL", pgtest.URL(t, db))
	t.Setenv("RELAIS_DATABASE_OWNER_URL", pgtest.OwnerURL(t, db))
	t.Setenv("RELAIS_DATA_DIR", t.TempDir())
	t.Setenv("RELAIS_ADDR", "127.0.0.1:0")
	return db
}

func TestMembers(t *testing.T) {
	db := database(t)
	admin := func() (is bool) {
		t.Helper()
		if err := db.Get(&is, `select admin from members where email = 'lea@example.org'`); err != nil {
			t.Fatal(err)
		}
		return is
	}
	code, out, errOut := relais("member", "create", "Lea@example.org", "--name", "Léa Martin")
	if code != 0 || !strings.Contains(out, "lea@example.org, @lea-martin") || !strings.Contains(out, "Password: ") || admin() {
		t.Fatalf("create: %d %s %s", code, out, errOut)
	}
	if code, _, errOut := relais("member", "create", "lea@example.org", "--name", "Léa"); code != exitFailed || !strings.Contains(errOut, "taken") {
		t.Errorf("create twice: %d %s", code, errOut)
	}
	if code, _, errOut := relais("member", "promote", "Lea@example.org"); code != 0 || !admin() {
		t.Errorf("promote: %d %s", code, errOut)
	}
	if code, _, errOut := relais("member", "promote", "lea@example.org", "--revoke"); code != 0 || admin() {
		t.Errorf("revoke: %d %s", code, errOut)
	}
	if code, _, errOut := relais("member", "promote", "nobody@example.org"); code != exitFailed || !strings.HasPrefix(errOut, "relais: ") {
		t.Errorf("promote nobody: %d %s", code, errOut)
	}
	if code, out, errOut := relais("member", "reset-password", "lea@example.org"); code != 0 || !strings.Contains(out, "http://127.0.0.1:0/reset/") {
		t.Errorf("reset: %d %s %s", code, out, errOut)
	}
	if code, _, errOut := relais("member", "reset-password", "lea@example.org", "--password", "on the command line"); code != exitFailed || !strings.Contains(errOut, "standard input") {
		t.Errorf("a password for everybody to see: %d %s", code, errOut)
	}
}

func TestChoosePassword(t *testing.T) {
	if p, made, err := choosePassword("-", strings.NewReader("mot de passe\r\nrest")); p != "mot de passe" || made || err != nil {
		t.Errorf("from a line: %q, %v, %v", p, made, err)
	}
	if p, made, err := choosePassword("", nil); len(p) != 20 || !made || err != nil {
		t.Errorf("made: %q, %v, %v", p, made, err)
	}
}

const products = `Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Published
bougie,Bougie au miel,Parfum,Miel,B-1,18.00,5,TRUE
bougie,,,Cire,B-2,-3.00,5,TRUE
`

func TestImport(t *testing.T) {
	db := database(t)
	if code, out, errOut := relais("member", "create", "lea@example.org", "--name", "Léa Martin"); code != 0 {
		t.Fatalf("create: %d %s %s", code, out, errOut)
	}
	db.MustExec(`insert into brands (handle, name, lang, maker_name, maker_address, contact_email, country)
		values ('cirier', 'Le cirier', 'fr', 'Le cirier', 'Nantes', 'c@example.org', 'FR')`)
	dir := t.TempDir()
	file, report := filepath.Join(dir, "products.csv"), filepath.Join(dir, "report.csv")
	if err := os.WriteFile(file, []byte(products), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := relais("import", "--brand", "cirier", "--report", report, file)
	if code != 0 || out == "" {
		t.Errorf("import: %d %s %s", code, out, errOut)
	}
	if b, err := os.ReadFile(report); err != nil || strings.Count(string(b), "\n") != 3 {
		t.Errorf("report: %s, %v", b, err)
	}
	if err := os.WriteFile(file, []byte("Nothing,Known\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := relais("import", "--brand", "cirier", file); code != exitFailed || !strings.Contains(errOut, "the file was refused") {
		t.Errorf("a file of something else: %d %s", code, errOut)
	}
	if code, _, errOut := relais("import", "--brand", "nobody", file); code != exitFailed || !strings.Contains(errOut, "no brand with the handle nobody") {
		t.Errorf("nobody's file: %d %s", code, errOut)
	}
	if code, _, errOut := relais("import", "--brand", "cirier", file+"x"); code != exitFailed || !strings.Contains(errOut, "no such file") {
		t.Errorf("no file: %d %s", code, errOut)
	}
}

func TestAuditNamesWhatIsBroken(t *testing.T) {
	db := database(t)
	if code, out, errOut := relais("audit"); code != 0 || !strings.Contains(out, "invariants hold") || !strings.Contains(out, "ledger_zero") {
		t.Errorf("audit: %d %s %s", code, out, errOut)
	}
	owner := pgtest.Owner(t, db)
	owner.MustExec(`grant update on ledger_postings to relais_app`)
	if code, out, errOut := relais("audit", "--quiet"); code != exitFailed || !strings.Contains(out, "BROKEN") || !strings.Contains(errOut, "do not add up") {
		t.Errorf("audit: %d %s %s", code, out, errOut)
	}
}

func TestAuditHoldsTheBooksAgainstStripes(t *testing.T) {
	db := database(t)
	if code, out, errOut := relais("audit", "--stripe"); code != 0 || !strings.Contains(out, "Stripe's books and ours agree") || !strings.Contains(out, "missing_at_stripe") ||
		!strings.Contains(out, "invariants hold") {
		t.Errorf("audit: %d %s %s", code, out, errOut)
	}
	err := postgres.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, ledger.Transaction{Reference: "order:1:paid", Kind: "sale", Currency: "EUR", At: time.Now(), Object: "ch_never",
			Postings: []ledger.Posting{{Source: ledger.Account{Kind: ledger.Stripe}, Destination: ledger.Account{Kind: ledger.Bank}, Amount: 500}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	owner := pgtest.Owner(t, db).MustBegin() // long ago, so that it is not in flight
	owner.MustExec(`set local session_replication_role = replica`)
	owner.MustExec(`update ledger_transactions set created_at = created_at - interval '2 hours'`)
	if err := owner.Commit(); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := relais("audit", "--stripe", "--quiet")
	if code != exitFailed || !strings.Contains(out, "DIFFERS") || !strings.Contains(out, "ch_never") || !strings.Contains(out, "500 EUR") || strings.Contains(out, "twice") ||
		!strings.Contains(errOut, "differ") {
		t.Errorf("audit: %d %s %s", code, out, errOut)
	}
}

func TestPayoutsBesideARunningServerAndWithout(t *testing.T) {
	database(t)
	if code, out, errOut := relais("payouts"); code != 0 || !strings.Contains(out, "0 payouts made") {
		t.Errorf("without: %d %s %s", code, out, errOut)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("RELAIS_ADDR", l.Addr().String())
	if code, out, errOut := relais("payouts", "--dry-run"); code != 0 || !strings.Contains(out, "Nobody") {
		t.Errorf("beside: %d %s %s", code, out, errOut)
	}
}

func TestVersion(t *testing.T) {
	if code, out, _ := relais("version"); code != 0 || !strings.HasPrefix(out, "relais ") {
		t.Errorf("version: %d %q", code, out)
	}
}
