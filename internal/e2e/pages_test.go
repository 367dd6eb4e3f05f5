package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"relais/internal/demo"
)

// fault is what axe-core finds.
type fault struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// looks opens a page as people with different needs do, and says what is wrong with it.
func (p *person) looks(path string) {
	p.t.Helper()
	p.goes(path)
	if got := p.path(); got != strings.SplitN(path, "?", 2)[0] {
		p.t.Errorf("%s: %s leads to %s", p.name, path, got)
		return
	}
	status := evaluate[int](p, `performance.getEntriesByType("navigation")[0].responseStatus`)
	if status != 200 {
		p.t.Errorf("%s: %s answers %d", p.name, path, status)
	}
	if key := untranslated.FindString(p.text()); key != "" {
		p.t.Errorf("%s: %s shows the key %s", p.name, path, key)
	}
	p.fits(path)
}

// axe is axe-core, which is put into pages.
var axe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile(filepath.Join("testdata", "axe.min.js"))
	return string(source) + "; true", err
})

// fits says what is wrong with the open page: wider than the screen, or out of reach for somebody.
func (p *person) fits(path string) {
	p.t.Helper()
	if over := evaluate[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		p.t.Errorf("%s: %s is %d pixels wider than the screen", p.name, path, over)
		p.shot("wide")
	}
	source, err := axe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.do("load axe", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[bool](source)(ctx, t)
		return chromedp.Void{}, err
	})
	for _, f := range evaluate[[]fault](p, `axe.run({resultTypes: ["violations"]}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))})))`) {
		p.t.Errorf("%s: %s: %s, %s: %s\n\t%s", p.name, path, f.Impact, f.ID, f.Help, strings.Join(f.Nodes, "\n\t"))
	}
}

// untranslated finds a message key where words should be.
var untranslated = regexp.MustCompile(`\b(feed|follow|posts|shop|till|relay|account|aftersale|brandspace|admin|page|order|earning|debts|document|reconcile|review|federation|opinion|front|insight|margin|ask|notice|letters|group|fault|payee|payout|counter|pos|steps|together|launches|pledges|studio|publish|designs|ideas|ballot|polls|story|inbox|making)\.[a-z_]+\.[a-z_.]+\b`)

// audience is who looks at which pages.
type audience struct{ name, email, pages string }

// Every page, seen by whom it is for.
var audiences = []audience{
	{"guest", "", `/ /products /products?q=bougi /p/ballon-de-football-recousu-taille-5 /p/ballon-de-football-recousu-taille-5/design /p/pelle-a-rempoter-vert-serre /p/chaise-mirabelle-pied-luge /p/ballon-a-velo /p/ballon-a-velo/vary /p/ballon-a-velo/report /@tom/p/ballon-a-velo /brands /b/maison-brevane /@lea /@lea/p/canape-cavalier-cuir-cognac
		/p/pelle-a-rempoter-vert-serre/questions /p/pelle-a-rempoter-vert-serre/questions?q=camion /p/pelle-a-rempoter-vert-serre/ratings /p/pelle-a-rempoter-vert-serre/ratings?stars=5 /@yvonne /@yvonne/p/pelle-a-rempoter-vert-serre /@yvonne/thanks /@tom /@ines /@camille /@odile
		/launches /polls /cart /signup /login /reset /help /legal /consent /offline /dev/mail /groups /groups?sphere=personal&q=jardin /g/jardins-et-balcons /@mathilde/circles
		/ideas /ideas?sort=most&brand=maison-brevane /b/maison-brevane/ideas /b/la-ravaudiere/ideas?show=waiting /b/serres-morvelle/ideas?show=answered /b/serres-morvelle /b/serres-morvelle/stories /@lea/stories /@tom/stories`},
	{"member", "lea@relais.example", `/feed /feed?sphere=personal /me/follows /me/follows?sphere=professional /me/posts /me/posts/new /me/stories /me/stories/series /me /me/links /me/codes /me/insight /me/insight?period=year /me/claims /me/claims/new /me/earnings /me/earnings/debts /me/payouts /me/documents /me/storefront /me/storefront/status /me/storefront/followers /me/following/remote /me/storefront/look /me/storefront/collections /me/guestbook /me/orders /me/settings /me/settings/security /me/notices /me/notices?topic=money /me/notices/settings
		/share?product=canape-cavalier-cuir-cognac /share?product=chaise-mirabelle-pied-luge /p/chaise-mirabelle-pied-luge/questions/new /brand/new /sell /sell/sales /sell/readers /me/together /me/ideas /ideas/new /ideas/new?brand=serres-morvelle /p/chaise-mirabelle-pied-luge/together?from=lea
		/designs /me/publications /p/ballon-de-football-recousu-taille-5/design /me/groups /me/groups/new /groups /@lea/circles /g/cyclos-du-jeudi /g/cyclos-du-jeudi/join /g/jardins-et-balcons/about /g/jardins-et-balcons/report?member=odile /g/jardins-et-balcons/leave
		/g/reseau-archi-rhone /g/reseau-archi-rhone/members /g/reseau-archi-rhone/members/priya /g/reseau-archi-rhone/invite /g/reseau-archi-rhone/moderation /g/reseau-archi-rhone/settings /g/reseau-archi-rhone/leave`},
	{"brand", "mathilde@maison-brevane.example", `/brand/maison-brevane /brand/maison-brevane/products /brand/maison-brevane/products/new /brand/maison-brevane/import
		/brand/maison-brevane/orders /brand/maison-brevane/orders?show=all /brand/maison-brevane/inbox?show=all /brand/maison-brevane/inbox /brand/maison-brevane/inbox/settings /brand/maison-brevane/terms /brand/maison-brevane/relays /brand/maison-brevane/reviews /brand/maison-brevane/ratings /brand/maison-brevane/questions /brand/maison-brevane/questions?show=all /brand/maison-brevane/earnings
		/brand/maison-brevane/payouts /brand/maison-brevane/documents /brand/maison-brevane/disputes /brand/maison-brevane/settings /brand/maison-brevane/settings/delivery
		/sell?for=maison-brevane /sell/sales?for=maison-brevane /sell/readers?for=maison-brevane /sell/rules/maison-brevane /brand/maison-brevane/stories /brand/maison-brevane/stories/series /brand/maison-brevane/followers /brand/maison-brevane/together
		/brand/maison-brevane/ideas /brand/maison-brevane/ideas?show=votes /brand/maison-brevane/ideas/settings /brand/maison-brevane/polls /brand/maison-brevane/polls/new /brand/maison-brevane/launches /brand/maison-brevane/launches/new /brand/maison-brevane/making /brand/maison-brevane/publications`},
	{"maker", "nadia@la-ravaudiere.example", `/brand/la-ravaudiere/publications /brand/la-ravaudiere/publications?show=all`},
	{"admin", "admin@relais.example", `/admin /admin/groups /admin/members /admin/brands /admin/orders /admin/together /admin/polls /admin/payouts /admin/disputes /admin/reviews /admin/ratings /admin/questions /admin/ideas /admin/publications /admin/stories /admin/talks /admin/debts /admin/documents /admin/reconciliation /admin/fediverse /admin/jobs /admin/webhooks /admin/clock`},
}

// TestEveryPage opens every page on a phone, in both languages and both lights, and on a desk in French, which is the longer one: it
// answers, fits into 360 and 1280 pixels, is translated, asks nothing that its security policy refuses, and axe-core finds nothing serious.
func TestEveryPage(t *testing.T) {
	for i, a := range audiences {
		for j, view := range []struct {
			name, lang string
			opens      func(t *testing.T, name, lang string) *person
		}{{"fr", "fr", phone}, {"en", "en", phone}, {"desk-fr", "fr", desktop}} {
			t.Run(a.name+" "+view.name, func(t *testing.T) {
				p := view.opens(t, a.name+"-"+view.name, view.lang)
				complaints := p.complaints()
				if (i+j)%2 == 1 {
					p.do("turn the light off", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
						_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
						return chromedp.Void{}, err
					})
				}
				if a.email != "" {
					p.logsIn(a.email, demo.Password)
				}
				for _, path := range append(strings.Fields(a.pages), p.found(a.name)...) {
					p.looks(path)
					p.shot(strings.Trim(strings.NewReplacer("/", "_", "?", "-", "=", "-", "@", "").Replace(path), "_"))
				}
				select {
				case c := <-complaints:
					t.Errorf("the browser complains: %s", c)
				default:
				}
			})
		}
	}
}

// found is the pages whose addresses only their lists know: one of each. What stands for a * is in the list alone.
func (p *person) found(audience string) []string {
	p.t.Helper()
	lists := map[string][][2]string{
		"guest":  {{"/@lea", "/@lea/p/suspension"}, {"/p/pelle-a-rempoter-vert-serre/ratings", "/report/rating/"}, {"/@yvonne/thanks", "/report/thanks/"}, {"/polls", "/polls/"}, {"/p/pelle-a-rempoter-vert-serre/questions", "/p/pelle-a-rempoter-vert-serre/questions/"}, {"/@odile", "/@odile/p/"}, {"/launches", "/p/"}, {"/ideas", "/ideas/"}, {"/b/serres-morvelle/ideas?show=answered", "/ideas/"}, {"/b/maison-brevane/ideas?show=ended", "/ideas/"}, {"/@lea/stories", "/stories/"}, {"/b/serres-morvelle/stories", "/stories/"}},
		"member": {{"/me/stories", "/me/stories/"}, {"/me/posts", "/me/posts/"}, {"/feed", "/g/"}, {"/feed", "/feed/posts/"}, {"/me/storefront", "/me/storefront/listings/"}, {"/me/links", "/me/links/"}, {"/me", "/me/sales/"}, {"/me/together", "/together/"}, {"/me/together", "/pledge/"}, {"/polls", "/polls/"}, {"/me/earnings", "/me/earnings/"}, {"/me/payouts", "/me/payouts/"}, {"/me/ideas", "/ideas/"}, {"/designs", "/designs/"}, {"/me/publications", "/designs/"}},
		"maker":  {{"/brand/la-ravaudiere/launches", "/launches/"}, {"/brand/la-ravaudiere/publications", "/brand/la-ravaudiere/publications/"}, {"/brand/la-ravaudiere/publications?show=all", "/brand/la-ravaudiere/publications/"}},
		"admin":  {{"/admin/reviews", "/admin/reviews/"}, {"/admin/reviews", "/admin/claims/"}, {"/admin/orders", "/admin/orders/"}, {"/admin/polls", "/admin/polls/"}, {"/admin/groups", "/admin/groups/reports/"}},
		"brand":  {{"/brand/maison-brevane/stories", "/brand/maison-brevane/stories/"}, {"/brand/maison-brevane/products", "/brand/maison-brevane/products/"}, {"/brand/maison-brevane/orders?show=all", "/brand/maison-brevane/orders/"}, {"/brand/maison-brevane/inbox?show=all", "/brand/maison-brevane/inbox/R-"}, {"/brand/maison-brevane/payouts", "/brand/maison-brevane/payouts/"}, {"/brand/maison-brevane/ideas", "/brand/maison-brevane/ideas/"}, {"/brand/maison-brevane/ideas?show=votes", "/brand/maison-brevane/ideas/"}, {"/brand/maison-brevane/ideas?show=answered", "/brand/maison-brevane/ideas/"}, {"/brand/maison-brevane/polls", "/brand/maison-brevane/polls/"}, {"/brand/maison-brevane/launches", "/brand/maison-brevane/launches/*/later"}, {"/brand/maison-brevane/launches", "/brand/maison-brevane/launches/*/unmade"}},
	}
	var paths []string
	for _, l := range lists[audience] {
		p.goes(l[0])
		begins, ends, cut := strings.Cut(l[1], "*")
		selector := "a[href^=" + quote(begins) + "]"
		if cut {
			selector += "[href$=" + quote(ends) + "]"
		}
		href := evaluate[string](p, `([...document.querySelectorAll(`+quote(selector)+`)].map(a => a.getAttribute("href")).find(h => !/new$|csv$|series$|settings$|[?]/.test(h))) || ""`)
		if href == "" {
			p.t.Errorf("%s: %s lists nothing like %s", p.name, l[0], l[1])
			continue
		}
		paths = append(paths, href)
	}
	return paths
}

// speaks changes the language of a member who has chosen the other one.
func (p *person) speaks(lang string) {
	p.t.Helper()
	if evaluate[string](p, `document.documentElement.lang`) == lang {
		return
	}
	evaluate[bool](p, `fetch("/lang", {method: "POST", headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: "lang=`+lang+`"}).then(r => r.ok)`)
	p.goes("/me")
	if got := evaluate[string](p, `document.documentElement.lang`); got != lang {
		p.t.Fatalf("%s: the language stays %s", p.name, got)
	}
}
