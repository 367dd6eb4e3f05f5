package fediverse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/storefronts"
)

// atOnce is how many new things are told to followers at a time: of an import of hundreds the newest are, the others only stand in
// the outbox.
const atOnce = 20

const selectOpen = `select id from fediverse_actors where kind = $1 and coalesce(member_id, brand_id, 0) = $2 and closed_at is null for no key update`

const insertObject = `
insert into fediverse_objects (actor_id, ref, lang, title, body, path, feed_path, media_hash, media_alt, earner, tags, published_at, updated_at)
values ($1, $2, $3, $4, $5, $6, coalesce(nullif($7, ''), $6), $8, $9, $10, $11, $12, $12)
on conflict (actor_id, ref) where deleted_at is null do nothing returning id`

const updateObject = `
update fediverse_objects set lang = $3, title = $4, body = $5, media_hash = $6, media_alt = $7, earner = $8, tags = $9, updated_at = greatest($10, published_at),
  path = coalesce(nullif($11, ''), path), feed_path = coalesce(nullif($12, ''), nullif($11, ''), feed_path)
where actor_id = $1 and ref = $2 and deleted_at is null returning id`

// Publish makes something public to the followers of a storefront or brand, or tells them that it changed: a recommendation, a new
// product, a story, whatever anybody may read. It does nothing where the owner is not open to others. In the caller's transaction;
// now is business time.
func Publish(ctx context.Context, tx *sqlx.Tx, o Owner, t Thing, now time.Time) error {
	return publish(ctx, tx, o, t, now, true)
}

// publish does so; told says whether followers hear of it, or only find it.
func publish(ctx context.Context, tx *sqlx.Tx, o Owner, t Thing, now time.Time, told bool) error {
	actor, err := openActor(ctx, tx, o)
	if actor == 0 || err != nil {
		return err
	}
	if t.At.IsZero() {
		t.At = now
	}
	if t.Tags == nil {
		t.Tags = []string{}
	}
	var ids []int64
	err = tx.SelectContext(ctx, &ids, insertObject, actor, t.Ref, t.Lang, t.Title, t.Body, t.Path, t.FeedPath, t.MediaHash, t.MediaAlt, t.Earner, t.Tags, t.At)
	if err != nil {
		return fmt.Errorf("publish: %w", postgres.Translate(err))
	}
	kind := "create"
	if len(ids) == 0 {
		kind = "update"
		if err := tx.SelectContext(ctx, &ids, updateObject, actor, t.Ref, t.Lang, t.Title, t.Body, t.MediaHash, t.MediaAlt, t.Earner, t.Tags, now, t.Path, t.FeedPath); err != nil {
			return fmt.Errorf("publish: %w", postgres.Translate(err))
		}
	}
	if !told || len(ids) != 1 {
		return nil
	}
	return queue(ctx, tx, actor, kind, ids[0])
}

// Withdraw takes something back that was published, and tells the followers' servers. What is not there is no fault.
func Withdraw(ctx context.Context, tx *sqlx.Tx, o Owner, ref string, now time.Time) error {
	actor, err := openActor(ctx, tx, o)
	if actor == 0 || err != nil {
		return err
	}
	var ids []int64
	err = tx.SelectContext(ctx, &ids, `update fediverse_objects set deleted_at = $3 where actor_id = $1 and ref = $2 and deleted_at is null returning id`, actor, ref, now)
	if err != nil || len(ids) == 0 {
		return postgres.Translate(err)
	}
	return queue(ctx, tx, actor, "delete", ids[0])
}

// openActor locks the actor of an owner; 0 where there is none.
func openActor(ctx context.Context, tx *sqlx.Tx, o Owner) (int64, error) {
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, selectOpen, o.Kind, o.ID); err != nil {
		return 0, fmt.Errorf("lock actor: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	return ids[0], nil
}

// reconcileEvery is how often it is looked what became public.
const reconcileEvery = 3 * time.Second

// Run publishes what becomes public until ctx ends. Several processes may do so at once.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.Reconcile(ctx); err != nil && ctx.Err() == nil {
				s.Log.ErrorContext(ctx, "publish what became public", "error", err) // the next look goes on
			}
		}
	}
}

// Rows of changes say what is to be looked at: what a member did at once, what a brand did, which is each sale too, once a minute. Now and
// then everything is, since the rows are kept for an hour only. A row has the time at which its transaction began.
const selectStale = `
select a.id from fediverse_actors a where a.closed_at is null and a.kind <> 'site' and (
  a.reconciled_at is null or a.reconciled_at < now() - interval '30 minutes' or exists (
    select 1 from changes c where c.at > a.reconciled_at - interval '15 seconds' and (
      c.topic = 'member:' || a.member_id or a.reconciled_at < now() - interval '1 minute' and (
        c.topic = 'brand:' || a.brand_id or a.member_id is not null and c.topic like 'brand:%' and exists (
          select 1 from listings l join products p on p.id = l.product_id where l.member_id = a.member_id and 'brand:' || p.brand_id = c.topic)))))
order by a.reconciled_at nulls first limit 200`

// Reconcile publishes what became public since the last time, for everybody who is open to others.
func (s *Service) Reconcile(ctx context.Context) error {
	var ids []int64
	if err := s.DB.SelectContext(ctx, &ids, selectStale); err != nil {
		return fmt.Errorf("look for what became public: %w", err)
	}
	var failed []error
	for _, id := range ids {
		failed = append(failed, postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
			a, err := oneActor(ctx, tx, `a.id = $1 and a.closed_at is null for no key update of a skip locked`, id)
			switch {
			case errors.Is(err, ErrClosed):
				return nil
			case err != nil:
				return err
			case a.Blocked:
				return s.end(ctx, tx, a)
			}
			return s.reconcile(ctx, tx, a)
		}))
	}
	return errors.Join(failed...)
}

const selectPublished = selectObjects + `o.actor_id = $1 and o.deleted_at is null and (o.ref like 'listing:%' or o.ref like 'product:%') order by o.id`

// reconcile brings what is published in line with what is public. The first time everything keeps its own date; nobody follows yet.
func (s *Service) reconcile(ctx context.Context, tx *sqlx.Tx, a Actor) error {
	var published []Object
	if err := tx.SelectContext(ctx, &published, selectPublished, a.ID); err != nil {
		return fmt.Errorf("read what is published: %w", err)
	}
	wanted, err := s.wanted(ctx, tx, a)
	if err != nil {
		return err
	}
	var first bool
	if err := tx.GetContext(ctx, &first, `select reconciled_at is null from fediverse_actors where id = $1`, a.ID); err != nil {
		return fmt.Errorf("read actor: %w", err)
	}
	plan, now := Plan(published, wanted), s.Now()
	for _, o := range plan.Withdraw {
		if err := Withdraw(ctx, tx, a.Owner(), o.Ref, now); err != nil {
			return err
		}
	}
	for _, o := range plan.Change {
		if err := Publish(ctx, tx, a.Owner(), o.Thing, now); err != nil {
			return err
		}
	}
	for i, t := range plan.Publish {
		if t.Path, t.FeedPath, err = s.paths(ctx, tx, a, t); err != nil {
			return err
		}
		if !first {
			t.At = now
		}
		if err := publish(ctx, tx, a.Owner(), t, now, i >= len(plan.Publish)-atOnce); err != nil {
			return err
		}
	}
	return s.profile(ctx, tx, a)
}

const updateReconciled = `update fediverse_actors set reconciled_at = now(), profile = $2 where id = $1`

// profile tells followers when name, text or picture changed.
func (s *Service) profile(ctx context.Context, tx *sqlx.Tx, a Actor) error {
	sum := sha256.Sum256([]byte(strings.Join([]string{a.Username(), a.Name, a.Text, a.IconHash, a.ImageHash, string(a.Lang), a.PublicKey}, "\x00")))
	digest := hex.EncodeToString(sum[:])
	if a.Profile != "" && a.Profile != digest {
		if err := queue(ctx, tx, a.ID, "profile", 0); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, updateReconciled, a.ID, digest); err != nil {
		return fmt.Errorf("note what is published: %w", err)
	}
	return nil
}

// wanted is what is public of a storefront or brand, in its own language.
func (s *Service) wanted(ctx context.Context, tx *sqlx.Tx, a Actor) ([]Thing, error) {
	if a.Kind == Storefront {
		return s.recommendations(ctx, tx, a)
	}
	cards, err := catalog.BrandCards(ctx, tx, a.Lang, s.Now(), a.OwnerID)
	var things []Thing
	for _, c := range cards {
		if c.State == catalog.Published && c.MinMinor > 0 {
			t := thing(c, "product", c.BrandName+".")
			t.At = c.CreatedAt
			things = append(things, t)
		}
	}
	return things, err
}

// recommendations are the listings with words of the member's own.
func (s *Service) recommendations(ctx context.Context, tx *sqlx.Tx, a Actor) ([]Thing, error) {
	list, err := storefronts.Listings(ctx, tx, a.OwnerID, a.Lang, s.Now())
	if err != nil {
		return nil, err
	}
	f, err := storefronts.ByMember(ctx, tx, a.OwnerID)
	if err != nil {
		return nil, err
	}
	var things []Thing
	for _, l := range list {
		if strings.TrimSpace(l.Note) == "" {
			continue
		}
		t := thing(l.ProductCard, "listing", l.Note)
		if l.CommissionBps > 0 {
			t.Earner = f.MemberName
		}
		t.At, t.Lang = l.ListedAt, a.Lang
		things = append(things, t)
	}
	slices.Reverse(things) // what was added last stands first
	return things, nil
}

func thing(c catalog.ProductCard, kind, words string) Thing {
	t := Thing{Ref: fmt.Sprintf("%s:%d", kind, c.ID), Lang: c.Lang, Title: c.Title, Body: words, MediaHash: c.MediaHash, MediaAlt: c.MediaAlt, Tags: []string{}}
	if kind == "listing" {
		t.Title += " · " + c.BrandName
	} else {
		t.Path = "/p/" + c.Slug
	}
	if t.MediaAlt == "" && t.MediaHash != "" {
		t.MediaAlt = c.Title
	}
	if c.Category != "" {
		t.Tags = append(t.Tags, c.Category)
	}
	return t
}

// paths are where a new thing leads: a recommendation through links of the member's own, so that what comes of it is theirs. Who has as
// many links as there may be is led to by the storefront's own path, which says so too.
func (s *Service) paths(ctx context.Context, tx *sqlx.Tx, a Actor, t Thing) (path, feed string, err error) {
	if a.Kind != Storefront {
		return t.Path, t.Path, nil
	}
	var product int64
	var slug string
	if _, err := fmt.Sscanf(t.Ref, "listing:%d", &product); err != nil {
		return "", "", fmt.Errorf("read %q: %w", t.Ref, err)
	}
	if err := tx.GetContext(ctx, &slug, `select slug from products where id = $1`, product); err != nil {
		return "", "", fmt.Errorf("read product: %w", err)
	}
	paths := []string{a.Path() + "/p/" + slug, a.Path() + "/p/" + slug}
	for i, channel := range []string{"fediverse", "feed"} {
		link, err := s.Referrals.CreateIn(ctx, tx, a.OwnerID, referrals.Share{Target: referrals.ToProduct, ProductID: product, Channel: channel})
		switch {
		case err == nil:
			paths[i] = link.Path()
		case !errors.Is(err, referrals.ErrManyLinks):
			return "", "", err
		}
	}
	return paths[0], paths[1], nil
}
