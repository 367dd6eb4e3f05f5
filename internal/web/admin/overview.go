package admin

import (
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
)

// audit is what the last look at the books found.
type audit struct {
	At       time.Time // zero: not looked since this process began
	Findings []ledger.Finding
	Broken   int // invariants that do not hold
}

type overviewPage struct {
	Stats []page.Stat
	Audit audit
	Log   []logged
}

// Statement is an invariant in the reader's language, in that of its author where nobody translated it.
func (overviewPage) Statement(l i18n.Lang, f ledger.Finding) string {
	text, err := l.Lookup("admin.invariant." + f.Name)
	if err != nil {
		return f.Description
	}
	return text
}

// overview says whether all is well: books, jobs, notices, money to pay.
func (s *Server) overview(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	queue, err := jobs.Stats(ctx, s.DB)
	if err != nil {
		return err
	}
	ready, held, err := s.Payouts.Ready(ctx)
	if err != nil {
		return err
	}
	all, waiting, err := s.Webhooks.Tally(ctx)
	if err != nil {
		return err
	}
	data := overviewPage{Audit: s.lastAudit()}
	rows, err := members.AuditRows(ctx, s.DB, 20)
	if err != nil {
		return err
	}
	data.Log = logOf(l, rows)
	tone := "good"
	if queue.Parked > 0 {
		tone = "wait"
	}
	cases, desk, err := casedesk.Waiting(c, s.DB)
	if err != nil {
		return err
	}
	data.Stats = []page.Stat{
		{Label: l.T("admin.tile.due"), Value: sums(l, ready), Hint: l.T("admin.tile.due_hint", "Count", held), Icon: "landmark", URL: "/admin/payouts"},
		{Label: l.T("admin.tile.parked"), Value: l.Number(queue.Parked), Hint: l.T("admin.tile.parked_hint"), Icon: "triangle-alert", Tone: tone, URL: "/admin/jobs?state=parked"},
		{Label: l.T("admin.tile.waiting"), Value: l.Number(queue.Waiting), Hint: l.T("admin.tile.waiting_hint", "Seconds", l.Number(int64(queue.Late))), Icon: "list", URL: "/admin/jobs"},
		{Label: l.T("admin.tile.webhooks"), Value: l.Number(int64(all)), Hint: l.T("admin.tile.webhooks_hint", "Count", waiting), Icon: "mail", URL: "/admin/webhooks"},
	}
	reported := page.Stat{Label: l.T("admin.tile.reports"), Value: l.Number(int64(cases)), Hint: l.T("admin.tile.reports_hint"), Icon: "shield-check", URL: "/admin/ratings"}
	if cases > 0 {
		reported.Tone, reported.URL = "wait", desk
	}
	data.Stats = append(data.Stats, reported)
	return s.render(c, "overview", data)
}

// sums writes amounts of several currencies.
func sums(l i18n.Lang, list []money.Amount) string {
	if len(list) == 0 {
		return l.Money(money.New(0, "EUR"))
	}
	text := l.Money(list[0])
	for _, a := range list[1:] {
		text += " + " + l.Money(a)
	}
	return text
}

func (s *Server) lastAudit() audit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// audit looks at the books now. It reads every row, so it is done when asked for and kept.
func (s *Server) audit(c echo.Context) error {
	findings, err := s.Audit(c.Request().Context())
	if err != nil {
		return err
	}
	a := audit{At: s.Clock(), Findings: findings}
	for _, f := range findings {
		if f.Count != 0 {
			a.Broken++
		}
	}
	s.mu.Lock()
	s.last = a
	s.mu.Unlock()
	return page.Redirect(c, "/admin#audit")
}
