package photos_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/media"
	"relais/internal/posts"
	"relais/internal/posts/photos"
	"relais/internal/posts/poststest"
)

// world has one circle with the post of an author, one of the other sphere that may have it, and everybody who may look.
type world struct {
	*apptest.World
	circle, other groups.Group
	people        map[string]int64
	shade         uint8
}

// The people: "removed" was in the circle, "elsewhere" is in the other one, "follower" follows the author in the sphere of the circle.
var everybody = []string{"guest", "stranger", "elsewhere", "removed", "follower", "author", "member", "moderator", "admin"}

func open(t *testing.T, s groups.Sphere, v groups.Visibility) *world {
	t.Helper()
	w := &world{World: apptest.New(t), people: map[string]int64{"guest": 0}}
	for _, name := range everybody[1:] {
		w.people[name] = w.Member(name)
	}
	w.DB.MustExec(`update members set admin = true where id = $1`, w.people["admin"])
	p, opposite := w.people, groups.Personal
	if s == groups.Personal {
		opposite = groups.Professional
	}
	w.circle = poststest.Circle(t, w.DB, "ici", s, v, p["moderator"], p["author"], p["member"], p["removed"])
	w.other = poststest.Circle(t, w.DB, "ailleurs", opposite, groups.Private, w.Member("tenant"), p["author"], p["elsewhere"])
	w.must(w.Follows.Follow(t.Context(), p["follower"], follows.Member, "author", s))
	w.must(w.Groups.Remove(t.Context(), w.circle.ID, p["moderator"], p["removed"], "Insultes.", false))
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// picture is a new photograph, as it is sent in.
func (w *world) picture() *bytes.Buffer {
	w.T.Helper()
	w.shade += 8
	m := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range 40 * 30 {
		m.Set(i%40, i/40, color.Gray{w.shade})
	}
	var raw bytes.Buffer
	w.must(jpeg.Encode(&raw, m, nil))
	return &raw
}

// sent is one that the author sends in.
func (w *world) sent() media.Photo {
	w.T.Helper()
	f, err := photos.Keep(w.T.Context(), w.DB, w.Media, w.people["author"], w.picture())
	w.must(err)
	return f
}

// save has the author write a post, or write it anew, with a photograph.
func (w *world) save(id int64, f *media.Photo, in posts.Where) int64 {
	w.T.Helper()
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	c := posts.Content{Kind: posts.Story, Text: "Voyez."}
	if f != nil {
		c.Photos = []posts.Photo{{Hash: f.Hash}}
	}
	made, err := w.Posts.Save(w.T.Context(), w.people["author"], id, rand.Text(), c, in, posts.When{Now: id == 0 && len(in.Groups) > 0})
	w.must(err)
	return made
}

// looks fails where others than those look at a photograph, by its own address; nobody does so under the public one.
func (w *world) looks(what string, f media.Photo, want ...string) {
	w.T.Helper()
	var got []string
	for _, who := range everybody {
		switch err := photos.Look(w.T.Context(), w.DB, w.people[who], f.Hash); {
		case err == nil:
			got = append(got, who)
		case !errors.Is(err, fault.NotFound):
			w.T.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		w.T.Errorf("%s: %v look, want %v", what, got, want)
	}
	if public, err := media.Public(w.T.Context(), w.DB, f.Hash); err != nil || public {
		w.T.Errorf("%s: public %v, %v", what, public, err)
	}
}

// Who looks at the photograph of a post, for each sphere and visibility of its circle, whatever becomes of the post.
func TestWhoLooksAtAPhotograph(t *testing.T) {
	for _, sphere := range groups.Spheres() {
		for _, visibility := range []groups.Visibility{groups.Open, groups.Private} {
			t.Run(fmt.Sprintf("%s %s", sphere, visibility), func(t *testing.T) {
				w := open(t, sphere, visibility)
				here, both := posts.Where{Groups: []int64{w.circle.ID}}, posts.Where{Groups: []int64{w.circle.ID, w.other.ID}}
				away := posts.Where{Groups: []int64{w.other.ID}}

				draft := w.sent()
				w.looks("sent in", draft, "author")
				w.save(0, &draft, posts.Where{})
				w.looks("a draft", draft, "author")

				f := w.sent()
				id := w.save(0, &f, here)
				w.looks("in the circle", f, "author", "member", "moderator")
				w.save(id, &f, both)
				w.looks("in both", f, "elsewhere", "author", "member", "moderator")
				next := w.sent()
				w.save(id, &next, both)
				w.looks("replaced", f, "author", "moderator")
				w.looks("its replacement", next, "elsewhere", "author", "member", "moderator")
				w.save(id, &next, away)
				w.looks("taken out of the circle by its author", next, "elsewhere", "author", "moderator")
				meanwhile := w.sent()
				w.save(id, &meanwhile, away)
				w.looks("said meanwhile", meanwhile, "elsewhere", "author")
				last := w.sent()
				w.save(id, &last, both)
				w.looks("said meanwhile, back", meanwhile, "author")
				w.looks("said before, back", next, "author", "moderator")
				w.Clock.Set(w.Clock.Now().Add(time.Hour))
				w.must(w.Posts.RemovePost(t.Context(), w.people["moderator"], "ici", id, "Hors sujet"))
				w.looks("removed", last, "elsewhere", "author", "moderator")
				after := w.sent()
				w.save(id, &after, both)
				w.looks("after it was removed", after, "elsewhere", "author")

				shown := w.sent()
				w.save(0, &shown, posts.Where{Groups: here.Groups, Outside: true})
				want := []string{"author", "member", "moderator"}
				if visibility == groups.Open {
					want = append([]string{"follower"}, want...)
				}
				w.looks("shown outside", shown, want...)
				w.must(w.Members.Block(t.Context(), 0, w.people["author"], true))
				w.looks("its author blocked", shown, "author", "moderator") // without a session the author looks at nothing
			})
		}
	}
}

// A photograph that was also sent in for everybody stays public, in whichever order; one that is nobody's own cannot be put into a post.
// The platform sees the photographs of a post that was reported to it from outside, as long as it has to decide, and no others.
func TestThePlatformLooksAtWhatIsReported(t *testing.T) {
	w := open(t, groups.Personal, groups.Open)
	before, reported, after := w.sent(), w.sent(), w.sent()
	where := posts.Where{Groups: []int64{w.circle.ID}, Outside: true}
	id := w.save(0, &before, where)
	w.save(id, &reported, where)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	w.must(w.Posts.ReportOutside(t.Context(), w.people["follower"], id, "other", "Voyez la photo."))
	w.save(id, &after, where)
	w.looks("as it was reported", reported, "author", "moderator", "admin")
	w.looks("before", before, "author", "moderator")
	w.looks("after", after, "follower", "author", "member", "moderator")
	list, err := w.Groups.Reports(t.Context(), groups.ByPlatform, 0, groups.StateOpen, 10)
	w.must(err)
	w.must(w.Groups.Decide(t.Context(), list[0].ID, groups.Verdict{Desk: groups.ByPlatform, By: w.people["admin"], Decision: groups.Kept, Why: "Rien."}))
	w.looks("decided", reported, "author", "moderator")
}

func TestWhatIsPublicStaysSo(t *testing.T) {
	w := open(t, groups.Personal, groups.Private)
	public := func(f media.Photo) bool {
		t.Helper()
		is, err := media.Public(t.Context(), w.DB, f.Hash)
		w.must(err)
		return is
	}
	raw := w.picture().Bytes()
	f, err := w.Media.Save(t.Context(), w.DB, bytes.NewReader(raw), "")
	w.must(err)
	again, err := photos.Keep(t.Context(), w.DB, w.Media, w.people["author"], bytes.NewReader(raw))
	w.must(err)
	if again.Hash != f.Hash || !public(f) {
		t.Error("a photograph of a product is not public any more")
	}
	raw = w.picture().Bytes()
	f, err = photos.Keep(t.Context(), w.DB, w.Media, w.people["author"], bytes.NewReader(raw))
	w.must(err)
	if public(f) {
		t.Error("a photograph of a post is public")
	}
	if _, err = w.Media.Save(t.Context(), w.DB, bytes.NewReader(raw), ""); err != nil || !public(f) {
		t.Errorf("sent in for a product, it is not public: %v", err)
	}
	for name, hash := range map[string]string{"of somebody else": f.Hash, "of nowhere": strings.Repeat("ab", 20)} {
		c := posts.Content{Kind: posts.Story, Text: "À moi.", Photos: []posts.Photo{{Hash: hash}}}
		if _, err := w.Posts.Save(t.Context(), w.people["member"], 0, rand.Text(), c, posts.Where{}, posts.When{}); !errors.Is(err, fault.Invalid) {
			t.Errorf("a photograph %s: %v", name, err)
		}
	}
}
