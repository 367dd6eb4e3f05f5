package wire

import (
	"strconv"
	"time"
)

// context names the vocabularies of our documents. Nobody has to fetch them: all names are the usual ones.
var context = []any{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1",
	map[string]string{"Hashtag": "as:Hashtag", "sensitive": "as:sensitive", "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
		"toot": "http://joinmastodon.org/ns#", "discoverable": "toot:discoverable", "indexable": "toot:indexable"}}

// Site makes the addresses of our documents; it is the site's own, without a slash at its end.
type Site string

// Actor is the address of an actor.
func (s Site) Actor(id int64) string {
	return string(s) + "/fediverse/actors/" + strconv.FormatInt(id, 10)
}

// Note is the address of something published.
func (s Site) Note(id int64) string {
	return string(s) + "/fediverse/notes/" + strconv.FormatInt(id, 10)
}

// Inbox is where activities for everybody here are posted.
func (s Site) Inbox() string { return string(s) + "/fediverse/inbox" }

// Key is the address of an actor's key.
func (s Site) Key(id int64) string { return s.Actor(id) + "#main-key" }

// Follow is the address of a member's request to follow.
func (s Site) Follow(actor, id int64) string {
	return s.Actor(actor) + "#follows/" + strconv.FormatInt(id, 10)
}

// NoteID is the number in the address of something that we published; 0 where it is none of ours.
func (s Site) NoteID(uri string) int64 { return s.number(uri, "/fediverse/notes/") }

// ActorID is the number in the address of an actor of ours; 0 where it is none.
func (s Site) ActorID(uri string) int64 { return s.number(uri, "/fediverse/actors/") }

func (s Site) number(uri, path string) int64 {
	prefix := string(s) + path
	if len(uri) <= len(prefix) || uri[:len(prefix)] != prefix {
		return 0
	}
	n, err := strconv.ParseInt(uri[len(prefix):], 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != uri[len(prefix):] {
		return 0
	}
	return n
}

// Person is what the document of an actor says.
type Person struct {
	ID        int64
	Kind      string // Person, Organization, Application
	Username  string
	Name      string
	Summary   string // HTML
	Page      string // absolute
	Icon      string // absolute address of a JPEG; empty: none
	Image     string
	PublicKey string
	Since     time.Time
}

type document = map[string]any

// ActorDocument is an actor's document.
func (s Site) ActorDocument(p Person) any {
	id := s.Actor(p.ID)
	d := document{"@context": context, "id": id, "type": p.Kind, "preferredUsername": p.Username, "name": p.Name, "summary": p.Summary, "url": p.Page,
		"inbox": id + "/inbox", "outbox": id + "/outbox", "followers": id + "/followers", "following": id + "/following",
		"endpoints": document{"sharedInbox": s.Inbox()}, "manuallyApprovesFollowers": false, "discoverable": true, "indexable": true,
		"published": stamp(p.Since), "publicKey": document{"id": s.Key(p.ID), "owner": id, "publicKeyPem": p.PublicKey}}
	for name, address := range map[string]string{"icon": p.Icon, "image": p.Image} {
		if address != "" {
			d[name] = document{"type": "Image", "mediaType": "image/jpeg", "url": address}
		}
	}
	return d
}

// Published is what the document of a note says.
type Published struct {
	ID, Actor        int64
	Post             Post
	Picture, Alt     string // absolute address of a JPEG; empty: none
	Created, Updated time.Time
}

func (s Site) note(p Published) document {
	content := p.Post.HTML()
	d := document{"id": s.Note(p.ID), "type": "Note", "attributedTo": s.Actor(p.Actor), "content": content, "contentMap": document{p.Post.Lang: content},
		"url": p.Post.Link, "published": stamp(p.Created), "sensitive": false, "to": []string{Public}, "cc": []string{s.Actor(p.Actor) + "/followers"}}
	if p.Updated.After(p.Created) {
		d["updated"] = stamp(p.Updated)
	}
	tags := []document{}
	for _, tag := range p.Post.Tags {
		tags = append(tags, document{"type": "Hashtag", "name": "#" + tag, "href": p.Post.Find + tag})
	}
	d["tag"] = tags
	pictures := []document{}
	if p.Picture != "" {
		pictures = append(pictures, document{"type": "Document", "mediaType": "image/jpeg", "url": p.Picture, "name": p.Alt})
	}
	d["attachment"] = pictures
	return d
}

// NoteDocument is a note's document.
func (s Site) NoteDocument(p Published) any {
	d := s.note(p)
	d["@context"] = context
	return d
}

// Create says that a note was published.
func (s Site) Create(p Published) any { return s.withContext(s.create(p)) }

func (s Site) create(p Published) document {
	return document{"id": s.Note(p.ID) + "#create", "type": "Create", "actor": s.Actor(p.Actor), "published": stamp(p.Created),
		"to": []string{Public}, "cc": []string{s.Actor(p.Actor) + "/followers"}, "object": s.note(p)}
}

// Update says that a note changed.
func (s Site) Update(p Published) any {
	return s.withContext(document{"id": s.Note(p.ID) + "#updates/" + strconv.FormatInt(p.Updated.UnixMilli(), 10), "type": "Update", "actor": s.Actor(p.Actor),
		"to": []string{Public}, "cc": []string{s.Actor(p.Actor) + "/followers"}, "object": s.note(p)})
}

// Delete says that a note is gone.
func (s Site) Delete(actor, note int64) any {
	return s.withContext(document{"id": s.Note(note) + "#delete", "type": "Delete", "actor": s.Actor(actor), "to": []string{Public}, "object": Tombstone(s.Note(note), "Note")})
}

// Tombstone stands where something was.
func Tombstone(id, kind string) any {
	return document{"@context": context[0], "id": id, "type": "Tombstone", "formerType": kind}
}

// Profile says that an actor changed; change tells this change from others.
func (s Site) Profile(p Person, change int64) any {
	return s.withContext(document{"id": s.Actor(p.ID) + "#updates/" + strconv.FormatInt(change, 10), "type": "Update", "actor": s.Actor(p.ID),
		"to": []string{Public}, "object": s.ActorDocument(p)})
}

// Gone says that an actor is gone.
func (s Site) Gone(actor int64) any {
	id := s.Actor(actor)
	return s.withContext(document{"id": id + "#delete", "type": "Delete", "actor": id, "to": []string{Public}, "object": id})
}

// Accept answers somebody's Follow; number tells this answer from others.
func (s Site) Accept(actor int64, follower, follow string, number int64) any {
	id := s.Actor(actor)
	return s.withContext(document{"id": id + "#accepts/" + strconv.FormatInt(number, 10), "type": "Accept", "actor": id, "to": []string{follower},
		"object": document{"id": follow, "type": "Follow", "actor": follower, "object": id}})
}

func (s Site) follow(actor int64, id, whom string) document {
	return document{"id": id, "type": "Follow", "actor": s.Actor(actor), "object": whom}
}

// FollowActivity asks to follow somebody; id is the address of the request.
func (s Site) FollowActivity(actor int64, id, whom string) any {
	return s.withContext(s.follow(actor, id, whom))
}

// UndoFollow takes that back.
func (s Site) UndoFollow(actor int64, id, whom string) any {
	return s.withContext(document{"id": id + "/undo", "type": "Undo", "actor": s.Actor(actor), "object": s.follow(actor, id, whom)})
}

// Count is a collection of which only the number is told.
func Count(id string, total int) any {
	return document{"@context": context[0], "id": id, "type": "OrderedCollection", "totalItems": total}
}

// Outbox is the head of what an actor published.
func (s Site) Outbox(actor int64, total int) any {
	id := s.Actor(actor) + "/outbox"
	return document{"@context": context[0], "id": id, "type": "OrderedCollection", "totalItems": total, "first": id + "?page=1"}
}

// OutboxPage is one page of it, the newest first.
func (s Site) OutboxPage(actor int64, page int, more bool, notes []Published) any {
	id := s.Actor(actor) + "/outbox"
	items := make([]document, len(notes))
	for i, n := range notes {
		items[i] = s.create(n)
	}
	d := document{"@context": context, "id": id + "?page=" + strconv.Itoa(page), "type": "OrderedCollectionPage", "partOf": id, "orderedItems": items}
	if more {
		d["next"] = id + "?page=" + strconv.Itoa(page+1)
	}
	if page > 1 {
		d["prev"] = id + "?page=" + strconv.Itoa(page-1)
	}
	return d
}

// Finger answers who an account is.
func (s Site) Finger(subject string, actor int64, page string) any {
	return document{"subject": subject, "aliases": []string{page, s.Actor(actor)}, "links": []document{
		{"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": page},
		{"rel": "self", "type": ActivityJSON, "href": s.Actor(actor)}}}
}

// Nodes leads to NodeInfo.
func (s Site) Nodes() any {
	return document{"links": []document{{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": string(s) + "/nodeinfo/2.1"}}}
}

// NodeInfo says what this server is.
func NodeInfo(actors, posts int) any {
	return document{"version": "2.1", "software": document{"name": "relais", "version": "1.0"}, "protocols": []string{"activitypub"},
		"services": document{"inbound": []string{}, "outbound": []string{"atom1.0", "rss2.0"}}, "openRegistrations": true,
		"usage": document{"users": document{"total": actors}, "localPosts": posts}, "metadata": document{}}
}

func (Site) withContext(d document) document {
	d["@context"] = context
	return d
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
