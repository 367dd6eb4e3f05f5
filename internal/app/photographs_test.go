package app

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/posts"
	"relais/internal/posts/photos"
	"relais/internal/posts/poststest"
	"relais/internal/stories"
)

// A photograph of a post is answered to the session of who reads it, and under the public path to nobody; one of a product to everybody.
func TestWhereAPhotographIsAnswered(t *testing.T) {
	i := start(t)
	s, db := i.services, i.services.data.pages
	enters := func(handle string) (id int64, cookie string) {
		t.Helper()
		m, err := s.Members.Create(t.Context(), members.NewMember{Handle: handle, Name: handle, Email: handle + "@relais.example", Password: "a good long password", Lang: i18n.FR, Confirmed: true})
		i.must(err)
		in, err := s.Members.LogIn(t.Context(), members.Attempt{Email: m.Email, Password: "a good long password", IP: "127.0.0.1"})
		i.must(err)
		return m.ID, "sid=" + in.Cookie
	}
	picture := func(shade uint8) *bytes.Buffer {
		m := image.NewRGBA(image.Rect(0, 0, 4, 4))
		for at := range 16 {
			m.Set(at%4, at/4, color.Gray{shade})
		}
		var raw bytes.Buffer
		i.must(jpeg.Encode(&raw, m, nil))
		return &raw
	}
	lea, author := enters("lea")
	mia, member := enters("mia")
	_, stranger := enters("noe")
	g := poststest.Circle(t, db, "famille", groups.Personal, groups.Private, lea, mia)
	private, err := photos.Keep(t.Context(), db, s.Media, lea, picture(40))
	i.must(err)
	_, err = s.Posts.Save(t.Context(), lea, 0, rand.Text(), posts.Content{Kind: posts.Story, Text: "Voyez.", Photos: []posts.Photo{{Hash: private.Hash}}},
		posts.Where{Groups: []int64{g.ID}}, posts.When{Now: true})
	i.must(err)
	public, err := s.Media.Save(t.Context(), db, picture(80), "")
	i.must(err)
	for _, c := range []struct {
		who, cookie, path string
		status            int
	}{
		{"author", author, media.PrivateURL(private.Hash, media.Small), 200},
		{"member", member, media.PrivateURL(private.Hash, media.Large), 200},
		{"stranger", stranger, media.PrivateURL(private.Hash, media.Small), 404},
		{"guest", "", media.PrivateURL(private.Hash, media.Small), 404},
		{"author", author, media.URL(private.Hash, media.Small), 404},
		{"member", member, media.URL(private.Hash, media.Small), 404},
		{"guest", "", media.URL(private.Hash, media.Large), 404},
		{"guest", "", media.URL(public.Hash, media.Small), 200},
		{"guest", "", "/media/" + strings.Repeat("ab", 20) + "-320.jpg", 404},
		{"guest", "", "/media/x", 404},
	} {
		answer, _ := ask(t, http.MethodGet, i.URL()+c.path, "", "Cookie", c.cookie)
		kept := answer.Header.Get("Cache-Control")
		if answer.StatusCode != c.status || strings.HasPrefix(kept, "public") != (c.path == media.URL(public.Hash, media.Small)) {
			t.Errorf("%s asks for %s: %d, want %d, %q", c.who, c.path, answer.StatusCode, c.status, kept)
		}
	}
}

// A photograph of a story is answered to everybody while the story is read, and not for long; one that also stands elsewhere stays.
func TestPhotographsGoWithTheirStory(t *testing.T) {
	i := start(t)
	s, db, ctx := i.services, i.services.data.pages, t.Context()
	m, err := s.Members.Create(ctx, members.NewMember{Handle: "lea", Name: "Léa", Email: "lea@relais.example", Password: "a good long password", Lang: i18n.FR, Confirmed: true})
	i.must(err)
	var raw bytes.Buffer
	i.must(jpeg.Encode(&raw, image.NewGray(image.Rect(0, 0, 4, 4)), nil))
	f, err := s.Stories.KeepPhoto(ctx, m.ID, bytes.NewReader(raw.Bytes()))
	i.must(err)
	answers := func(what string, status int, kept string) {
		t.Helper()
		answer, _ := ask(t, http.MethodGet, i.URL()+media.URL(f.Hash, media.Small), "")
		if got := answer.Header.Get("Cache-Control"); answer.StatusCode != status || !strings.Contains(got, kept) {
			t.Errorf("%s: %d %q, want %d %q", what, answer.StatusCode, got, status, kept)
		}
	}
	owner := stories.Owner{MemberID: m.ID}
	id, err := s.Stories.Start(ctx, m.ID, owner, i18n.FR)
	i.must(err)
	answers("a draft", 404, "no-")
	_, err = s.Stories.Save(ctx, m.ID, owner, id, stories.Seen{Version: 1}, stories.Content{Lang: i18n.FR, Title: "Un four", Body: "On cuit.", VideoPhoto: f.Hash}, stories.When{Now: true})
	i.must(err)
	answers("published", 200, "max-age=300")
	i.must(s.Stories.Do(ctx, m.ID, owner, id, stories.TakeDown))
	answers("taken down", 404, "no-")
	i.must(s.Stories.Do(ctx, m.ID, owner, id, stories.Publish))
	answers("published again", 200, "max-age=300")
	_, err = s.Media.Save(ctx, db, &raw, "")
	i.must(err)
	i.must(s.Stories.Do(ctx, m.ID, owner, id, stories.Delete))
	answers("that of a product, too", 200, "immutable")
}
