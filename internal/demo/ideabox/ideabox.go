// Package ideabox plays the ideas of the demo: which brands take some, who proposes and supports them, what is said about them, and what the brands answer. All of it
// by the use cases that visitors set off, at the demo's past dates.
package ideabox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/reports"
)

// Stage is what the ideas are played with.
type Stage struct {
	DB      sqlx.QueryerContext
	Ideas   *ideas.Service
	Now     time.Time // the end of the demo
	Start   time.Time // its beginning
	Agenda  *agenda.Agenda
	Content *content.Content
	Member  func(handle string) int64 // their id
	Brand   func(handle string) (id, owner int64)
	Product func(slug string) int64
	Photo   func(file string) *int64 // by its number in media; nil: there is none
}

// Times of a play.
const (
	between     = 7 * time.Hour       // from one who supports to the next
	talk        = 11 * time.Hour      // from one who comments to the next
	untilMerged = 5 * 24 * time.Hour  // from the proposal
	untilAnswer = 6 * 24 * time.Hour  // from the last supporter
	untilMade   = 20 * 24 * time.Hour // from the answer
)

// Plan puts all ideas on the agenda.
func (s Stage) Plan() {
	for _, terms := range s.Content.IdeaTerms {
		s.Agenda.Add(s.Start, func(ctx context.Context) error {
			brand, owner := s.Brand(terms.Brand)
			return s.Ideas.Set(ctx, owner, brand, ideas.Settings{Taken: true, Threshold: terms.Threshold, Days: terms.Days, AnswerDays: terms.AnswerDays})
		})
	}
	known := map[string]int64{} // by title
	for n, one := range s.Content.Ideas {
		if at := s.Now.AddDate(0, 0, -one.Days); at.After(s.Start) {
			s.plan(n, one, at, known)
		}
	}
}

// plan puts one idea on the agenda.
func (s Stage) plan(n int, one content.Idea, at time.Time, known map[string]int64) {
	add := func(at time.Time, what string, do func(ctx context.Context, id int64) error) {
		s.Agenda.Add(at, func(ctx context.Context) error {
			if err := do(ctx, known[one.Title]); err != nil {
				return fmt.Errorf("%s the idea %q: %w", what, one.Title, err)
			}
			return nil
		})
	}
	brand, owner := s.Brand(one.Brand)
	add(at, "propose", func(ctx context.Context, _ int64) error {
		d := ideas.Draft{Operation: fmt.Sprintf("demo-idea-%04d", n), Lang: i18n.Lang(one.Lang), Title: one.Title, Text: one.Text, Named: !one.Unnamed}
		if photo := s.Photo(one.Photo); photo != nil {
			d.Photos = []int64{*photo}
		}
		i, err := s.Ideas.Propose(ctx, s.Member(one.Author), brand, d)
		known[one.Title] = i.ID
		return err
	})
	last := at
	for _, handle := range one.Supporters {
		last = last.Add(between)
		add(last, "support", func(ctx context.Context, id int64) error { return s.Ideas.Support(ctx, s.Member(handle), id, "") })
	}
	for k, said := range one.Comments {
		add(at.Add(time.Duration(k+1)*talk), "comment on", func(ctx context.Context, id int64) error {
			return s.Ideas.Comment(ctx, s.Member(said.By), id, fmt.Sprintf("demo-idea-%04d-%04d", n, k), i18n.Lang(one.Lang), said.Text)
		})
	}
	if one.Report != "" {
		add(at.Add(3*talk), "report a comment on", func(ctx context.Context, id int64) error { return s.report(ctx, id, s.Member(one.Author), one.Report) })
	}
	if one.Into != "" {
		add(at.Add(untilMerged), "merge", func(ctx context.Context, id int64) error {
			return s.Ideas.Merge(ctx, owner, brand, id, known[one.Into])
		})
	}
	if one.Answer != "" {
		add(last.Add(untilAnswer), "answer", func(ctx context.Context, id int64) error {
			return s.Ideas.Reply(ctx, owner, brand, id, ideas.Answer(one.Answer), one.Reason)
		})
	}
	if one.Product != "" {
		add(last.Add(untilAnswer+untilMade), "make", func(ctx context.Context, id int64) error {
			return s.Ideas.Make(ctx, owner, brand, id, s.Product(one.Product))
		})
	}
}

// report reports the first comment on an idea.
func (s Stage) report(ctx context.Context, id, by int64, text string) error {
	comments, _, err := ideas.Comments(ctx, s.DB, id, 100, 0)
	if err != nil {
		return err
	}
	return s.Ideas.Report(ctx, reports.Complaint{Part: ideas.AComment, ID: comments[len(comments)-1].ID, MemberID: by, Reason: "advert", Text: text})
}
