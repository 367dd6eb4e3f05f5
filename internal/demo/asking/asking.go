// Package asking plays the public questions of the demo: who asks, who bought before and answers, what the brands say, and whom it helped. All of it
// by the use cases that visitors set off, at the demo's past dates.
package asking

import (
	"context"
	"fmt"
	"time"

	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/questions"
	"relais/internal/reports"
)

// Stage is what the questions are played with.
type Stage struct {
	Questions *questions.Service
	Agenda    *agenda.Agenda
	Member    func(handle string) int64 // their id
	// Buy has a member buy and receive a product.
	Buy func(ctx context.Context, nth int, handle, product string) error
}

// Play is a question of the content with what the demo made of it.
type Play struct {
	content.Question
	Nth       int // among those of the demo
	ProductID int64
	Owner     int64 // of the brand
	At        time.Time
}

// Before is how many days before a question those buy who answer it.
const Before = 12

// Plan puts a play on the agenda.
func (s Stage) Plan(p Play) {
	for i, a := range p.Answers {
		if a.Who != "" {
			s.Agenda.Add(p.At.AddDate(0, 0, -Before), func(ctx context.Context) error { return s.Buy(ctx, 10*p.Nth+i, a.Who, p.Product) })
		}
	}
	s.Agenda.Add(p.At, func(ctx context.Context) error {
		id, err := s.Questions.Ask(ctx, questions.Draft{MemberID: s.Member(p.Asker), ProductID: p.ProductID, Lang: i18n.Lang(p.Lang), Title: p.Title, Details: p.Details})
		if err != nil {
			return fmt.Errorf("ask question %d: %w", p.Nth, err)
		}
		for _, a := range p.Answers {
			s.Agenda.Add(p.At.Add(time.Duration(a.Hours)*time.Hour), func(ctx context.Context) error { return s.answers(ctx, p, id, a) })
		}
		if p.Report == "" {
			return nil
		}
		s.Agenda.Add(p.At.Add(9*time.Hour), func(ctx context.Context) error {
			return s.Questions.Report(ctx, reports.Complaint{Part: questions.PartQuestion, ID: id, MemberID: p.Owner, Reason: "off_topic", Text: p.Report})
		})
		return nil
	})
}

// answers is one answer, whom it helped in the hours after, and whether the brand says so too.
func (s Stage) answers(ctx context.Context, p Play, question int64, a content.Answer) error {
	who := p.Owner
	if a.Who != "" {
		who = s.Member(a.Who)
	}
	id, err := s.Questions.Answer(ctx, questions.Reply{MemberID: who, QuestionID: question, Lang: i18n.Lang(p.Lang), Body: a.Body})
	if err != nil {
		return fmt.Errorf("answer question %d: %w", p.Nth, err)
	}
	for _, handle := range a.Helped {
		if err := s.Questions.Mark(ctx, s.Member(handle), id, true); err != nil {
			return err
		}
	}
	if !a.Pinned {
		return nil
	}
	return s.Questions.Pin(ctx, p.Owner, id, true)
}
