// Package asked plays the polls of the demo: what brands ask, who votes what, and what came of it. All of it by the use cases that their pages set off, at
// the demo's past dates.
package asked

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/polls"
)

// Stage is what the polls are played with.
type Stage struct {
	Polls   *polls.Service
	Jobs    *jobs.Runner
	Agenda  *agenda.Agenda
	Member  func(handle string) int64                // their id
	Brand   func(handle string) (brand, owner int64) // the id of a brand, and of who owns it
	Product func(slug string) int64                  // its id; 0 for none
	Now     time.Time                                // the end of the demo
	Days    int                                      // of the demo
}

// between is the time from one vote to the next.
const between = 7 * time.Hour

// Plan puts polls on the agenda, those that are older than the demo's days left out.
func (s Stage) Plan(list []content.Poll) {
	for _, p := range list {
		if p.Opened < s.Days {
			s.plan(p)
		}
	}
}

func (s Stage) plan(p content.Poll) {
	code := ""
	brand, owner := s.Brand(p.Brand)
	s.Agenda.Add(s.Now.AddDate(0, 0, -p.Opened).Add(-time.Hour), func(ctx context.Context) (err error) {
		if code, err = s.Polls.Save(ctx, owner, brand, "", s.draft(p)); err != nil {
			return fmt.Errorf("draft poll %q: %w", p.Title, err)
		}
		if err := s.picture(ctx, p, brand, owner, code); err != nil || p.Opened == 0 {
			return err
		}
		if err := s.Polls.Open(ctx, owner, brand, code); err != nil {
			return fmt.Errorf("open poll %q: %w", p.Title, err)
		}
		v, err := s.Polls.ByCode(ctx, code, 0, i18n.FR)
		if err != nil {
			return err
		}
		s.Agenda.Add(v.ClosesAt.Add(time.Minute), s.sweep)
		s.Agenda.Add(v.AnswerBy.Add(time.Minute), s.sweep)
		if p.Answer != "" {
			s.Agenda.Add(v.ClosesAt.AddDate(0, 0, p.Answered), func(ctx context.Context) error {
				return s.Polls.Answer(ctx, owner, brand, code, polls.Said{Text: p.Answer, ProductID: s.Product(p.Made)})
			})
		}
		for i, vote := range p.Votes {
			s.Agenda.Add(v.OpenedAt.Add(time.Duration(i+1)*between), func(ctx context.Context) error { return s.vote(ctx, v, vote) })
		}
		return nil
	})
}

func (s Stage) draft(p content.Poll) polls.Draft {
	d := polls.Draft{ProductID: s.Product(p.Product), Title: p.Title, Text: p.Text, BaseMinor: p.Base, FloorMinor: p.Floor, Days: p.Days, AnswerDays: p.AnswerDays, Quorum: p.Quorum, MarginPct: p.Margin,
		Changeable: true, Audience: polls.Everybody}
	for _, q := range p.Questions {
		one := polls.QuestionDraft{Text: q.Text}
		for _, o := range q.Options {
			one.Options = append(one.Options, polls.OptionDraft{Text: o.Text, EffectMinor: o.Effect})
		}
		d.Questions = append(d.Questions, one)
	}
	return d
}

func (s Stage) picture(ctx context.Context, p content.Poll, brand, owner int64, code string) error {
	if p.Photo == "" {
		return nil
	}
	f, err := content.Open(p.Photo)
	if err != nil {
		return err
	}
	return errors.Join(s.Polls.SetPicture(ctx, owner, brand, code, 0, f), f.Close())
}

func (s Stage) vote(ctx context.Context, v polls.View, text string) error {
	handle, places, err := content.Vote(text)
	if err != nil {
		return err
	}
	var choice []int64
	for i, place := range places {
		choice = append(choice, v.Questions[i].Options[place].ID)
	}
	if err := s.Polls.Vote(ctx, polls.Cast{Code: v.Code, MemberID: s.Member(handle), Choice: choice}); err != nil {
		return fmt.Errorf("vote as %s in %q: %w", handle, v.Title, err)
	}
	return nil
}

func (s Stage) sweep(ctx context.Context) error {
	if err := s.Polls.Sweep(ctx); err != nil {
		return err
	}
	return s.Jobs.Drain(ctx)
}
