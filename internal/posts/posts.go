package posts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/referrals"
)

// Service is the use cases of this package. Create it with New.
type Service struct {
	db        *sqlx.DB
	now       func() time.Time // business time
	referrals *referrals.Service
	mail      *mail.Outbox
}

// New makes the Service.
func New(db *sqlx.DB, r *referrals.Service, now func() time.Time, m *mail.Outbox) *Service {
	return &Service{db: db, now: now, referrals: r, mail: m}
}

// Where is where a post is to go.
type Where struct {
	Groups   []int64
	Networks []string
	Outside  bool // also to those who follow its author, or one of the open circles among the groups
}

// When says what becomes of a post that is saved.
type When struct {
	Now  bool      // published, if it is not yet
	At   time.Time // or by itself at that time
	Zone string    // in which At was given
}

// Save writes a post: a new one where id is 0, else one of the author's own. What is published stays so, and what readers see of it is
// changed. The operation makes a new one that is sent twice one. It returns the number of the post. Faults: ErrNotYours, ErrPublished
// for a published one that is to be scheduled, TooMany, and the fields kind, text, attach, photo, alt, groups, networks.
func (s *Service) Save(ctx context.Context, authorID, id int64, operation string, c Content, w Where, when When) (int64, error) {
	c, err := Tidy(c)
	if err != nil {
		return 0, err
	}
	if w, err = w.tidy(); err != nil {
		return 0, err
	}
	live := when.Now || !when.At.IsZero()
	if live {
		if err := Ready(c, len(w.Groups), w.Networks); err != nil {
			return 0, err
		}
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		made := false
		if id == 0 {
			if id, made, err = insert(ctx, tx, authorID, operation, c, s.now()); err != nil || !made {
				return err
			}
		}
		return s.write(ctx, tx, authorID, id, c, w, when)
	})
	if err != nil {
		return 0, fmt.Errorf("save post: %w", err)
	}
	return id, nil
}

func (w Where) tidy() (Where, error) {
	w.Groups, w.Networks = slices.Clone(w.Groups), slices.Clone(w.Networks)
	slices.Sort(w.Groups)
	slices.Sort(w.Networks)
	w.Groups, w.Networks = slices.Compact(w.Groups), slices.Compact(w.Networks)
	if len(w.Groups) > MaxGroups {
		return w, fault.Field("groups", "posts.too_many_groups").Arg("Most", MaxGroups)
	}
	for _, n := range w.Networks {
		if !slices.Contains(Networks(), n) {
			return w, fault.Field("networks", "posts.network_unknown")
		}
	}
	return w, nil
}

// write changes a post that is locked, and publishes or schedules it.
func (s *Service) write(ctx context.Context, tx *sqlx.Tx, authorID, id int64, c Content, w Where, when When) error {
	p, err := one(ctx, tx, authorID, id, ` for update of p`)
	if err != nil {
		return err
	}
	if p.State == Published {
		if !when.At.IsZero() {
			return ErrPublished
		}
		if err := Ready(c, len(w.Groups), w.Networks); err != nil {
			return err
		}
	}
	now, edited := s.now(), p.State == Published && Changed(p.Content(), c)
	if err := hold(ctx, tx, id, w.Groups); err != nil {
		return err
	}
	if err := s.mayChoose(ctx, tx, p, w.Groups, edited); err != nil {
		return err
	}
	if edited {
		if err := inPace(ctx, tx, authorID, EditPaces, selectEdited, now); err != nil {
			return err
		}
	}
	if err := rewrite(ctx, tx, p, c, now); err != nil {
		return err
	}
	if err := setWhere(ctx, tx, id, w, now); err != nil {
		return err
	}
	p.Kind, p.Text, p.Attach, p.ProductID, p.PollID, p.Outside = c.Kind, c.Text, c.Attach, c.ProductID, c.PollID, w.Outside
	switch {
	case p.State == Published || when.Now:
		return s.publish(ctx, tx, p, now)
	case !when.At.IsZero():
		_, err = tx.ExecContext(ctx, `update posts set state = 'scheduled', publish_at = $2, zone = $3 where id = $1`, id, when.At, when.Zone)
	default:
		_, err = tx.ExecContext(ctx, `update posts set state = 'draft' where id = $1`, id)
	}
	return postgres.Translate(err)
}

const holdCircles = `select 1 from groups where id = any($2) or id in (select group_id from post_groups where post_id = $1) order by id for share`

// hold keeps the circles of a post, and those that were chosen, as they are until the transaction ends: whoever closes one of them, or makes it
// private, finds what was shown of it outside.
func hold(ctx context.Context, tx *sqlx.Tx, postID int64, chosen []int64) error {
	if _, err := tx.ExecContext(ctx, holdCircles, postID, pq.Array(chosen)); err != nil {
		return fmt.Errorf("hold the circles of post %d: %w", postID, postgres.Translate(err))
	}
	return nil
}

// mayChoose refuses circles in which the author cannot write, but for those in which the post is already: there it stays as it is, or is
// taken out, but what is read there is changed only by who may write there.
func (s *Service) mayChoose(ctx context.Context, tx *sqlx.Tx, p Post, groupIDs []int64, edited bool) error {
	there, err := Places(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	for _, id := range groupIDs {
		kept := slices.ContainsFunc(there, func(at Place) bool { return at.GroupID == id && at.PublishedAt != nil && at.GoneAt == nil })
		if kept && !edited {
			continue
		}
		g, role, err := standing(ctx, tx, id, p.AuthorID)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if err != nil || !groups.CanPost(g, role) {
			if kept {
				return fault.Field("groups", "posts.group_left")
			}
			return fault.Field("groups", "posts.group_unknown")
		}
	}
	return nil
}

// standing is a circle and what a member is in it.
func standing(ctx context.Context, q sqlx.QueryerContext, groupID, memberID int64) (groups.Group, groups.Role, error) {
	g, err := groups.ByID(ctx, q, groupID)
	if err != nil {
		return g, groups.None, err
	}
	role, err := groups.RoleOf(ctx, q, groupID, memberID)
	return g, role, err
}

const lockMember = `select blocked_at is not null from members where id = $1 for no key update`

const selectPublished = `select published_at from posts where author_id = $1 and published_at is not null order by published_at desc limit $2`

const selectEdited = `
select v.until from post_versions v join posts p on p.id = v.post_id where p.author_id = $1 order by v.until desc limit $2`

// inPace has one at a time of an author's, and refuses a flood.
func inPace(ctx context.Context, tx *sqlx.Tx, memberID int64, paces []Pace, last string, now time.Time) error {
	var blocked bool
	if err := tx.GetContext(ctx, &blocked, lockMember, memberID); err != nil {
		return postgres.Translate(err)
	}
	if blocked {
		return ErrForbidden
	}
	var times []time.Time
	most := slices.MaxFunc(paces, func(a, b Pace) int { return a.Most - b.Most }).Most
	if err := tx.SelectContext(ctx, &times, last, memberID, most); err != nil {
		return fmt.Errorf("count what was written: %w", postgres.Translate(err))
	}
	if wait := Wait(paces, times, now); wait > 0 {
		soon := &members.TooSoon{After: wait}
		return fault.New(fault.TooMany, "posts.too_many").Arg("Count", int(wait.Minutes())+1).Because(soon)
	}
	return nil
}

// publish puts a post into the circles that it is not in yet, each with a link of its own, and makes the links of its networks.
func (s *Service) publish(ctx context.Context, tx *sqlx.Tx, p Post, now time.Time) error {
	if p.State != Published {
		if err := inPace(ctx, tx, p.AuthorID, PostPaces, selectPublished, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update posts set state = 'published', published_at = $2, publish_at = null, problem = '' where id = $1`, p.ID, now); err != nil {
			return fmt.Errorf("publish post %d: %w", p.ID, postgres.Translate(err))
		}
	}
	there, err := Places(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	for _, at := range there {
		if err := s.place(ctx, tx, p, at, now); err != nil {
			return err
		}
	}
	networks, err := NetworksOf(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	for _, n := range networks {
		link, err := s.link(ctx, tx, p, n.LinkID, referrals.Share{Channel: n.Channel})
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update post_networks set link_id = $3 where post_id = $1 and channel = $2`, p.ID, n.Channel, link); err != nil {
			return fmt.Errorf("link post %d: %w", p.ID, postgres.Translate(err))
		}
	}
	return nil
}

const updatePlace = `
update post_groups set shown_by = case when $8 then shown_by when $6 <> '' then $7::bigint end, shown_sphere = case when $8 then shown_sphere else nullif($6, '') end, link_id = $3, published_at = case when $4 then published_at else coalesce(published_at, $5) end,
  skipped_at = case when $4 and published_at is null then $5::timestamptz end where post_id = $1 and group_id = $2`

// place puts a post into one circle, and shows it outside where its author chose so and the circle is open. Where its author cannot write any more, it is not put there, and what is there keeps its link and is shown to nobody whom it was not shown before.
func (s *Service) place(ctx context.Context, tx *sqlx.Tx, p Post, at Place, now time.Time) error {
	if at.GoneAt != nil || at.RemovedAt != nil {
		return nil
	}
	g, role, err := standing(ctx, tx, at.GroupID, p.AuthorID)
	if err != nil {
		return err
	}
	skip := !groups.CanPost(g, role)
	var link *int64
	if !skip || at.PublishedAt != nil {
		if link, err = s.link(ctx, tx, p, at.LinkID, referrals.Share{Channel: referrals.InCircle, Circle: g.Name, GroupID: g.ID}); err != nil {
			return err
		}
	}
	shown := groups.Sphere("")
	if p.Outside && !skip && groups.CanFind(g, groups.None) {
		shown = g.Sphere
	}
	if _, err := tx.ExecContext(ctx, updatePlace, p.ID, at.GroupID, link, skip, now, shown, p.AuthorID, p.Outside && skip); err != nil {
		return fmt.Errorf("put post %d into circle %d: %w", p.ID, at.GroupID, postgres.Translate(err))
	}
	return nil
}

const selectLeads = `select exists (select 1 from share_links where id = $1 and target = $2 and product_id is not distinct from $3 and poll_id is not distinct from $4)`

// link is the share link of a post for a circle or network; nil where nothing is attached. The one that is there stays while it leads to what
// is attached, be that for sale or not, a poll open or over: its author can still take the post back.
func (s *Service) link(ctx context.Context, tx *sqlx.Tx, p Post, there int64, sh referrals.Share) (*int64, error) {
	switch p.Attach {
	case Product:
		sh.Target, sh.ProductID = referrals.ToProduct, p.ProductID
	case Storefront:
		sh.Target = referrals.ToStorefront
	case Poll:
		sh.Target, sh.PollID = referrals.ToPoll, p.PollID
	default:
		return nil, nil
	}
	var leads bool
	if err := tx.GetContext(ctx, &leads, selectLeads, there, sh.Target, orNull(sh.ProductID), orNull(sh.PollID)); err != nil {
		return nil, fmt.Errorf("read link of post %d: %w", p.ID, postgres.Translate(err))
	}
	if leads {
		return &there, nil
	}
	link, err := s.referrals.CreateIn(ctx, tx, p.AuthorID, sh)
	if errors.Is(err, referrals.ErrPoll) {
		return nil, fault.Field("attach", "posts.poll_gone")
	}
	if errors.Is(err, fault.NotFound) {
		return nil, fault.Field("attach", "posts.product_gone")
	}
	if err != nil {
		return nil, err
	}
	return &link.ID, nil
}

// Withdraw makes a scheduled post a draft again. Twice is once. Faults: ErrNotYours, ErrPublished.
func (s *Service) Withdraw(ctx context.Context, authorID, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := one(ctx, tx, authorID, id, ` for update of p`)
		if err != nil {
			return err
		}
		if p.State == Published {
			return ErrPublished
		}
		_, err = tx.ExecContext(ctx, `update posts set state = 'draft' where id = $1`, id)
		return postgres.Translate(err)
	})
}

const deletePost = `update posts set state = 'deleted', deleted_at = $2, updated_at = $2 where id = $1`

// Delete takes a post out of all its circles. Moderators read it for KeptDays, in case it was reported. ErrNotYours; twice is ErrNotYours.
func (s *Service) Delete(ctx context.Context, authorID, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := one(ctx, tx, authorID, id, ` for update of p`); err != nil {
			return err
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, `update post_groups set gone_at = $2, shown_by = null, shown_sphere = null where post_id = $1 and published_at is not null and gone_at is null`, id, now); err != nil {
			return postgres.Translate(err)
		}
		_, err := tx.ExecContext(ctx, deletePost, id, now)
		return postgres.Translate(err)
	})
}

// Tick marks a step of the share queue as done, or as not done. Faults: ErrNotYours, the field networks.
func (s *Service) Tick(ctx context.Context, authorID, id int64, channel string, done bool) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := one(ctx, tx, authorID, id, ` for update of p`); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `update post_networks set done_at = case when $3 then coalesce(done_at, $4) end where post_id = $1 and channel = $2`, id, channel, done, s.now())
		if err != nil {
			return postgres.Translate(err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.NotFound, "posts.network_unknown")
		}
		return nil
	})
}
