package notices

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/postgres"
)

// Who is blocked is told nothing; an address that nobody confirmed gets no mail.
const insertNotices = `
insert into notices (member_id, topic, kind, event, subject, args, path, at, listed, mail)
select m.id, $2, $3, $4, $5, $6::text::jsonb, $7, $8, c.listed, case when $9 or m.email_confirmed_at is null or c.mail = 'never' then 'none' else c.mail end
from members m left join notice_settings s on s.member_id = m.id and s.kind = $3
cross join lateral (select coalesce(s.listed, true) or $10 as listed, coalesce(s.mail, $11) as mail, coalesce(s.push, $12) as push) c
where m.id = any($1) and m.blocked_at is null
  and (c.listed or c.mail <> 'never' and not $9 or c.push and exists (select 1 from push_devices d where d.member_id = m.id))
order by m.id
on conflict on constraint notices_once do nothing
returning id, member_id, mail`

const selectDevices = `
select d.id, d.member_id from push_devices d left join notice_settings s on s.member_id = d.member_id and s.kind = $2
where d.member_id = any($1) and coalesce(s.push, $3) order by d.id`

type mailArgs struct {
	Notice int64 `json:"notice"`
}

type pushArgs struct {
	Notice int64 `json:"notice"`
	Device int64 `json:"device"`
	Try    int   `json:"try"` // before this one
}

// Tell tells a member something in the caller's transaction: it is told when that commits, and only then. A second time it changes nothing.
// An error is a defect of the caller or of the database.
func Tell(ctx context.Context, tx *sqlx.Tx, n Notice) error {
	return TellAll(ctx, tx, []int64{n.MemberID}, n)
}

const selectTeam = `select member_id from brand_members where brand_id = $1 order by member_id`

// TellTeam tells everybody on the team of a brand.
func TellTeam(ctx context.Context, tx *sqlx.Tx, brandID int64, n Notice) error {
	var team []int64
	if err := tx.SelectContext(ctx, &team, selectTeam, brandID); err != nil {
		return fmt.Errorf("tell the team of brand %d: %w", brandID, postgres.Translate(err))
	}
	return TellAll(ctx, tx, team, n)
}

// TellAll tells several members the same; n.MemberID is not read. Whoever has thousands to tell does so in parts.
func TellAll(ctx context.Context, tx *sqlx.Tx, memberIDs []int64, n Notice) error {
	if err := n.check(); err != nil {
		return err
	}
	args, err := n.Args.freeze()
	if err != nil {
		return err
	}
	nature, _ := NatureOf(n.Kind)
	var told []struct {
		ID       int64  `db:"id"`
		MemberID int64  `db:"member_id"`
		Mail     string `db:"mail"`
	}
	err = tx.SelectContext(ctx, &told, insertNotices, pq.Array(memberIDs), n.part(nature), n.Kind, n.Event, n.Subject, string(args), n.Path, n.At,
		n.Written, nature.Stays, nature.Mail, nature.Push)
	if err != nil {
		return fmt.Errorf("tell %s %s: %w", n.Kind, n.Subject, postgres.Translate(err))
	}
	if len(told) == 0 {
		return nil
	}
	ids, members := map[int64]int64{}, make([]int64, 0, len(told))
	for _, t := range told {
		ids[t.MemberID] = t.ID
		members = append(members, t.MemberID)
		if t.Mail != string(AtOnce) {
			continue
		}
		j := jobs.Job{Kind: JobMail, Args: mailArgs{t.ID}, UniqueKey: fmt.Sprintf("%s:%d", JobMail, t.ID)}
		if err := jobs.Enqueue(ctx, tx, j); err != nil {
			return err
		}
	}
	var devices []struct {
		ID       int64 `db:"id"`
		MemberID int64 `db:"member_id"`
	}
	if err := tx.SelectContext(ctx, &devices, selectDevices, pq.Array(members), n.Kind, nature.Push); err != nil {
		return fmt.Errorf("find devices: %w", postgres.Translate(err))
	}
	for _, d := range devices {
		if err := enqueuePush(ctx, tx, pushArgs{Notice: ids[d.MemberID], Device: d.ID}, jobs.Job{}); err != nil {
			return err
		}
	}
	return nil
}

// Untell takes back what a member was told of a subject, in the caller's transaction, as what it was about is not there any more. What went out
// by mail or to a device stays there.
func Untell(ctx context.Context, tx *sqlx.Tx, memberID int64, k Kind, subject string) error {
	if _, err := tx.ExecContext(ctx, `delete from notices where member_id = $1 and kind = $2 and subject = $3`, memberID, k, subject); err != nil {
		return fmt.Errorf("take back %s %s: %w", k, subject, postgres.Translate(err))
	}
	return nil
}

func enqueuePush(ctx context.Context, tx *sqlx.Tx, a pushArgs, j jobs.Job) error {
	j.Kind, j.Args, j.UniqueKey = JobPush, a, fmt.Sprintf("%s:%d:%d:%d", JobPush, a.Notice, a.Device, a.Try)
	return jobs.Enqueue(ctx, tx, j)
}

const selectMailChoice = `select coalesce((select mail from notice_settings where member_id = $1 and kind = $2), $3)`

// LetterNow says whether a member wants the letter of a kind at once: for a domain that writes a letter of its own which can be switched off.
// What is chosen for digests is told by Tell alone.
func LetterNow(ctx context.Context, q sqlx.QueryerContext, memberID int64, k Kind) (bool, error) {
	nature, ok := NatureOf(k)
	if !ok {
		return false, fmt.Errorf("notice: there is no kind %q", k)
	}
	if nature.Due {
		return true, nil
	}
	var c Choice
	if err := sqlx.GetContext(ctx, q, &c, selectMailChoice, memberID, k, nature.Mail); err != nil {
		return false, fmt.Errorf("read how %s goes to member %d: %w", k, memberID, postgres.Translate(err))
	}
	return c == AtOnce, nil
}

// Write queues a letter of a domain, unless its member wants news of that kind in a digest or not at all, and says whether it did: for Written.
// What is due goes out whatever was chosen.
func Write(ctx context.Context, tx *sqlx.Tx, out *mail.Outbox, memberID int64, k Kind, l mail.Letter) (written bool, err error) {
	if written, err = LetterNow(ctx, tx, memberID, k); err != nil || !written {
		return false, err
	}
	l.MemberID, l.Kind = memberID, string(k)
	return true, out.Queue(ctx, tx, l)
}

// Payee is a member, or a brand with its name; exactly one of the two is set.
type Payee struct {
	MemberID, BrandID *int64
	Name              string
}

// TellPayee writes a letter about one of their payouts to a payee, and tells them, or the team of the brand, under the letter's reference. Of
// these letters only that of a member about money that was sent can be switched off.
func TellPayee(ctx context.Context, tx *sqlx.Tx, out *mail.Outbox, to Payee, l mail.Letter, n Notice) (err error) {
	n.Subject, n.Written = l.Reference, to.MemberID != nil // a brand's letter goes to its own address
	if n.Event == "sent" && to.MemberID != nil {
		n.Written, err = Write(ctx, tx, out, *to.MemberID, Payout, l)
	} else {
		err = out.Queue(ctx, tx, l)
	}
	if err != nil {
		return err
	}
	if to.MemberID != nil {
		n.MemberID, n.Kind = *to.MemberID, Payout
		return Tell(ctx, tx, n)
	}
	n.Kind, n.Args["Brand"] = BrandPayout, to.Name
	return TellTeam(ctx, tx, *to.BrandID, n)
}
