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
