package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Activity is what came to an inbox.
type Activity struct {
	ID     string
	Type   string // Follow, Undo, Create …
	Actor  string
	Object Object
}

// Object is what an activity is about: at least its address, or all of it.
type Object struct {
	ID     string
	Type   string // empty: only its address is known
	Actor  string // of an activity within an activity, or whom a note is attributed to
	Object string // what that activity is about
	Note   *Note  // where it is one
}

// Note is a post.
type Note struct {
	ID           string
	AttributedTo string
	URL          string
	HTML         string // as it came
	Warning      string
	Lang         string
	Pictures     int
	InReplyTo    string
	Audience     []string // to and cc
	Published    time.Time
}

// Actor is somebody on another server.
type Actor struct {
	ID, Kind, Username, Name, URL string
	Inbox, SharedInbox            string
	KeyID, PublicKey              string
}

// noteTypes are what is kept as a post.
var noteTypes = map[string]bool{"Note": true, "Article": true, "Page": true, "Question": true, "Image": true, "Video": true, "Event": true}

// actorTypes are who can be followed, and can follow.
var actorTypes = map[string]bool{"Application": true, "Group": true, "Organization": true, "Person": true, "Service": true}

// decode reads one JSON object, not deeper than MaxDepth.
func decode(raw []byte) (map[string]any, error) {
	if len(raw) > MaxBody || !utf8.Valid(raw) || bytes.Contains(raw, []byte(`\u0000`)) {
		return nil, ErrMalformed
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	for depth := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, ErrMalformed
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > MaxDepth {
			return nil, fmt.Errorf("%w: too deep", ErrMalformed)
		}
	}
	var m map[string]any
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return nil, ErrMalformed
	}
	return m, nil
}

// ParseActivity reads what was posted to an inbox. ErrMalformed where it has no type, actor or address of its own.
func (r Rules) ParseActivity(raw []byte) (Activity, error) {
	m, err := decode(raw)
	if err != nil {
		return Activity{}, err
	}
	a := Activity{ID: text(m["id"]), Type: text(m["type"]), Actor: address(m["actor"])}
	for _, id := range []string{a.ID, a.Actor} {
		if _, err := r.Address(id); err != nil {
			return Activity{}, fmt.Errorf("%w: address of the activity or its actor", ErrMalformed)
		}
	}
	if a.Type == "" || len(a.Type) > 40 {
		return Activity{}, fmt.Errorf("%w: no type", ErrMalformed)
	}
	a.Object.ID = address(m["object"])
	if o, ok := m["object"].(map[string]any); ok {
		a.Object.Type, a.Object.Actor, a.Object.Object = text(o["type"]), address(o["actor"]), address(o["object"])
		if a.Object.Actor == "" {
			a.Object.Actor = address(o["attributedTo"])
		}
		if noteTypes[a.Object.Type] {
			n := r.note(o)
			a.Object.Note = &n
		}
	}
	if len(a.Object.ID) > MaxURI || len(a.Object.Actor) > MaxURI || len(a.Object.Object) > MaxURI {
		return Activity{}, ErrMalformed
	}
	return a, nil
}

func (r Rules) note(o map[string]any) Note {
	n := Note{ID: text(o["id"]), AttributedTo: address(o["attributedTo"]), URL: link(o["url"]), HTML: text(o["content"]), Warning: text(o["summary"]),
		InReplyTo: address(o["inReplyTo"]), Audience: append(addresses(o["to"]), addresses(o["cc"])...)}
	if name := text(o["name"]); name != "" && n.Warning == "" && text(o["type"]) != "Note" {
		n.Warning = name // the title of an article
	}
	if langs, ok := o["contentMap"].(map[string]any); ok && len(langs) == 1 {
		for lang, content := range langs {
			n.Lang = lang
			if n.HTML == "" {
				n.HTML = text(content)
			}
		}
	}
	if len(n.Lang) > 12 || strings.ContainsFunc(n.Lang, notInUser) {
		n.Lang = ""
	}
	if _, err := r.Address(n.URL); err != nil {
		n.URL = n.ID
	}
	if list, ok := o["attachment"].([]any); ok {
		n.Pictures = min(len(list), 99)
	}
	n.Published, _ = time.Parse(time.RFC3339, text(o["published"]))
	return n
}

// ParseActor reads the document of an actor that was fetched from its address. Its inbox and key are of the same server, and the key
// says that it is the actor's.
func (r Rules) ParseActor(id string, raw []byte) (Actor, error) {
	m, err := decode(raw)
	if err != nil {
		return Actor{}, err
	}
	a := Actor{ID: text(m["id"]), Kind: text(m["type"]), Username: text(m["preferredUsername"]), Name: text(m["name"]), URL: link(m["url"]), Inbox: address(m["inbox"])}
	if ends, ok := m["endpoints"].(map[string]any); ok {
		a.SharedInbox = address(ends["sharedInbox"])
	}
	key, _ := m["publicKey"].(map[string]any)
	a.KeyID, a.PublicKey = text(key["id"]), text(key["publicKeyPem"])
	host := r.HostOf(a.ID)
	switch {
	case a.ID != id || host == "":
		return Actor{}, fmt.Errorf("%w: the actor is another one", ErrMalformed)
	case !actorTypes[a.Kind]:
		return Actor{}, fmt.Errorf("%w: type %.40q", ErrMalformed, a.Kind)
	case a.Username == "" || len(a.Username) > 100 || strings.ContainsFunc(a.Username, notInUser):
		return Actor{}, fmt.Errorf("%w: no user name", ErrMalformed)
	case r.HostOf(a.Inbox) != host || a.SharedInbox != "" && r.HostOf(a.SharedInbox) != host:
		return Actor{}, fmt.Errorf("%w: its inbox is elsewhere", ErrMalformed)
	case r.HostOf(a.KeyID) != host || text(key["owner"]) != a.ID:
		return Actor{}, fmt.Errorf("%w: its key is somebody else's", ErrMalformed)
	}
	if _, err := ParseKey(a.PublicKey); err != nil {
		return Actor{}, err
	}
	if r.HostOf(a.URL) != host {
		a.URL = a.ID
	}
	if a.Name = Line(a.Name, 80); a.Name == "" {
		a.Name = a.Username
	}
	return a, nil
}

// ParseFinger reads the answer of WebFinger: the address of the actor.
func (r Rules) ParseFinger(raw []byte) (string, error) {
	m, err := decode(raw)
	if err != nil {
		return "", err
	}
	links, _ := m["links"].([]any)
	for _, l := range links {
		entry, _ := l.(map[string]any)
		kind := text(entry["type"])
		if text(entry["rel"]) == "self" && (kind == ActivityJSON || strings.HasPrefix(kind, "application/ld+json")) {
			if _, err := r.Address(text(entry["href"])); err == nil {
				return text(entry["href"]), nil
			}
		}
	}
	return "", fmt.Errorf("%w: no actor", ErrMalformed)
}

func text(v any) string { s, _ := v.(string); return s }

// address is the address of something that is given by it, or whole; of several the first.
func address(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		return text(v["id"])
	case []any:
		if len(v) > 0 {
			return address(v[0])
		}
	}
	return ""
}

func addresses(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var all []string
	for _, one := range list[:min(len(list), 100)] {
		if a := address(one); a != "" {
			all = append(all, a)
		}
	}
	return all
}

// link is an address that may be written as a Link object.
func link(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return text(v["href"])
	case []any:
		if len(v) > 0 {
			return link(v[0])
		}
	}
	return text(v)
}
