package fediverse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
)

func TestPause(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 9: 256 * time.Minute, 10: 6 * time.Hour, 1000: 6 * time.Hour} {
		if got := fediverse.Pause(failures); got != want {
			t.Errorf("Pause(%d) = %v, want %v", failures, got, want)
		}
	}
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	if fediverse.Dead(since, since.Add(fediverse.GiveUp-time.Second)) || !fediverse.Dead(since, since.Add(fediverse.GiveUp)) {
		t.Error("a server is given up at another moment")
	}
}

func TestResultOf(t *testing.T) {
	for status, want := range map[int]fediverse.Result{200: fediverse.Sent, 202: fediverse.Sent, 204: fediverse.Sent, 0: fediverse.Again, 408: fediverse.Again, 429: fediverse.Again,
		500: fediverse.Again, 502: fediverse.Again, 503: fediverse.Again, 501: fediverse.Refused, 400: fediverse.Refused, 404: fediverse.Refused, 410: fediverse.Refused, 301: fediverse.Refused,
		401: fediverse.Denied, 403: fediverse.Denied} {
		if got := fediverse.ResultOf(status); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

func TestPlan(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	is := func(ref, body, path string, at time.Time) fediverse.Thing {
		return fediverse.Thing{Ref: ref, Lang: "fr", Title: ref, Body: body, Path: path, At: at}
	}
	published := []fediverse.Object{{ID: 1, Thing: is("listing:1", "same", "/r/a", day(1))}, {ID: 2, Thing: is("listing:2", "old", "/r/b", day(2))}, {ID: 3, Thing: is("listing:3", "gone", "/r/c", day(3))}}
	plan := fediverse.Plan(published, []fediverse.Thing{is("listing:5", "late", "", day(5)), is("listing:4", "early", "", day(4)), is("listing:2", "new", "", day(6)), is("listing:1", "same", "", day(7))})
	got := ""
	for _, x := range plan.Publish {
		got += fmt.Sprintf("+%s ", x.Ref)
	}
	for _, x := range plan.Change {
		got += fmt.Sprintf("~%d %s %s %d ", x.ID, x.Body, x.Path, x.At.Day())
	}
	for _, x := range plan.Withdraw {
		got += fmt.Sprintf("-%d ", x.ID)
	}
	if want := "+listing:4 +listing:5 ~2 new /r/b 2 -3 "; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestJudge(t *testing.T) {
	const ours, theirs = "https://relais.example", "https://e.example"
	site, rules := wire.Site(ours), wire.Rules{}
	note := func(change string) string {
		n := `{"type":"Note","id":"https://e.example/n","attributedTo":"https://e.example/a","content":"x","to":["https://www.w3.org/ns/activitystreams#Public"]}`
		if old, new, ok := strings.Cut(change, " -> "); ok {
			n = strings.Replace(n, old, new, 1)
		}
		return n
	}
	for name, c := range map[string]struct{ kind, object, want string }{
		"follow":                       {"Follow", `"https://relais.example/fediverse/actors/7"`, "follow 7 0 "},
		"follow of nobody":             {"Follow", `"https://relais.example/@lea"`, " 0 0 "},
		"follow of somebody elsewhere": {"Follow", `"https://other.example/fediverse/actors/7"`, " 0 0 "},
		"undo of a follow":             {"Undo", `{"type":"Follow","actor":"https://e.example/a","object":"https://relais.example/fediverse/actors/7"}`, "unfollow 7 0 "},
		"undo of another's follow":     {"Undo", `{"type":"Follow","actor":"https://e.example/b","object":"https://relais.example/fediverse/actors/7"}`, " 0 0 "},
		"undo by address":              {"Undo", `"https://e.example/f/1"`, "undo 0 0 https://e.example/f/1"},
		"undo of a like":               {"Undo", `{"type":"Like","object":"https://relais.example/fediverse/notes/3"}`, "unlike 0 3 like"},
		"undo of a boost":              {"Undo", `{"type":"Announce","object":"https://relais.example/fediverse/notes/3"}`, "unlike 0 3 announce"},
		"undo of a block":              {"Undo", `{"type":"Block","object":"https://relais.example/fediverse/actors/7"}`, " 0 0 "},
		"like":                         {"Like", `"https://relais.example/fediverse/notes/3"`, "like 0 3 "},
		"like of another's":            {"Like", `"https://e.example/n"`, " 0 0 "},
		"boost":                        {"Announce", `"https://relais.example/fediverse/notes/3"`, "announce 0 3 "},
		"boost of another's":           {"Announce", `"https://e.example/n"`, " 0 0 "},
		"block":                        {"Block", `"https://relais.example/fediverse/actors/7"`, "block 7 0 "},
		"accept":                       {"Accept", `{"type":"Follow","actor":"https://relais.example/fediverse/actors/7","object":"https://e.example/a"}`, "accept 7 0 "},
		"accept for another":           {"Accept", `{"type":"Follow","actor":"https://relais.example/fediverse/actors/7","object":"https://e.example/b"}`, " 0 0 "},
		"accept by address":            {"Accept", `"https://relais.example/fediverse/actors/7#follows/2"`, "accept 7 0 "},
		"reject":                       {"Reject", `"https://relais.example/fediverse/actors/7#follows/2"`, "reject 7 0 "},
		"accept of something":          {"Accept", `"https://e.example/x"`, " 0 0 "},
		"post":                         {"Create", note(""), "keep 0 0 https://e.example/n"},
		"post of another":              {"Create", note("example/a -> example/b"), " 0 0 "},
		"post elsewhere":               {"Create", note("https://e.example/n -> https://other.example/n"), " 0 0 "},
		"private post":                 {"Create", note("https://www.w3.org/ns/activitystreams#Public -> https://relais.example/fediverse/actors/7"), " 0 0 "},
		"reply":                        {"Create", note(`"content" -> "inReplyTo":"https://relais.example/fediverse/notes/3","content"`), " 0 0 "},
		"post by address only":         {"Create", `"https://e.example/n"`, " 0 0 "},
		"change":                       {"Update", note(""), "change 0 0 https://e.example/n"},
		"change of another's":          {"Update", note("example/a -> example/b"), " 0 0 "},
		"new profile":                  {"Update", `{"type":"Person","id":"https://e.example/a"}`, "refresh 0 0 "},
		"profile of another":           {"Update", `{"type":"Person","id":"https://e.example/b"}`, " 0 0 "},
		"deletion":                     {"Delete", `{"type":"Tombstone","id":"https://e.example/n"}`, "forget 0 0 https://e.example/n"},
		"deletion elsewhere":           {"Delete", `"https://other.example/n"`, " 0 0 "},
		"farewell":                     {"Delete", `"https://e.example/a"`, "vanish 0 0 "},
		"move":                         {"Move", `"https://e.example/a"`, " 0 0 "},
		"report":                       {"Flag", `"https://relais.example/fediverse/actors/7"`, " 0 0 "},
	} {
		a, err := rules.ParseActivity([]byte(`{"id":"` + theirs + `/1","actor":"` + theirs + `/a","type":"` + c.kind + `","object":` + c.object + `}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e := fediverse.Judge(a, site, rules)
		if got := fmt.Sprintf("%s %d %d %s", e.Deed, e.Actor, e.Note, e.URI); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestNextFollow(t *testing.T) {
	for _, c := range []struct {
		state fediverse.FollowState
		deed  fediverse.Deed
		next  fediverse.FollowState
		ok    bool
	}{
		{fediverse.Asked, fediverse.Accept, fediverse.Accepted, true}, {fediverse.Asked, fediverse.Reject, fediverse.Declined, true}, {fediverse.Asked, fediverse.Block, fediverse.Declined, true},
		{fediverse.Accepted, fediverse.Accept, fediverse.Accepted, false}, {fediverse.Accepted, fediverse.Reject, fediverse.Declined, true}, {fediverse.Accepted, fediverse.Block, fediverse.Declined, true},
		{fediverse.Declined, fediverse.Accept, fediverse.Declined, false}, {fediverse.Declined, fediverse.Reject, fediverse.Declined, false}, {fediverse.Asked, fediverse.Like, fediverse.Asked, false},
	} {
		if next, ok := fediverse.NextFollow(c.state, c.deed); next != c.next || ok != c.ok {
			t.Errorf("%s, %s: %s, %v", c.state, c.deed, next, ok)
		}
	}
}
