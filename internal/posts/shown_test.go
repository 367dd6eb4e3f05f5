package posts_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/mail/mailtest"
	"relais/internal/posts"
	"relais/internal/posts/poststest"
)

// Who reads a post outside reports it, and nobody else does so: for each sphere and visibility, for what its author chose, for each way to follow.
func TestReportOutsideMatrix(t *testing.T) {
	w := open(t)
	n := 0
	for _, sphere := range groups.Spheres() {
		for _, visibility := range []groups.Visibility{groups.Open, groups.Private} {
			for _, outside := range []bool{false, true} {
				n++
				shown := outside && visibility == groups.Open
				author := w.Member(fmt.Sprintf("auteur%d", n))
				inside := w.Member(fmt.Sprintf("dedans%d", n))
				g := poststest.Circle(t, w.DB, fmt.Sprintf("cercle-%d", n), sphere, visibility, author, inside)
				id, err := w.Posts.Save(t.Context(), author, 0, rand.Text(), posts.Content{Kind: posts.Story, Text: "Dehors"}, posts.Where{Groups: []int64{g.ID}, Outside: outside}, posts.When{Now: true})
				w.must(err)
				w.follow(inside, follows.Member, fmt.Sprintf("auteur%d", n), sphere)
				readers := map[string]bool{"author": false, "inside": false, "stranger": false, "same": shown, "other": false, "circle": shown}
				people := map[string]int64{"author": author, "inside": inside}
				for who := range readers {
					if people[who] == 0 {
						people[who] = w.Member(fmt.Sprintf("%s%d", who, n))
					}
				}
				for _, s := range groups.Spheres() {
					who := map[bool]string{true: "same", false: "other"}[s == sphere]
					w.follow(people[who], follows.Member, fmt.Sprintf("auteur%d", n), s)
				}
				if visibility == groups.Open {
					w.follow(people["circle"], follows.Circle, g.Handle, "")
				}
				for who, may := range readers {
					_, err := posts.ShownTo(t.Context(), w.DB, people[who], id)
					reported := w.Posts.ReportOutside(t.Context(), people[who], id, "spam", "")
					if may && (err != nil || reported != nil) || !may && (!errors.Is(err, posts.ErrGone) || !errors.Is(reported, posts.ErrGone)) {
						t.Errorf("%s %s circle, outside %v, by %s: %v, %v", visibility, sphere, outside, who, err, reported)
					}
				}
			}
		}
	}
	// Two reporters of two posts: each before the circle and the platform. The author of each is the owner of their circle, so the platform alone decides.
	if circle, platform := w.desks(); circle != 0 || platform != 4 {
		t.Errorf("%d reports before circles, %d before the platform", circle, platform)
	}
}

// desks are how many reports wait at the desks of circles and of the platform.
func (w *world) desks() (circle, platform int) {
	w.T.Helper()
	return w.count(`select count(*) from group_reports where desk = 'group' and state = 'open' and outside`), w.count(`select count(*) from group_reports where desk = 'platform' and state = 'open' and outside`)
}

// A post is reported in each circle that shows it; taken out by either desk, it is gone outside, and the reporter is told without the circle's name.
func TestTakenOutInsideIsGoneOutside(t *testing.T) {
	for _, desk := range []groups.Desk{groups.ByCircle, groups.ByPlatform} {
		w := open(t)
		c := posts.Content{Kind: posts.Story, Text: "Partout"}
		id, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), c, posts.Where{Groups: []int64{w.work.ID, w.garden.ID, w.family.ID}, Outside: true}, posts.When{Now: true})
		w.must(err)
		w.follow(w.zed, follows.Member, "lea", groups.Personal)
		for range 2 { // again: the same report
			w.must(w.Posts.ReportOutside(t.Context(), w.zed, id, "insult", "Trois fois."))
		}
		if circle, platform := w.desks(); circle != 1 || platform != 1 {
			t.Fatalf("%d and %d reports of a post that only the garden shows to who follows Léa in private life", circle, platform)
		}
		v := groups.Verdict{Desk: desk, Decision: groups.Removed, Why: "Une insulte.", By: w.ana, GroupID: w.garden.ID}
		if desk == groups.ByPlatform {
			v.By, v.GroupID = w.zed, 0
		}
		list, err := w.Groups.Reports(t.Context(), desk, v.GroupID, groups.StateOpen, 10)
		w.must(err)
		if len(list) != 1 || list[0].Text != "Trois fois." || !list[0].Outside || list[0].Subject.Excerpt != "Partout" {
			t.Fatalf("the desk %s reads %+v", desk, list)
		}
		w.must(w.Groups.Decide(t.Context(), list[0].ID, v))
		w.reads("outside", w.lines(w.zed, ""))
		w.reads("in the other circles", w.lines(w.lea, ""), "Partout | in bureau | in famille")
		if err := w.Posts.ReportOutside(t.Context(), w.zed, id, "insult", ""); !errors.Is(err, posts.ErrGone) {
			t.Errorf("what is gone is reported: %v", err)
		}
		e := mailtest.Newest(t, w.DB, "zed@relais.example", "group_decision")
		if strings.Contains(e.Text, w.garden.Name) || !strings.Contains(e.Text, "Une insulte.") || !strings.Contains(e.Text, "aussi dehors") {
			t.Errorf("the reporter reads:\n%s", e.Text)
		}
		other := map[groups.Desk]groups.Desk{groups.ByCircle: groups.ByPlatform, groups.ByPlatform: groups.ByCircle}[desk]
		rest, err := w.Groups.Reports(t.Context(), other, 0, groups.StateOpen, 10)
		w.must(err)
		if len(rest) != 1 || !rest[0].Subject.Gone {
			t.Errorf("the other desk does not read that it is gone: %+v", rest)
		}
	}
}
