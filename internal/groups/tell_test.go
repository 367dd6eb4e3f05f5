package groups_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/mail/mailtest"
	"relais/internal/notices"
)

// told fails where somebody was told something else in their personal circles, oldest first, or where a title names the circle or its text
// does not.
func (w *world) told(name string, want ...string) {
	w.t.Helper()
	list, _, err := notices.List(w.t.Context(), w.db, w.id(name), notices.Filter{Topic: notices.Personal})
	w.must(err)
	var events []string
	for _, n := range list {
		events = append(events, n.Event)
		for _, l := range i18n.Langs() {
			if strings.Contains(n.Title(l), "voisins") || !strings.Contains(n.Text(l), "Les voisins du 12") {
				w.t.Errorf("%s in %s: %q, %q", n.Event, l, n.Title(l), n.Text(l))
			}
		}
	}
	slices.Reverse(events)
	if !slices.Equal(events, want) {
		w.t.Errorf("%s was told %q, want %q", name, events, want)
	}
}

// What becomes of somebody's place in a circle, they are told; what waits for a decision, those who decide, and not who did it themselves.
func TestWhoIsTold(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g := w.circle(groups.Open, groups.Asked, "mona")
	w.must(w.SetRole(ctx, g.ID, w.id("olga"), w.id("mona"), groups.Moderator))
	for _, name := range []string{"anna", "bruno"} {
		for range 2 { // again: the same request
			_, err := w.Join(ctx, g.ID, w.id(name), yes(g), "Je suis du 14.")
			w.must(err)
		}
	}
	waiting, err := groups.Requests(ctx, w.db, g.ID, 10)
	w.must(err)
	w.must(w.Answer(ctx, g.ID, w.id("olga"), waiting[0].ID, true))
	w.must(w.Answer(ctx, g.ID, w.id("olga"), waiting[1].ID, false))
	w.must(w.InviteByMail(ctx, g.ID, w.id("olga"), groups.Mails{Addresses: "carla@example.org, nobody@example.com", Lang: i18n.FR}))
	w.id("carla")
	w.must(w.InviteByMail(ctx, g.ID, w.id("olga"), groups.Mails{Addresses: "dina@example.org", Lang: i18n.FR}))
	w.must(w.ReportGroup(ctx, g.ID, w.id("anna"), w.id("mona"), "insult", "Trois fois."))
	w.must(w.SetRole(ctx, g.ID, w.id("olga"), w.id("mona"), groups.Member))
	w.must(w.Remove(ctx, g.ID, w.id("olga"), w.id("anna"), "Publicités.", false))
	w.must(w.Remove(ctx, g.ID, w.id("olga"), w.id("mona"), "Insultes.", true))
	w.told("anna", "accepted", "removed")
	w.told("bruno", "declined")
	w.told("mona", "moderator", "asked", "asked", "member", "banned") // not of the report about herself
	w.told("olga", "asked", "asked", "reported")
	w.told("carla") // had no account when she was written to
	w.id("erik")
	w.must(w.InviteByMail(ctx, g.ID, w.id("olga"), groups.Mails{Addresses: "erik@example.org", Lang: i18n.FR}))
	w.told("erik", "invited")
	work := groups.Draft{Name: "Les voisins du 12, au travail", Rules: "Être aimable.", Sphere: groups.Professional, Visibility: groups.Open, Admission: groups.Free}
	office, err := w.Create(ctx, w.id("olga"), work)
	w.must(err)
	_, err = w.Join(ctx, office.ID, w.id("erik"), yes(office), "")
	w.must(err)
	w.must(w.HandOver(ctx, office.ID, w.id("olga"), w.id("erik")))
	w.told("erik", "invited") // what is said at work is not among what is personal
}

// Who asks, takes it back and asks again is told of once a day, and may not go on for ever; to other circles, and on another day, they may.
func TestAskingAgainAndAgain(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g, other := w.circle(groups.Open, groups.Asked), w.circle(groups.Open, groups.Asked)
	ask := func(g groups.Group) error {
		w.at = w.at.Add(time.Minute)
		_, err := w.Join(ctx, g.ID, w.id("anna"), yes(g), "")
		if err == nil {
			err = w.Withdraw(ctx, g.ID, w.id("anna"))
		}
		return err
	}
	for range 3 {
		w.must(ask(g))
	}
	w.refused(ask(g), groups.ErrAskedOften)
	w.told("olga", "asked")
	w.must(ask(other))
	w.told("olga", "asked", "asked")
	w.at = w.at.AddDate(0, 0, 1)
	w.must(ask(g))
	w.told("olga", "asked", "asked", "asked")
}

// What is reported once more after it was decided is told once more: it may have begun again.
func TestReportedAgain(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g := w.circle(groups.Private, groups.Free, "mona", "anna")
	for n := range 2 {
		for range 2 { // the same while it is open
			w.must(w.ReportGroup(ctx, g.ID, w.id("mona"), w.id("anna"), "spam", "Encore."))
		}
		w.told("olga", []string{"reported", "reported"}[:n+1]...)
		list, err := w.Reports(ctx, groups.ByCircle, g.ID, groups.StateOpen, 10)
		w.must(err)
		w.must(w.Decide(ctx, list[0].ID, groups.Verdict{Desk: groups.ByCircle, GroupID: g.ID, By: w.id("olga"), Decision: groups.Kept, Why: "Rien de grave."}))
	}
}

// The letters about one's own place go as they were chosen, and end with one click; the notice stays.
func TestLettersOfOnesPlaceCanBeEnded(t *testing.T) {
	type story struct {
		admission groups.Admission
		happens   func(w *world, g groups.Group)
	}
	for template, s := range map[string]story{
		"group_answer": {groups.Asked, func(w *world, g groups.Group) {
			_, err := w.Join(t.Context(), g.ID, w.id("anna"), yes(g), "Je suis du 14.")
			w.must(err)
			waiting, err := groups.Requests(t.Context(), w.db, g.ID, 10)
			w.must(err)
			w.must(w.Answer(t.Context(), g.ID, w.id("olga"), waiting[0].ID, false))
		}},
		"group_owner": {groups.Free, func(w *world, g groups.Group) {
			w.join(g, "anna")
			w.must(w.HandOver(t.Context(), g.ID, w.id("olga"), w.id("anna")))
		}},
	} {
		w := open(t)
		g := w.circle(groups.Open, s.admission)
		s.happens(w, g)
		e := mailtest.Newest(t, w.db, "anna@example.org", template)
		if _, err := w.notices.Unsubscribe(t.Context(), strings.TrimPrefix(e.Unsubscribe, "/unsubscribe/")); err != nil {
			t.Errorf("%s by %q: %v", template, e.Unsubscribe, err)
		}
		w.count(1, `select count(*) from notices where member_id = $1 and mail = 'none'`, w.id("anna")) // the letter said it

		s.happens(w, w.circle(groups.Open, s.admission))
		w.count(1, `select count(*) from letters where template = $1`, template)
		w.count(2, `select count(*) from notices where member_id = $1 and listed and mail = 'none'`, w.id("anna"))

		w.must(w.notices.Save(t.Context(), w.id("anna"), []notices.Setting{{Kind: notices.Circle, Mail: notices.Daily, Listed: true}}, "Europe/Paris"))
		s.happens(w, w.circle(groups.Open, s.admission))
		w.count(1, `select count(*) from letters where template = $1`, template)
		w.count(1, `select count(*) from notices where member_id = $1 and mail = 'daily'`, w.id("anna")) // it is in the digest
	}
}
