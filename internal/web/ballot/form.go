package ballot

import (
	"fmt"
	"strconv"
	"strings"

	"relais/internal/money"
	"relais/internal/polls"
	"relais/internal/web/page"
)

// field is the name of a field of a question's option.
func field(question, option int, what string) string {
	return fmt.Sprintf("q.%d.o.%d.%s", question, option, what)
}

// amountFrom reads an amount that may have a sign; what is empty is nothing, and what cannot be read is refused at its field.
func amountFrom(form *page.Form, name string, c money.Currency) int64 {
	text, sign := form.Get(name), int64(1)
	for _, minus := range []string{"-", "−", "–"} {
		if rest, ok := strings.CutPrefix(text, minus); ok {
			text, sign = rest, -1
		}
	}
	if text = strings.TrimSpace(strings.TrimPrefix(text, "+")); text == "" {
		return 0
	}
	a, err := money.Parse(text, c)
	if err != nil {
		form.Fail(name, "fault.polls.amount")
		return 0
	}
	return sign * a.Minor
}

// draftFrom reads a draft as it was typed. What is no amount is refused at its field; the rest by the use case.
func draftFrom(form *page.Form, c money.Currency) polls.Draft {
	d := polls.Draft{ProductID: form.Int("product", 0), IdeaID: form.Int("idea", 0), Title: form.Raw("title"), Text: form.Raw("text"), BaseMinor: amountFrom(form, "base", c), FloorMinor: amountFrom(form, "floor", c),
		Days: int(form.Int("days", 0)), AnswerDays: int(form.Int("answer_days", 0)), Quorum: int(form.Int("quorum", 0)), MarginPct: int(form.Int("margin", 0)), Changeable: form.Has("changeable", "yes"),
		Audience: polls.Audience(form.Get("audience")), Circle: circleFrom(form.Get("circle"))}
	for i := range polls.MaxQuestions {
		q := polls.QuestionDraft{Text: form.Raw(fmt.Sprintf("q.%d.text", i))}
		for j := range polls.MaxOptions {
			q.Options = append(q.Options, polls.OptionDraft{ID: form.Int(field(i, j, "id"), 0), Text: form.Raw(field(i, j, "text")), EffectMinor: amountFrom(form, field(i, j, "effect"), c)})
		}
		d.Questions = append(d.Questions, q)
	}
	return d
}

// circleFrom is the handle in what was typed: itself, or the end of an address.
func circleFrom(typed string) string {
	if _, after, ok := strings.Cut(typed, "/g/"); ok {
		typed = after
	}
	handle, _, _ := strings.Cut(strings.Trim(typed, "/ "), "/")
	return handle
}

// formOf is the form of a draft that is kept.
func formOf(v polls.View) *page.Form {
	product, idea, changeable := "0", "", ""
	if v.ProductID != nil {
		product = strconv.FormatInt(*v.ProductID, 10)
	}
	if v.IdeaID != nil {
		idea = strconv.FormatInt(*v.IdeaID, 10)
	}
	if v.Changeable {
		changeable = "yes"
	}
	form := page.NewForm("product", product, "idea", idea, "title", v.Title, "text", v.Text, "base", v.Base().Decimal(), "floor", v.Floor().Decimal(), "days", strconv.Itoa(v.Days),
		"answer_days", strconv.Itoa(v.AnswerDays), "quorum", strconv.Itoa(v.Quorum), "margin", strconv.Itoa(v.MarginPct), "changeable", changeable, "audience", string(v.Audience), "circle", v.CircleHandle)
	for i, q := range v.Questions {
		form.Set(fmt.Sprintf("q.%d.text", i), q.Text)
		for j, o := range q.Options {
			form.Set(field(i, j, "id"), strconv.FormatInt(o.ID, 10))
			form.Set(field(i, j, "text"), o.Text)
			form.Set(field(i, j, "effect"), money.New(o.EffectMinor, v.Currency).Decimal())
		}
	}
	return form
}

// questionBlock is the fields of one question; those that say nothing are folded.
type questionBlock struct {
	N, Nth int // from 0, from 1
	Open   bool
	Field  string
	Rows   []int
}

func blocksOf(form *page.Form) []questionBlock {
	var list []questionBlock
	for i := range polls.MaxQuestions {
		b := questionBlock{N: i, Nth: i + 1, Field: fmt.Sprintf("q.%d.text", i), Open: i == 0}
		b.Open = b.Open || form.Get(b.Field) != ""
		for j := range polls.MaxOptions {
			b.Rows = append(b.Rows, j)
			b.Open = b.Open || form.Get(field(i, j, "text")) != ""
		}
		list = append(list, b)
	}
	return list
}
