// Package notices tells members what happened that concerns them: in the app, by mail, and on their devices.
//
// A domain tells in the transaction of what it did, so that there is no sale without its notice and no notice without its sale:
//
//	notices.Tell(ctx, tx, notices.Notice{MemberID: 7, Kind: notices.Sale, Event: "made", Subject: "order:42", Path: "/me/earnings/9",
//		At: now, Args: notices.Args{"Amount": amount, "Title": "Bol"}})
//
// A member is told each event of a subject once, however often the code runs (a unique key). What is kept are the values that the words
// name, as they were; the words are of the reader's language at the time of reading: "notice.words.KIND.EVENT.title" and ".text".
//
//	Tell ──► notices row ──┬──► the list, and the count at the bell         unless switched off; never for money
//	                       ├──► mail: at once │ daily │ weekly │ never       a job, or the digest of the morning
//	                       └──► web push: a job for each device
//
// The kinds are in Kinds, with what goes where until a member chooses otherwise. Money is never switched off everywhere: it always stays in
// the list. What the law or a loss asks for is a letter of its own, which the domain writes and nobody can switch off; its notice says so
// (Written), and is not mailed a second time. A letter of a domain that can be switched off asks LetterNow first.
//
// What is told of a circle is of that circle's sphere; money, orders and brands are of neither. A member may keep their spheres apart (Apart);
// until they choose, that is so for whom both spheres concern. Then nothing shows both at once: the list and the number at the bell have what is of
// neither, and of the one sphere that was chosen in that browser (its side); a digest is a letter of what is of neither, and one for each sphere;
// a push never names a circle, whatever was chosen. A part of the list that is asked for by name is shown: that is a choice, too.
//
// To add a kind: a line in Kinds, its words in messages/{fr,en}/notices.toml, and a call to Tell.
package notices

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/token"
)

// Kinds of jobs.
const (
	JobMail   = "notices.mail"   // writes the letter of one notice
	JobPush   = "notices.push"   // sends one notice to one device
	JobDigest = "notices.digest" // writes the digests that are due
	JobSweep  = "notices.sweep"  // deletes what is old
)

// Options is what the service needs.
type Options struct {
	DB      *sqlx.DB
	Mail    *mail.Outbox
	Keys    *token.Keys
	Now     func() time.Time // business time: of notices and digests
	Clock   func() time.Time // real time: of devices and tokens
	PushKey string           // private key of web push, 32 bytes as base64; empty: there is no web push
	Contact string           // for push services: an https address of ours, or a mail address
	Client  *http.Client     // to push services; nil: one that reaches public addresses only
	Log     *slog.Logger
}

// Service has the use cases of members and the jobs. Create it with New; it is safe for concurrent use.
type Service struct {
	db     *sqlx.DB
	mail   *mail.Outbox
	keys   *token.Keys
	now    func() time.Time
	clock  func() time.Time
	log    *slog.Logger
	sender *sender // nil: there is no web push
}

// New checks the key and returns the service.
func New(o Options) (*Service, error) {
	s := &Service{db: o.DB, mail: o.Mail, keys: o.Keys, now: o.Now, clock: o.Clock, log: o.Log}
	if o.PushKey == "" {
		return s, nil
	}
	var err error
	s.sender, err = newSender(o.PushKey, o.Contact, o.Client)
	return s, err
}

// Register hands the jobs to the runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobMail, time.Minute, s.write)
	r.Handle(JobPush, time.Minute, s.push)
	r.Handle(JobDigest, 10*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Digest(ctx) })
	r.Every(JobDigest, 15*time.Minute, JobDigest)
	r.Handle(JobSweep, 10*time.Minute, s.sweep)
	r.Every(JobSweep, 24*time.Hour, JobSweep)
}

const (
	keptRead   = 13 * 30 * 24 * time.Hour // after they happened
	keptUnread = 25 * 30 * 24 * time.Hour
	sweepBatch = 1000
)

const deleteOld = `
delete from notices where id in (select id from notices where at < $1 and (read_at is not null or at < $2) limit $3)`

// sweep deletes notices that are old. The books, statements and letters keep what money did.
func (s *Service) sweep(ctx context.Context, _ jobs.Work) error {
	now := s.now()
	for {
		r, err := s.db.ExecContext(ctx, deleteOld, now.Add(-keptRead), now.Add(-keptUnread), sweepBatch)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n < sweepBatch {
			return err
		}
	}
}
