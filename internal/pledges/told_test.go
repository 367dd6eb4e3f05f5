package pledges_test

import (
	"fmt"
	"strings"
	"testing"

	"relais/internal/notices"
)

// A member is told in the app too, beside each letter: that their promise is in, that a card was refused and until when they can pay, that it ended unpaid, that nothing is
// charged. Who takes a promise back did so a moment ago, and is told by letter alone. Each notice leads to the promise.
func TestMembersAreToldInTheApp(t *testing.T) {
	c := open(t, 5)
	ctx := t.Context()
	joins := func(code string, member int64, who, number string) string {
		j := c.form(code, who)
		j.MemberID = &member
		p := c.asks(j)
		c.keeps(p, number)
		return p.Token
	}
	noe, ines, zoe := c.Member("noe"), c.Member("ines"), c.Member("zoe")
	g := c.opens()
	refused := joins(g.Code, noe, "noe", "4000000000000341")
	joins(g.Code, ines, "ines", card(0))
	left := joins(g.Code, zoe, "zoe", card(1))
	c.must(c.Pledges.Leave(ctx, left))
	c.ends()
	c.sweeps()
	var path, text string
	c.must(c.DB.QueryRowx(`select path, args::text from notices where member_id = $1 and event = 'pledge_refused'`, noe).Scan(&path, &text))
	if until := c.see(refused).Order.ExpiresAt.UTC().Format("2006-01-02T15:04"); path != "/pledge/"+refused || !strings.Contains(text, until) {
		t.Errorf("the refusal leads to %s and says %s; it can be paid until %s", path, text, until)
	}
	c.Pass(4)
	c.sweeps()
	missed := c.opens()
	joins(missed.Code, zoe, "zoe", card(1))
	c.ends()
	for who, want := range map[int64]string{noe: "[pledge_joined pledge_refused pledge_unpaid]", ines: "[pledge_joined paid]", zoe: "[pledge_joined pledge_joined pledge_released]"} {
		if told := fmt.Sprint(c.Told(who, notices.Order)); told != want {
			t.Errorf("member %d was told %s, want %s", who, told, want)
		}
	}
	c.Audit()
}
