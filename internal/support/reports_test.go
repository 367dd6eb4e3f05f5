package support_test

import (
	"errors"
	"strings"
	"testing"

	"relais/internal/fault"
	"relais/internal/mail/mailtest"
	"relais/internal/support"
)

// A message is reported by the other side alone, read by the platform until it has decided, and hidden from both for good where it says so.
func TestAMessageIsReported(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	admin := w.Member("adele")
	photo, err := w.Media.SavePrivate(ctx, w.DB, strings.NewReader(string(picture(t, 30))))
	w.ok(err)
	w.ok(w.support.Write(ctx, w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Des injures", Photos: []int64{photo.ID}}))
	w.ok(w.support.Write(ctx, w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBrand, MemberID: w.shop.Owner, Body: "Il exagère", Note: true}))
	c := w.talk()
	ms, err := support.Messages(ctx, w.DB, c.ID, support.FromBrand)
	w.ok(err)
	complain := func(side support.Side, message int64, reason, text string) error {
		return w.support.Report(ctx, support.Complaint{ConversationID: c.ID, MessageID: message, Side: side, Reason: reason, Text: text})
	}
	for name, err := range map[string]error{
		"one's own":               complain(support.FromBuyer, ms[0].ID, "insult", ""),
		"a note":                  complain(support.FromBuyer, ms[1].ID, "insult", ""),
		"of another conversation": w.support.Report(ctx, support.Complaint{ConversationID: c.ID + 1, MessageID: ms[0].ID, Side: support.FromBrand, Reason: "insult"}),
	} {
		if !errors.Is(err, support.ErrGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range []error{complain(support.FromBrand, ms[0].ID, "boring", ""), complain(support.FromBrand, ms[0].ID, "other", " ")} {
		if !errors.Is(err, fault.Invalid) {
			t.Error(err)
		}
	}
	w.ok(complain(support.FromBrand, ms[0].ID, "insult", "Lisez"))
	if err := complain(support.FromBrand, ms[0].ID, "insult", "Encore"); !errors.Is(err, support.ErrReported) {
		t.Errorf("twice: %v", err)
	}
	waiting, _, err := support.Reports(ctx, w.DB, 10)
	w.ok(err)
	if len(waiting) != 1 || len(waiting[0].Messages) != 1 || waiting[0].Messages[0].Body != "Des injures" {
		t.Fatalf("the platform reads %+v", waiting)
	}
	id := waiting[0].ID
	if got, err := support.Judged(ctx, w.DB, id); err != nil || got != c.ID {
		t.Errorf("judged: %d, %v", got, err)
	}
	if err := w.support.Decide(ctx, id, w.shop.Owner, true, "Oui"); !errors.Is(err, support.ErrParty) {
		t.Errorf("a party decides: %v", err)
	}
	if err := w.support.Decide(ctx, id, admin, true, " "); !errors.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	w.ok(w.support.Decide(ctx, id, admin, true, "Injurieux"))
	if err := w.support.Decide(ctx, id, admin, false, "Non"); !errors.Is(err, support.ErrGone) {
		t.Errorf("twice: %v", err)
	}
	if w.told(w.shop.Owner, "brand_inbox.report_hidden") != 1 || w.told(w.shop.Owner, "brand_inbox.hidden") != 0 {
		t.Error("who reported is not told what was decided")
	}
	if l := mailtest.Newest(t, w.DB, w.order.Email, "order_told"); !strings.Contains(l.Text, "Injurieux") || strings.Contains(l.Text, "Des injures") {
		t.Errorf("who wrote is told\n%s", l.Text)
	}
	if _, err := support.Judged(ctx, w.DB, id); !errors.Is(err, support.ErrGone) {
		t.Errorf("the platform still reads: %v", err)
	}
	for _, side := range []support.Side{support.FromBuyer, support.FromBrand} {
		ms, err := support.Messages(ctx, w.DB, c.ID, side)
		w.ok(err)
		if m := ms[0]; !m.Hidden || m.Body != "" || len(m.Photos) != 0 || m.Why != "Injurieux" {
			t.Errorf("%s reads %+v", side, m)
		}
		if shown, err := support.Shows(ctx, w.DB, c.ID, side, photo.Hash); err != nil || shown {
			t.Errorf("%s sees the photograph: %v", side, err)
		}
	}
	if got := w.talk().LastBody; got != "" {
		t.Errorf("the list shows %q", got)
	}
}
