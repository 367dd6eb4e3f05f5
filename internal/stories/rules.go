package stories

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/prose"
)

// Act is what is done with a story as a whole.
type Act string

// The acts.
const (
	Keep       Act = "keep" // write it, and leave it where it stands
	Schedule   Act = "schedule"
	Unschedule Act = "unschedule"
	Publish    Act = "publish"
	TakeDown   Act = "down"
	Delete     Act = "delete"
)

// Acts lists them.
func Acts() []Act { return []Act{Keep, Schedule, Unschedule, Publish, TakeDown, Delete} }

// next says where each act leads; what is not there cannot be done.
var next = map[State]map[Act]State{
	Draft:     {Keep: Draft, Schedule: Scheduled, Unschedule: Draft, Publish: Published, Delete: Deleted},
	Scheduled: {Keep: Scheduled, Schedule: Scheduled, Unschedule: Draft, Publish: Published, Delete: Deleted},
	Published: {Keep: Published, Publish: Published, TakeDown: Down, Delete: Deleted},
	Down:      {Keep: Down, Publish: Published, TakeDown: Down, Delete: Deleted},
}

// Next is the state after an act. ErrGone of what was deleted, else ErrState where it cannot be done.
func Next(s State, a Act) (State, error) {
	if s == Deleted {
		return s, ErrGone
	}
	to, ok := next[s][a]
	if !ok {
		return s, ErrState
	}
	return to, nil
}

// words checks a text of a field: readable, and at most so many characters.
func words(field, text string, most int) (string, error) {
	text = prose.Lines(text)
	switch {
	case !prose.Readable(text):
		return "", fault.Field(field, "story.not_readable")
	case utf8.RuneCountInString(text) > most:
		return "", fault.Field(field, "story.too_long").Arg("Most", most)
	}
	return text, nil
}

// line is words for a field of one line.
func line(field, text string, most int) (string, error) {
	return words(field, strings.Join(strings.Fields(text), " "), most)
}

// Tidy checks what is written, as far as it goes. Each field says what is wrong with it; those of photographs are alt.HASH.
func Tidy(c Content) (Content, error) {
	var title, body, video error
	c.Title, title = line("title", c.Title, MaxTitle)
	c.Body, body = words("body", c.Body, MaxBody)
	if c.Video = strings.TrimSpace(c.Video); c.Video != "" {
		var v Video
		v, video = ParseVideo(c.Video)
		c.Video = v.URL
	}
	all := []error{title, body, video}
	if _, ok := i18n.Parse(string(c.Lang)); !ok {
		all = append(all, fault.Field("lang", "fault.catalog.choose"))
	}
	if len(c.Photos) > MaxPhotos {
		all = append(all, fault.Field("file", "story.too_many_photos").Arg("Most", MaxPhotos))
	}
	if len(c.Products) > MaxProducts {
		all = append(all, fault.Field("products", "story.too_many_products").Arg("Most", MaxProducts))
	}
	c.Photos = slices.Clone(c.Photos)
	for i := range c.Photos {
		var err error
		c.Photos[i].Alt, err = line("alt."+c.Photos[i].Hash, c.Photos[i].Alt, MaxAlt)
		all = append(all, err)
	}
	return c, fault.Merge(all...)
}

// Ready says what a story lacks to be read: words, and what each photograph shows in words.
func Ready(c Content) error {
	var all []error
	if c.Title == "" {
		all = append(all, fault.Field("title", "story.title_missing"))
	}
	if c.Body == "" {
		all = append(all, fault.Field("body", "story.body_missing"))
	}
	for _, p := range c.Photos {
		if p.Alt == "" {
			all = append(all, fault.Field("alt."+p.Hash, "story.alt_missing"))
		}
	}
	return fault.Merge(all...)
}

// Ahead checks the time at which a story is to be published.
func Ahead(at, now time.Time) error {
	switch {
	case !at.After(now):
		return fault.Field("at", "posts.time_past")
	case at.Sub(now) > MaxAhead:
		return fault.Field("at", "posts.time_far")
	}
	return nil
}

// Changed says whether an edit changes what readers see; its place in a series is none of it.
func Changed(before, after Content) bool {
	photo := func(a, b Photo) bool { return a.Hash == b.Hash && a.Alt == b.Alt }
	return before.Lang != after.Lang || before.Title != after.Title || before.Body != after.Body || before.Video != after.Video || before.VideoPhoto != after.VideoPhoto ||
		!slices.Equal(before.Products, after.Products) || !slices.EqualFunc(before.Photos, after.Photos, photo)
}
