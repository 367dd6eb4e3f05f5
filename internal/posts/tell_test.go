package posts_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/posts"
)

// told is what a member was told in a part of their list, oldest first.
func (w *world) told(member int64, part notices.Topic) (events []string) {
	w.T.Helper()
	list, _, err := notices.List(w.T.Context(), w.DB, member, notices.Filter{Topic: part})
	w.must(err)
	for _, n := range list {
		events = append(events, n.Event)
		for _, l := range i18n.Langs() {
			if strings.Contains(n.Title(l), "Cercle") || !strings.Contains(n.Text(l), "Cercle") {
				w.T.Errorf("%s in %s: %q, %q", n.Event, l, n.Title(l), n.Text(l))
			}
		}
	}
	slices.Reverse(events)
	return events
}

// Who wrote something is told once of what others say about it, in the sphere of the circle in which they said it, and never of their own words.
func TestWhoWroteIsTold(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), nil, w.family, w.work)
	said := posts.Said{Author: w.ana, Handle: "famille", PostID: id, Operation: rand.Text(), Text: "Joli !"}
	first, err := w.Posts.Comment(t.Context(), said)
	w.must(err)
	_, err = w.Posts.Comment(t.Context(), said) // sent twice
	w.must(err)
	_, err = w.Posts.Comment(t.Context(), posts.Said{Author: w.lea, Handle: "famille", PostID: id, ParentID: first, Operation: rand.Text(), Text: "Merci."})
	w.must(err)
	for _, kind := range []string{"thanks", "like", "", "like"} { // summed up: once a day
		w.must(w.Posts.React(t.Context(), w.ana, "famille", id, kind))
	}
	w.must(w.Posts.React(t.Context(), w.bob, "bureau", id, "like"))
	w.must(w.Posts.React(t.Context(), w.lea, "bureau", id, "like"))
	w.reads("Lea in her personal circles", w.told(w.lea, notices.Personal), "comment", "reactions")
	w.reads("Lea in her professional circles", w.told(w.lea, notices.Professional), "reactions")
	w.reads("Ana", w.told(w.ana, notices.Personal), "answer")
	w.reads("Bob", w.told(w.bob, notices.Professional))
}
