package ratings_test

import (
	"errors"
	"strings"
	"testing"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ratings"
)

func TestMay(t *testing.T) {
	for name, c := range map[string]struct {
		p    ratings.Purchase
		want error
	}{
		"received":                     {ratings.Purchase{Received: true}, nil},
		"under way":                    {ratings.Purchase{}, ratings.ErrNotReceived},
		"paid back":                    {ratings.Purchase{Received: true, PaidBack: true}, ratings.ErrPaidBack},
		"paid back before it came":     {ratings.Purchase{PaidBack: true}, ratings.ErrPaidBack},
		"on the brand's team":          {ratings.Purchase{Received: true, OfBrand: true}, ratings.ErrInterested},
		"credited for it":              {ratings.Purchase{Received: true, Credited: true}, ratings.ErrInterested},
		"lists it":                     {ratings.Purchase{Received: true, Lists: true}, ratings.ErrInterested},
		"on the team, and not arrived": {ratings.Purchase{OfBrand: true}, ratings.ErrInterested},
	} {
		if got := c.p.May(); !errors.Is(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestSums(t *testing.T) {
	for _, c := range []struct {
		s             ratings.Sums
		count, tenths int64
	}{
		{ratings.Sums{}, 0, 0},
		{ratings.Sums{0, 0, 0, 0, 1}, 1, 50},
		{ratings.Sums{1, 0, 0, 0, 1}, 2, 30},
		{ratings.Sums{0, 0, 0, 1, 2}, 3, 47},   // 14/3 = 4.667
		{ratings.Sums{0, 0, 1, 0, 2}, 3, 43},   // 13/3 = 4.333
		{ratings.Sums{0, 0, 0, 19, 1}, 20, 41}, // 4.05, half a tenth up
		{ratings.Sums{3, 0, 0, 0, 0}, 3, 10},
	} {
		if c.s.Count() != c.count || c.s.Tenths() != c.tenths {
			t.Errorf("%v: %d ratings, %d tenths; want %d, %d", c.s, c.s.Count(), c.s.Tenths(), c.count, c.tenths)
		}
	}
	s := ratings.Sums{1, 0, 0, 1, 1}
	if s.Part(5) != 33 || s.Part(2) != 0 || s.Part(6) != 0 || (ratings.Sums{}).Part(1) != 0 {
		t.Errorf("parts %d, %d, %d", s.Part(5), s.Part(2), s.Part(6))
	}
}

// The average of any ratings lies between the least and the best of them, and within half a tenth of the true one.
func FuzzTenths(f *testing.F) {
	f.Add(uint16(1), uint16(2), uint16(3), uint16(4), uint16(5))
	f.Add(uint16(0), uint16(0), uint16(0), uint16(0), uint16(9))
	f.Fuzz(func(t *testing.T, a, b, c, d, e uint16) {
		s := ratings.Sums{int64(a), int64(b), int64(c), int64(d), int64(e)}
		if s.Count() == 0 {
			return
		}
		if off := 10*s.Stars() - s.Tenths()*s.Count(); 2*off > s.Count() || -2*off > s.Count() || s.Tenths() < 10 || s.Tenths() > 50 {
			t.Errorf("%v: %d tenths", s, s.Tenths())
		}
	})
}

func TestDraft(t *testing.T) {
	good := ratings.Draft{Lang: i18n.FR, Stars: 4, Body: " Solide.\r\nEt beau. ", Name: " Anne ", Title: ""}
	d, err := good.Clean()
	if err != nil || d.Body != "Solide.\nEt beau." || d.Name != "Anne" {
		t.Errorf("%+v, %v", d, err)
	}
	for field, change := range map[string]func(*ratings.Draft){
		"stars":  func(d *ratings.Draft) { d.Stars = 6 },
		"title":  func(d *ratings.Draft) { d.Title = "un\ntitre" },
		"body":   func(d *ratings.Draft) { d.Body = " \n " },
		"name":   func(d *ratings.Draft) { d.Name = strings.Repeat("é", ratings.MaxName+1) },
		"photos": func(d *ratings.Draft) { d.Photos = []int64{1, 2, 3, 4, 5} },
	} {
		bad := good
		change(&bad)
		_, err := bad.Clean()
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Fields[field] == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	bad := good
	bad.Body = "a\u202eb"
	if _, err := bad.Clean(); !errors.Is(err, fault.Invalid) {
		t.Errorf("text that turns around: %v", err)
	}
}

func TestShownName(t *testing.T) {
	for name, want := range map[string]string{"Anne Lebrun": "Anne L.", "  ": "", "Zoé": "Zoé", "Jean de la étoile": "Jean É.", strings.Repeat("a", 60): strings.Repeat("a", 40)} {
		if got := ratings.ShownName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
