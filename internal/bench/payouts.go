package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/mail"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payouts"
	"relais/internal/postgres"
)

// ledgerSide is the database for payouts: the books of a large marketplace, where everything came free and nothing was paid.
type ledgerSide struct {
	owner, app *sqlx.DB
	payouts    *payouts.Service
	payees     int64
	highest    int64 // the last posting before any run
}

// perPayee is how many earnings came free to each payee.
const perPayee = 100

// databaseOf is the address of another database on the same cluster.
func databaseOf(address, name string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// openLedger makes a database with that many free earnings on a cluster.
func openLedger(ctx context.Context, c *postgres.Cluster, earnings int64) (_ *ledgerSide, err error) {
	first, err := postgres.Open(c.OwnerURL(), 1)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	if _, err := first.ExecContext(ctx, `create database payouts`); err != nil {
		return nil, fmt.Errorf("make the database of the payouts: %w", err)
	}
	l := &ledgerSide{payees: earnings / perPayee}
	for _, side := range []struct {
		db      **sqlx.DB
		address string
	}{{&l.owner, c.OwnerURL()}, {&l.app, c.AppURL()}} {
		address, err := databaseOf(side.address, "payouts")
		if err != nil {
			return nil, err
		}
		if *side.db, err = postgres.Open(address, 4); err != nil {
			return nil, errors.Join(err, l.close())
		}
		if side.db == &l.owner {
			if err := postgres.Migrate(ctx, l.owner); err != nil {
				return nil, errors.Join(err, l.close())
			}
		}
	}
	if err := l.fill(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("fill the books: %w", err), l.close())
	}
	outbox, err := mail.New(mail.Options{DB: l.app, BaseURL: "http://localhost", From: "Relais <relais@localhost>", Now: time.Now})
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	l.payouts = payouts.New(payouts.Config{DB: l.app, Transfers: vault{}, Now: time.Now, Clock: time.Now, BaseURL: "http://localhost", Mail: outbox, Log: slog.New(slog.DiscardHandler)})
	return l, nil
}

func (l *ledgerSide) close() error {
	var errs []error
	for _, db := range []*sqlx.DB{l.app, l.owner} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// vault is a Stripe with enough for everybody. Making payouts asks nothing else of it.
type vault struct{ payments.Transfers }

// AvailableBalance is a trillion euro.
func (vault) AvailableBalance(context.Context) ([]money.Amount, error) {
	return []money.Amount{money.New(100_000_000_000_000, "EUR")}, nil
}

// books are the statements that fill a database, in order, with $1 the number of payees. Earnings come free in turn, as in
// life: those of one payee lie apart. A header holds a thousand postings, as the headers are not what is measured. The owner
// writes balances and digests as the triggers would; indexes are built when the rows are there.
var books = []string{
	`insert into members (email, email_normal, password_hash, name, handle) select 'p' || n || '@relais.example', 'p' || n || '@relais.example', '', 'Payee ' || n, 'payee-' || n
		from generate_series(1, $1::bigint) n`,
	`insert into payees (member_id, stripe_account_id, country, details_submitted, transfers_active, payouts_enabled)
		select id, 'acct_' || id, 'FR', true, true, true from members order by id limit $1::bigint`,
	`insert into ledger_accounts (kind, currency) values ('stripe', 'EUR')`,
	`insert into ledger_accounts (kind, owner_id, currency) select kind, id, 'EUR' from payees cross join (values ('held'), ('free'), ('paying')) k(kind)
		order by id, kind limit 3 * $1::bigint`,
	`insert into ledger_transactions (reference, kind, currency, content, at) select 'bench:' || n, 'release', 'EUR', sha256(('bench' || n)::bytea), now()
		from generate_series(0, $1::bigint * ` + each100 + ` / 1000) n`,
	`insert into ledger_postings (transaction_id, source_account_id, destination_account_id, currency, amount)
		select h.first + n / 1000, a.held, a.free, 'EUR', 100 + n % 5000 from generate_series(0, $1::bigint * ` + each100 + ` - 1) n
		join (select row_number() over (order by f.owner_id) - 1 as nth, s.id as held, f.id as free from ledger_accounts f
			join ledger_accounts s on s.owner_id = f.owner_id and s.kind = 'held' where f.kind = 'free') a on a.nth = n % $1::bigint
		cross join (select min(id) as first from ledger_transactions) h order by n`,
	`insert into ledger_balances (account_id, balance) select a.id, coalesce(s.sum, 0) from ledger_accounts a
		left join (select destination_account_id as id, sum(amount) as sum from ledger_postings group by 1) s on s.id = a.id
		where a.payee and $1::bigint > 0 order by a.id`,
}

const each100 = `100` // perPayee, in SQL

// fill generates the rows with triggers off, and without the indexes of postings, which are built at the end.
func (l *ledgerSide) fill(ctx context.Context) error {
	var indexes []string
	err := l.owner.SelectContext(ctx, &indexes, `select indexdef from pg_indexes where tablename = 'ledger_postings' and indexname not like '%_pkey'`)
	if err != nil {
		return err
	}
	tx, err := l.owner.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit this does nothing
	setup := []string{`set local session_replication_role = replica`, `set local maintenance_work_mem = '1GB'`, `set local work_mem = '256MB'`,
		`drop index ledger_postings_transaction, ledger_postings_source, ledger_postings_destination`}
	for _, s := range setup {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	for _, s := range books {
		args := []any{l.payees}
		if s == books[2] {
			args = nil
		}
		if _, err := tx.ExecContext(ctx, s, args...); err != nil {
			return fmt.Errorf("%.60s: %w", s, err)
		}
	}
	for _, s := range indexes {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	if err := tx.GetContext(ctx, &l.highest, `select max(id) from ledger_postings`); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return l.settle(ctx)
}

// settle leaves nothing for autovacuum to do in the middle of a measurement.
func (l *ledgerSide) settle(ctx context.Context) error {
	for _, s := range []string{`vacuum (analyze) ledger_postings`, `vacuum (analyze) ledger_balances`, `vacuum (analyze) payouts`, `analyze`, `checkpoint`} {
		if _, err := l.owner.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// group reads what the run has to know, and nothing else: the sum of each payee's free earnings, over the same rows.
func (l *ledgerSide) group(ctx context.Context) (seconds float64, err error) {
	var got struct {
		Payees int64 `db:"payees"`
		Minor  int64 `db:"minor"`
	}
	start := time.Now()
	err = l.owner.GetContext(ctx, &got, `select count(*) as payees, sum(due)::bigint as minor from (
		select destination_account_id, sum(amount) as due from ledger_postings group by destination_account_id) dues`)
	if err == nil && got.Payees != l.payees {
		err = fmt.Errorf("%d payees in the books, not %d", got.Payees, l.payees)
	}
	return time.Since(start).Seconds(), err
}

// run makes the payouts of everybody, and checks that they are what was free.
func (l *ledgerSide) run(ctx context.Context) (seconds float64, err error) {
	start := time.Now()
	r, err := l.payouts.Run(ctx, 0)
	took := time.Since(start).Seconds()
	if err != nil || int64(r.Made) != l.payees {
		return 0, errors.Join(err, fmt.Errorf("%d payouts were made for %d payees", r.Made, l.payees))
	}
	var wrong int64
	err = l.owner.GetContext(ctx, &wrong, `select (select count(*) from ledger_balances b join ledger_accounts a on a.id = b.account_id where a.kind = 'free' and b.balance <> 0)
		+ abs((select sum(amount_minor) from payouts) - (select sum(amount) from ledger_postings where id <= $1))`, l.highest)
	if err == nil && wrong != 0 {
		err = errors.New("the payouts are not what was free")
	}
	return took, err
}

// undo are the statements that take a run back, so that the next one finds the same books. $1: the last posting before it.
var undo = []string{
	`update ledger_balances b set balance = x.was from (
		select a.id, case a.kind when 'free' then p.amount_minor else 0 end as was from payouts p
		join ledger_accounts a on a.owner_id = p.payee_id and a.kind in ('free','paying')) x where x.id = b.account_id and $1::bigint > 0`,
	`delete from payouts where $1::bigint > 0`, `delete from payout_run_currencies where $1::bigint > 0`, `delete from payout_runs where $1::bigint > 0`,
	`delete from jobs where $1::bigint > 0`, `delete from ledger_postings where id > $1`, `delete from ledger_transactions where kind = 'payout' and $1::bigint > 0`,
}

func (l *ledgerSide) takeBack(ctx context.Context) error {
	tx, err := l.owner.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit this does nothing
	if _, err := tx.ExecContext(ctx, `set local session_replication_role = replica`); err != nil {
		return err
	}
	for _, s := range undo {
		if _, err := tx.ExecContext(ctx, s, l.highest); err != nil {
			return fmt.Errorf("%.60s: %w", s, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return l.settle(ctx)
}

// measurePayouts makes the line of the payout run.
func measurePayouts(ctx context.Context, c *postgres.Cluster, s settings) (_ line, err error) {
	l, err := openLedger(ctx, c, s.earnings)
	if err != nil {
		return line{}, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	var ours, theirs []float64
	for round := range s.rounds + 1 {
		read, err := l.group(ctx)
		if err != nil {
			return line{}, err
		}
		var paid float64
		err = s.profiled("payout_run", func() error {
			paid, err = l.run(ctx)
			return err
		})
		if err == nil {
			err = l.takeBack(ctx)
		}
		if err != nil {
			return line{}, err
		}
		if round > 0 { // the first one warms up
			ours, theirs = append(ours, paid), append(theirs, read)
		}
	}
	return atMost("payout_run", 1.5, "s", ours, "read-only GROUP BY", theirs), nil
}
