package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"

	"relais/internal/demo"
)

// The story of what a member hears: a friend buys in their storefront, the bell counts it, the letter says it; one click from the letter ends
// such letters without a log-in, and nothing else.
func TestBellShowsASaleAndOneClickEndsItsLetters(t *testing.T) {
	relay := phone(t, "nouvelles-fr", "fr")
	relay.logsIn("camille@relais.example", demo.Password)
	relay.goes("/me/notices")
	relay.pressesElement(`form[action="/me/notices/read"] button`) // the demo left some unread
	relay.reads("Tout est marqué comme lu")
	if relay.has(".site-tools .tool[href='/me/notices'] .count") {
		t.Fatal("the bell counts what was read")
	}
	buyer := phone(t, "amie-fr", "fr")
	buyer.goes("/@camille")
	buyer.goes(evaluate[string](buyer, `document.querySelector("a[href^='/@camille/p/']").getAttribute("href")`))
	buys(buyer, "Ajouter au panier", "Commander", "Commander avec obligation de paiement", address{
		email: "lucie.durand@poste.example", name: "Lucie Durand", street: "8 rue du Moulin", postcode: "44000", city: "Nantes"})
	pays(buyer, "4242 4242 4242 4242")
	buyer.reads("Camille")

	relay.goes("/me")
	relay.becomes("1 non lue")
	relay.shot("bell")
	relay.pressesElement(".site-tools .tool[href='/me/notices']")
	relay.reads("Un proche a acheté")
	relay.fits("/me/notices")
	relay.shot("list")
	relay.presses("Un proche a acheté")
	if path := relay.path(); !strings.HasPrefix(path, "/me/earnings/") {
		t.Errorf("the notice leads to %s", path)
	}
	relay.goes("/me/notices?unread=yes")
	relay.reads("Vous avez tout lu")

	var link string
	err := site.Services().DB.GetContext(t.Context(), &link, `select unsubscribe from letters where recipient = 'camille@relais.example' and template = 'relay_earned' order by id desc limit 1`)
	if err != nil || link == "" {
		t.Fatalf("the letter has no way out: %q, %v", link, err)
	}
	anywhere := phone(t, "lettre-fr", "fr") // no log-in: the phone on which the letter is read
	anywhere.goes(link)
	anywhere.reads("Un proche achète")
	anywhere.fits("/unsubscribe")
	anywhere.shot("ask")
	if got := mailOfSales(relay); got != "now" {
		t.Fatalf("a look at the link made it %q", got)
	}
	anywhere.goes(link)
	anywhere.presses("Ne plus les recevoir")
	anywhere.reads("C’est fait")
	anywhere.shot("done")
	if got := mailOfSales(relay); got != "never" {
		t.Errorf("letters of sales are %q", got)
	}
	holds(t)
}

// mailOfSales is what the settings page says.
func mailOfSales(p *person) string {
	p.t.Helper()
	p.goes("/me/notices/settings")
	return evaluate[string](p, `document.querySelector("select[name=mail_sale]").value`)
}

// standIn is a subscription as a push service would give it. A Chromium without Google's keys has no push service, and a window of its own is
// private to it, where there is none either; all the rest (permission, service worker, key, request, message) is the browser's.
const standIn = `
PushManager.prototype.getSubscription = async function () { const s = sessionStorage.getItem("sub"); return s ? made(JSON.parse(s)) : null; };
PushManager.prototype.subscribe = async function (options) {
  if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error("not how one subscribes");
  const s = {endpoint: "https://push.example.net/phone", expirationTime: null, keys: {p256dh: "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM", auth: "tBHItJI5svbpez7KI4CCXg"}};
  sessionStorage.setItem("sub", JSON.stringify(s));
  return made(s);
};
const made = (s) => ({...s, options: {}, toJSON: () => s, unsubscribe: async () => { sessionStorage.removeItem("sub"); return true; }});`

// The story of a device: permission, subscription, a push that is shown, and its end.
func TestPushOnAPhone(t *testing.T) {
	p := phone(t, "alertes-fr", "fr")
	registered := make(chan serviceworker.RegistrationID, 20)
	if err := chromedp.Listen(p.ctx, func(ev any) {
		if e, ok := ev.(*serviceworker.EventWorkerRegistrationUpdated); ok {
			for _, r := range e.Registrations {
				select {
				case registered <- r.RegistrationID:
				default:
				}
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	p.do("prepare", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		if _, err := chromedp.Call(ctx, serviceworker.Enable, cdp.Empty{}); err != nil {
			return chromedp.Void{}, err
		}
		if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: standIn}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := chromedp.CallBrowser(ctx, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{Permission: &cdpbrowser.PermissionDescriptor{Name: "notifications"},
			Setting: cdpbrowser.PermissionSettingGranted, Origin: site.URL(), BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID})
		return chromedp.Void{}, err
	})
	p.logsIn("bakary@relais.example", demo.Password)
	p.goes("/me/notices/settings")
	p.until("the service worker", `navigator.serviceWorker.controller`)
	p.until("the button", `!document.querySelector("[data-push-on]").hidden`)
	p.shot("settings")
	p.presses("Activer sur cet appareil")
	p.reads("Les alertes sont activées sur cet appareil")
	p.reads("Chrome, Android")
	p.reads("Cet appareil")
	p.fits("/me/notices/settings")
	p.shot("on")

	var id serviceworker.RegistrationID
	select {
	case id = <-registered:
	case <-time.After(patience):
		t.Fatal("the browser does not tell its service worker")
	}
	text, err := json.Marshal(map[string]string{"title": "Un proche a acheté : 10,00 € pour vous", "body": "Bol bleu", "url": "/me/notices/1", "tag": "n1", "lang": "fr"})
	if err != nil {
		t.Fatal(err)
	}
	p.do("push", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: site.URL(), RegistrationID: id, Data: string(text)})
		return chromedp.Void{}, err
	})
	evaluate[bool](p, `(async () => { window.seen = ""; for (let i = 0; i < 200 && !window.seen; i++) {
		const list = await (await navigator.serviceWorker.ready).getNotifications();
		window.seen = list.map(n => [n.title, n.body, n.tag, n.data.url, n.lang].join("|")).join();
		await new Promise(r => setTimeout(r, 50)); } return true })()`)
	if got, want := evaluate[string](p, `window.seen`), "Un proche a acheté : 10,00 € pour vous|Bol bleu|n1|/me/notices/1|fr"; got != want {
		t.Errorf("the browser shows %q, want %q", got, want)
	}
	p.presses("Désactiver sur cet appareil")
	p.reads("Aucun appareil")
}

// The site can be installed, and without a network it shows a page of its own: here its address stops answering.
func TestAppWithoutANetwork(t *testing.T) {
	to, err := url.Parse(site.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ lang, offline, again string }{{"fr", "Pas de connexion", "Réessayer"}, {"en", "No connection", "Try again"}} {
		t.Run(c.lang, func(t *testing.T) {
			network := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
				w.WriteHeader(http.StatusBadGateway)
			}})
			defer network.Close()
			p := phone(t, "hors-ligne-"+c.lang, c.lang)
			p.goes(network.URL + "/products")
			p.until("the service worker", `navigator.serviceWorker.controller && navigator.serviceWorker.controller.state === "activated"`)
			evaluate[bool](p, `(async () => { while (!((await (await caches.match("/offline"))?.text()) || "").includes('lang="`+c.lang+`"')) await new Promise(r => setTimeout(r, 50)); return true })()`)
			p.do("read the manifest", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
				m, err := chromedp.Call(ctx, page.GetAppManifest, page.GetAppManifestParams{})
				if err != nil {
					return chromedp.Void{}, err
				}
				for _, e := range m.Errors {
					t.Errorf("the manifest: %s", e.Message)
				}
				if !strings.Contains(m.URL, "/app.webmanifest?lang="+c.lang) || m.Manifest == nil || m.Manifest.Name != "Relais" || len(m.Manifest.Icons) != 4 || len(m.Manifest.Shortcuts) != 3 {
					t.Errorf("the manifest at %s: %.300s", m.URL, m.Data)
				}
				return chromedp.Void{}, nil
			})
			if sizes := evaluate[string](p, `fetch(document.querySelector("link[rel=manifest]").href).then(r => r.json()).then(m => Promise.all(m.icons.filter(i => i.type === "image/png").map(i =>
				new Promise(r => { const e = new Image(); e.onload = () => r(e.naturalWidth + "x" + e.naturalHeight === i.sizes); e.onerror = () => r(false); e.src = i.src; })))).then(a => a.join())`); sizes != "true,true,true" {
				t.Errorf("icons of the sizes that they say: %s", sizes)
			}
			network.CloseClientConnections()
			network.Close()
			p.goes(network.URL + "/brands")
			p.reads(c.offline)
			p.reads(c.again)
			if got := evaluate[string](p, `getComputedStyle(document.body).backgroundColor + document.fonts.size`); strings.HasPrefix(got, "rgba(0, 0, 0, 0)") {
				t.Error("the page without a network has no style")
			}
			p.fits("/offline")
			p.shot("offline")
			if kept := evaluate[string](p, `caches.keys().then(k => Promise.all(k.map(n => caches.open(n).then(c => c.keys())))).then(l => l.flat().map(r => new URL(r.url).pathname).filter(x => x !== "/offline" && !x.startsWith("/static/")).join())`); kept != "" {
				t.Errorf("pages are kept: %s", kept)
			}
		})
	}
}
