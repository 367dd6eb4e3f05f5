package casedesk

import (
	"github.com/labstack/echo/v4"

	"relais/internal/ideas"
	"relais/internal/polls"
	"relais/internal/postgres"
	"relais/internal/publications"
	"relais/internal/questions"
	"relais/internal/ratings"
	"relais/internal/reports"
	"relais/internal/stories"
	"relais/internal/web/page"
)

// desks are all places where the platform decides about reports, with the keys of their names.
func desks() []struct {
	table reports.Table
	name  string
} {
	return []struct {
		table reports.Table
		name  string
	}{{ratings.Reported(), "opinion.queue.tab"}, {questions.Reported(), "ask.queue.tab"}, {ideas.Reported(), "ideas.queue.title"}, {stories.Reported(), "story.queue.title"},
		{polls.Reported(), "ballot.queue.title"}, {publications.Reported(), "publish.queue.tab"}}
}

// Desks are the tabs of all desks, each with how much waits there.
func Desks(c echo.Context, db *postgres.DB) (tabs []page.Tab, err error) {
	l := page.Lang(c)
	for _, d := range desks() {
		n, err := d.table.Waiting(c.Request().Context(), db)
		if err != nil {
			return nil, err
		}
		tab := page.Tab{URL: d.table.Desk, Label: l.T(d.name), Current: c.Request().URL.Path == d.table.Desk}
		if n > 0 {
			tab.Label = l.T("opinion.queue.waiting", "Desk", tab.Label, "Count", n)
		}
		tabs = append(tabs, tab)
	}
	return tabs, nil
}

// Waiting is how much waits at all desks, and the first desk where something does; empty: none.
func Waiting(c echo.Context, db *postgres.DB) (n int, path string, err error) {
	for _, d := range desks() {
		here, err := d.table.Waiting(c.Request().Context(), db)
		if err != nil {
			return 0, "", err
		}
		if n += here; here > 0 && path == "" {
			path = d.table.Desk
		}
	}
	return n, path, nil
}
