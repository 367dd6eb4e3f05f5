package ask

import (
	"time"

	"relais/internal/i18n"
	"relais/internal/questions"
)

// What search engines read, by schema.org: a list is a FAQPage of the questions that have an answer, one question a QAPage.

type linkedFAQ struct {
	Context    string           `json:"@context"`
	Type       string           `json:"@type"`
	MainEntity []linkedQuestion `json:"mainEntity"`
}

type linkedQA struct {
	Context    string         `json:"@context"`
	Type       string         `json:"@type"`
	MainEntity linkedQuestion `json:"mainEntity"`
}

type linkedQuestion struct {
	Type      string         `json:"@type"`
	Name      string         `json:"name"`
	Text      string         `json:"text,omitempty"`
	Count     int64          `json:"answerCount,omitempty"`
	Published string         `json:"datePublished,omitempty"`
	Author    *linkedAuthor  `json:"author,omitempty"`
	Accepted  *linkedAnswer  `json:"acceptedAnswer,omitempty"`
	Suggested []linkedAnswer `json:"suggestedAnswer,omitempty"`
}

type linkedAnswer struct {
	Type      string        `json:"@type"`
	Text      string        `json:"text"`
	Published string        `json:"datePublished,omitempty"`
	Upvotes   *int64        `json:"upvoteCount,omitempty"`
	URL       string        `json:"url,omitempty"`
	Author    *linkedAuthor `json:"author,omitempty"`
}

type linkedAuthor struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

const schema = "https://schema.org"

// faqOf is nil where nothing has an answer.
func faqOf(list []questions.Question) *linkedFAQ {
	faq := &linkedFAQ{Context: schema, Type: "FAQPage"}
	for _, q := range list {
		if len(q.Answers) > 0 {
			faq.MainEntity = append(faq.MainEntity, linkedQuestion{Type: "Question", Name: q.Title, Accepted: &linkedAnswer{Type: "Answer", Text: q.Answers[0].Body}})
		}
	}
	if len(faq.MainEntity) == 0 {
		return nil
	}
	return faq
}

// qaOf is nil where the question has no answer. What the brand pinned is accepted, the rest suggested.
func qaOf(l i18n.Lang, q questions.Question, baseURL string) *linkedQA {
	if len(q.Answers) == 0 {
		return nil
	}
	day := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	author := func(kind, name string) *linkedAuthor {
		if name == "" {
			name = l.T("ask.former")
		}
		return &linkedAuthor{kind, name}
	}
	main := linkedQuestion{Type: "Question", Name: q.Title, Text: q.Details, Count: q.Count, Published: day(q.At), Author: author("Person", q.Author())}
	for _, a := range q.Answers {
		one := linkedAnswer{Type: "Answer", Text: a.Body, Published: day(a.At), Upvotes: &a.Helpful, URL: baseURL + q.Path() + "#a-" + id(a.ID), Author: author("Person", a.Author())}
		if a.ByBrand {
			one.Author.Type = "Organization"
		}
		if a.Pinned {
			main.Accepted = &one
		} else {
			main.Suggested = append(main.Suggested, one)
		}
	}
	return &linkedQA{schema, "QAPage", main}
}
