package app

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"codeberg.org/readeck/go-readability/v2"
	markup "golang.org/x/net/html"

	"relais/internal/groups"
	"relais/internal/posts/poststest"
	"relais/internal/referrals"
	"relais/internal/storefronts/storefronttest"
)

// network is what a network publishes about how it reads a page that somebody shares.
type network struct {
	name   string
	agent  string // of its robot
	head   int    // bytes of the page that it reads; the tags have to be among them
	title  int    // characters of a title that it shows; 0: it says nothing of it
	text   int    // characters of a description
	image  int    // bytes of a picture
	width  int    // least width of a picture, in pixels
	height int
	needs  []string // properties without which there is no card, or a small one
}

func networks() []network {
	basic := []string{"og:title", "og:type", "og:image", "og:url"} // https://ogp.me, "Basic Metadata"
	with := func(more ...string) []string { return append(append([]string{}, basic...), more...) }
	return []network{
		// https://developers.facebook.com/docs/sharing/webmasters/ and …/images: 1200 × 630, up to 8 MB, width and height given so that the
		// first who shares sees it; the robot asks for the first megabyte.
		{"Facebook", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", 1 << 20, 0, 0, 8 << 20, 1200, 630, with("og:description", "og:image:width", "og:image:height", "og:locale")},
		// https://developers.facebook.com/docs/whatsapp/link-previews: title, description and picture in the first 300 KB, picture less than 600 KB with a
		// width of 300 or more; what WhatsApp really draws stops at 300 KB.
		{"WhatsApp", "WhatsApp/2.24.20.80 A", 300_000, 0, 80 * 4, 300_000, 300, 0, with("og:description")},
		// https://www.linkedin.com/help/linkedin/answer/a521928: og:title, og:image, og:description, og:url; at least 1200 × 627, at most 5 MB.
		{"LinkedIn", "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", 1 << 20, 0, 0, 5 << 20, 1200, 627, with("og:description")},
		// https://developer.x.com/en/docs/x-for-websites/cards/overview/summary-card-with-large-image: twitter:card; ratio 2:1 of at least 300 × 157,
		// less than 5 MB; the rest falls back to Open Graph; the description of the picture has at most 420 characters.
		{"X", "Twitterbot/1.0", 1 << 20, 0, 0, 5 << 20, 300, 157, with("og:description", "twitter:card", "og:image:alt")},
		// https://github.com/bluesky-social/social-app, bskyembed and cardyb: og:title, og:description, og:image; pictures of at most 1 MB.
		{"Bluesky", "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)", 1 << 20, 300, 1000, 1_000_000, 0, 0, with("og:description")},
		// https://instantview.telegram.org and @WebpageBot: og:site_name, og:title, og:description, og:image; 5 MB.
		{"Telegram", "TelegramBot (like TwitterBot)", 1 << 20, 0, 0, 5 << 20, 0, 0, with("og:description", "og:site_name")},
		// https://api.slack.com/robots: the first 32 KB by a Range header.
		{"Slack", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", 32 << 10, 0, 700, 2 << 20, 0, 0, with("og:description", "og:site_name", "twitter:card")},
	}
}

// headOf reads the properties and names of the meta elements in the head, and the canonical address, of a page's first bytes.
func headOf(t *testing.T, body string, limit int) map[string]string {
	t.Helper()
	root, err := markup.Parse(strings.NewReader(body[:min(len(body), limit)]))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for n := range root.Descendants() {
		if n.Type != markup.ElementNode || n.Parent == nil || n.Parent.Data != "head" {
			continue
		}
		a := map[string]string{}
		for _, attribute := range n.Attr {
			a[attribute.Key] = attribute.Val
		}
		switch name := a["property"] + a["name"]; {
		case n.Data == "meta" && name != "" && name != "theme-color":
			if _, twice := found[name]; twice {
				t.Errorf("%s stands twice in the head", name)
			}
			found[name] = a["content"]
		case n.Data == "link" && a["rel"] == "canonical":
			found["canonical"] = a["href"]
		}
	}
	return found
}

// shared is a kind of link, with what its card has to say.
type shared struct {
	kind, path  string
	title, says string // parts of the title and of the text
	address     string // og:url; empty: that of the path
}

// TestEveryKindOfLinkHasItsCard asks for each kind of link as the robot of each network does, and holds the answer against what it publishes.
func TestEveryKindOfLinkHasItsCard(t *testing.T) {
	i := start(t)
	db := i.services.data.pages
	lea, brand := storefronttest.Member(t, db, "lea"), storefronttest.Brand(t, db, "savonnerie")
	storefronttest.Terms(t, db, brand, 0, 1000, 30, storefronttest.Start.AddDate(0, 0, -1))
	soap := storefronttest.Product(t, db, brand, "savon")
	if _, err := i.services.Storefronts.AddListing(t.Context(), lea, soap); err != nil {
		t.Fatal(err)
	}
	i.must(i.services.Storefronts.Note(t.Context(), lea, soap, "Il mousse « bien » <vraiment>."))
	open := poststest.Circle(t, db, "lecture", groups.Personal, groups.Open, lea)
	secret, err := i.services.Groups.Link(t.Context(), open.ID, lea, groups.Lives()[0], groups.Uses()[0])
	i.must(err)
	links := []shared{
		{"site", "/", "relais", "", "/"},
		{"product", "/p/savon", "Produit savon · Savonnerie", "", ""},
		{"storefront", "/@lea", "Lea", "Publicité", ""},
		{"product in a storefront", "/@lea/p/savon?c=ABCDEFGHIJKLMNOPQRSTUVWXYZ", "Produit savon", "Publicité", "/@lea/p/savon"},
		{"brand", "/b/savonnerie", "Savonnerie", "", ""},
		{"open circle", "/g/lecture", "lecture", "", ""},
		{"invitation", "/g/i/" + secret, "invitation", "", ""},
	}
	for kind, s := range map[string]referrals.Share{"link to a product": {Target: referrals.ToProduct, ProductID: soap}, "link to a brand": {Target: referrals.ToBrand, BrandID: brand},
		"link to a storefront": {Target: referrals.ToStorefront}, "link in a circle": {Target: referrals.ToProduct, ProductID: soap, Circle: "Voisins", Channel: "whatsapp"}} {
		link, err := i.services.Referrals.Create(t.Context(), lea, s)
		i.must(err)
		links = append(links, shared{kind, link.Path(), "", "Publicité : Lea touche une commission", ""})
	}
	robots, rules := ask(t, "GET", i.URL()+"/robots.txt", "")
	if robots.StatusCode == http.StatusOK && strings.Contains(rules, "Disallow: /\n") {
		t.Errorf("robots are kept out: %s", rules)
	}
	for _, link := range links {
		for _, n := range networks() {
			t.Run(link.kind+" on "+n.name, func(t *testing.T) { cardIsRead(t, i, link, n) })
		}
	}
	var clicks int
	if err := db.Get(&clicks, `select count(*) from clicks`); err != nil || clicks != 0 {
		t.Errorf("%d robots were counted as visitors, %v", clicks, err)
	}
}

func cardIsRead(t *testing.T, i *instance, link shared, n network) {
	t.Helper()
	answer, body := ask(t, "GET", i.URL()+link.path, "", "User-Agent", n.agent, "Range", "bytes=0-"+strconv.Itoa(n.head-1), "Accept-Encoding", "identity")
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusPartialContent || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") || len(answer.Cookies()) > 0 {
		t.Fatalf("%s: %d %v", link.path, answer.StatusCode, answer.Header)
	}
	tags := headOf(t, body, n.head)
	for _, name := range n.needs {
		if strings.TrimSpace(tags[name]) == "" {
			t.Errorf("%s is missing in %v", name, tags)
		}
	}
	address := link.address
	if address == "" {
		address = link.path
	}
	title, text := tags["og:title"], tags["og:description"]
	switch {
	case tags["og:url"] != i.door.server.URL+address:
		t.Errorf("its address is %s", tags["og:url"])
	case tags["twitter:card"] != "summary_large_image" || tags["og:image:type"] != "image/jpeg" || tags["og:image:width"] != "1200" || tags["og:image:height"] != "630":
		t.Errorf("the card is %v", tags)
	case !strings.Contains(title, link.title) || !strings.Contains(text, link.says):
		t.Errorf("it says %q, %q", title, text)
	case n.title > 0 && utf8.RuneCountInString(title) > n.title || n.text > 0 && utf8.RuneCountInString(text) > n.text || utf8.RuneCountInString(tags["og:image:alt"]) > 420:
		t.Errorf("it says too much: %q, %q, %q", title, text, tags["og:image:alt"])
	}
	at, err := url.Parse(tags["og:url"])
	if err != nil {
		t.Fatal(err)
	}
	article, err := readability.FromReader(strings.NewReader(body), at) // a reader that others wrote finds the same
	if err != nil || article.Title() == "" || article.SiteName() != "Relais" || article.ImageURL() != tags["og:image"] || article.Excerpt() != strings.Join(strings.Fields(text), " ") {
		t.Errorf("another reader finds %q, %q, %q, %q: %v", article.Title(), article.SiteName(), article.ImageURL(), article.Excerpt(), err)
	}
	head, empty := ask(t, "HEAD", i.URL()+strings.TrimPrefix(tags["og:url"], i.door.server.URL), "", "User-Agent", n.agent)
	if head.StatusCode != http.StatusOK || empty != "" {
		t.Errorf("HEAD: %d", head.StatusCode)
	}
	pictureIsRead(t, i, tags["og:image"], n)
}

func pictureIsRead(t *testing.T, i *instance, address string, n network) {
	t.Helper()
	path, ours := strings.CutPrefix(address, i.door.server.URL)
	if !ours {
		t.Fatalf("the picture is at %s", address)
	}
	for _, method := range []string{"HEAD", "GET"} {
		answer, body := ask(t, method, i.URL()+path, "", "User-Agent", n.agent)
		h := answer.Header
		if answer.StatusCode != http.StatusOK || h.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(h.Get("Cache-Control"), "public, max-age=") || h.Get("ETag") == "" || len(answer.Cookies()) > 0 {
			t.Fatalf("%s of the picture: %d %v", method, answer.StatusCode, h)
		}
		size, err := strconv.Atoi(h.Get("Content-Length"))
		if err != nil || size > n.image || size > 300_000 || method == "GET" && size != len(body) {
			t.Errorf("%s: the picture has %d bytes, %v", method, size, err)
		}
		if method == "HEAD" {
			continue
		}
		drawn, err := jpeg.Decode(bytes.NewReader([]byte(body)))
		if err != nil || drawn.Bounds().Dx() != 1200 || drawn.Bounds().Dy() != 630 || drawn.Bounds().Dx() < n.width || drawn.Bounds().Dy() < n.height {
			t.Errorf("the picture: %v", err)
		}
		if again, _ := ask(t, "GET", i.URL()+path, "", "User-Agent", n.agent, "If-None-Match", h.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("the same again: %d", again.StatusCode)
		}
	}
}

// TestNothingPrivateIsPreviewed asks as a robot for what strangers must not know of: no answer names it.
func TestNothingPrivateIsPreviewed(t *testing.T) {
	i := start(t)
	db := i.services.data.pages
	lea := storefronttest.Member(t, db, "lea")
	brand := storefronttest.Brand(t, db, "savonnerie")
	storefronttest.Terms(t, db, brand, 0, 1000, 30, storefronttest.Start.AddDate(0, 0, -1))
	draft := storefronttest.Product(t, db, brand, "brouillon")
	if _, err := db.Exec(`update products set state = 'draft' where id = $1`, draft); err != nil {
		t.Fatal(err)
	}
	hidden := poststest.Circle(t, db, "cachette", groups.Personal, groups.Private, lea)
	for _, path := range []string{"/g/cachette", "/g/cachette/p/1", "/g/cachette/members", "/p/brouillon", "/p/brouillon/card.jpg", "/@lea/p/brouillon", "/@lea/p/brouillon/card.jpg", "/@nobody/card.jpg", "/b/nothing/card.jpg", "/r/NOTHING1", "/r/NOTHING1/card.jpg", "/feed", "/me/posts"} {
		for _, n := range networks() {
			answer, body := ask(t, "GET", i.URL()+path, "", "User-Agent", n.agent)
			for hop := 0; answer.StatusCode/100 == 3; hop++ {
				if hop == 3 {
					t.Fatalf("%s leads on and on", path)
				}
				answer, body = ask(t, "GET", i.URL()+answer.Header.Get("Location"), "", "User-Agent", n.agent)
			}
			if strings.HasPrefix(answer.Header.Get("Content-Type"), "image/") || strings.Contains(body, hidden.Name) || strings.Contains(body, "Produit brouillon") {
				t.Errorf("%s on %s: %d %.300s", path, n.name, answer.StatusCode, body)
			}
		}
	}
}
