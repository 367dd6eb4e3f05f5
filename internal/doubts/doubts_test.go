package doubts_test

import (
	"testing"

	"relais/internal/doubts"
)

func TestOf(t *testing.T) {
	for name, is := range map[string]struct {
		facts doubts.Facts
		want  doubts.Doubt
	}{
		"an old account":                       {doubts.Facts{}, ""},
		"a new account":                        {doubts.Facts{New: true}, doubts.NewAccount},
		"a new account that bought":            {doubts.Facts{New: true, Bought: true}, ""},
		"another account of the mailbox":       {doubts.Facts{Twin: true}, doubts.SameAddress},
		"… that bought":                        {doubts.Facts{Twin: true, Bought: true}, doubts.SameAddress},
		"the last of its network in an hour":   {doubts.Facts{Network: doubts.MaxNetwork - 1, All: doubts.MaxNetwork - 1}, ""},
		"one too many in an hour":              {doubts.Facts{Network: doubts.MaxNetwork, All: doubts.MaxNetwork}, doubts.SameNetwork},
		"the last of its network":              {doubts.Facts{All: doubts.MostOfNetwork - 1}, ""},
		"one too many, slowly":                 {doubts.Facts{All: doubts.MostOfNetwork}, doubts.SameNetwork},
		"one too many, who bought":             {doubts.Facts{Bought: true, Network: 50, All: 50}, ""},
		"a new account of a network of others": {doubts.Facts{New: true, Network: 50, All: 50}, doubts.NewAccount},
	} {
		if got := doubts.Of(is.facts); got != is.want {
			t.Errorf("%s: %q; want %q", name, got, is.want)
		}
	}
}
