package notices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/postgres"
)

// item is a notice in a letter.
type item struct {
	ID          int64
	Title, Text string
}

// noticeLetter is what the letter of one notice reads.
type noticeLetter struct {
	Name string
	item
}

const selectForMail = `select member_id, mail from notices where id = $1`

// write is the handler of JobMail: the letter of one notice, unless its member has ended its kind meanwhile. Twice it writes once.
func (s *Service) write(ctx context.Context, w jobs.Work) error {
	var args mailArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var row struct {
			MemberID int64  `db:"member_id"`
			Mail     string `db:"mail"`
		}
		err := postgres.Translate(tx.GetContext(ctx, &row, selectForMail, args.Notice))
		if errors.Is(err, fault.NotFound) {
			return w.Done(ctx, tx) // deleted meanwhile
		}
		if err != nil {
			return err
		}
		n, err := one(ctx, tx, row.MemberID, args.Notice)
		if err != nil {
			return err
		}
		to, err := readerOf(ctx, tx, row.MemberID)
		if err != nil {
			return err
		}
		wanted, err := LetterNow(ctx, tx, row.MemberID, n.Kind)
		if err != nil {
			return err
		}
		if wanted && to.Reachable {
			err := s.mail.Queue(ctx, tx, mail.Letter{To: to.Email, Lang: to.Lang, Template: "notice", Reference: fmt.Sprintf("notice:%d", n.ID),
				MemberID: row.MemberID, Kind: string(n.Kind), Data: noticeLetter{to.Name, item{n.ID, n.Title(to.Lang), n.Text(to.Lang)}}})
			if err != nil {
				return err
			}
		}
		return w.Done(ctx, tx)
	})
}

const (
	digestBatch = 200 // members looked up at once
	digestMost  = 40  // notices in one letter; the rest is counted
)

// A member has something to read: unread, of before the cutoff of its rhythm, and no digest of that day yet.
const selectHungry = `
select n.member_id from notices n left join notice_zones z on z.member_id = n.member_id
where n.mail in ('daily','weekly') and n.digest_id is null and n.read_at is null and n.member_id > $1
  and coalesce(z.zone, $2) = $3 and (n.mail = 'daily' and n.at < $4 or n.mail = 'weekly' and n.at < $5)
  and not exists (select 1 from notice_digests d where d.member_id = n.member_id and d.day = $6)
group by n.member_id order by n.member_id limit $7`

// Digest writes every digest that is due: for each zone where it is day, to each member with something to read, once a day. Several may run
// it at once, and again: a member gets one letter a day.
func (s *Service) Digest(ctx context.Context) error {
	now := s.now()
	for _, zone := range Zones() {
		place, err := time.LoadLocation(zone)
		if err != nil {
			return fmt.Errorf("zone %s: %w", zone, err)
		}
		if !Awake(now, place) {
			continue
		}
		e := edition{zone: zone, daily: DailyCutoff(now, place), weekly: WeeklyCutoff(now, place)}
		for after := int64(0); ; {
			var members []int64
			err := s.db.SelectContext(ctx, &members, selectHungry, after, home, zone, e.daily, e.weekly, e.day(), digestBatch)
			if err != nil {
				return fmt.Errorf("find who gets a digest: %w", postgres.Translate(err))
			}
			for _, id := range members {
				if err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return s.digest(ctx, tx, id, e, now) }); err != nil {
					return fmt.Errorf("digest of member %d: %w", id, err)
				}
				after = id
			}
			if len(members) < digestBatch {
				break
			}
		}
	}
	return nil
}

// edition is one morning in one zone.
type edition struct {
	zone          string
	daily, weekly time.Time
}

func (e edition) day() string { return e.daily.Format(time.DateOnly) }

const insertDigest = `insert into notice_digests (member_id, day, at) values ($1, $2, $3) on conflict on constraint notice_digests_once do nothing returning id`

const takeWaiting = `
update notices set digest_id = $2 where member_id = $1 and mail in ('daily','weekly') and digest_id is null and read_at is null
  and (mail = 'daily' and at < $3 or mail = 'weekly' and at < $4)
returning ` + shown

// digestLetter is what a digest reads.
type digestLetter struct {
	Name   string
	Sphere Topic // of which alone it is; empty: of everything that may be read together
	Groups []group
	Count  int
	More   int // of them, not in the letter
}

// group is the notices of one topic in a digest.
type group struct {
	Title string
	Items []item
}

// digest writes of all that waits, and marks it as told, in one transaction: in one letter, or where spheres are kept apart in one of what is of
// neither and one for each.
func (s *Service) digest(ctx context.Context, tx *sqlx.Tx, memberID int64, e edition, now time.Time) error {
	to, err := readerOf(ctx, tx, memberID)
	if err != nil || to.Zone != e.zone {
		return err
	}
	var id int64
	err = postgres.Translate(tx.GetContext(ctx, &id, insertDigest, memberID, e.day(), now))
	if errors.Is(err, fault.NotFound) {
		return nil // written by another process
	}
	if err != nil {
		return err
	}
	var list []Shown
	if err := tx.SelectContext(ctx, &list, takeWaiting, memberID, id, e.daily, e.weekly); err != nil {
		return postgres.Translate(err)
	}
	if len(list) == 0 || !to.Reachable {
		return nil // read since, or nobody to write to
	}
	apart, err := Apart(ctx, tx, memberID)
	if err != nil {
		return err
	}
	newestFirst(list)
	for sphere, part := range divided(list, apart) {
		reference := fmt.Sprintf("digest:%d:%s", memberID, e.day())
		if sphere != "" {
			reference += ":" + string(sphere)
		}
		err := s.mail.Queue(ctx, tx, mail.Letter{To: to.Email, Lang: to.Lang, Template: "digest", Reference: reference,
			MemberID: memberID, Kind: DigestKind, Data: compose(to, sphere, part)})
		if err != nil {
			return err
		}
	}
	return nil
}

// divided are the notices of each letter, by the sphere that it is of: one of everything unless spheres are kept apart.
func divided(list []Shown, apart bool) map[Topic][]Shown {
	letters := map[Topic][]Shown{}
	for _, n := range list {
		sphere := Topic("")
		if apart {
			sphere = n.Topic.Sphere()
		}
		letters[sphere] = append(letters[sphere], n)
	}
	return letters
}

// compose arranges a digest by topic.
func compose(to reader, sphere Topic, list []Shown) digestLetter {
	l := digestLetter{Name: to.Name, Sphere: sphere, Count: len(list), More: max(0, len(list)-digestMost)}
	list = list[:len(list)-l.More]
	for _, t := range Parts() {
		g := group{Title: to.Lang.T("notice.topic." + string(t))}
		for _, n := range list {
			if n.Topic == t {
				g.Items = append(g.Items, item{n.ID, n.Title(to.Lang), n.Text(to.Lang)})
			}
		}
		if len(g.Items) > 0 {
			l.Groups = append(l.Groups, g)
		}
	}
	return l
}
