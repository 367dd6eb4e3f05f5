package reports

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Again is what a domain says of its things so that a decision can be looked at again.
type Again[T any] struct {
	// Insert keeps a report about the subject, with what it says now, by Table.Insert.
	Insert func(ctx context.Context, tx *sqlx.Tx, subject T, c Complaint) error
	// Hidden says whether the platform hides it.
	Hidden func(subject T) bool
	// Authors are the members whose words they are: of a brand's its team.
	Authors func(ctx context.Context, q sqlx.QueryerContext, subject T) ([]int64, error)
	// Name is what a notice calls it, and Path where it is read.
	Name func(subject T) (name, path string)
}

// HiddenPath is the page of what the platform hid for its author, who reads why and can contest it.
func HiddenPath(part Part, id int64) string { return fmt.Sprintf("/hidden/%s/%d", part, id) }

// Team are the members of a brand's team.
func Team(ctx context.Context, q sqlx.QueryerContext, brandID int64) (team []int64, err error) {
	err = sqlx.SelectContext(ctx, q, &team, `select member_id from brand_members where brand_id = $1 order by member_id`, brandID)
	return team, postgres.Translate(err)
}

// reported says whether a member ever reported something: they do not decide about it.
func (k Desk[T]) reported(ctx context.Context, q sqlx.QueryerContext, part Part, id, memberID int64) (bool, error) {
	list, err := k.Reports(ctx, q, `r.part = $1 and r.target = $2 and r.member_id = $3 and r.reason <> 'reopened' limit 1`, part, id, memberID)
	return len(list) > 0, err
}

// Reopen has the platform take up again what was decided, or take up what nobody reported, with a reason that the desk shows. What was decided stays in the history; the thing
// stays as it is until somebody decides anew. For administrators, which the caller checks. Faults: those of Subject, ErrYourOwn, ErrOpen, ErrFinal, the
// field why.
func (k Desk[T]) Reopen(ctx context.Context, db *sqlx.DB, d Decision, at time.Time) error {
	why, err := prose.Words("why", d.Why, MaxText, false)
	if err != nil {
		return err
	}
	return k.again(ctx, db, d.Part, d.ID, func(tx *sqlx.Tx, subject T) error {
		excluded, err := k.Excluded(ctx, tx, Case[T]{Part: d.Part, ID: d.ID, Subject: subject}, d.By)
		if err != nil {
			return err
		}
		if excluded {
			return ErrYourOwn
		}
		if err := k.Again.Insert(ctx, tx, subject, Complaint{Part: d.Part, ID: d.ID, MemberID: d.By, Reason: Reopened, Text: why}); err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: at, ActorID: d.By, Action: "report reopened", Subject: fmt.Sprintf("%s %d", d.Part, d.ID), Detail: map[string]any{"why": why}})
	})
}

// again runs do about a thing of which no report is open. ErrFinal, ErrOpen.
func (k Desk[T]) again(ctx context.Context, db *sqlx.DB, part Part, id int64, do func(tx *sqlx.Tx, subject T) error) error {
	if k.Again == nil {
		return ErrFinal
	}
	return postgres.InTx(ctx, db, func(tx *sqlx.Tx) error {
		subject, err := k.Subject(ctx, tx, part, id)
		if err != nil {
			return err
		}
		open, err := k.Reports(ctx, tx, `r.part = $1 and r.target = $2 and r.decided = '' limit 1`, part, id)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return ErrOpen
		}
		return do(tx, subject)
	})
}

// Hiding is something of a member's own that the platform hides.
type Hiding[T any] struct {
	Part      Part
	ID        int64
	Subject   T
	Why       string
	At        *time.Time // nil: it was hidden before decisions were kept
	Waits     bool       // the platform looks at it again
	Contested bool       // that was asked for, and is open or was refused: it cannot be asked for again
}

// Contestable says whether its author can contest it now.
func (h Hiding[T]) Contestable() bool { return !h.Waits && !h.Contested }

// Hidden is what the platform hides of a member's own words, with the reason. ErrNotHidden also for everybody else.
func (k Desk[T]) Hidden(ctx context.Context, q sqlx.QueryerContext, part Part, id, memberID int64) (h Hiding[T], err error) {
	if k.Again == nil {
		return h, ErrNotHidden
	}
	h.Part, h.ID = part, id
	if h.Subject, err = k.Subject(ctx, q, part, id); err != nil {
		return h, err
	}
	authors, err := k.Again.Authors(ctx, q, h.Subject)
	if err != nil {
		return h, err
	}
	if !k.Again.Hidden(h.Subject) || !slices.Contains(authors, memberID) {
		return h, ErrNotHidden
	}
	past, err := k.Reports(ctx, q, `r.part = $1 and r.target = $2 order by r.decided_at desc nulls first, r.id desc`, part, id)
	if err != nil {
		return h, err
	}
	shown := false // what was contested before it was shown again is another matter
	for _, r := range past {
		shown = shown || r.Decided == Kept
		h.Waits = h.Waits || r.Decided == Open
		h.Contested = h.Contested || r.Reason == Contested && !shown
		if r.Decided == Hidden && h.At == nil {
			h.At, h.Why = r.DecidedAt, r.Why
		}
	}
	return h, nil
}

// Contest asks the platform to look again at what it hides of the member's own, in their words. Whoever is a party of it still decides nothing. Faults: those of
// Subject, ErrNotHidden, ErrContested, ErrOpen, ErrFinal, the field text.
func (k Desk[T]) Contest(ctx context.Context, db *sqlx.DB, part Part, id, memberID int64, text string) error {
	text, err := prose.Words("text", text, MaxText, false)
	if err != nil {
		return err
	}
	return k.again(ctx, db, part, id, func(tx *sqlx.Tx, subject T) error {
		h, err := k.Hidden(ctx, tx, part, id, memberID)
		switch {
		case err != nil:
			return err
		case h.Contested:
			return ErrContested
		}
		return k.Again.Insert(ctx, tx, subject, Complaint{Part: part, ID: id, MemberID: memberID, Reason: Contested, Text: text})
	})
}

// tellShown tells the authors of what was hidden that it is shown again.
func (k Desk[T]) tellShown(ctx context.Context, tx *sqlx.Tx, was Case[T], at time.Time) error {
	if k.Again == nil || !k.Again.Hidden(was.Subject) {
		return nil
	}
	is, err := k.Subject(ctx, tx, was.Part, was.ID)
	if err != nil || k.Again.Hidden(is) {
		return err
	}
	authors, err := k.Again.Authors(ctx, tx, is)
	if err != nil {
		return err
	}
	name, path := k.Again.Name(is)
	return notices.TellAll(ctx, tx, authors, notices.Notice{Kind: notices.Appeal, Event: "shown", Subject: fmt.Sprintf("%s:%d:shown:%d", was.Part, was.ID, at.UnixNano()), Path: path, At: at,
		Args: notices.Args{"Title": name}})
}

// TellRefused tells whoever contested what stays hidden. name is what the notice calls it.
func (c Case[T]) TellRefused(ctx context.Context, tx *sqlx.Tx, name string, at time.Time) error {
	for _, r := range c.Reports {
		if r.Reason != Contested || r.MemberID == 0 {
			continue
		}
		err := notices.Tell(ctx, tx, notices.Notice{MemberID: r.MemberID, Kind: notices.Appeal, Event: "refused", Subject: fmt.Sprintf("%s:%d:refused:%d", c.Part, c.ID, at.UnixNano()),
			Path: HiddenPath(c.Part, c.ID), At: at, Args: notices.Args{"Title": name}})
		if err != nil {
			return err
		}
	}
	return nil
}

// Excluded says whether a member decides nothing about a case: it is their own, concerns their brand, or they reported it.
func (k Desk[T]) Excluded(ctx context.Context, q sqlx.QueryerContext, c Case[T], memberID int64) (bool, error) {
	party, err := k.Party(ctx, q, c.Subject, memberID)
	if err != nil || party {
		return party, err
	}
	return k.reported(ctx, q, c.Part, c.ID, memberID)
}

const selectAdmins = `select id from members where admin and blocked_at is null order by id`

// Deciders are the administrators who may decide about a case. None: it waits until there is another one.
func (k Desk[T]) Deciders(ctx context.Context, q sqlx.QueryerContext, c Case[T]) (list []int64, err error) {
	var admins []int64
	if err := sqlx.SelectContext(ctx, q, &admins, selectAdmins); err != nil {
		return nil, fmt.Errorf("read administrators: %w", postgres.Translate(err))
	}
	for _, id := range admins {
		excluded, err := k.Excluded(ctx, q, c, id)
		if err != nil {
			return nil, err
		}
		if !excluded {
			list = append(list, id)
		}
	}
	return list, nil
}

// Waiting is about how many things a report is open in a table.
func (t Table) Waiting(ctx context.Context, q sqlx.QueryerContext) (n int, err error) {
	err = sqlx.GetContext(ctx, q, &n, fmt.Sprintf(`select count(*) from (select distinct %s as part, %s as target from %s where decided = '') c`, t.Part, t.Target, t.Name))
	if err != nil {
		err = fmt.Errorf("count cases of %s: %w", t.Name, postgres.Translate(err))
	}
	return n, err
}

// alert tells the administrators that something waits at a desk where nothing did.
func (t Table) alert(ctx context.Context, tx *sqlx.Tx, at time.Time) error {
	n := 0
	if err := tx.GetContext(ctx, &n, fmt.Sprintf(`select count(*) from (select 1 from %s where decided = '' limit 2) o`, t.Name)); err != nil || n != 1 {
		return postgres.Translate(err)
	}
	var admins []int64
	if err := tx.SelectContext(ctx, &admins, selectAdmins); err != nil {
		return fmt.Errorf("read administrators: %w", postgres.Translate(err))
	}
	return notices.TellAll(ctx, tx, admins, notices.Notice{Kind: notices.Desk, Event: "waits", Subject: fmt.Sprintf("%s:%d", t.Name, at.UnixNano()), Path: t.Desk, At: at,
		Args: notices.Args{"Desk": notices.Words("notice.desk." + t.Name)}})
}
