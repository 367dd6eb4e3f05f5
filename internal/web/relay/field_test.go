package relay_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"relais/internal/clicks"
)

// What the field knows of links that are shared in conversations, each as it is told there.

// A link in a large group is looked at by the servers of every messenger at once: nobody has clicked yet.
func TestThousandPreviewsInAMinute(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	agents := []string{whatsApp, "TelegramBot (like TwitterBot)", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
		"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "Twitterbot/1.0"}
	for i := range 1000 {
		s.now = s.now.Add(time.Minute / 1000)
		if w := s.ask("GET", l.Path(), nil, "User-Agent", agents[i%len(agents)], "X-Forwarded-For", fmt.Sprintf("10.0.%d.%d", i/250, i%250)); w.Code != http.StatusOK {
			t.Fatalf("preview %d: %d", i, w.Code)
		}
	}
	if n := s.count(`select count(*) from clicks`); n != 0 {
		t.Errorf("%d previews are clicks", n)
	}
	s.ask("GET", l.Path(), nil)
	if n := s.count(`select count(*) from clicks where eligible`); n != 1 {
		t.Errorf("%d clicks of the person who came after them count", n)
	}
}

// A frame nobody sees loads the link on another site, so that its owner would earn of everybody who was there.
func TestHiddenFrameOnAnotherSite(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	for _, dest := range []string{"iframe", "frame", "image", "script", "object", "embed", "empty"} {
		w := s.ask("GET", l.Path(), nil, "Sec-Fetch-Dest", dest, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "cross-site", "User-Agent", phone+" "+dest)
		if strings.Contains(w.Header().Get("Location"), "c=") || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s: a token or a cookie is given: %s", dest, w.Header().Get("Location"))
		}
	}
	if n := s.count(`select count(*) from clicks where eligible`); n != 0 {
		t.Errorf("%d count", n)
	}
	s.ask("GET", l.Path(), nil, "Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "User-Agent", phone+" iframe")
	if n := s.count(`select count(*) from clicks where eligible`); n != 1 {
		t.Errorf("of the person who then follows the link %d count", n)
	}
}

// A scanner looks at every link of a letter before its reader does: with HEAD, with a library, or ahead of time. The reader's click
// counts, from the same address too.
func TestMailScannerFollowsEveryLink(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	for _, headers := range [][]string{{"User-Agent", "python-requests/2.31.0"}, {"User-Agent", ""}, {"User-Agent", "Go-http-client/2.0"}, {"User-Agent", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"},
		{"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}} {
		if w := s.ask("GET", l.Path(), nil, headers...); w.Code >= 400 || strings.Contains(w.Header().Get("Location"), "c=") {
			t.Errorf("%v: %d to %s", headers, w.Code, w.Header().Get("Location"))
		}
	}
	s.ask("HEAD", l.Path(), nil)
	if n := s.count(`select count(*) from clicks`); n != 0 {
		t.Errorf("%d clicks of a scanner are kept", n)
	}
	s.ask("GET", l.Path(), nil)
	if n := s.count(`select count(*) from clicks where eligible`); n != 1 {
		t.Errorf("%d clicks of the reader count", n)
	}
}

// The browsers inside applications are people.
func TestInAppBrowsersArePeople(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	agents := []string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 334.0.0.0.55 (iPhone14,5; iOS 18_5; fr_FR; fr; scale=3.00; 1170x2532; 619461904)",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/463.0.0.32.108;FBBV/595138842;FBDV/iPhone13,2;FBMD/iPhone;FBSN/iOS;FBSV/17.4;FBSS/3;FBID/phone;FBLC/fr_FR;FBOP/5]",
		"Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.6367.82 Mobile Safari/537.36 trill_340203 BytedanceWebview/d8a21c6",
		"Mozilla/5.0 (Linux; Android 13; Pixel 7; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36 WhatsApp/2.24.13.78",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/14.8.0",
	}
	for _, agent := range agents {
		if w := s.ask("GET", l.Path(), nil, "User-Agent", agent); w.Code != http.StatusFound || !strings.Contains(w.Header().Get("Location"), "c=") {
			t.Errorf("%.90s: %d to %s", agent, w.Code, w.Header().Get("Location"))
		}
	}
	if n := s.count(`select count(*) from clicks where eligible`); n != len(agents) {
		t.Errorf("%d of %d count", n, len(agents))
	}
}

// From the browser inside an application to the phone's own: the address that is opened there carries the click with it.
func TestInAppBrowserToSafari(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	landing := s.ask("GET", l.Path(), nil, "User-Agent", phone+" Instagram 334.0").Header().Get("Location")
	path, token, _ := strings.Cut(landing, "?c=")
	if path != "/@alice/p/savon" {
		t.Errorf("lands at %s", path)
	}
	c, err := clicks.ClickByToken(t.Context(), s.db, token, s.now)
	if err != nil || !c.Eligible || c.LinkID != l.ID {
		t.Errorf("the address carries %+v, %v", c, err)
	}
}

// The time of a click is ours: what the buyer's clock says is never asked for.
func TestClockOfTheBuyerIsWrong(t *testing.T) {
	s := open(t)
	s.ask("GET", s.soapLink().Path(), nil, "Date", "Thu, 01 Jan 1970 00:00:00 GMT", "If-Modified-Since", "Fri, 31 Dec 2099 23:59:59 GMT")
	if n := s.count(`select count(*) from clicks where at = $1`, s.now); n != 1 {
		t.Errorf("%d clicks are of our time", n)
	}
}
