package app

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relais/internal/demo"
)

func TestDemoIsMadeOnceAndItsBooksHold(t *testing.T) {
	cfg := configuration(t)
	cfg.demoDays = 40
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	told := 0
	if err := Seed(t.Context(), cfg, log, func(percent int) { told = max(told, percent) }); err != nil {
		t.Fatal(err)
	}
	if told != 100 {
		t.Errorf("progress ended at %d %%", told)
	}
	data, err := connect(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	defer data.close()
	if err := data.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	findings, err := Audit(t.Context(), data.pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Count != 0 {
			t.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
	for what, query := range states {
		var n int
		if err := data.pages.GetContext(t.Context(), &n, query); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%-40s %d", what, n)
		if n == 0 {
			t.Errorf("no %s", what)
		}
	}
	if state, err := demo.Look(t.Context(), data.pages); err != nil || state != demo.Done {
		t.Errorf("the database holds %s, %v", state, err)
	}
	again := func() error { return Seed(t.Context(), cfg, quiet(), func(int) {}) }
	if err := again(); !errors.Is(err, demo.ErrNotEmpty) {
		t.Errorf("a second demo: %v", err)
	}
	if err := os.Remove(filepath.Join(cfg.DataDir, "sandbox.journal")); err != nil {
		t.Fatal(err)
	}
	if err := again(); !errors.Is(err, demo.ErrNotEmpty) {
		t.Errorf("a second demo without the journal: %v", err)
	}
}

func TestInterruptedDemoIsNotTakenForAWholeOne(t *testing.T) {
	cfg := configuration(t)
	data, err := connect(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer data.close()
	if err := data.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := data.pages.ExecContext(t.Context(), `insert into seeds (name, started_at) values ('demo', now())`); err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), cfg, quiet())
	if !errors.Is(err, demo.ErrUnfinished) || !strings.Contains(err.Error(), "RELAIS_DATA_DIR") {
		t.Errorf("a server starts on half a demo: %v", err)
	}
}

func TestDemoIsNeverMadeInProduction(t *testing.T) {
	cfg := configuration(t)
	cfg.Production = true
	if err := Seed(t.Context(), cfg, quiet(), func(int) {}); err == nil {
		t.Error("it was made")
	}
	cfg.Production, cfg.Stripe.Key = false, "sk_test_somebody"
	if err := Seed(t.Context(), cfg, quiet(), func(int) {}); err == nil {
		t.Error("it was made with a Stripe key")
	}
}

// states are what every page needs something of.
var states = map[string]string{
	"brands":                        `select count(*) from brands`,
	"products":                      `select count(*) from products where state = 'published'`,
	"listings":                      `select count(*) from listings where note <> ''`,
	"share links":                   `select count(*) from share_links`,
	"open to followers elsewhere":   `select count(*) / 2 from fediverse_actors where closed_at is null and kind <> 'site'`,
	"recommendations published":     `select count(*) from fediverse_objects o join share_links l on o.path = '/r/' || l.code where o.earner <> '' and l.channel = 'fediverse'`,
	"products published":            `select count(*) from fediverse_objects where ref like 'product:%' and earner = ''`,
	"clicks":                        `select count(*) from clicks where eligible`,
	"repeats":                       `select count(*) from clicks where reason = 'repeat'`,
	"designs ordered":               `select count(*) from design_revisions`,
	"designs tried out":             `select count(*) from designs d where not exists (select 1 from design_revisions r where r.design_id = d.id)`,
	"pieces to make again":          `select count(*) from making_steps where kind = 'again'`,
	"carts":                         `select count(*) from cart_lines`,
	"orders":                        `select count(*) from orders`,
	"orders of members":             `select count(*) from orders where member_id is not null`,
	"orders to be paid":             `select count(*) from orders where state = 'awaiting_payment'`,
	"orders that expired":           `select count(*) from orders where state = 'expired'`,
	"orders cancelled":              `select count(*) from orders where state = 'cancelled'`,
	"orders refunded":               `select count(*) from orders where state = 'refunded'`,
	"orders withdrawn, goods out":   `select count(*) from returns where kind = 'withdrawal' and state = 'approved'`,
	"orders of two brands":          `select count(*) from (select 1 from shipments group by order_id having count(*) > 1) x`,
	"shipments to send":             `select count(*) from shipments where state = 'preparing'`,
	"shipments under way":           `select count(*) from shipments where state = 'shipped'`,
	"received by buyer":             `select count(*) from shipments where delivered_by = 'buyer'`,
	"received by brand":             `select count(*) from shipments where delivered_by = 'brand'`,
	"received by time":              `select count(*) from shipments where delivered_by = 'time'`,
	"sales by storefront":           `select count(*) from attributions where rule = 'storefront'`,
	"sales by click":                `select count(*) from attributions where rule = 'click'`,
	"sales by code":                 `select count(*) from attributions where rule = 'code'`,
	"sales by pin":                  `select count(*) from attributions where rule = 'pin'`,
	"sales shared by two":           `select count(*) from (select 1 from attribution_credits group by order_line_id having count(*) = 2) x`,
	"sales by nobody":               `select count(*) from attributions where rule = 'none'`,
	"storefronts with a margin":     `select count(distinct member_id) from listings where margin_minor > 0`,
	"margins lowered":               `select count(*) from listings where cut_at is not null`,
	"margins held":                  `select count(*) from earnings where role = 'margin' and state = 'held'`,
	"margins free or paid":          `select count(*) from earnings where role = 'margin' and state = 'free'`,
	"margins given back":            `select count(*) from earnings where role = 'margin' and returned_minor > 0`,
	"earnings held":                 `select count(*) from earnings where state = 'held'`,
	"earnings paid or free":         `select count(*) from earnings where state = 'free'`,
	"earnings frozen":               `select count(*) from earnings where state = 'frozen'`,
	"earnings voided":               `select count(*) from earnings where state = 'voided'`,
	"payouts sent":                  `select count(*) from payouts where state = 'sent'`,
	"payouts failed":                `select count(*) from payouts where state = 'failed'`,
	"payees without an account":     `select count(*) from payees where stripe_account_id is null`,
	"payees unfinished":             `select count(*) from payees where stripe_account_id is not null and not details_submitted`,
	"terms replaced":                `select count(*) from terms where product_id is null and commission_bps <> 1000`,
	"steps of two brands":           `select count(*) from (select 1 from terms where product_id is not null and steps <> '[]' having count(distinct brand_id) = 2) x`,
	"messages of buyers":            `select count(*) from order_messages where author = 'buyer'`,
	"messages of brands":            `select count(*) from order_messages where author = 'brand'`,
	"conversations solved":          `select count(*) from conversations where state = 'solved'`,
	"conversations to answer":       `select count(*) from conversations where state = 'open'`,
	"buyers pleased":                `select count(*) from conversations where pleased`,
	"photographs of messages":       `select count(*) from message_photos`,
	"notes, and canned answers":     `select count(*) from order_messages m cross join inbox_replies r where m.note`,
	"notices of money":              `select count(*) from notices where topic = 'money' and read_at is not null`,
	"notices of orders":             `select count(*) from notices where topic = 'orders'`,
	"notices of brands":             `select count(*) from notices where topic = 'brand'`,
	"notices not read":              `select count(*) from notices where read_at is null`,
	"kinds of notices (eight)":      `select count(*) from (select 1 from notices having count(distinct kind) >= 8) x`,
	"choices of notices":            `select count(*) from notice_settings`,
	"letters":                       `select count(*) from letters`,
	"refunds in part":               `select count(*) from orders where state = 'paid' and refunded_minor > 0`,
	"disputes to answer":            `select count(*) from disputes where state = 'needs_response'`,
	"inquiries":                     `select count(*) from disputes where state = 'warning_needs_response'`,
	"disputes lost":                 `select count(*) from disputes where booked = 'lost'`,
	"posts published":               `select count(*) from posts where state = 'published'`,
	"posts in both spheres":         `select count(*) from (select 1 from post_groups f join groups g on g.id = f.group_id group by f.post_id having count(distinct g.sphere) = 2) x`,
	"posts scheduled":               `select count(*) from posts where state = 'scheduled'`,
	"posts in draft":                `select count(*) from posts where state = 'draft'`,
	"posts edited":                  `select count(*) from post_versions`,
	"posts removed":                 `select count(*) from post_groups where removed_at is not null`,
	"posts with photographs":        `select count(distinct post_id) from post_photos`,
	"posts reported":                `select count(*) from group_reports where subject_kind = 'post' and state = 'open'`,
	"network steps done":            `select count(*) from post_networks where done_at is not null`,
	"network steps to do":           `select count(*) from post_networks where done_at is null`,
	"comments":                      `select count(*) from comments where parent_id is null`,
	"answers to comments":           `select count(*) from comments where parent_id is not null`,
	"reactions":                     `select count(*) from reactions`,
	"clicks from circles":           `select count(*) from clicks c join share_links l on l.id = c.link_id where l.group_id is not null`,
	"invoices":                      `select count(*) from documents where kind = 'invoice'`,
	"circles of working life":       `select count(*) from groups where sphere = 'professional' and visibility = 'open'`,
	"circles of personal life":      `select count(*) from groups where sphere = 'personal' and visibility = 'private'`,
	"members of both spheres":       `select count(*) from (select 1 from group_members m join groups g on g.id = m.group_id group by m.member_id having count(distinct g.sphere) = 2) x`,
	"memberships shown":             `select count(*) from group_members where shown`,
	"circles that are asked":        `select count(*) from group_requests where state = 'open'`,
	"reports at a circle's desk":    `select count(*) from group_reports where desk = 'group' and state = 'open'`,
	"reports at the platform's":     `select count(*) from group_reports where desk = 'platform' and state = 'open'`,
	"reports decided":               `select count(*) from group_reports where state = 'decided'`,
	"invitations that are good":     `select count(*) from group_invitations where uses_left > 0 and expires_at > now()`,
	"sales in person, by code":      `select count(*) from orders where place in ('market','fair') and checkout_id is not null and state = 'paid'`,
	"sales in person, at a reader":  `select count(*) from reader_payments where state = 'succeeded'`,
	"cards declined at a reader":    `select count(*) from reader_payments where turn > 1`,
	"sales at a home meeting":       `select count(*) from orders where place = 'meeting' and state = 'paid'`,
	"readers":                       `select count(*) from readers where state = 'ready'`,
	"brands with rules in person":   `select count(*) from counter_rules where warning <> ''`,
	"stories of brands":             `select count(*) from stories where state = 'published' and brand_id is not null`,
	"stories of members":            `select count(*) from stories where state = 'published' and brand_id is null and edited_at is not null`,
	"stories to come":               `select count(*) from stories where state = 'scheduled'`,
	"stories in a series":           `select count(*) from stories where series_id is not null and published_at is not null`,
	"reported stories":              `select count(*) from story_reports where decided = ''`,
	"ratings":                       `select count(*) from ratings where state = 'shown'`,
	"ratings with photographs":      `select count(*) from rating_photos`,
	"ratings with a reply":          `select count(*) from ratings where reply <> ''`,
	"ratings through a friend":      `select count(*) from ratings where relayed`,
	"cards with stars":              `select count(*) from product_stars where n1 + n2 + n3 + n4 + n5 >= 3`,
	"reports to decide":             `select count(*) from rating_reports where decided = ''`,
	"entries of guest books":        `select count(*) from thanks where state = 'shown'`,
	"answers in guest books":        `select count(*) from thanks where answer <> ''`,
	"letters that ask":              `select count(*) from letters where template = 'rating_invite'`,
	"group orders that are open":    `select count(*) from campaigns where kind = 'group_order' and state = 'open'`,
	"group orders that succeeded":   `select count(*) from campaigns where kind = 'group_order' and state = 'reached'`,
	"group orders that were missed": `select count(*) from campaigns where kind = 'group_order' and state = 'missed'`,
	"launches that are open":        `select count(*) from campaigns where kind = 'launch' and state = 'open'`,
	"launches in production":        `select count(*) from campaigns where kind = 'launch' and state = 'reached' and started_at is not null`,
	"promises of group orders":      `select count(*) from pledges where state = 'joined'`,
	"sales by group order":          `select count(*) from attributions where rule = 'group'`,
	"ideas that are open":           `select count(*) from ideas where state = 'open'`,
	"ideas that wait":               `select count(*) from ideas where state = 'reached' and answer_by > now()`,
	"ideas that wait too long":      `select count(*) from ideas where overdue_at is not null`,
	"ideas answered":                `select count(*) from ideas where state = 'answered'`,
	"ideas made":                    `select count(*) from ideas where state = 'made'`,
	"ideas merged":                  `select count(*) from ideas where state = 'merged'`,
	"ideas that found too few":      `select count(*) from ideas where state = 'expired'`,
	"designs that are sold":         `select count(*) from publications where state = 'listed'`,
	"designs that wait":             `select count(*) from publications where state = 'asked'`,
	"royalties of designs":          `select count(*) from earnings where role = 'royalty'`,
	"comments on ideas":             `select count(*) from idea_comments`,
	"reports of ideas":              `select count(*) from idea_reports where decided = ''`,
	"collections":                   `select count(*) from collections c where exists (select 1 from listings l where l.collection_id = c.id)`,
	"pinned listings":               `select count(*) from storefronts where pinned_id is not null`,
	"links of storefronts":          `select count(*) from storefront_links`,
	"storefronts with days off":     `select count(*) from storefronts where away_until >= current_date`,
	"themes, all five":              `select (count(distinct theme) = 5)::int from storefronts`,
	"credit notes":                  `select count(*) from documents where kind = 'credit_note'`,
}
