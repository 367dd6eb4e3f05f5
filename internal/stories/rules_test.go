package stories_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/stories"
)

func TestWhatCanBeDoneWhere(t *testing.T) {
	const no = stories.State("no")
	want := map[stories.State][]stories.State{ // in the order of Acts: keep, schedule, unschedule, publish, down, delete
		stories.Draft:     {stories.Draft, stories.Scheduled, stories.Draft, stories.Published, no, stories.Deleted},
		stories.Scheduled: {stories.Scheduled, stories.Scheduled, stories.Draft, stories.Published, no, stories.Deleted},
		stories.Published: {stories.Published, no, no, stories.Published, stories.Down, stories.Deleted},
		stories.Down:      {stories.Down, no, no, stories.Published, stories.Down, stories.Deleted},
		stories.Deleted:   {no, no, no, no, no, no},
	}
	for from, all := range want {
		for i, a := range stories.Acts() {
			got, err := stories.Next(from, a)
			switch {
			case all[i] == no && !errors.Is(err, fault.Conflict) && !errors.Is(err, fault.NotFound):
				t.Errorf("%s, %s: %s, %v", from, a, got, err)
			case all[i] != no && (err != nil || got != all[i]):
				t.Errorf("%s, %s: %s, %v; want %s", from, a, got, err, all[i])
			}
		}
	}
}

// fields are those of a fault, sorted.
func fields(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	return strings.Join(slices.Sorted(maps.Keys(f.Fields)), " ")
}

func TestWhatIsWrongStandsAtItsField(t *testing.T) {
	good := stories.Content{Lang: i18n.FR, Title: " Un  atelier ", Body: "Bonjour.\r\n", Photos: []stories.Photo{{Hash: "aa", Alt: "Un four"}}}
	tidy, err := stories.Tidy(good)
	if err != nil || tidy.Title != "Un atelier" || tidy.Body != "Bonjour." || stories.Ready(tidy) != nil {
		t.Errorf("%+v, %v", tidy, err)
	}
	for name, c := range map[string]struct {
		change func(*stories.Content)
		tidy   string
		ready  string
	}{
		"no title": {func(c *stories.Content) { c.Title = " " }, "", "title"},
		"no words": {func(c *stories.Content) { c.Body = "\n" }, "", "body"},
		"nothing":  {func(c *stories.Content) { *c = stories.Content{Lang: i18n.FR} }, "", "body title"},
		"no alternative": {func(c *stories.Content) {
			c.Photos = []stories.Photo{{Hash: "aa"}, {Hash: "bb", Alt: "x"}, {Hash: "cc", Alt: "\n"}}
		}, "", "alt.aa alt.cc"},
		"long title":       {func(c *stories.Content) { c.Title = strings.Repeat("é", stories.MaxTitle+1) }, "title", ""},
		"long words":       {func(c *stories.Content) { c.Body = strings.Repeat("é", stories.MaxBody+1) }, "body", ""},
		"turned words":     {func(c *stories.Content) { c.Body = "a\u202egpj" }, "body", ""},
		"several":          {func(c *stories.Content) { c.Title, c.Video = "a\x00", "https://evil.example/" }, "title video", ""},
		"another language": {func(c *stories.Content) { c.Lang = "xx" }, "lang", ""},
		"long alternative": {func(c *stories.Content) {
			c.Photos = []stories.Photo{{Hash: "aa", Alt: strings.Repeat("é", stories.MaxAlt+1)}}
		}, "alt.aa", ""},
		"many photographs":  {func(c *stories.Content) { c.Photos = make([]stories.Photo, stories.MaxPhotos+1) }, "file", ""},
		"as many as may be": {func(c *stories.Content) { c.Products = make([]int64, stories.MaxProducts) }, "", ""},
		"many products":     {func(c *stories.Content) { c.Products = make([]int64, stories.MaxProducts+1) }, "products", ""},
	} {
		changed := good
		c.change(&changed)
		tidy, err := stories.Tidy(changed)
		if got := fields(err); got != c.tidy {
			t.Errorf("%s: %v at %q; want %q", name, err, got, c.tidy)
		}
		if err == nil {
			if got := fields(stories.Ready(tidy)); got != c.ready {
				t.Errorf("%s: not ready at %q; want %q", name, got, c.ready)
			}
		}
	}
}

func TestAhead(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]string{0: "at", -time.Hour: "at", time.Minute: "", stories.MaxAhead: "", stories.MaxAhead + time.Second: "at"} {
		if got := fields(stories.Ahead(now.Add(after), now)); got != want {
			t.Errorf("in %v: %q; want %q", after, got, want)
		}
	}
}

func TestBlocks(t *testing.T) {
	got := stories.Blocks("Un début\nsur deux lignes.\n\n## Le four\nIl chauffe.\n- la terre\n- le feu\n\n1. d’abord\n2) ensuite\n[Photo 2]\n[photo 11]\n#sans espace\n-moins\n  ")
	want := []stories.Block{
		{Shape: stories.Paragraph, Lines: []string{"Un début", "sur deux lignes."}},
		{Shape: stories.Subhead, Lines: []string{"Le four"}},
		{Shape: stories.Paragraph, Lines: []string{"Il chauffe."}},
		{Shape: stories.Bullets, Lines: []string{"la terre", "le feu"}},
		{Shape: stories.Numbers, Lines: []string{"d’abord", "ensuite"}},
		{Shape: stories.Picture, Photo: 1},
		{Shape: stories.Paragraph, Lines: []string{"[photo 11]", "#sans espace", "-moins"}},
	}
	same := func(a, b stories.Block) bool {
		return a.Shape == b.Shape && a.Photo == b.Photo && slices.Equal(a.Lines, b.Lines)
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := stories.Excerpt("## Titre\n\nUn mot, deux mots.\n- trois\n[photo 1]", 16); got != "Un mot, deux…" {
		t.Errorf("excerpt %q", got)
	}
}

// Whatever is typed, no word is lost but marks, no block is empty, and pictures stay within what a story can have.
func FuzzBlocks(f *testing.F) {
	for _, s := range []string{"", "a\n\nb", "## x", "- a\n- b\n1. c", "[photo 3]", "<script>alert(1)</script>", "# \n- \n1. ", "[photo 0]\n[photo -1]\n[photo 99]", "\x00\xff# é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := 0
		for _, b := range stories.Blocks(s) {
			if b.Shape == stories.Picture && (b.Photo < 0 || b.Photo >= stories.MaxPhotos) || b.Shape != stories.Picture && len(b.Lines) == 0 {
				t.Fatalf("%q has the block %+v", s, b)
			}
			for _, line := range b.Lines {
				if !strings.Contains(s, line) || strings.Contains(line, "\n") {
					t.Fatalf("%q has the line %q", s, line)
				}
				n += len(line)
			}
		}
		if n > len(s) {
			t.Fatalf("%q grows to %d bytes", s, n)
		}
		if e := stories.Excerpt(s, 40); len([]rune(e)) > 40 || strings.Contains(e, "\n") {
			t.Fatalf("%q has the excerpt %q", s, e)
		}
	})
}
