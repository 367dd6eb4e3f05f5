package feeds_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"relais/internal/fediverse/feeds"
)

func feed() feeds.Feed {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	return feeds.Feed{Title: "Chez Léa & Cie", Author: "Léa <3", Lang: "fr", ID: "https://relais.example/fediverse/actors/1", Page: "https://relais.example/@lea", Self: "https://relais.example/@lea/feed.x",
		Icon: "https://relais.example/media/i.jpg", Since: at, Entries: []feeds.Entry{
			{ID: "https://relais.example/fediverse/notes/2", Link: "https://relais.example/r/abc", Title: "Savon ]]> & <b>", Label: "Publicité", HTML: "<p>Il <strong>mousse</strong> &amp; sent bon</p>", Lang: "fr",
				Tags: []string{"beauté"}, Created: at.Add(time.Hour), Updated: at.Add(2 * time.Hour), Picture: feeds.Picture{Address: "https://relais.example/media/s.jpg", Alt: "Un savon", Bytes: 1234}},
			{ID: "https://relais.example/fediverse/notes/1", Link: "https://relais.example/p/x", Title: "Sans image", HTML: "<p>x</p>", Lang: "en", Created: at, Updated: at},
		}}
}

// A parser of many readers reads both forms, and finds in them what was put in.
func TestReadersUnderstand(t *testing.T) {
	for name, write := range map[string]func(feeds.Feed) ([]byte, error){"atom": feeds.Feed.Atom, "rss": feeds.Feed.RSS} {
		t.Run(name, func(t *testing.T) {
			raw, err := write(feed())
			if err != nil {
				t.Fatal(err)
			}
			f, err := gofeed.NewParser().Parse(bytes.NewReader(raw))
			if err != nil {
				t.Fatalf("%v in\n%s", err, raw)
			}
			if f.FeedType != name || f.Title != "Chez Léa & Cie" || f.Link != "https://relais.example/@lea" || f.FeedLink != "https://relais.example/@lea/feed.x" || f.Language != "fr" || len(f.Items) != 2 {
				t.Errorf("feed: %+v", f)
			}
			if f.UpdatedParsed == nil || f.UpdatedParsed.Hour() != 11 {
				t.Errorf("updated %v", f.UpdatedParsed)
			}
			i := f.Items[0]
			if i.Title != "Publicité · Savon ]]> & <b>" || i.Link != "https://relais.example/r/abc" || i.GUID != "https://relais.example/fediverse/notes/2" || i.Content != "<p>Il <strong>mousse</strong> &amp; sent bon</p>" {
				t.Errorf("item: %+v", i)
			}
			if i.PublishedParsed == nil || i.PublishedParsed.Hour() != 10 || len(i.Categories) != 1 || i.Categories[0] != "beauté" {
				t.Errorf("item: %v %v", i.PublishedParsed, i.Categories)
			}
			if len(i.Enclosures) != 1 || i.Enclosures[0].URL != "https://relais.example/media/s.jpg" || i.Enclosures[0].Type != "image/jpeg" || i.Enclosures[0].Length != "1234" {
				t.Errorf("enclosures: %+v", i.Enclosures)
			}
			if second := f.Items[1]; second.Title != "Sans image" || len(second.Enclosures) != 0 {
				t.Errorf("item without picture and label: %+v", second)
			}
			d := xml.NewDecoder(bytes.NewReader(raw))
			for d.Strict = true; ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestAnEmptyFeed(t *testing.T) {
	f := feed()
	f.Entries, f.Icon = nil, ""
	for _, write := range []func(feeds.Feed) ([]byte, error){feeds.Feed.Atom, feeds.Feed.RSS} {
		raw, err := write(f)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := gofeed.NewParser().Parse(bytes.NewReader(raw)); err != nil || len(got.Items) != 0 || got.Title == "" {
			t.Errorf("%v, %v", got, err)
		}
	}
}
