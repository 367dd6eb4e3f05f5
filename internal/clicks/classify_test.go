package clicks_test

import (
	"strings"
	"sync"
	"testing"

	"relais/internal/clicks"
)

const alice, bruno = 1, 2

func TestClassify(t *testing.T) {
	person := clicks.Request{Method: "GET", Agent: clicks.Person, OwnerID: alice}
	with := func(change func(*clicks.Request)) clicks.Request {
		r := person
		change(&r)
		return r
	}
	tests := []struct {
		name string
		r    clicks.Request
		want clicks.Verdict
	}{
		{"a person whose browser says nothing", person, clicks.Verdict{Keep: true}},
		{"a person", with(func(r *clicks.Request) { r.SecDest, r.SecMode = "document", "navigate" }), clicks.Verdict{Keep: true}},
		{"another member", with(func(r *clicks.Request) { r.MemberID = bruno }), clicks.Verdict{Keep: true}},
		{"the member", with(func(r *clicks.Request) { r.MemberID = alice }), clicks.Verdict{Reason: clicks.Self, Keep: true}},
		{"hidden frame", with(func(r *clicks.Request) { r.SecDest, r.SecMode = "iframe", "navigate" }), clicks.Verdict{Reason: clicks.Embedded, Keep: true}},
		{"hidden image", with(func(r *clicks.Request) { r.SecDest, r.SecMode = "image", "no-cors" }), clicks.Verdict{Reason: clicks.Embedded, Keep: true}},
		{"script", with(func(r *clicks.Request) { r.SecMode = "cors" }), clicks.Verdict{Reason: clicks.Embedded, Keep: true}},
		{"fetch", with(func(r *clicks.Request) { r.SecDest = "empty" }), clicks.Verdict{Reason: clicks.Embedded, Keep: true}},
		{"embedded by the member", with(func(r *clicks.Request) { r.SecDest, r.MemberID = "iframe", alice }), clicks.Verdict{Reason: clicks.Embedded, Keep: true}},
		{"prefetch", with(func(r *clicks.Request) { r.SecPurpose = "prefetch" }), clicks.Verdict{Reason: clicks.Prefetch}},
		{"prerender", with(func(r *clicks.Request) { r.SecPurpose = "prefetch;prerender" }), clicks.Verdict{Reason: clicks.Prefetch}},
		{"Safari's preview", with(func(r *clicks.Request) { r.SecPurpose = "preview" }), clicks.Verdict{Reason: clicks.Prefetch}},
		{"HEAD", with(func(r *clicks.Request) { r.Method = "HEAD" }), clicks.Verdict{Reason: clicks.Head}},
		{"crawler", with(func(r *clicks.Request) { r.Agent = clicks.Program }), clicks.Verdict{Reason: clicks.Bot}},
		{"messenger", with(func(r *clicks.Request) { r.Agent = clicks.Messenger }), clicks.Verdict{Reason: clicks.Preview, Card: true}},
		{"messenger, HEAD", with(func(r *clicks.Request) { r.Agent, r.Method = clicks.Messenger, "HEAD" }), clicks.Verdict{Reason: clicks.Preview, Card: true}},
		{"messenger, switched off", with(func(r *clicks.Request) { r.Agent, r.Off = clicks.Messenger, true }), clicks.Verdict{Reason: clicks.Disabled}},
		{"switched off", with(func(r *clicks.Request) { r.Off = true }), clicks.Verdict{Reason: clicks.Disabled}},
	}
	for _, tt := range tests {
		if got := clicks.Classify(tt.r); got != tt.want {
			t.Errorf("%s: Classify = %+v; want %+v", tt.name, got, tt.want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("GET", "person", "document", "navigate", "", int64(0), int64(1), false)
	f.Add("HEAD", "messenger", "iframe", "no-cors", "prefetch", int64(1), int64(1), true)
	f.Fuzz(func(t *testing.T, method, agent, dest, mode, purpose string, visitor, owner int64, off bool) {
		r := clicks.Request{Method: method, Agent: clicks.Agent(agent), SecDest: dest, SecMode: mode, SecPurpose: purpose, MemberID: visitor, OwnerID: owner, Off: off}
		v := clicks.Classify(r)
		if v.Reason == clicks.Counts && (method != "GET" || r.Agent != clicks.Person || off || visitor != 0 && visitor == owner || !v.Keep) {
			t.Errorf("Classify(%+v) counts", r)
		}
		if v.Keep && (method != "GET" || r.Agent != clicks.Person) || v.Keep && v.Card {
			t.Errorf("Classify(%+v) = %+v keeps what nobody looked at", r, v)
		}
	})
}

func agents(t testing.TB) *clicks.Agents {
	t.Helper()
	a, err := clicks.NewAgents()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKind(t *testing.T) {
	a := agents(t)
	for ua, want := range map[string]clicks.Agent{
		"WhatsApp/2.23.20.0 A":          clicks.Messenger,
		"TelegramBot (like TwitterBot)": clicks.Messenger,
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": clicks.Messenger,
		"Twitterbot/1.0": clicks.Messenger,
		"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)":                                                                               clicks.Messenger,
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)":                                                                                                          clicks.Messenger,
		"Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)":                                                                                                   clicks.Messenger,
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0": clicks.Messenger, // iMessage
		"BlueskyPreviewBot/1.0": clicks.Messenger,
		"Viber":                 clicks.Messenger,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": clicks.Program,
		"curl/8.5.0":             clicks.Program,
		"Go-http-client/1.1":     clicks.Program,
		"python-requests/2.32.0": clicks.Program,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36": clicks.Program,
		"":  clicks.Program,
		" ": clicks.Program,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":                                    clicks.Person,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 380.0.0.0 (iPhone14,5; iOS 18_5; fr_FR; fr)":        clicks.Person,
		"Mozilla/5.0 (Linux; Android 14; SM-S911B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/470] MetaIAB Facebook": clicks.Person,
		"Mozilla/5.0 (Linux; Android 12; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36":                                                        clicks.Person,
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/127 Mobile Safari/537.36 Telegram-Android/11.2.2 (Samsung SM-S911B; Android 14; SDK 34; HIGH)":                    clicks.Person,
		"Mozilla/5.0 (Linux; Android 11; Pixel 5) AppleWebKit/537.36 Chrome/90 Mobile Safari/537.36 Viber/13.3":                                                                      clicks.Person,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":                                              clicks.Person,
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                                                     clicks.Person,
	} {
		for range 2 { // once read, once remembered
			if got := a.Kind(ua); got != want {
				t.Errorf("Kind(%q) = %s; want %s", ua, got, want)
			}
		}
	}
}

func TestKindOfMany(t *testing.T) {
	a := agents(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			long := strings.Repeat("x", 100_000) + string(rune('a'+i))
			if got := a.Kind(long); got != clicks.Person {
				t.Errorf("Kind of a long name = %s", got)
			}
		})
	}
	wg.Wait()
}

func BenchmarkKind(b *testing.B) {
	a := agents(b)
	for b.Loop() {
		a.Kind("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1")
	}
}
