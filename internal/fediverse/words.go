package fediverse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html"
	"strings"

	"github.com/jmoiron/sqlx"

	"relais/internal/fediverse/wire"
	"relais/internal/media"
)

const selectObjects = `
select o.id, o.actor_id, o.ref, o.lang, o.title, o.body, o.path, o.feed_path, o.media_hash, o.media_alt, o.earner, o.tags, o.published_at, o.updated_at, o.deleted_at
from fediverse_objects o where `

// errNothing says that there is no longer anything to tell.
var errNothing = errors.New("nothing to tell")

// words are what a delivery says, of what is true now.
func (s *Service) words(ctx context.Context, d delivery) (any, error) {
	switch d.Kind {
	case "create", "update", "delete":
		return s.wordsOfObject(ctx, d)
	case "profile":
		a, err := oneActor(ctx, s.DB, `a.id = $1 and a.closed_at is null`, d.ActorID)
		if errors.Is(err, ErrClosed) {
			err = errNothing
		}
		return s.site.Profile(s.person(a), d.ID), err
	case "gone":
		return s.site.Gone(d.ActorID), nil
	}
	var whom string
	if err := s.DB.GetContext(ctx, &whom, `select uri from fediverse_remotes where id = $1`, d.RemoteID); err != nil {
		return nil, fmt.Errorf("read remote actor: %w", err)
	}
	switch d.Kind {
	case "accept":
		return s.site.Accept(d.ActorID, whom, d.Activity, d.ID), nil
	case "follow":
		return s.site.FollowActivity(d.ActorID, d.Activity, whom), nil
	}
	return s.site.UndoFollow(d.ActorID, d.Activity, whom), nil
}

func (s *Service) wordsOfObject(ctx context.Context, d delivery) (any, error) {
	var o Object
	if err := s.DB.GetContext(ctx, &o, selectObjects+`o.id = $1`, d.ObjectID); err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	switch {
	case d.Kind == "delete":
		return s.site.Delete(o.ActorID, o.ID), nil
	case o.DeletedAt != nil:
		return nil, errNothing
	case d.Kind == "create":
		return s.site.Create(s.published(o)), nil
	}
	return s.site.Update(s.published(o)), nil
}

// published is an object as its document says it.
func (s *Service) published(o Object) wire.Published {
	p := wire.Published{ID: o.ID, Actor: o.ActorID, Post: s.post(o, o.Path), Created: o.At, Updated: o.UpdatedAt}
	if o.MediaHash != "" {
		p.Picture, p.Alt = s.BaseURL+media.URL(o.MediaHash, media.Large), o.MediaAlt
	}
	return p
}

// post is an object in words, leading to a path. The label comes first, and is a hashtag too: whoever mutes it sees none of these.
func (s *Service) post(o Object, path string) wire.Post {
	p := wire.Post{Lang: string(o.Lang), Title: o.Title, Body: o.Body, Link: s.BaseURL + path, Find: s.BaseURL + "/products?q="}
	if o.Earner != "" {
		p.Label = o.Lang.T("federation.label", "Name", o.Earner)
		p.Tags = append(p.Tags, wire.Tag(o.Lang.T("federation.tag")))
	}
	for _, t := range o.Tags {
		if tag := wire.Tag(t); tag != "" {
			p.Tags = append(p.Tags, tag)
		}
	}
	return p
}

// person is an actor as its document says it.
func (s *Service) person(a Actor) wire.Person {
	p := wire.Person{ID: a.ID, Kind: "Person", Username: a.Username(), Name: a.Name, Page: s.BaseURL + a.Path(), PublicKey: a.PublicKey, Since: a.OpenedAt}
	switch a.Kind {
	case Brand:
		p.Kind = "Organization"
	case site:
		p.Kind = "Application"
	}
	if a.Text != "" {
		p.Summary = "<p>" + html.EscapeString(a.Text) + "</p>"
	}
	if a.Kind == Storefront {
		p.Summary += "<p>" + html.EscapeString(a.Lang.T("federation.summary")) + "</p>"
	}
	if a.IconHash != "" {
		p.Icon = s.BaseURL + media.URL(a.IconHash, media.Small)
	}
	if a.ImageHash != "" {
		p.Image = s.BaseURL + media.URL(a.ImageHash, media.Large)
	}
	return p
}

// Answer is a document and how it is answered.
type Answer struct {
	Document any
	Gone     bool   // it is a tombstone
	Page     string // the path of the same for people
}

// ActorDocument answers the address of an actor: a tombstone where it is closed. ErrClosed where there never was one.
func (s *Service) ActorDocument(ctx context.Context, id int64) (Answer, error) {
	a, err := oneActor(ctx, s.DB, `a.id = $1`, id)
	if err != nil {
		return Answer{}, err
	}
	p := s.person(a)
	if a.ClosedAt != nil || a.Blocked {
		return Answer{wire.Tombstone(s.site.Actor(id), p.Kind), true, ""}, nil
	}
	return Answer{s.site.ActorDocument(p), false, a.Path()}, nil
}

// NoteDocument answers the address of something published.
func (s *Service) NoteDocument(ctx context.Context, id int64) (Answer, error) {
	var o Object
	err := s.DB.GetContext(ctx, &o, selectObjects+`o.id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Answer{}, ErrClosed
	}
	if err != nil {
		return Answer{}, fmt.Errorf("read object: %w", err)
	}
	if _, err := s.open(ctx, o.ActorID); errors.Is(err, ErrClosed) || o.DeletedAt != nil {
		return Answer{wire.Tombstone(s.site.Note(id), "Note"), true, ""}, nil
	} else if err != nil {
		return Answer{}, err
	}
	return Answer{s.site.NoteDocument(s.published(o)), false, o.Path}, nil
}

// open is an actor that may be shown. ErrClosed otherwise.
func (s *Service) open(ctx context.Context, id int64) (Actor, error) {
	a, err := oneActor(ctx, s.DB, `a.id = $1 and a.closed_at is null`, id)
	if err == nil && a.Blocked {
		err = ErrClosed
	}
	return a, err
}

// outboxPage is how many things stand on a page of the outbox.
const outboxPage = 20

// Outbox answers what an actor published: page 0 is its head.
func (s *Service) Outbox(ctx context.Context, id int64, page int) (any, error) {
	if _, err := s.open(ctx, id); err != nil {
		return nil, err
	}
	if page == 0 {
		total, err := count(ctx, s.DB, `select count(*) from fediverse_objects where actor_id = $1 and deleted_at is null`, id)
		return s.site.Outbox(id, total), err
	}
	list, err := newest(ctx, s.DB, id, outboxPage+1, (page-1)*outboxPage)
	if err != nil {
		return nil, err
	}
	more := len(list) > outboxPage
	notes := make([]wire.Published, 0, outboxPage)
	for _, o := range list[:min(len(list), outboxPage)] {
		notes = append(notes, s.published(o))
	}
	return s.site.OutboxPage(id, page, more, notes), nil
}

func newest(ctx context.Context, q sqlx.QueryerContext, actor int64, limit, offset int) ([]Object, error) {
	var list []Object
	err := sqlx.SelectContext(ctx, q, &list, selectObjects+`o.actor_id = $1 and o.deleted_at is null order by o.published_at desc, o.id desc limit $2 offset $3`, actor, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("read what is published: %w", err)
	}
	return list, nil
}

func count(ctx context.Context, q sqlx.QueryerContext, query string, args ...any) (n int, err error) {
	if err = sqlx.GetContext(ctx, q, &n, query, args...); err != nil {
		err = fmt.Errorf("count: %w", err)
	}
	return n, err
}

// Followers answers how many follow an actor; who they are is nobody's business.
func (s *Service) Followers(ctx context.Context, id int64) (any, error) {
	return s.counted(ctx, id, "/followers", `select count(*) from fediverse_followers where actor_id = $1`)
}

// Following answers how many an actor follows.
func (s *Service) Following(ctx context.Context, id int64) (any, error) {
	return s.counted(ctx, id, "/following", `select count(*) from fediverse_follows where actor_id = $1 and state = 'accepted'`)
}

func (s *Service) counted(ctx context.Context, id int64, what, query string) (any, error) {
	if _, err := s.open(ctx, id); err != nil {
		return nil, err
	}
	total, err := count(ctx, s.DB, query, id)
	return wire.Count(s.site.Actor(id)+what, total), err
}

// Finger answers whose an account is: acct:lea@relais.example, or the address of a storefront's or brand's page. ErrClosed where it is not
// open to others.
func (s *Service) Finger(ctx context.Context, resource string) (any, error) {
	kind, handle := Kind(""), ""
	if user, ok := strings.CutSuffix(strings.TrimPrefix(resource, "acct:"), "@"+s.host); ok {
		kind, handle = Storefront, strings.TrimPrefix(user, "@")
		if name, ok := strings.CutPrefix(handle, "b."); ok {
			kind, handle = Brand, name
		} else if handle == siteName {
			kind = site
		}
	} else if path, ok := strings.CutPrefix(resource, s.BaseURL); ok {
		if name, ok := strings.CutPrefix(path, "/@"); ok {
			kind, handle = Storefront, name
		} else if name, ok := strings.CutPrefix(path, "/b/"); ok {
			kind, handle = Brand, name
		}
	}
	where, args := `a.kind = $1 and a.closed_at is null and coalesce(m.handle, b.handle) = lower($2)`, []any{kind, handle}
	if kind == site {
		where, args = `a.kind = $1`, []any{kind}
	}
	a, err := oneActor(ctx, s.DB, where, args...)
	if err == nil && a.Blocked {
		err = ErrClosed
	}
	if err != nil {
		return nil, err
	}
	return s.site.Finger("acct:"+a.Username()+"@"+s.host, a.ID, s.BaseURL+a.Path()), nil
}

// Node says what this server is.
func (s *Service) Node(ctx context.Context) (any, error) {
	actors, err := count(ctx, s.DB, `select count(*) from fediverse_actors where closed_at is null and kind <> 'site'`)
	if err != nil {
		return nil, err
	}
	posts, err := count(ctx, s.DB, `select count(*) from fediverse_objects where deleted_at is null`)
	return wire.NodeInfo(actors, posts), err
}

// Nodes leads to Node.
func (s *Service) Nodes() any { return s.site.Nodes() }
