package notices_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/money"
	"relais/internal/notices"
)

// of is a notice of a sphere, or of neither.
func (w *world) of(part notices.Topic, circle string) notices.Notice {
	w.n++
	n := notices.Notice{MemberID: w.lea, Subject: fmt.Sprint("x:", w.n), At: w.clock.Now(), Path: "/me", Kind: notices.Sale, Event: "made",
		Args: notices.Args{"Amount": money.New(1000, "EUR"), "Title": circle, "Date": start}}
	if part.Sphere() != "" {
		n.Kind, n.Event, n.Sphere, n.Args = notices.Circle, "accepted", part, notices.Args{"Circle": circle}
	}
	return n
}

// circle puts Léa into a circle of a sphere.
func (w *world) circle(sphere notices.Topic) {
	w.t.Helper()
	_, err := w.db.ExecContext(w.t.Context(), `with g as (
	insert into groups (handle, name, sphere, visibility, created_by, created_at) values ($1, $1, $2, 'private', $3, $4) returning id)
insert into group_members (group_id, member_id, role, joined_at) select id, $3, 'owner', $4 from g`, "cercle-"+string(sphere), sphere, w.lea, start)
	if err != nil {
		w.t.Fatal(err)
	}
}

const (
	personal     = notices.Personal
	professional = notices.Professional
	neither      = notices.Topic("")
)

// What a list shows together, and what the bell counts, by what concerns a member, what they chose and the side that they look from.
func TestSpheresAreSeenOneAtATime(t *testing.T) {
	together := []string{"famille", "bureau", "vente"}
	tests := map[string]struct {
		circles []notices.Topic
		told    []notices.Topic // before what the list is asked for
		choice  string          // "", "apart", "together"
		apart   bool
	}{
		"in circles of one":             {circles: []notices.Topic{personal}, told: []notices.Topic{personal}},
		"in circles of none":            {told: []notices.Topic{neither}},
		"in circles of both":            {circles: []notices.Topic{personal, professional}, apart: true},
		"told of one, in the other":     {circles: []notices.Topic{professional}, told: []notices.Topic{personal}, apart: true},
		"told of both":                  {told: []notices.Topic{personal, professional}, apart: true},
		"in both, wants them together":  {circles: []notices.Topic{personal, professional}, choice: "together"},
		"in one only, wants them apart": {circles: []notices.Topic{personal}, choice: "apart", apart: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			for _, sphere := range test.circles {
				w.circle(sphere)
			}
			for _, part := range test.told {
				w.told(w.of(part, "avant"))
			}
			if test.choice != "" {
				if err := w.KeepApart(t.Context(), w.lea, test.choice == "apart"); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := notices.Apart(t.Context(), w.db, w.lea); err != nil || got != test.apart {
				t.Fatalf("apart: %v, %v", got, err)
			}
			if len(test.circles) < 2 && test.choice == "" && !test.apart {
				return
			}
			if _, err := w.db.Exec(`update notices set read_at = now()`); err != nil {
				t.Fatal(err)
			}
			w.told(w.of(neither, "vente"), w.of(professional, "bureau"), w.of(personal, "famille"))
			for side, want := range map[notices.Topic][]string{neither: {"vente"}, personal: {"famille", "vente"}, professional: {"bureau", "vente"}} {
				if !test.apart {
					want = together
				}
				if diff := cmp.Diff(want, w.seen(notices.Filter{Side: side, Unread: true})); diff != "" {
					t.Errorf("from the side %q (-want +got):\n%s", side, diff)
				}
				if n, err := notices.Unread(t.Context(), w.db, w.lea, side); err != nil || n != len(want) {
					t.Errorf("from the side %q the bell counts %d, %v", side, n, err)
				}
			}
			// Asked for by name, it is shown: from any side.
			if got := w.seen(notices.Filter{Side: professional, Topic: personal, Unread: true}); !slices.Equal(got, []string{"famille"}) {
				t.Errorf("the part of one sphere: %v", got)
			}
			// What is marked is what was seen.
			if err := w.MarkAll(t.Context(), w.lea, 1<<40, notices.Filter{Side: professional}); err != nil {
				t.Fatal(err)
			}
			want := []string{}
			if test.apart {
				want = []string{"famille"}
			}
			if diff := cmp.Diff(want, w.seen(notices.Filter{Side: personal, Unread: true})); diff != "" {
				t.Errorf("after all of one side was read (-want +got):\n%s", diff)
			}
		})
	}
}

// seen are the circles and titles that a list names, the newest first.
func (w *world) seen(f notices.Filter) []string {
	w.t.Helper()
	out := []string{}
	for _, n := range w.list(f) {
		for _, name := range []string{"famille", "bureau", "vente", "avant"} {
			if strings.Contains(n.Text(i18n.FR), name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// A digest is one letter for each sphere and one for the rest, where spheres are kept apart; else it is one letter.
func TestDigestOfEachSphere(t *testing.T) {
	names := []string{"famille", "bureau", "vente"}
	for _, test := range []struct {
		apart   bool
		letters []string // what each names, and where it leads
	}{
		{false, []string{"famille bureau vente"}},
		{true, []string{"bureau topic=professional", "famille topic=personal", "vente"}},
	} {
		w := newWorld(t, nil)
		if err := w.KeepApart(t.Context(), w.lea, test.apart); err != nil {
			t.Fatal(err)
		}
		w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Daily, Listed: true})
		w.sets(notices.Setting{Kind: notices.Circle, Mail: notices.Daily, Listed: true})
		w.told(w.of(neither, "vente"), w.of(professional, "bureau"), w.of(personal, "famille"))
		w.at("2026-11-26 08:00")
		w.digests()
		w.digests()
		var got []string
		list, err := mail.List(t.Context(), w.db, "lea@example.org", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			l, err := mail.ByID(t.Context(), w.db, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			found := []string{}
			for _, name := range append(names, "topic=personal", "topic=professional") {
				if strings.Contains(l.Text+l.HTML, name) {
					found = append(found, name)
				}
			}
			got = append(got, strings.Join(found, " "))
			if l.Unsubscribe == "" {
				t.Errorf("%q cannot be ended", l.Subject)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.letters, got); diff != "" {
			t.Errorf("apart %v (-want +written):\n%s", test.apart, diff)
		}
	}
}

// A push names no circle, whether its reader keeps their spheres apart or not: who looks at a locked screen is not known.
func TestPushNamesNoCircleOfASphere(t *testing.T) {
	for _, apart := range []bool{true, false} {
		push, client := newService(t)
		w := newWorld(t, client)
		phone := w.subscribes(w.lea, "s1", "https://push.example.net/mine")
		if err := w.KeepApart(t.Context(), w.lea, apart); err != nil {
			t.Fatal(err)
		}
		w.told(w.of(neither, "vente"), w.of(personal, "famille"))
		w.drain()
		var all string
		for _, g := range push.took() {
			all += string(phone.read(t, g.body))
		}
		if strings.Contains(all, "famille") || !strings.Contains(all, "vente") || !strings.Contains(all, "Votre demande est acceptée") {
			t.Errorf("apart %v: %s", apart, all)
		}
	}
}

// Titles stand in subjects of letters and on locked screens: of a circle they name nothing.
func TestTitlesOfCirclesNameNothing(t *testing.T) {
	w := newWorld(t, nil)
	for _, k := range notices.Kinds() {
		if k.Topic != notices.Circles {
			continue
		}
		for _, event := range k.Events {
			n := w.of(personal, "famille")
			n.Kind, n.Event = k.Kind, event
			w.told(n)
		}
	}
	for _, n := range w.list(notices.Filter{Topic: personal}) {
		for _, l := range i18n.Langs() {
			if strings.Contains(n.Title(l), "famille") || n.Title(l) == l.T("notice.unknown") {
				t.Errorf("%s.%s: %q", n.Kind, n.Event, n.Title(l))
			}
		}
	}
}
