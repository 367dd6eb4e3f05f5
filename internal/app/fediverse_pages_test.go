package app

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"

	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
	"relais/internal/storefronts/storefronttest"
)

// ask is one request with headers, without following redirects.
func ask(t *testing.T, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(raw)
}

// What other servers and feed readers are answered, through the real handler.
func TestWhatOthersAreAnswered(t *testing.T) {
	i := start(t)
	db := i.services.data.pages
	lea, brand := storefronttest.Member(t, db, "lea"), storefronttest.Brand(t, db, "savonnerie")
	storefronttest.Terms(t, db, brand, 0, 1000, 30, storefronttest.Start.AddDate(0, 0, -1))
	soap := storefronttest.Product(t, db, brand, "savon")
	storefronttest.Member(t, db, "mia")
	if _, err := i.services.Storefronts.AddListing(t.Context(), lea, soap); err != nil {
		t.Fatal(err)
	}
	i.must(i.services.Storefronts.Note(t.Context(), lea, soap, "Il <mousse>."))
	i.must(i.services.Fediverse.Open(t.Context(), lea, fediverse.Owner{Kind: fediverse.Storefront, ID: lea}))
	host := strings.TrimPrefix(i.URL(), "http://")
	var actor string
	if err := db.Get(&actor, `select '/fediverse/actors/' || id from fediverse_actors where kind = 'storefront'`); err != nil {
		t.Fatal(err)
	}
	answers(t, i, host, actor)
	feedIsRead(t, i)
	asMastodonWants(t, i, actor)
}

func answers(t *testing.T, i *instance, host, actor string) {
	t.Helper()
	const asJSON = wire.ActivityJSON
	for _, c := range []struct {
		method, path, accept string
		status               int
		kind, says           string
	}{
		{"GET", "/.well-known/webfinger?resource=acct:lea@" + host, "", 200, wire.JRD, actor},
		{"GET", "/.well-known/webfinger?resource=" + i.URL() + "/@lea", "", 200, wire.JRD, "acct:lea@" + host},
		{"GET", "/.well-known/webfinger?resource=acct:mia@" + host, "", 404, "application/json", ""},
		{"GET", "/.well-known/webfinger?resource=acct:lea@elsewhere.example", "", 404, "application/json", ""},
		{"GET", "/.well-known/webfinger", "", 404, "application/json", ""},
		{"GET", "/.well-known/nodeinfo", "", 200, "application/json", "/nodeinfo/2.1"},
		{"GET", "/nodeinfo/2.1", "", 200, "application/json", `"relais"`},
		{"GET", actor, asJSON, 200, asJSON, `"preferredUsername":"lea"`},
		{"GET", actor, "text/html,*/*", 302, "", ""},
		{"GET", actor + "/outbox", asJSON, 200, asJSON, `"totalItems":1`},
		{"GET", actor + "/outbox?page=1", asJSON, 200, asJSON, `"Create"`},
		{"GET", actor + "/followers", asJSON, 200, asJSON, `"totalItems":0`},
		{"GET", actor + "/following", asJSON, 200, asJSON, `"totalItems":0`},
		{"GET", "/fediverse/actors/999", asJSON, 404, "application/json", ""},
		{"GET", "/fediverse/actors/x", asJSON, 404, "application/json", ""},
		{"GET", "/fediverse/notes/1", asJSON, 200, asJSON, "Publicité"},
		{"GET", "/fediverse/notes/99", asJSON, 404, "application/json", ""},
		{"GET", "/@mia/feed.atom", "", 404, "application/json", ""},
		{"GET", "/@nobody/feed.rss", "", 404, "application/json", ""},
		{"GET", "/b/savonnerie/feed.rss", "", 404, "application/json", ""},
		{"GET", "/@lea", "", 200, "text/html", `href="` + i.URL() + actor + `"`},
		{"GET", "/@lea", "", 200, "text/html", `type="application/rss+xml"`},
		{"GET", "/me/storefront/followers", "", 303, "", ""},
		{"GET", "/me/following/remote", "", 303, "", ""},
		{"GET", "/admin/fediverse", "", 303, "", ""},
	} {
		answer, body := ask(t, c.method, i.URL()+c.path, "", "Accept", c.accept)
		kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
		if answer.StatusCode != c.status || c.kind != "" && kind != c.kind || !strings.Contains(body, c.says) {
			t.Errorf("%s (%s): %d %s %.300s", c.path, c.accept, answer.StatusCode, kind, body)
		}
	}
	for name, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"a form": {"application/x-www-form-urlencoded", "x=y", 415}, "nothing": {wire.ActivityJSON, "", 422}, "unsigned": {wire.LinkedJSON, `{"id":"https://e.example/1","actor":"https://e.example/a","type":"Follow"}`, 401},
		"too large": {wire.ActivityJSON, strings.Repeat(" ", wire.MaxBody+1), 413},
	} {
		if answer, body := ask(t, "POST", i.URL()+"/fediverse/inbox", c.body, "Content-Type", c.kind); answer.StatusCode != c.status || strings.Contains(body, "<html") {
			t.Errorf("an inbox takes %s: %d %.200s", name, answer.StatusCode, body)
		}
	}
}

func feedIsRead(t *testing.T, i *instance) {
	t.Helper()
	for _, form := range []string{"atom", "rss"} {
		url := i.URL() + "/@lea/feed." + form
		answer, body := ask(t, "GET", url, "")
		f, err := gofeed.NewParser().ParseString(body)
		if err != nil || len(f.Items) != 1 || answer.Header.Get("Content-Type") != "application/"+form+"+xml; charset=utf-8" {
			t.Fatalf("%s: %v %v %s", form, err, answer.Header, body)
		}
		var code string
		if err := i.services.data.pages.Get(&code, `select code from share_links where channel = 'feed'`); err != nil {
			t.Fatal(err)
		}
		item := f.Items[0]
		if item.Link != i.URL()+"/r/"+code || !strings.HasPrefix(item.Title, "Publicité · ") || !strings.Contains(item.Content, "Il &lt;mousse&gt;.") || !strings.Contains(item.Content, "touche une commission") {
			t.Errorf("%s: %+v", form, item)
		}
		etag, modified := answer.Header.Get("ETag"), answer.Header.Get("Last-Modified")
		for name, value := range map[string]string{"If-None-Match": etag, "If-Modified-Since": modified} {
			if answer, body := ask(t, "GET", url, "", name, value); answer.StatusCode != http.StatusNotModified || body != "" || value == "" {
				t.Errorf("%s with %s %q: %d", form, name, value, answer.StatusCode)
			}
		}
		if answer, _ := ask(t, "GET", url, "", "If-None-Match", `"other"`); answer.StatusCode != http.StatusOK {
			t.Errorf("%s of another time: %d", form, answer.StatusCode)
		}
		if answer, body := ask(t, "HEAD", url, ""); answer.StatusCode != http.StatusOK || body != "" {
			t.Errorf("HEAD of %s: %d", form, answer.StatusCode)
		}
		click, _ := ask(t, "GET", item.Link, "", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36")
		if click.StatusCode != http.StatusFound || !strings.HasPrefix(click.Header.Get("Location"), "/@lea/p/savon?c=") {
			t.Errorf("its link leads with %d to %s", click.StatusCode, click.Header.Get("Location"))
		}
	}
}

// What Mastodon asks of an actor and of a note.
func asMastodonWants(t *testing.T, i *instance, actor string) {
	t.Helper()
	_, body := ask(t, "GET", i.URL()+actor, "", "Accept", wire.ActivityJSON)
	var a struct {
		ID, Type, Inbox, Outbox, Followers, URL, PreferredUsername string
		Endpoints                                                  struct{ SharedInbox string }
		PublicKey                                                  struct{ ID, Owner, PublicKeyPem string }
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatal(err)
	}
	id := i.URL() + actor
	if a.ID != id || a.Type != "Person" || a.Inbox != id+"/inbox" || a.Outbox != id+"/outbox" || a.Followers != id+"/followers" || a.URL != i.URL()+"/@lea" ||
		a.Endpoints.SharedInbox != i.URL()+"/fediverse/inbox" || a.PublicKey.Owner != id || a.PublicKey.ID != id+"#main-key" {
		t.Errorf("%+v", a)
	}
	if _, err := (wire.Rules{Local: true}).ParseActor(id, []byte(body)); err != nil {
		t.Errorf("our own parser: %v", err)
	}
	_, body = ask(t, "GET", i.URL()+"/fediverse/notes/1", "", "Accept", wire.ActivityJSON)
	var n struct {
		Type, AttributedTo, URL, Published string
		To, Cc                             []string
		ContentMap                         map[string]string
		Tag                                []struct{ Type, Name string }
	}
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatal(err)
	}
	if n.Type != "Note" || n.AttributedTo != id || !strings.HasPrefix(n.URL, i.URL()+"/r/") || len(n.To) != 1 || n.To[0] != wire.Public || n.Cc[0] != id+"/followers" ||
		n.ContentMap["fr"] == "" || len(n.Tag) != 1 || n.Tag[0].Name != "#Publicité" {
		t.Errorf("%+v", n)
	}
}
