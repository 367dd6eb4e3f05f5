package groups_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/mail/mailtest"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

func TestCreateAndEdit(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Open, groups.Free)
	if g.Handle != "les-voisins-du-12" {
		t.Errorf("handle %q", g.Handle)
	}
	w.role(g, "olga", groups.Owner)
	second := w.circle(groups.Open, groups.Free)
	if second.Handle != "les-voisins-du-12-2" {
		t.Errorf("second handle %q", second.Handle)
	}
	private := w.circle(groups.Private, groups.Free)
	if !strings.HasPrefix(private.Handle, "les-voisins-du-12-") || len(private.Handle) != len("les-voisins-du-12-")+8 {
		t.Errorf("the address of a private circle can be guessed: %q", private.Handle)
	}
	_, err := w.Create(t.Context(), w.id("olga"), groups.Draft{Description: strings.Repeat("a", groups.MaxDescription+1)})
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) != 5 {
		t.Errorf("an empty draft: %v", err)
	}
	unlettered := draft(groups.Open, groups.Free)
	unlettered.Name = "家族"
	if g, err := w.Create(t.Context(), w.id("olga"), unlettered); err != nil || g.Handle != "cercle" {
		t.Errorf("a name without Latin letters: %q, %v", g.Handle, err)
	}

	w.refused(w.Edit(t.Context(), g.ID, w.id("bruno"), draft(groups.Open, groups.Free)), groups.ErrOwnerOnly)
	w.refused(w.Edit(t.Context(), private.ID, w.id("bruno"), draft(groups.Open, groups.Free)), groups.ErrGone)
	w.refused(w.Edit(t.Context(), private.ID, w.id("olga"), draft(groups.Open, groups.Free)), fault.Invalid) // what was private stays private
	hidden := draft(groups.Private, groups.Asked)
	hidden.Sphere = groups.Professional // is not looked at: the sphere stays
	w.must(w.Edit(t.Context(), g.ID, w.id("olga"), hidden))
	if g, err = groups.ByID(t.Context(), w.db, g.ID); err != nil || g.Sphere != groups.Personal || g.Visibility != groups.Private || g.Admission != groups.Asked {
		t.Errorf("edited: %+v, %v", g, err)
	}
}

func TestJoiningAnOpenCircle(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Open, groups.Free)
	join := func(name string, a groups.Accepted) error {
		_, err := w.Join(t.Context(), g.ID, w.id(name), a, "")
		return err
	}
	w.refused(join("anna", groups.Accepted{Mark: groups.RulesMark(g)}), fault.Invalid)
	w.refused(join("anna", groups.Accepted{Yes: true, Mark: "of other rules"}), fault.Invalid)
	w.must(join("anna", yes(g)))
	w.must(join("anna", groups.Accepted{})) // again: she is in
	w.count(2, `select count(*) from group_members`)
	w.must(w.Close(t.Context(), g.ID, w.id("olga"), ""))
	w.refused(join("bruno", yes(g)), groups.ErrGone)
	w.role(g, "anna", groups.Member) // who was in can still read
	w.refused(w.Edit(t.Context(), g.ID, w.id("olga"), draft(groups.Open, groups.Free)), groups.ErrClosed)
	w.must(w.Leave(t.Context(), g.ID, w.id("olga"))) // nobody has to own a closed circle
}

func TestRequests(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Open, groups.Asked, "mona")
	ask := func(name string) {
		t.Helper()
		if j, err := w.Join(t.Context(), g.ID, w.id(name), yes(g), "Je suis du 14."); err != nil || j.How != groups.Waiting {
			t.Fatalf("%s is %s, %v", name, j.How, err)
		}
	}
	ask("anna")
	ask("anna") // again: the same request
	ask("bruno")
	ask("carla")
	w.must(w.Withdraw(t.Context(), g.ID, w.id("carla")))
	list, err := groups.Requests(t.Context(), w.db, g.ID, 10)
	w.must(err)
	if len(list) != 2 || list[0].Text != "Je suis du 14." {
		t.Fatalf("requests: %+v", list)
	}
	w.refused(w.Answer(t.Context(), g.ID, w.id("mona"), list[0].ID, true), groups.ErrModerators)
	w.must(w.Answer(t.Context(), g.ID, w.id("olga"), list[0].ID, true))
	w.refused(w.Answer(t.Context(), g.ID, w.id("olga"), list[0].ID, false), groups.ErrDecided)
	w.must(w.Answer(t.Context(), g.ID, w.id("olga"), list[1].ID, false))
	w.role(g, "anna", groups.Member)
	w.role(g, "bruno", groups.None)
	for _, to := range []string{"anna@example.org", "bruno@example.org"} {
		if e := mailtest.Newest(t, w.db, to, "group_answer"); strings.Contains(e.Subject, g.Name) || !strings.Contains(e.Text, g.Name) {
			t.Errorf("letter to %s: %q\n%s", to, e.Subject, e.Text)
		}
	}
	ask("bruno") // who was declined may ask again
}

func TestInvitationByLink(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Private, groups.Asked, "mona")
	secret := w.link(g, "mona")
	w.count(0, `select count(*) from group_invitations where hash = $1`, secret) // only its hash is kept
	i, found, how, err := w.Invited(t.Context(), secret, 0)
	if err != nil || how != groups.ByAsking || i.InviterName != "mona" || found.ID != g.ID {
		t.Errorf("a guest sees %s by %q, %v", how, i.InviterName, err)
	}
	if j, err := w.Accept(t.Context(), secret, w.id("anna"), yes(g), "Bonjour"); err != nil || j.How != groups.Waiting {
		t.Errorf("invited by a member: %s, %v", j.How, err)
	}
	if j, err := w.Accept(t.Context(), secret, w.id("anna"), yes(g), ""); !errors.Is(err, groups.ErrInvitation) {
		t.Errorf("a spent invitation: %s, %v", j.How, err)
	}
	if j, err := w.Accept(t.Context(), w.link(g, "olga"), w.id("anna"), yes(g), ""); err != nil || j.How != groups.Inside {
		t.Errorf("invited by the owner: %s, %v", j.How, err)
	}
	w.count(0, `select count(*) from group_requests where state = 'open'`)
	late := w.link(g, "mona")
	w.at = w.at.AddDate(0, 0, 8)
	_, err = w.Accept(t.Context(), late, w.id("bruno"), yes(g), "")
	w.refused(err, groups.ErrInvitation)
	ofMona := w.link(g, "mona")
	w.must(w.Leave(t.Context(), g.ID, w.id("mona")))
	_, err = w.Accept(t.Context(), ofMona, w.id("bruno"), yes(g), "")
	w.refused(err, groups.ErrInvitation) // it goes with who gave it
	revoked := w.link(g, "olga")
	links, err := groups.LiveLinks(t.Context(), w.db, g.ID, 0, w.at, 10)
	w.must(err)
	w.refused(w.Revoke(t.Context(), g.ID, w.id("anna"), links[0].ID), groups.ErrModerators)
	w.must(w.Revoke(t.Context(), g.ID, w.id("olga"), links[0].ID))
	_, err = w.Accept(t.Context(), revoked, w.id("bruno"), yes(g), "")
	w.refused(err, groups.ErrInvitation)
	_, err = w.Link(t.Context(), g.ID, w.id("bruno"), 7, 10)
	w.refused(err, groups.ErrGone)
	_, err = w.Link(t.Context(), g.ID, w.id("anna"), 365, 1_000_000)
	w.refused(err, fault.Invalid)
}

// Of many who accept the last place at once, one comes in.
func TestLastPlaceIsGivenOnce(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Private, groups.Free)
	secret := w.link(g, "olga")
	ids := []int64{w.id("anna"), w.id("bruno"), w.id("carla"), w.id("dora")}
	var wait sync.WaitGroup
	for _, id := range ids {
		wait.Go(func() {
			if _, err := w.Accept(context.Background(), secret, id, yes(g), ""); err != nil && !errors.Is(err, groups.ErrInvitation) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	w.count(2, `select count(*) from group_members`)
	w.count(0, `select uses_left from group_invitations`)
}

func TestInvitationByMail(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Private, groups.Free, "mona")
	send := func(by, addresses string) error {
		return w.InviteByMail(t.Context(), g.ID, w.id(by), groups.Mails{Addresses: addresses, Text: "Viens !", Lang: i18n.FR})
	}
	letters := `select count(*) from letters where template = 'group_invitation'`
	w.must(send("olga", "Tante.Rose@example.com, mona@example.org\ntante.rose@example.com"))
	w.count(1, letters) // mona is in the circle, and nobody is written to twice
	w.must(send("mona", "tante.rose@example.com"))
	w.must(send("olga", "tante.rose+cercle@example.com"))
	w.count(1, letters) // for one circle once, whoever invites and however the address is written
	w.count(0, `select count(*) from group_mails where address_hash like '%rose%'`)
	e := mailtest.Newest(t, w.db, "tante.rose@example.com", "group_invitation")
	if strings.Contains(e.Subject, g.Name) || !strings.Contains(e.Text, "Viens") || !strings.Contains(e.Text, g.Name) {
		t.Errorf("the letter: %q\n%s", e.Subject, e.Text)
	}
	secret := strings.TrimPrefix(mailtest.Path(t, e, "/g/i/"), "/g/i/")
	for _, bad := range []string{"", "pas une adresse", strings.Repeat("x@example.com ", 1) + "y@", manyAddresses(groups.MaxAddresses + 1)} {
		w.refused(send("olga", bad), fault.Invalid)
	}
	w.must(send("olga", manyAddresses(20)))
	w.must(send("olga", manyAddresses(20)))
	w.refused(send("olga", manyAddresses(20)), fault.Invalid) // too many for one day, although most were not written to

	// She wants no more of these: from no circle.
	w.must(w.CanStop(t.Context(), secret))
	w.must(w.Stop(t.Context(), secret))
	w.must(w.Stop(t.Context(), secret))
	_, err := w.Accept(t.Context(), secret, w.id("rose"), yes(g), "")
	w.refused(err, groups.ErrInvitation)
	other := w.circle(groups.Open, groups.Free)
	w.at = w.at.AddDate(0, 0, 1)
	before := 0
	w.must(w.db.Get(&before, letters))
	w.must(w.InviteByMail(t.Context(), other.ID, w.id("olga"), groups.Mails{Addresses: "tante.rose@example.com", Lang: i18n.FR}))
	w.count(before, letters)
	w.refused(w.Stop(t.Context(), "unknown"), groups.ErrInvitation)
}

// Who is in the circle, or was banned from it, is not written to, however their address is spelled.
func TestNoMailToWhoIsKnown(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Private, groups.Free, "mona", "anna")
	w.must(w.Remove(t.Context(), g.ID, w.id("olga"), w.id("mona"), "Insultes.", true))
	w.must(w.InviteByMail(t.Context(), g.ID, w.id("olga"), groups.Mails{Addresses: "mona+encore@example.org, Anna+2@example.org", Lang: i18n.FR}))
	w.count(0, `select count(*) from letters where template = 'group_invitation'`)
	w.told("mona", "banned")
	w.must(w.InviteByMail(t.Context(), g.ID, w.id("olga"), groups.Mails{Addresses: "monique+x@example.org", Lang: i18n.FR}))
	w.count(1, `select count(*) from letters where template = 'group_invitation'`)
}

func manyAddresses(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("ami" + strings.Repeat("i", i) + "@example.com\n")
	}
	return b.String()
}

// Addresses are kept no longer than their letters are of use.
func TestAddressesAreForgotten(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Private, groups.Free)
	w.must(w.InviteByMail(t.Context(), g.ID, w.id("olga"), groups.Mails{Addresses: "rose@example.com bob@example.com", Lang: i18n.EN}))
	known := `select count(*) from letters where recipient <> '' and template = 'group_invitation'`
	w.must(w.Sweep(t.Context()))
	w.count(2, known)
	_, err := w.db.Exec(`update letters set sent_at = $1 where recipient = 'rose@example.com'`, w.at)
	w.must(err)
	w.must(w.Sweep(t.Context()))
	w.count(1, known)
	w.at = w.at.AddDate(0, 0, 15)
	w.must(w.Sweep(t.Context()))
	w.count(0, known)
	w.count(0, `select count(*) from letters where template = 'group_invitation' and (body_text <> '' or body_html <> '')`)
	w.must(w.InviteByMail(t.Context(), g.ID, w.id("olga"), groups.Mails{Addresses: "rose@example.com", Lang: i18n.EN}))
	w.count(0, known) // she is remembered without her address
	w.must(w.Close(t.Context(), g.ID, w.id("olga"), ""))
	w.at = w.at.AddDate(0, 0, 29)
	w.must(w.Sweep(t.Context()))
	w.count(0, `select count(*) from group_mails`)
}

func TestRolesAndHandOver(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g := w.circle(groups.Private, groups.Free, "mona", "anna")
	w.refused(w.Leave(ctx, g.ID, w.id("olga")), groups.ErrOwnerStays)
	w.refused(w.SetRole(ctx, g.ID, w.id("anna"), w.id("mona"), groups.Moderator), groups.ErrOwnerOnly)
	w.must(w.SetRole(ctx, g.ID, w.id("olga"), w.id("mona"), groups.Moderator))
	w.must(w.SetRole(ctx, g.ID, w.id("olga"), w.id("mona"), groups.Moderator))
	w.refused(w.SetRole(ctx, g.ID, w.id("olga"), w.id("anna"), groups.Owner), groups.ErrRank)
	w.refused(w.SetRole(ctx, g.ID, w.id("olga"), w.id("olga"), groups.Member), groups.ErrRank)
	w.refused(w.SetRole(ctx, g.ID, w.id("olga"), w.id("stranger"), groups.Moderator), groups.ErrGone)
	w.refused(w.HandOver(ctx, g.ID, w.id("mona"), w.id("mona")), groups.ErrOwnerOnly)
	w.refused(w.HandOver(ctx, g.ID, w.id("olga"), w.id("stranger")), groups.ErrGone)
	w.must(w.HandOver(ctx, g.ID, w.id("olga"), w.id("anna")))
	w.role(g, "anna", groups.Owner)
	w.role(g, "olga", groups.Moderator)
	mailtest.Newest(t, w.db, "anna@example.org", "group_owner")
	w.must(w.SetRole(ctx, g.ID, w.id("anna"), w.id("mona"), groups.Member))
	w.must(w.Leave(ctx, g.ID, w.id("olga")))
	w.role(g, "olga", groups.None)
	w.count(1, `select count(*) from group_log where action = 'handed_over' and by_id = $1 and member_id = $2`, w.id("olga"), w.id("anna"))
}

func TestRemovingAndBanning(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g := w.circle(groups.Open, groups.Free, "mona", "moritz", "anna", "bruno")
	for _, name := range []string{"mona", "moritz"} {
		w.must(w.SetRole(ctx, g.ID, w.id("olga"), w.id(name), groups.Moderator))
	}
	out := func(by, whom, why string, ban bool) error { return w.Remove(ctx, g.ID, w.id(by), w.id(whom), why, ban) }
	w.refused(out("anna", "bruno", "Non.", false), groups.ErrModerators)
	w.refused(out("mona", "moritz", "Non.", false), groups.ErrRank)
	w.refused(out("mona", "olga", "Non.", true), groups.ErrRank)
	w.refused(out("mona", "mona", "Non.", true), groups.ErrRank)
	w.refused(out("mona", "anna", "  ", false), fault.Invalid)
	w.refused(out("mona", "stranger", "Non.", false), groups.ErrGone)
	w.must(out("mona", "anna", "Publicités.", false))
	_, err := w.Join(ctx, g.ID, w.id("anna"), yes(g), "")
	w.must(err)
	w.must(out("mona", "bruno", "Insultes.", true))
	_, err = w.Join(ctx, g.ID, w.id("bruno"), yes(g), "")
	w.refused(err, groups.ErrBanned)
	_, err = w.Accept(ctx, w.link(g, "olga"), w.id("bruno"), yes(g), "")
	w.refused(err, groups.ErrInvitation)
	w.refused(w.Unban(ctx, g.ID, w.id("anna"), w.id("bruno")), groups.ErrModerators)
	w.must(w.Unban(ctx, g.ID, w.id("moritz"), w.id("bruno")))
	w.must(w.Unban(ctx, g.ID, w.id("moritz"), w.id("bruno")))
	_, err = w.Join(ctx, g.ID, w.id("bruno"), yes(g), "")
	w.must(err)
	w.count(1, `select count(*) from group_log where action = 'unbanned'`)
	if _, err := w.db.Exec(`delete from group_log`); err == nil {
		t.Error("the log can be emptied")
	}
}

func TestShowing(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g, private := w.circle(groups.Open, groups.Free, "mona"), w.circle(groups.Private, groups.Free, "mona")
	shown := func(want int) {
		t.Helper()
		by, err := groups.ShownBy(ctx, w.db, w.id("mona"), 10)
		w.must(err)
		now, err := groups.ByID(ctx, w.db, g.ID)
		w.must(err)
		in, err := groups.ShownIn(ctx, w.db, now, 10)
		w.must(err)
		if len(by) != want || len(in) != want {
			t.Errorf("shown in %d circles, %d people shown; want %d", len(by), len(in), want)
		}
	}
	shown(0)
	w.must(w.Show(ctx, g.ID, w.id("mona"), true))
	w.refused(w.Show(ctx, private.ID, w.id("mona"), true), groups.ErrNotShown)
	w.must(w.Show(ctx, private.ID, w.id("mona"), false))
	w.refused(w.Show(ctx, g.ID, w.id("stranger"), true), groups.ErrGone)
	shown(1)
	w.count(1, `select count(*) from changes where topic = 'member:' || $1::text`, w.id("mona"))
	w.must(w.Edit(ctx, g.ID, w.id("olga"), draft(groups.Private, groups.Free)))
	shown(0) // a circle that becomes private is shown by nobody
}

// A circle is not left without an owner when the platform shuts its owner out.
func TestBlockedOwner(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g := w.circle(groups.Private, groups.Free, "anna", "mona", "moritz")
	for _, name := range []string{"moritz", "mona"} {
		w.must(w.SetRole(ctx, g.ID, w.id("olga"), w.id(name), groups.Moderator))
	}
	alone := w.circle(groups.Open, groups.Free)
	elsewhere, err := w.Create(ctx, w.id("anna"), draft(groups.Open, groups.Asked))
	w.must(err)
	_, err = w.Join(ctx, elsewhere.ID, w.id("olga"), yes(elsewhere), "")
	w.must(err)
	ofOlga := w.link(g, "olga")
	w.must(w.members.Block(ctx, 0, w.id("olga"), true))
	w.role(g, "mona", groups.Owner) // who has moderated longest
	w.role(g, "olga", groups.Member)
	mailtest.Newest(t, w.db, "mona@example.org", "group_owner")
	if n, err := groups.Count(ctx, w.db, g.ID); n != 3 || err != nil {
		t.Errorf("%d people are seen, %v", n, err)
	}
	if _, err := groups.PersonIn(ctx, w.db, g.ID, "m-olga"); !errors.Is(err, groups.ErrGone) {
		t.Errorf("a blocked member is seen: %v", err)
	}
	_, err = w.Accept(ctx, ofOlga, w.id("bruno"), yes(g), "")
	w.refused(err, groups.ErrInvitation)
	if closed, err := groups.ByID(ctx, w.db, alone.ID); err != nil || closed.ClosedAt == nil {
		t.Errorf("a circle of nobody else goes on: %v", err)
	}
	if list, err := groups.Requests(ctx, w.db, elsewhere.ID, 10); len(list) != 0 || err != nil {
		t.Errorf("a blocked member asks: %v, %v", list, err)
	}
	w.must(w.members.Block(ctx, 0, w.id("olga"), false))
	w.role(g, "olga", groups.Member)
}

// The database itself keeps a live circle from having no owner, or two.
func TestOwnerByConstraint(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Private, groups.Free, "mona")
	for _, query := range []string{`delete from group_members where role = 'owner'`, `update group_members set role = 'member'`, `update group_members set role = 'owner'`} {
		if _, err := w.db.Exec(query); err == nil {
			t.Errorf("%s went through", query)
		}
	}
	for _, query := range []string{`update groups set sphere = 'professional'`, `update groups set visibility = 'open'`, `update groups set handle = 'autre'`} {
		if _, err := w.db.Exec(query); err == nil {
			t.Errorf("%s went through", query)
		}
	}
	w.must(w.Close(t.Context(), g.ID, w.id("olga"), ""))
	if _, err := pgtest.Owner(t, w.db).Exec(`update groups set closed_at = null`); err == nil {
		t.Error("a closed circle was opened again")
	}
}

func TestReports(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g := w.circle(groups.Private, groups.Free, "mona", "anna", "bruno")
	w.must(w.SetRole(ctx, g.ID, w.id("olga"), w.id("mona"), groups.Moderator))
	report := func(by, about string, reason groups.Reason) error {
		var id int64
		if about != "" {
			id = w.id(about)
		}
		return w.ReportGroup(ctx, g.ID, w.id(by), id, reason, "Trois fois cette semaine.")
	}
	w.refused(report("anna", "bruno", "because"), fault.Invalid)
	w.refused(report("anna", "anna", "spam"), groups.ErrReportYourself)
	w.refused(report("stranger", "", "spam"), groups.ErrGone)
	w.must(report("anna", "bruno", "spam"))
	w.must(report("anna", "bruno", "spam")) // again: the same report
	w.must(report("anna", "mona", "insult"))
	w.must(report("anna", "olga", "fraud"))
	w.must(report("bruno", "", "danger"))
	open, err := w.Reports(ctx, groups.ByCircle, g.ID, groups.StateOpen, 10)
	w.must(err)
	platform, err := w.Reports(ctx, groups.ByPlatform, 0, groups.StateOpen, 10)
	w.must(err)
	if len(open) != 2 || len(platform) != 2 || open[0].Subject.Title != "bruno" || platform[1].Subject.Title != g.Name {
		t.Fatalf("at the circle's desk %+v\nat the platform's %+v", open, platform)
	}
	decide := func(id int64, by string, d groups.Decision, why string) error {
		return w.Decide(ctx, id, groups.Verdict{Desk: groups.ByCircle, GroupID: g.ID, By: w.id(by), Decision: d, Why: why})
	}
	w.refused(decide(open[0].ID, "anna", groups.Kept, "Non."), groups.ErrModerators)
	w.refused(decide(open[0].ID, "mona", groups.Closed, "Non."), fault.Invalid)
	w.refused(decide(open[0].ID, "mona", groups.Banned, ""), fault.Invalid)
	w.refused(decide(open[1].ID, "mona", groups.Kept, "C’est moi."), groups.ErrRank)
	w.refused(decide(platform[0].ID, "olga", groups.Kept, "C’est moi."), groups.ErrGone)
	w.must(decide(open[0].ID, "mona", groups.Banned, "Trop de publicités."))
	w.refused(decide(open[0].ID, "mona", groups.Kept, "Finalement non."), groups.ErrDecided)
	w.role(g, "bruno", groups.None)
	w.count(1, `select count(*) from group_bans where member_id = $1`, w.id("bruno"))
	if e := mailtest.Newest(t, w.db, "anna@example.org", "group_decision"); !strings.Contains(e.Text, "Trop de publicités.") || strings.Contains(e.Subject, g.Name) || strings.Contains(e.Text, "mona") {
		t.Errorf("the reporter reads %q\n%s", e.Subject, e.Text)
	}
	w.must(decide(open[1].ID, "olga", groups.Kept, "Un malentendu."))
	w.count(2, `select count(*) from group_log where action like 'report_%' and why <> ''`)

	// The platform takes the circle from its owner: it goes on with the next.
	atPlatform := func(id int64, d groups.Decision) error {
		return w.Decide(ctx, id, groups.Verdict{Desk: groups.ByPlatform, By: w.id("admin"), Decision: d, Why: "Vérifié."})
	}
	w.must(atPlatform(platform[0].ID, groups.Banned))
	w.role(g, "olga", groups.None)
	w.role(g, "mona", groups.Owner)
	w.must(atPlatform(platform[1].ID, groups.Closed))
	if now, err := groups.ByID(ctx, w.db, g.ID); err != nil || now.ClosedAt == nil {
		t.Errorf("the circle goes on: %v", err)
	}
}

// A report about somebody whose circle it becomes goes to the platform: nobody in the circle could decide it.
func TestReportFollowsTheOwner(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g := w.circle(groups.Private, groups.Free, "anna", "bruno")
	w.must(w.ReportGroup(ctx, g.ID, w.id("bruno"), w.id("anna"), "insult", ""))
	at := func(d groups.Desk) []groups.ReportRow {
		t.Helper()
		list, err := w.Reports(ctx, d, 0, groups.StateOpen, 10)
		w.must(err)
		return list
	}
	todo := func(want int) {
		t.Helper()
		if all, err := groups.Todo(ctx, w.db, w.id("olga"), 0); err != nil || all[g.ID] != want {
			t.Errorf("%v wait for a moderator, want %d (%v)", all, want, err)
		}
	}
	todo(1)
	w.must(w.HandOver(ctx, g.ID, w.id("olga"), w.id("anna")))
	todo(0)
	if len(at(groups.ByCircle)) != 0 || len(at(groups.ByPlatform)) != 1 {
		t.Fatalf("at the circle's desk %+v", at(groups.ByCircle))
	}
	id := at(groups.ByPlatform)[0].ID
	w.refused(w.Decide(ctx, id, groups.Verdict{Desk: groups.ByCircle, GroupID: g.ID, By: w.id("olga"), Decision: groups.Kept, Why: "Rien."}), groups.ErrGone)
	w.must(w.Decide(ctx, id, groups.Verdict{Desk: groups.ByPlatform, By: w.id("admin"), Decision: groups.Expelled, Why: "Vérifié."}))
	w.role(g, "anna", groups.None)
	w.role(g, "olga", groups.Owner) // who has moderated takes it over
}

// Reports about what others own are described and carried out by whoever owns it, in the transaction of the decision.
func TestReportsOfPosts(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	g := w.circle(groups.Private, groups.Free, "anna", "bruno")
	fails := errors.New("cannot be removed")
	removed := map[int64]string{}
	w.About(groups.APost, groups.Subjects{
		Describe: func(_ context.Context, _ sqlx.QueryerContext, ids []int64) (map[int64]groups.Subject, error) {
			known := map[int64]groups.Subject{}
			for _, id := range ids {
				known[id] = groups.Subject{Title: "Une lampe", Excerpt: "Elle éclaire.", URL: "/g/x/posts/7"}
			}
			return known, nil
		},
		Remove: func(_ context.Context, _ *sqlx.Tx, id, _ int64, why string) error {
			if why == "échoue" {
				return fails
			}
			removed[id] = why
			return nil
		}})
	w.must(postgres.InTx(ctx, w.db, func(tx *sqlx.Tx) error {
		return groups.Report(ctx, tx, groups.Reported{GroupID: g.ID, Kind: groups.APost, SubjectID: 7, AboutID: w.id("bruno"), ReporterID: w.id("anna"), Reason: "fraud"}, w.at)
	}))
	list, err := w.Reports(ctx, groups.ByCircle, g.ID, groups.StateOpen, 10)
	w.must(err)
	if len(list) != 1 || list[0].Subject.Excerpt != "Elle éclaire." {
		t.Fatalf("reports: %+v", list)
	}
	v := groups.Verdict{Desk: groups.ByCircle, GroupID: g.ID, By: w.id("olga"), Decision: groups.Removed, Why: "échoue"}
	w.refused(w.Decide(ctx, list[0].ID, v), fails)
	w.count(1, `select count(*) from group_reports where state = 'open'`) // nothing half done
	v.Why = "Une tromperie."
	w.must(w.Decide(ctx, list[0].ID, v))
	if removed[7] != "Une tromperie." {
		t.Errorf("removed: %v", removed)
	}
	w.role(g, "bruno", groups.Member)
}

func TestDirectory(t *testing.T) {
	w := open(t)
	names := map[string]groups.Draft{"Jardin partagé": draft(groups.Open, groups.Free), "Club 100 % photo": draft(groups.Open, groups.Free), "Famille": draft(groups.Private, groups.Free)}
	for name, d := range names {
		d.Name = name
		if name == "Club 100 % photo" {
			d.Sphere = groups.Professional
		}
		_, err := w.Create(t.Context(), w.id("olga"), d)
		w.must(err)
	}
	for _, c := range []struct {
		query groups.Query
		want  int
	}{
		{groups.Query{}, 2}, {groups.Query{Words: "PARTAGÉ"}, 1}, {groups.Query{Words: "famille"}, 0}, {groups.Query{Words: "%"}, 1}, {groups.Query{Words: "_"}, 0},
		{groups.Query{Sphere: groups.Professional}, 1}, {groups.Query{Sphere: groups.Personal, Words: "photo"}, 0}, {groups.Query{Words: "Famille", Viewer: w.id("olga")}, 0},
	} {
		list, total, err := groups.Directory(t.Context(), w.db, c.query, 10, 0)
		if err != nil || len(list) != c.want || total != c.want {
			t.Errorf("%+v: %d of %d, %v", c.query, len(list), total, err)
		}
		for _, f := range list {
			if want := map[bool]groups.Role{true: groups.Owner}[c.query.Viewer != 0]; f.Role != want || f.Members != 1 {
				t.Errorf("%+v: role %q, %d members", c.query, f.Role, f.Members)
			}
		}
	}
}
