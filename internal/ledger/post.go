package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/money"
)

// Post books t inside the caller's transaction: it locks the payees' balances in order of account, judges t on them by
// Apply, and writes header and postings. Posted a second time with the same content it changes nothing and answers with
// Replayed, even when the money has moved on since; with other content it returns ErrConflict. Other errors: ErrOverdraft,
// ErrMalformed. After any error the caller must roll back.
func Post(ctx context.Context, tx *sqlx.Tx, t Transaction) (Posted, error) {
	if err := t.Validate(); err != nil {
		return Posted{}, err
	}
	if t.takesNothing() {
		return book(ctx, tx, t)
	}
	accounts, err := lock(ctx, tx, t.accounts(), t.Currency)
	if err != nil {
		return Posted{}, fmt.Errorf("post %s: %w", t.Reference, err)
	}
	return post(ctx, tx, t, accounts)
}

const bookTransaction = `
select transaction_id, posting_id from ledger_book($1, $2, $3, $4, $5, $6::text[], $7::bigint[], $8::integer[], $9::integer[], $10::bigint[], $11)`

// book locks the accounts of a transaction that no balance can refuse, and writes it, in one statement.
func book(ctx context.Context, tx *sqlx.Tx, t Transaction) (Posted, error) {
	sorted, position := t.canonical()
	content, accounts := digest(t, sorted), t.accounts()
	kinds, owners := make([]string, len(accounts)), make([]int64, len(accounts))
	places := make(map[Account]int64, len(accounts)) // in SQL, from 1
	for i, a := range accounts {
		kinds[i], owners[i], places[a] = string(a.Kind), a.Owner, int64(i+1)
	}
	sources, destinations, amounts := legs(sorted, places)
	posted, err := scanPosted(tx.QueryContext(ctx, bookTransaction, t.Reference, t.Kind, string(t.Currency), content, t.At,
		pq.Array(kinds), pq.Array(owners), pq.Array(sources), pq.Array(destinations), pq.Array(amounts), t.Object))
	refusal, refused := errors.AsType[*pq.Error](err)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return replay(ctx, tx, t, content, position)
	case refused && refusal.Code.Name() == "numeric_value_out_of_range":
		return Posted{}, fmt.Errorf("post %s: %w", t.Reference, money.ErrOverflow)
	case err != nil:
		return Posted{}, fmt.Errorf("post %s: %w", t.Reference, err)
	}
	return posted.inOrder(position), nil
}

// legs are postings as the statements take them, with accounts by number.
func legs(postings []Posting, numbers map[Account]int64) (sources, destinations, amounts []int64) {
	for _, p := range postings {
		sources, destinations, amounts = append(sources, numbers[p.Source]), append(destinations, numbers[p.Destination]), append(amounts, p.Amount)
	}
	return sources, destinations, amounts
}

// PostDecided is Post for many payees at once: it locks the accounts, hands what the payees among them have, in minor units,
// to decide, and books the transaction that it answers with, which may touch no other accounts. One without postings books
// nothing. It saves locking twice where the amounts of a large transaction are the balances themselves.
func PostDecided(ctx context.Context, tx *sqlx.Tx, accounts []Account, c money.Currency, decide func(balances map[Account]int64) (Transaction, error)) (Posted, error) {
	if err := c.Valid(); err != nil {
		return Posted{}, err
	}
	for _, a := range accounts {
		if err := a.validate(); err != nil {
			return Posted{}, err
		}
	}
	sorted := slices.Clone(accounts)
	slices.SortFunc(sorted, compareAccounts)
	locked, err := lock(ctx, tx, slices.Compact(sorted), c)
	if err != nil {
		return Posted{}, fmt.Errorf("lock %d accounts: %w", len(accounts), err)
	}
	t, err := decide(locked.balances)
	if err != nil || len(t.Postings) == 0 {
		return Posted{}, err
	}
	if err := t.Validate(); err != nil {
		return Posted{}, err
	}
	for _, p := range t.Postings {
		for _, a := range [...]Account{p.Source, p.Destination} {
			if _, ok := locked.ids[a]; !ok {
				return Posted{}, malformed("%v in %s was not locked", a, t.Reference)
			}
		}
	}
	if t.Currency != c {
		return Posted{}, malformed("%s is in %s, but accounts in %s were locked", t.Reference, t.Currency, c)
	}
	return post(ctx, tx, t, locked)
}

// post judges t on locked accounts and writes it.
func post(ctx context.Context, tx *sqlx.Tx, t Transaction, accounts locked) (Posted, error) {
	sorted, position := t.canonical()
	content := digest(t, sorted)
	if _, err := Apply(accounts.balances, t); err != nil {
		// Only a replay may find the money gone.
		if posted, replayErr := replay(ctx, tx, t, content, position); !errors.Is(replayErr, sql.ErrNoRows) {
			return posted, replayErr
		}
		return Posted{}, err
	}
	posted, err := insert(ctx, tx, t, sorted, position, content, accounts.ids)
	if errors.Is(err, sql.ErrNoRows) {
		return replay(ctx, tx, t, content, position)
	}
	return posted, err
}

// LockAll locks the balances of several payees' accounts until the end of tx, in the one order in which Post locks them, and
// returns them in minor units. Whoever decides by balances of several accounts locks them all at once.
func LockAll(ctx context.Context, tx *sqlx.Tx, accounts []Account, c money.Currency) (map[Account]int64, error) {
	if err := c.Valid(); err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if err := a.validate(); err != nil {
			return nil, err
		}
		if !a.Kind.Payee() {
			return nil, malformed("%v has no balance to lock", a)
		}
	}
	sorted := slices.Clone(accounts)
	slices.SortFunc(sorted, compareAccounts)
	l, err := lock(ctx, tx, slices.Compact(sorted), c)
	if err != nil {
		return nil, fmt.Errorf("lock balances: %w", err)
	}
	return l.balances, nil
}

// Lock locks the balance of a payee's account until the end of tx, opening the account if need be, and returns it in minor
// units. Whoever decides by a balance locks it first.
func Lock(ctx context.Context, tx *sqlx.Tx, a Account, c money.Currency) (int64, error) {
	balances, err := LockAll(ctx, tx, []Account{a}, c)
	return balances[a], err
}

// locked is what lock found.
type locked struct {
	ids      map[Account]int64
	balances map[Account]int64 // of the payees
}

const lockAccounts = `select account_kind, account_owner, account_id, account_balance from ledger_lock($1::text[], $2::bigint[], $3)`

func lock(ctx context.Context, tx *sqlx.Tx, accounts []Account, c money.Currency) (locked, error) {
	kinds, owners := make([]string, len(accounts)), make([]int64, len(accounts))
	for i, a := range accounts {
		kinds[i], owners[i] = string(a.Kind), a.Owner
	}
	rows, err := tx.QueryContext(ctx, lockAccounts, pq.Array(kinds), pq.Array(owners), string(c))
	if err != nil {
		return locked{}, err
	}
	defer rows.Close()
	l := locked{ids: make(map[Account]int64, len(accounts)), balances: make(map[Account]int64, len(accounts))}
	for rows.Next() {
		var (
			a       Account
			id      int64
			balance sql.NullInt64
		)
		if err := rows.Scan(&a.Kind, &a.Owner, &id, &balance); err != nil {
			return locked{}, err
		}
		l.ids[a] = id
		if balance.Valid {
			l.balances[a] = balance.Int64
		}
	}
	return l, rows.Err()
}

const insertTransaction = `select transaction_id, posting_id from ledger_write($1, $2, $3, $4, $5, $6::bigint[], $7::bigint[], $8::bigint[], $9)`

// insert writes header and postings; sql.ErrNoRows when the reference is taken.
func insert(ctx context.Context, tx *sqlx.Tx, t Transaction, sorted []Posting, position []int, content []byte, ids map[Account]int64) (Posted, error) {
	sources, destinations, amounts := legs(sorted, ids)
	posted, err := scanPosted(tx.QueryContext(ctx, insertTransaction, t.Reference, t.Kind, string(t.Currency), content, t.At,
		pq.Array(sources), pq.Array(destinations), pq.Array(amounts), t.Object))
	if err != nil {
		return Posted{}, fmt.Errorf("post %s: %w", t.Reference, err)
	}
	return posted.inOrder(position), nil
}

const selectPosted = `
select t.content, t.id, p.id from ledger_transactions t join ledger_postings p on p.transaction_id = t.id
where t.reference = $1 order by p.id`

// replay returns what the books have under t's reference; ErrConflict if it is something else, sql.ErrNoRows if nothing.
func replay(ctx context.Context, tx *sqlx.Tx, t Transaction, content []byte, position []int) (Posted, error) {
	rows, err := tx.QueryContext(ctx, selectPosted, t.Reference)
	if err != nil {
		return Posted{}, fmt.Errorf("look for %s: %w", t.Reference, err)
	}
	defer rows.Close()
	posted := Posted{Replayed: true}
	var booked []byte
	for rows.Next() {
		var id int64
		if err := rows.Scan(&booked, &posted.ID, &id); err != nil {
			return Posted{}, err
		}
		posted.PostingIDs = append(posted.PostingIDs, id)
	}
	switch {
	case rows.Err() != nil:
		return Posted{}, rows.Err()
	case booked == nil:
		return Posted{}, sql.ErrNoRows
	case !bytes.Equal(booked, content) || len(posted.PostingIDs) != len(position):
		return Posted{}, fmt.Errorf("post %s: %w", t.Reference, ErrConflict)
	}
	return posted.inOrder(position), nil
}

func scanPosted(rows *sql.Rows, err error) (Posted, error) {
	if err != nil {
		return Posted{}, err
	}
	defer rows.Close()
	var p Posted
	for rows.Next() {
		var id int64
		if err := rows.Scan(&p.ID, &id); err != nil {
			return Posted{}, err
		}
		p.PostingIDs = append(p.PostingIDs, id)
	}
	if err := rows.Err(); err != nil {
		return Posted{}, err
	}
	if p.ID == 0 {
		return Posted{}, sql.ErrNoRows
	}
	return p, nil
}

// inOrder gives the posting ids, which come in canonical order, in the order in which the caller wrote the postings.
func (p Posted) inOrder(position []int) Posted {
	ids := make([]int64, len(p.PostingIDs))
	for i, at := range position {
		ids[at] = p.PostingIDs[i]
	}
	p.PostingIDs = ids
	return p
}
