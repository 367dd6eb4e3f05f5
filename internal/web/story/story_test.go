package story_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/money"
	"relais/internal/stories"
	"relais/internal/web/story"
)

const browser = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"

// What is wrong stands at its field, and nothing that was typed is lost.
func TestRefusedFormKeepsWhatWasTyped(t *testing.T) {
	w := open(t)
	form := w.begins(w.lea)
	w.Shows(w.Ask(w.lea, "/me/stories", nil), 200, "Brouillon", "Sans titre")
	w.Shows(w.Ask(w.lea, form, w.words(form, "title", "", "video", "https://evil.example/x", "do", "publish")), 422,
		"On pétrit.", "https://evil.example/x", "f-video-error", "n’est pas l’adresse d’une vidéo")
	w.Shows(w.Ask(w.lea, form, w.words(form, "title", "", "do", "publish")), 422, "f-title-error", "Donnez un titre", "On pétrit.")
	w.Shows(w.Ask(w.lea, form, w.words(form, "do", "schedule", "at", "2020-01-01T10:00", "zone", "Europe/Paris")), 422, "f-at-error", "2020-01-01T10:00", "Un four, une terre")
	w.Shows(w.Ask(w.lea, form, w.words(form, "products", "999999", "do", "draft")), 422, "f-products-error", "On pétrit.")
	w.Shows(w.Ask(w.lea, form, w.words(form, "version", "99", "do", "draft")), 409, "Quelqu’un a modifié", "On pétrit.")
	w.Shows(w.sends(w.lea, form, "file", w.words(form, "do", "publish")), 422, "Dites en quelques mots", "/photos/", "On pétrit.")
	body := w.sends(w.lea, form, "file", w.words(form, "alt", "Un four", "do", "draft"))
	w.leads(body, form)
	w.Shows(w.Ask(w.lea, form, nil), 200, "Un four", "/photos/", "!/media/", "Un four, une terre")
	w.Shows(w.sends(w.lea, form, "video_file", w.words(form, "video", "https://youtu.be/dQw4w9WgXcQ", "series", "Terres", "do", "draft")), 303)
	w.Shows(w.Ask(w.lea, form, nil), 200, "https://www.youtube.com/watch?v=dQw4w9WgXcQ", `name="video_photo"`, "selected>Terres")
	w.Shows(w.Ask(w.lea, form+"/preview", nil), 200, "Un aperçu.", "Regarder sur YouTube", "<h2>Ensuite</h2>", "<li>on tourne</li>", "!<iframe", "noindex")
	w.leads(w.Ask(w.lea, form, w.words(form, "do", "schedule", "at", "2026-03-05T10:00", "zone", "Europe/Paris")), form)
	w.Shows(w.Ask(w.lea, form, nil), 200, "Programmé", "2026-03-05T10:00", "Ne pas le publier tout seul")
	w.leads(w.Ask(w.lea, form+"/do", url.Values{"act": {"unschedule"}}), form)
	w.Shows(w.Ask(w.lea, form+"/do", url.Values{"act": {"down"}}), 409)
}

// A desk is its owner's: to others it does not exist, nor the drafts on it, nor their photographs.
func TestDesksAreTheirOwners(t *testing.T) {
	w := open(t)
	own, brand := w.begins(w.lea), w.begins(w.shop.Owner)
	w.leads(w.sends(w.lea, own, "file", w.words(own, "alt", "Un four", "do", "draft")), own)
	w.leads(w.sends(w.shop.Owner, brand, "file", w.words(brand, "alt", "Un tour", "do", "draft")), brand)
	photo := func(by int64, form string) string {
		return regexp.MustCompile(`/photos/[0-9a-f]+-720\.jpg`).FindString(w.Ask(by, form, nil).Body.String())
	}
	photos := map[string]string{own: photo(w.lea, own), brand: photo(w.shop.Owner, brand)}
	for form, owner := range map[string]int64{own: w.lea, brand: w.shop.Owner} {
		for _, who := range []int64{0, w.lea, w.noe, w.admin, w.shop.Owner} {
			for _, path := range []string{form, form + "/preview", photos[form]} {
				got, want := w.Ask(who, path, nil).Code, http.StatusNotFound
				switch {
				case who == owner:
					want = http.StatusOK
				case who == 0 && path != photos[form]:
					want = http.StatusSeeOther // to the log-in
				}
				if got != want {
					t.Errorf("%d asks for %s: %d, want %d", who, path, got, want)
				}
			}
			if who != owner && who != 0 {
				for _, path := range []string{form, form + "/do", form + "/move"} {
					if got := w.Ask(who, path, url.Values{"act": {"delete"}, "do": {"draft"}, "version": {"2"}}).Code; got != http.StatusNotFound {
						t.Errorf("%d writes to %s: %d", who, path, got)
					}
				}
			}
		}
		var code string
		w.must(w.DB.Get(&code, `select code from stories where id = $1`, form[strings.LastIndexByte(form, '/')+1:]))
		for _, path := range []string{"/stories/" + code, "/stories/" + code + "/card.jpg", "/stories/" + code + "/report"} {
			w.Shows(w.Ask(owner, path, nil), 404)
		}
	}
	w.Shows(w.Ask(0, "/@lea/stories", nil), 200, "n’a encore rien raconté", "!Un four")
	w.Shows(w.Ask(0, "/b/terre", nil), 200, `!id="stories"`)
}

// Nothing of what is typed becomes markup, and nothing is loaded from elsewhere.
func TestStoryIsRead(t *testing.T) {
	w := open(t)
	form := w.begins(w.lea)
	evil := "<script>alert(1)</script>\n\n## <img src=x onerror=alert(1)>\n- <b>gras</b> https://example.org/a?b=1\n[photo 1]\n[photo 9]\n1. javascript:alert(1)"
	w.leads(w.sends(w.lea, form, "file", w.words(form, "alt", `"><script>`, "do", "draft")), form)
	hash := regexp.MustCompile(`name="photo" value="([0-9a-f]+)"`).FindStringSubmatch(w.Ask(w.lea, form, nil).Body.String())[1]
	path := w.leads(w.Ask(w.lea, form, w.words(form, "title", `<i>"Terre"`, "body", evil, "video", "https://framatube.org/w/kkGMgK9ZtnKfYAgnEtQxbv", "photo", hash, "alt."+hash, `"><script>`,
		"products", fmt.Sprint(w.shop.Product), "do", "publish")), "/stories/")
	rw := w.Ask(0, path, nil)
	w.Shows(rw, 200, "&lt;script&gt;alert(1)", "&lt;img src=x", "&lt;b&gt;gras", `href="https://example.org/a?b=1" rel="nofollow ugc noopener"`, "/media/"+hash, "Regarder sur PeerTube",
		`href="https://framatube.org/w/kkGMgK9ZtnKfYAgnEtQxbv" target="_blank" rel="noopener noreferrer nofollow"`, "!<script>alert", "!<img src=x", "!<i>", "!<iframe", `!="javascript:`, "og:image", "/card.jpg")
	if outside := regexp.MustCompile(`(?:src|srcset|poster|action)="https?://[^"]+`).FindString(rw.Body.String()); outside != "" {
		t.Errorf("%s is loaded from elsewhere", outside)
	}
	w.Shows(rw, 200, "Publicité", "Lea", `/@lea/p/`+w.shop.Slug)
	w.leads(w.Ask(0, strings.SplitN(path, "-", 2)[0]+"-autre?c=ABC", nil), path+"?c=ABC")
	if card := w.Ask(0, path+"/card.jpg", nil); card.Code != 200 || card.Header().Get("Content-Type") != "image/jpeg" {
		t.Errorf("card: %d %s", card.Code, card.Header().Get("Content-Type"))
	}
	w.Shows(w.Ask(0, "/@lea", nil), 200, `id="stories"`, path)
	w.Shows(w.Ask(0, "/@lea/stories", nil), 200, path)
	w.Shows(w.Ask(w.lea, path, nil), 200, "Modifier ce récit", "!Signaler")
	w.leads(w.Ask(w.lea, form, w.words(form, "title", "Autre", "photo", hash, "alt."+hash, "Un four", "do", "keep")), "/stories/")
	w.Shows(w.Ask(0, strings.SplitN(path, "-", 2)[0]+"-autre", nil), 200, "modifié le", "!Dans ce récit")
	w.leads(w.Ask(w.lea, form+"/do", url.Values{"act": {"down"}}), form)
	w.Shows(w.Ask(0, path, nil), 404)
	w.Shows(w.Ask(0, "/@lea", nil), 200, `!id="stories"`)
}

// Who decides about a story looks at its photographs, whether it is hidden or not; afterwards only its author does.
func TestPhotographsOfWhatIsReported(t *testing.T) {
	w := open(t)
	w.DB.MustExec(`update members set admin = true where id = $1`, w.admin)
	form := w.begins(w.lea)
	w.leads(w.sends(w.lea, form, "file", w.words(form, "alt", "Un four", "do", "draft")), form)
	hash := regexp.MustCompile(`name="photo" value="([0-9a-f]+)"`).FindStringSubmatch(w.Ask(w.lea, form, nil).Body.String())[1]
	path := w.leads(w.Ask(w.lea, form, w.words(form, "photo", hash, "alt."+hash, "Un four", "do", "publish")), "/stories/")
	w.Shows(w.Ask(0, path, nil), 200, "/media/"+hash)
	code := strings.SplitN(strings.TrimPrefix(path, "/stories/"), "-", 2)[0]
	w.Shows(w.Ask(0, "/stories/"+code+"/report", url.Values{"reason": {"fake"}, "text": {"Copié."}}), 303)
	w.leads(w.Ask(w.lea, form+"/do", url.Values{"act": {"down"}}), form)
	w.Shows(w.Ask(w.admin, "/admin/stories", nil), 200, "/photos/"+hash, "!/media/"+hash)
	photo := "/photos/" + hash + "-320.jpg"
	w.Shows(w.Ask(w.admin, photo, nil), 200)
	w.leads(w.Ask(w.admin, "/admin/stories/story/"+form[strings.LastIndexByte(form, '/')+1:], url.Values{"do": {"hide"}, "why": {"Voici."}}), "/admin/stories")
	w.Shows(w.Ask(w.admin, photo, nil), 404)
	w.Shows(w.Ask(w.lea, photo, nil), 200)
}

// Whoever changes published stories all day long is refused at the form, with what they wrote.
func TestTooManyEditsAreRefusedAtTheForm(t *testing.T) {
	w := open(t)
	_, form := w.tells(w.lea)
	w.DB.MustExec(`insert into story_edits (member_id, story_id, at) select $1, s.id, $2 from stories s, generate_series(1, $3::int)`, w.lea, w.Clock.Now(), stories.MaxEdits)
	w.Shows(w.Ask(w.lea, form, w.words(form, "title", "Encore un titre", "do", "keep")), 429, "récits publiés 20 fois", "Encore un titre")
}

// A link to a story lands on it with the click, says who earns, leads into the storefront of whoever shared it, and explains the sale.
func TestLinkToAStory(t *testing.T) {
	w := open(t)
	path, form := w.tells(w.shop.Owner)
	w.Shows(w.Ask(0, path, nil), 200, "Publicité", "Maison terre", `href="/p/`+w.shop.Slug+`"`, "Partager ce récit")
	code := strings.SplitN(strings.TrimPrefix(path, "/stories/"), "-", 2)[0]
	w.Shows(w.Ask(w.lea, "/share?story="+code, nil), 200, "Un four, une terre")
	link := regexp.MustCompile(`/r/[0-9A-Za-z]{8}`)
	shared := map[int64]string{}
	for _, who := range []int64{w.lea, w.noe} {
		sheet := w.leads(w.Ask(who, "/share", url.Values{"story": {code}}), "/share?link=")
		body := w.Ask(who, sheet, nil)
		w.Shows(body, 200, "touche une commission", "Un four, une terre")
		shared[who] = link.FindString(body.Body.String())
	}
	w.Shows(w.Ask(w.lea, "/me/links", nil), 200, "Récit")
	follow := func(who int64) (at, token string) {
		at = w.leads(w.Ask(0, shared[who], nil, "User-Agent", browser, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), path+"?c=")
		return at, at[len(path+"?c="):]
	}
	at, token := follow(w.lea)
	w.Shows(w.Ask(0, at, nil), 200, "Publicité", "Lea touche une commission", `href="/@lea/p/`+w.shop.Slug+`?c=`+token+`"`)
	at, token = follow(w.noe) // who does not list it
	w.Shows(w.Ask(0, at, nil), 200, "Noe touche une commission", `href="/p/`+w.shop.Slug+`?c=`+token+`"`)
	w.Shows(w.Ask(0, shared[w.noe], nil, "User-Agent", "WhatsApp/2.23.20.0 A"), 200, "og:title", "Un four, une terre", "Noe touche une commission")

	order := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Click: token})
	w.Shows(w.Ask(w.noe, fmt.Sprintf("/me/sales/%d", order.Shipments[0].Lines[0].ID), nil), 200, "Vers le récit", "Un four, une terre", path)

	w.leads(w.Ask(w.shop.Owner, form, w.words(form, "do", "keep")), path)
	w.Shows(w.Ask(0, path, nil), 200, "!Partager ce récit", "!ad-label")
	w.Shows(w.Ask(w.lea, "/share", url.Values{"story": {code}, "channel": {"mail"}}), 409, "rien gagner")
}

// Who earns a margin by their story is labelled, on its page and in the feed; whoever would earn nothing is not asked to share it.
func TestStoryThatPaysAMargin(t *testing.T) {
	w := open(t)
	terms := catalog.FirstTerms()
	terms.CommissionBps, terms.MarginBps = 0, 2000
	_, err := w.Catalog.OfferTerms(t.Context(), w.shop.Owner, w.shop.Brand, terms)
	w.must(err)
	own, _ := w.tells(w.lea)
	w.must(w.Follows.Follow(t.Context(), w.noe, follows.Member, "lea", groups.Personal))
	w.Shows(w.Ask(w.noe, own, nil), 200, "!ad-label", "!Partager ce récit")
	w.must(w.Storefronts.SetMargin(t.Context(), w.lea, w.shop.Product, money.New(600, "EUR")))
	w.Shows(w.Ask(w.noe, own, nil), 200, "ad-label", "Publicité", "!Partager ce récit")
	w.Shows(w.Ask(w.lea, own, nil), 200, "Partager ce récit")
	w.Shows(w.Ask(w.noe, "/feed", nil), 200, own, "ad-label")
}

// Who follows the brand or member reads of it in their home feed; nobody else does.
func TestStoriesInTheHomeFeed(t *testing.T) {
	w := open(t)
	own, _ := w.tells(w.lea)
	brand, form := w.tells(w.shop.Owner)
	w.must(w.Follows.Follow(t.Context(), w.noe, follows.Member, "lea", groups.Personal))
	w.Shows(w.Ask(w.noe, "/feed", nil), 200, own, "!"+brand, "Publicité")
	w.Shows(w.Ask(w.noe, "/feed?sphere=professional", nil), 200, "!"+own)
	w.must(w.Follows.Follow(t.Context(), w.noe, follows.Brand, "terre", groups.Professional))
	w.Shows(w.Ask(w.noe, "/feed", nil), 200, own, brand)
	w.Shows(w.Ask(w.admin, "/feed", nil), 200, "!"+own, "!"+brand)
	w.leads(w.Ask(w.shop.Owner, form+"/do", url.Values{"act": {"delete"}}), "/brand/terre/stories")
	w.Shows(w.Ask(w.noe, "/feed", nil), 200, own, "!"+brand)
}

// A feed of many stories has pages, each story once, in the order of time.
func TestFeedOfManyStories(t *testing.T) {
	w := open(t)
	w.must(w.Follows.Follow(t.Context(), w.noe, follows.Brand, "terre", groups.Personal))
	w.DB.MustExec(`insert into stories (code, author_id, brand_id, lang, title, slug, body, state, published_at, created_at, updated_at)
		select lpad(n::text, 8, 'a'), $1, $2, 'fr', 'Numéro ' || n, 'n', 'x', 'published', $3::timestamptz + n * interval '1 minute', now(), now() from generate_series(1, 45) n`, w.shop.Owner, w.shop.Brand, w.Clock.Now())
	seen, next := []string{}, "/feed"
	for range 4 {
		body := w.Ask(w.noe, next, nil).Body.String()
		for _, m := range regexp.MustCompile(`Numéro (\d+)</a>`).FindAllStringSubmatch(body, -1) {
			seen = append(seen, m[1])
		}
		older := regexp.MustCompile(`href="(/feed\?before=[^"]+)"`).FindStringSubmatch(body)
		if older == nil {
			break
		}
		next = older[1]
	}
	if len(seen) != 45 || seen[0] != "45" || seen[44] != "1" {
		t.Errorf("%d stories: %v", len(seen), seen)
	}
}

// A draft keeps itself while it is written, says so, and says what is in the way.
func TestDraftsKeepThemselves(t *testing.T) {
	w := open(t)
	form := w.begins(w.lea)
	auto := func(more ...string) string {
		t.Helper()
		rw := w.Ask(w.lea, form, w.words(form, append(more, "do", "auto")...), "HX-Request", "true")
		w.Shows(rw, 200, `id="story-saved"`, "!<html")
		return rw.Body.String()
	}
	if got := auto("title", "Premier jet"); !strings.Contains(got, "Gardé") || !strings.Contains(got, `name="version" value="2"`) {
		t.Errorf("answers %s", got)
	}
	w.Shows(w.Ask(w.lea, form, nil), 200, "Premier jet", "hx-post")
	if got := auto("version", "1"); !strings.Contains(got, "Quelqu’un a modifié") || !strings.Contains(got, `value="1"`) {
		t.Errorf("answers %s", got)
	}
	// A button overtakes what its own form has kept since, and not what another has; what a form kept late never overtakes a button.
	if got := auto("form", "un-formulaire", "title", "Deux"); !strings.Contains(got, "Gardé") {
		t.Errorf("answers %s", got)
	}
	w.leads(w.Ask(w.lea, form, w.words(form, "version", "2", "form", "un-formulaire", "title", "Trois", "do", "draft")), form)
	w.Shows(w.Ask(w.lea, form, w.words(form, "version", "2", "form", "un-autre", "title", "Quatre", "do", "draft")), 409)
	if got := auto("version", "3", "form", "un-formulaire", "title", "Tard"); !strings.Contains(got, "Quelqu’un a modifié") {
		t.Errorf("answers %s", got)
	}
	w.Shows(w.Ask(w.lea, form, nil), 200, "Trois", "!Tard")
	if got := auto("video", "nulle part"); !strings.Contains(got, "pas l’adresse d’une vidéo") {
		t.Errorf("answers %s", got)
	}
	w.leads(w.Ask(w.lea, form, w.words(form, "title", "Sans script", "do", "auto")), form)
	w.leads(w.Ask(w.lea, form, w.words(form, "do", "publish")), "/stories/")
	if got := auto("title", "Trop tard"); strings.Contains(got, "Gardé") {
		t.Errorf("what is published is changed by itself: %s", got)
	}
	w.Shows(w.Ask(w.lea, form, nil), 200, "!Trop tard", "!hx-post=\""+form)
}

func TestReportAndDecide(t *testing.T) {
	w := open(t)
	path, form := w.tells(w.lea)
	code := strings.SplitN(strings.TrimPrefix(path, "/stories/"), "-", 2)[0]
	report := "/stories/" + code + "/report"
	w.Shows(w.Ask(0, report, nil), 200, "Signaler ce récit", "Un four, une terre")
	w.Shows(w.Ask(0, report, url.Values{"reason": {"other"}, "text": {""}}), 422, "f-text-error")
	w.leads(w.Ask(0, report, url.Values{"reason": {"fake"}, "text": {"Copié."}}), path)
	w.Shows(w.Ask(w.noe, "/admin/stories", nil), 404)
	w.Shows(w.Ask(w.admin, "/admin/stories", nil), 200, "Copié.", "On pétrit.", path)
	desk := "/admin/stories/story/" + form[strings.LastIndexByte(form, '/')+1:]
	w.Shows(w.Ask(w.admin, desk, url.Values{"why": {"Voici pourquoi."}}), 422, "Voici pourquoi.")
	w.Shows(w.Ask(w.noe, desk, url.Values{"do": {"hide"}, "why": {"x"}}), 404)
	w.leads(w.Ask(w.admin, desk, url.Values{"do": {"hide"}, "why": {"Voici pourquoi."}}), "/admin/stories")
	w.Shows(w.Ask(0, path, nil), 404)
	w.Shows(w.Ask(w.lea, form, nil), 200, "Masqué par Relais", "Voici pourquoi.")
	w.Shows(w.Ask(w.admin, "/admin/stories", nil), 200, "Voici pourquoi.")
	// What was written anew is what the platform decides about: the words, and where the video is.
	w.leads(w.Ask(w.lea, form, w.words(form, "title", "Un autre four", "body", "On enfourne.", "video", "https://youtu.be/abcdefghijk", "do", "keep")), form)
	w.Shows(w.Ask(w.admin, "/admin/stories", nil), 200, "Un autre four", "On enfourne.", "https://www.youtube.com/watch?v=abcdefghijk", "!On pétrit.")
	w.leads(w.Ask(w.admin, desk, url.Values{"do": {"keep"}, "why": {"C’est mieux."}}), "/admin/stories")
	w.Shows(w.Ask(0, path, nil), 302)
}

// What is read stays as it is while photographs are added to its form; nothing is lost that was typed.
func TestAddingPhotographsPublishesNothing(t *testing.T) {
	w := open(t)
	path, form := w.tells(w.lea)
	w.Shows(w.Ask(w.lea, form, nil), 200, `value="photos"`)
	w.Shows(w.sends(w.lea, form, "file", w.words(form, "title", "À moitié", "body", "Pas fini", "do", "photos")), 200, "À moitié", "Pas fini", `name="photo" value="`)
	w.Shows(w.Ask(0, path, nil), 200, "Un four, une terre", "!À moitié", "!Pas fini")
	w.tells(w.shop.Owner)
	w.Shows(w.Ask(0, "/b/terre", nil), 200, "Un four, une terre", `href="/stories/`) // on the shelf of the brand's page
}

func TestSeriesPages(t *testing.T) {
	w := open(t)
	var forms, paths []string
	for _, title := range []string{"Un", "Deux"} {
		form := w.begins(w.lea)
		forms = append(forms, form)
		paths = append(paths, w.leads(w.Ask(w.lea, form, w.words(form, "title", title, "series", "Terres", "do", "publish")), "/stories/"))
	}
	w.Shows(w.Ask(0, paths[0], nil), 200, "Terres · épisode 1", "Suivant", paths[1], "!Avant")
	w.Shows(w.Ask(w.lea, "/me/stories/series", nil), 200, "Terres", "Deux", "Monter", `data-confirm="Abandonner la série`)
	w.leads(w.Ask(w.lea, forms[1]+"/move", url.Values{"to": {"up"}}), "/me/stories/series")
	w.Shows(w.Ask(0, paths[0], nil), 200, "Terres · épisode 2", "!Suivant")
	var id int64
	w.must(w.DB.Get(&id, `select id from story_series`))
	at := fmt.Sprintf("/me/stories/series/%d", id)
	w.Shows(w.Ask(w.lea, at, url.Values{"series": {""}}), 422, fmt.Sprintf("f-series-%d-error", id))
	w.Shows(w.Ask(w.noe, at, url.Values{"series": {"À moi"}}), 422)
	w.leads(w.Ask(w.lea, at, url.Values{"series": {"Argiles"}}), "/me/stories/series")
	w.Shows(w.Ask(0, paths[0], nil), 200, "Argiles")
	w.leads(w.Ask(w.lea, at, url.Values{"series": {"Argiles"}, "do": {"drop"}}), "/me/stories/series")
	w.Shows(w.Ask(w.lea, "/me/stories/series", nil), 200, "Pas encore de série")
	w.Shows(w.Ask(0, paths[0], nil), 200, "!Argiles")
}

// What stands by a schedule is published by the sweep, and the form takes what it is sent.
func TestScheduleFromTheForm(t *testing.T) {
	w := open(t)
	form := w.begins(w.shop.Owner)
	w.leads(w.Ask(w.shop.Owner, form, w.words(form, "do", "schedule", "at", "2026-03-03T10:00", "zone", "Europe/Paris")), form)
	w.Clock.Set(time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC))
	w.must(w.Stories.Sweep(t.Context()))
	w.Shows(w.Ask(0, "/b/terre/stories", nil), 200, "Un four, une terre")
	if story.Uploads()["/brand/:handle/stories/:id"] == 0 {
		t.Error("the form of a brand takes no photographs")
	}
}
