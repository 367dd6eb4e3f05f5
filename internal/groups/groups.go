package groups

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/token"
)

// Service is the use cases of this package.
type Service struct {
	db       *sqlx.DB
	now      func() time.Time // business time
	mail     *mail.Outbox
	keys     *token.Keys
	subjects map[Kind]Subjects
}

// Options is what the Service needs.
type Options struct {
	DB      *sqlx.DB
	Now     func() time.Time // business time
	Mail    *mail.Outbox
	Keys    *token.Keys
	Members *members.Service // tells whom the platform has shut out; nil: nobody does
}

// New makes the Service, and has it hear of members who are shut out.
func New(o Options) *Service {
	s := &Service{db: o.DB, now: o.Now, mail: o.Mail, keys: o.Keys, subjects: map[Kind]Subjects{}}
	if o.Members != nil {
		o.Members.WhenBlocked(s.blocked)
	}
	return s
}

// Subject is what a report is about, as the moderation page shows it.
type Subject struct {
	Title   string   // one line
	Excerpt string   // plain text, may be empty
	URL     string   // a path on this site where those who moderate see it; empty: nowhere
	Gone    bool     // it was removed or deleted already
	Photos  []string // hashes of its photographs, and of those it had: who may look at which is not said
}

// Subjects is how this package, which knows nothing of posts, learns what a report on one is about, and takes it down. The package that owns
// them gives it with Service.About. The reporter was allowed to see the subject: the page of the report checked it.
type Subjects struct {
	Describe func(ctx context.Context, q sqlx.QueryerContext, ids []int64) (map[int64]Subject, error)
	Remove   func(ctx context.Context, tx *sqlx.Tx, id, by int64, why string) error // twice does nothing more
}

// About tells the moderation page about one kind of subjects. It is called once, while the program is put together.
func (s *Service) About(k Kind, subjects Subjects) { s.subjects[k] = subjects }

// JobSweep forgets the addresses to which invitations were written.
const JobSweep = "groups.sweep"

// Register hands the job of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, 5*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Hour, JobSweep)
}

const sweepMails = `delete from group_mails m using groups g where g.id = m.group_id and g.closed_at < $1`

// Sweep empties the letters of invitations that were sent, or are over: nobody's address is kept for having been invited. What remains is
// the keyed digest by which nobody is written to twice, until the circle has been closed for a while.
func (s *Service) Sweep(ctx context.Context) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := change(ctx, tx, sweepMails, s.now().Add(-2*mailLife)); err != nil {
			return err
		}
		return s.mail.Forget(ctx, tx, letterInvitation, mailLife)
	})
}

// Draft is what a circle is to be.
type Draft struct {
	Name, Description, Rules string
	Sphere                   Sphere
	Visibility               Visibility
	Admission                Admission
	Picture                  string // content hash; empty: none, or as it was
}

// clean checks a draft; the sphere is only asked of new circles.
func (d *Draft) clean() error {
	var nameErr, textErr, rulesErr error
	d.Name, nameErr = line("name", d.Name, MaxName)
	d.Description, textErr = words("description", d.Description, MaxDescription, false)
	d.Rules, rulesErr = words("rules", d.Rules, MaxRules, false)
	errs := []error{nameErr, textErr, rulesErr}
	if !slices.Contains(Spheres(), d.Sphere) {
		errs = append(errs, fault.Field("sphere", "fault.required"))
	}
	if d.Visibility != Open && d.Visibility != Private {
		errs = append(errs, fault.Field("visibility", "fault.required"))
	}
	if d.Admission != Free && d.Admission != Asked {
		errs = append(errs, fault.Field("admission", "fault.required"))
	}
	return fault.Merge(errs...)
}

const countOwned = `
select count(*) from group_members m join groups g on g.id = m.group_id and g.closed_at is null where m.member_id = $1 and m.role = 'owner'`

const insertGroup = `
insert into groups (handle, name, description, rules, sphere, visibility, admission, picture, created_by, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (handle) do nothing
returning id, handle, name, description, rules, sphere, visibility, admission, picture, created_by, created_at, closed_at`

const insertMember = `
insert into group_members (group_id, member_id, role, joined_at, invited_by) values ($1, $2, $3, $4, nullif($5::bigint, 0)) on conflict do nothing`

// Create makes a circle whose owner is the member. Faults: the fields name, description, rules, sphere, visibility, admission; ErrMany.
func (s *Service) Create(ctx context.Context, memberID int64, d Draft) (Group, error) {
	if err := d.clean(); err != nil {
		return Group{}, err
	}
	var g Group
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var owned int
		if err := tx.GetContext(ctx, &owned, countOwned, memberID); err != nil {
			return postgres.Translate(err)
		}
		if owned >= maxOwned {
			return ErrMany
		}
		var err error
		if g, err = s.insert(ctx, tx, memberID, d); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertMember, g.ID, memberID, Owner, s.now(), 0); err != nil {
			return postgres.Translate(err)
		}
		return s.log(ctx, tx, deed{group: g.ID, by: memberID, action: "created"})
	})
	if err != nil {
		return Group{}, fmt.Errorf("create circle: %w", err)
	}
	return g, nil
}

// handleTries is how many addresses made of a name are tried before chance helps.
const handleTries = 5

// insert adds a circle under a free address.
func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, memberID int64, d Draft) (Group, error) {
	for n := range 2 * handleTries {
		var list []Group
		err := tx.SelectContext(ctx, &list, insertGroup, handleFor(d, n), d.Name, d.Description, d.Rules, d.Sphere, d.Visibility, d.Admission, d.Picture, memberID, s.now())
		if err != nil {
			return Group{}, postgres.Translate(err)
		}
		if len(list) == 1 {
			return list[0], nil
		}
	}
	return Group{}, fmt.Errorf("no free address for a new circle")
}

// handleFor is the n-th address to try. That of a private circle always ends by chance, so that nobody learns from the address of their own
// circle that another one of the same name exists.
func handleFor(d Draft, n int) string {
	base := members.ProposeHandle(d.Name, 0)
	if base == members.ProposeHandle("", 0) {
		base = "cercle"
	}
	switch {
	case d.Visibility == Private || n >= handleTries:
		return base + "-" + strings.ToLower(rand.Text()[:8])
	case n > 0:
		return fmt.Sprintf("%s-%d", base, n+1)
	}
	return base
}

const updateGroup = `
update groups set name = $2, description = $3, rules = $4, visibility = $5, admission = $6, picture = case when $7 = '' then picture else $7 end where id = $1`

// Edit changes what a circle is; its owner may. The sphere stays, and what was private stays private: people are in it, and wrote there,
// because it was. Faults: those of Create, ErrGone, ErrOwnerOnly, ErrClosed.
func (s *Service) Edit(ctx context.Context, groupID, by int64, d Draft) error {
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if err := ownerOf(g, r); err != nil {
			return err
		}
		d.Sphere = g.Sphere
		if err := d.clean(); err != nil {
			return err
		}
		if g.Visibility == Private && d.Visibility == Open {
			return fault.Field("visibility", "fault.group_stays_private")
		}
		if _, err := tx.ExecContext(ctx, updateGroup, g.ID, d.Name, d.Description, d.Rules, d.Visibility, d.Admission, d.Picture); err != nil {
			return fmt.Errorf("edit circle %d: %w", g.ID, postgres.Translate(err))
		}
		return s.log(ctx, tx, deed{group: g.ID, by: by, action: "edited"})
	})
}

// ownerOf says whether somebody with that role may do what the owner does.
func ownerOf(g Group, r Role) error {
	switch {
	case r != Owner:
		return ErrOwnerOnly
	case g.ClosedAt != nil:
		return ErrClosed
	}
	return nil
}

// as locks a circle and hands it over with the role of who acts. Whoever may not know of the circle gets ErrGone.
func (s *Service) as(ctx context.Context, groupID, by int64, do func(tx *sqlx.Tx, g Group, r Role) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		g, err := lock(ctx, tx, groupID)
		if err != nil {
			return err
		}
		r, err := RoleOf(ctx, tx, groupID, by)
		if err != nil {
			return err
		}
		if !CanFind(g, r) {
			return ErrGone
		}
		return do(tx, g, r)
	})
}

const (
	closeGroup       = `update groups set closed_at = $2 where id = $1`
	closeInvitations = `update group_invitations set revoked_at = $2 where group_id = $1 and revoked_at is null`
	closeRequests    = `update group_requests set state = 'withdrawn', decided_at = $2 where group_id = $1 and state = 'open'`
)

// Close ends a circle: its members read what was written, nobody writes or comes in any more, and to others it does not exist. Its owner
// may. Twice does nothing more. Faults: ErrGone, ErrOwnerOnly, the field why.
func (s *Service) Close(ctx context.Context, groupID, by int64, why string) error {
	why, err := words("why", why, MaxWhy, false)
	if err != nil {
		return err
	}
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if r != Owner {
			return ErrOwnerOnly
		}
		return s.close(ctx, tx, g, by, why)
	})
}

// close ends a circle that is locked.
func (s *Service) close(ctx context.Context, tx *sqlx.Tx, g Group, by int64, why string) error {
	if g.ClosedAt != nil {
		return nil
	}
	for _, query := range []string{closeGroup, closeInvitations, closeRequests} {
		if _, err := tx.ExecContext(ctx, query, g.ID, s.now()); err != nil {
			return fmt.Errorf("close circle %d: %w", g.ID, postgres.Translate(err))
		}
	}
	return s.log(ctx, tx, deed{group: g.ID, by: by, action: "closed", why: why})
}
