// Package feeds writes what somebody published for feed readers: Atom (RFC 4287) and RSS 2.0 with the elements of Media RSS.
package feeds

import (
	"encoding/xml"
	"time"
)

// Feed is what somebody published, the newest first.
type Feed struct {
	Title   string
	Text    string
	Author  string
	Lang    string
	ID      string // absolute address that never changes
	Page    string // absolute address of the page
	Self    string // absolute address of this feed
	Icon    string // absolute address of a picture; empty: none
	Since   time.Time
	Entries []Entry
}

// Entry is one thing of a feed.
type Entry struct {
	ID      string // absolute address that never changes
	Link    string
	Title   string
	Label   string // says that somebody earns; empty: nobody does
	HTML    string
	Lang    string
	Tags    []string
	Created time.Time
	Updated time.Time
	Picture Picture
}

// Picture is a JPEG; without an address there is none.
type Picture struct {
	Address string
	Alt     string
	Bytes   int64
}

// Updated is when anything of the feed changed last.
func (f Feed) Updated() time.Time {
	at := f.Since
	for _, e := range f.Entries {
		if e.Updated.After(at) {
			at = e.Updated
		}
	}
	return at
}

// titled puts the label before the title: many readers show nothing but that.
func (e Entry) titled() string {
	if e.Label == "" {
		return e.Title
	}
	return e.Label + " · " + e.Title
}

const (
	atomType = "application/atom+xml"
	rssType  = "application/rss+xml"
	picture  = "image/jpeg"
)

type atomFeed struct {
	XMLName  xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang     string      `xml:"xml:lang,attr"`
	ID       string      `xml:"id"`
	Title    string      `xml:"title"`
	Subtitle string      `xml:"subtitle,omitempty"`
	Updated  string      `xml:"updated"`
	Author   atomAuthor  `xml:"author"`
	Links    []atomLink  `xml:"link"`
	Icon     string      `xml:"icon,omitempty"`
	Entries  []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
	URI  string `xml:"uri"`
}

type atomLink struct {
	Rel    string `xml:"rel,attr"`
	Type   string `xml:"type,attr,omitempty"`
	Href   string `xml:"href,attr"`
	Title  string `xml:"title,attr,omitempty"`
	Length int64  `xml:"length,attr,omitempty"`
}

type atomEntry struct {
	Lang       string         `xml:"xml:lang,attr"`
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Content    atomContent    `xml:"content"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomContent struct {
	Type string `xml:"type,attr"`
	HTML string `xml:",chardata"`
}

// Atom writes the feed as Atom.
func (f Feed) Atom() ([]byte, error) {
	out := atomFeed{Lang: f.Lang, ID: f.ID, Title: f.Title, Subtitle: f.Text, Updated: f.Updated().UTC().Format(time.RFC3339), Author: atomAuthor{f.Author, f.Page}, Icon: f.Icon,
		Links: []atomLink{{Rel: "self", Type: atomType, Href: f.Self}, {Rel: "alternate", Type: "text/html", Href: f.Page}}}
	for _, e := range f.Entries {
		entry := atomEntry{Lang: e.Lang, ID: e.ID, Title: e.titled(), Published: e.Created.UTC().Format(time.RFC3339), Updated: e.Updated.UTC().Format(time.RFC3339),
			Links: []atomLink{{Rel: "alternate", Type: "text/html", Href: e.Link}}, Content: atomContent{"html", e.HTML}}
		if p := e.Picture; p.Address != "" {
			entry.Links = append(entry.Links, atomLink{Rel: "enclosure", Type: picture, Href: p.Address, Title: p.Alt, Length: p.Bytes})
		}
		for _, tag := range e.Tags {
			entry.Categories = append(entry.Categories, atomCategory{tag})
		}
		out.Entries = append(out.Entries, entry)
	}
	return write(out)
}

type rssFeed struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Media   string     `xml:"xmlns:media,attr"`
	Content string     `xml:"xmlns:content,attr"`
	Dublin  string     `xml:"xmlns:dc,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title   string    `xml:"title"`
	Link    string    `xml:"link"`
	Text    string    `xml:"description"`
	Lang    string    `xml:"language"`
	Built   string    `xml:"lastBuildDate"`
	Self    atomLink  `xml:"atom:link"`
	Image   *rssImage `xml:"image"`
	Entries []rssItem `xml:"item"`
}

type rssImage struct {
	URL   string `xml:"url"`
	Title string `xml:"title"`
	Link  string `xml:"link"`
}

type rssItem struct {
	Title     string        `xml:"title"`
	Link      string        `xml:"link"`
	GUID      rssGUID       `xml:"guid"`
	Author    string        `xml:"dc:creator"`
	Published string        `xml:"pubDate"`
	Tags      []string      `xml:"category"`
	Text      string        `xml:"description"`
	HTML      string        `xml:"content:encoded"`
	Enclosure *rssEnclosure `xml:"enclosure"`
	Media     *rssMedia     `xml:"media:content"`
}

type rssGUID struct {
	Permanent bool   `xml:"isPermaLink,attr"`
	ID        string `xml:",chardata"`
}

type rssEnclosure struct {
	URL    string `xml:"url,attr"`
	Length int64  `xml:"length,attr"`
	Type   string `xml:"type,attr"`
}

type rssMedia struct {
	URL    string `xml:"url,attr"`
	Medium string `xml:"medium,attr"`
	Type   string `xml:"type,attr"`
	Size   int64  `xml:"fileSize,attr,omitempty"`
	Alt    string `xml:"media:description,omitempty"`
}

// RSS writes the feed as RSS 2.0.
func (f Feed) RSS() ([]byte, error) {
	out := rssFeed{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Media: "http://search.yahoo.com/mrss/", Content: "http://purl.org/rss/1.0/modules/content/",
		Dublin: "http://purl.org/dc/elements/1.1/", Channel: rssChannel{Title: f.Title, Link: f.Page, Text: f.Text, Lang: f.Lang, Built: f.Updated().UTC().Format(time.RFC1123Z),
			Self: atomLink{Rel: "self", Type: rssType, Href: f.Self}}}
	if out.Channel.Text == "" {
		out.Channel.Text = f.Title // it may not be missing
	}
	if f.Icon != "" {
		out.Channel.Image = &rssImage{f.Icon, f.Title, f.Page}
	}
	for _, e := range f.Entries {
		item := rssItem{Title: e.titled(), Link: e.Link, GUID: rssGUID{false, e.ID}, Author: f.Author, Published: e.Created.UTC().Format(time.RFC1123Z),
			Tags: e.Tags, Text: e.HTML, HTML: e.HTML}
		if p := e.Picture; p.Address != "" {
			item.Enclosure = &rssEnclosure{p.Address, p.Bytes, picture}
			item.Media = &rssMedia{p.Address, "image", picture, p.Bytes, p.Alt}
		}
		out.Channel.Entries = append(out.Channel.Entries, item)
	}
	return write(out)
}

func write(v any) ([]byte, error) {
	body, err := xml.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), body...), nil
}
