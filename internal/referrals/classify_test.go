package referrals_test

import (
	"strings"
	"sync"
	"testing"

	"relais/internal/referrals"
)

func TestClassify(t *testing.T) {
	link := referrals.Link{MemberID: alice}
	off := referrals.Link{MemberID: alice, Disabled: true}
	person := referrals.Request{Method: "GET", Agent: referrals.Person}
	with := func(change func(*referrals.Request)) referrals.Request {
		r := person
		change(&r)
		return r
	}
	tests := []struct {
		name string
		r    referrals.Request
		link referrals.Link
		want referrals.Verdict
	}{
		{"a person whose browser says nothing", person, link, referrals.Verdict{Keep: true}},
		{"a person", with(func(r *referrals.Request) { r.SecDest, r.SecMode = "document", "navigate" }), link, referrals.Verdict{Keep: true}},
		{"another member", with(func(r *referrals.Request) { r.MemberID = bruno }), link, referrals.Verdict{Keep: true}},
		{"the member", with(func(r *referrals.Request) { r.MemberID = alice }), link, referrals.Verdict{Reason: referrals.Self, Keep: true}},
		{"hidden frame", with(func(r *referrals.Request) { r.SecDest, r.SecMode = "iframe", "navigate" }), link, referrals.Verdict{Reason: referrals.Embedded, Keep: true}},
		{"hidden image", with(func(r *referrals.Request) { r.SecDest, r.SecMode = "image", "no-cors" }), link, referrals.Verdict{Reason: referrals.Embedded, Keep: true}},
		{"script", with(func(r *referrals.Request) { r.SecMode = "cors" }), link, referrals.Verdict{Reason: referrals.Embedded, Keep: true}},
		{"fetch", with(func(r *referrals.Request) { r.SecDest = "empty" }), link, referrals.Verdict{Reason: referrals.Embedded, Keep: true}},
		{"embedded by the member", with(func(r *referrals.Request) { r.SecDest, r.MemberID = "iframe", alice }), link, referrals.Verdict{Reason: referrals.Embedded, Keep: true}},
		{"prefetch", with(func(r *referrals.Request) { r.SecPurpose = "prefetch" }), link, referrals.Verdict{Reason: referrals.Prefetch}},
		{"prerender", with(func(r *referrals.Request) { r.SecPurpose = "prefetch;prerender" }), link, referrals.Verdict{Reason: referrals.Prefetch}},
		{"Safari's preview", with(func(r *referrals.Request) { r.SecPurpose = "preview" }), link, referrals.Verdict{Reason: referrals.Prefetch}},
		{"HEAD", with(func(r *referrals.Request) { r.Method = "HEAD" }), link, referrals.Verdict{Reason: referrals.Head}},
		{"crawler", with(func(r *referrals.Request) { r.Agent = referrals.Program }), link, referrals.Verdict{Reason: referrals.Bot}},
		{"messenger", with(func(r *referrals.Request) { r.Agent = referrals.Messenger }), link, referrals.Verdict{Reason: referrals.Preview, Card: true}},
		{"messenger, HEAD", with(func(r *referrals.Request) { r.Agent, r.Method = referrals.Messenger, "HEAD" }), link, referrals.Verdict{Reason: referrals.Preview, Card: true}},
		{"messenger, switched off", with(func(r *referrals.Request) { r.Agent = referrals.Messenger }), off, referrals.Verdict{Reason: referrals.Disabled}},
		{"switched off", person, off, referrals.Verdict{Reason: referrals.Disabled}},
	}
	for _, tt := range tests {
		if got := referrals.Classify(tt.r, tt.link); got != tt.want {
			t.Errorf("%s: Classify = %+v; want %+v", tt.name, got, tt.want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("GET", "person", "document", "navigate", "", int64(0), int64(1), false)
	f.Add("HEAD", "messenger", "iframe", "no-cors", "prefetch", int64(1), int64(1), true)
	f.Fuzz(func(t *testing.T, method, agent, dest, mode, purpose string, visitor, owner int64, off bool) {
		r := referrals.Request{Method: method, Agent: referrals.Agent(agent), SecDest: dest, SecMode: mode, SecPurpose: purpose, MemberID: visitor}
		v := referrals.Classify(r, referrals.Link{MemberID: owner, Disabled: off})
		if v.Reason == referrals.Counts && (method != "GET" || r.Agent != referrals.Person || off || visitor != 0 && visitor == owner || !v.Keep) {
			t.Errorf("Classify(%+v) counts", r)
		}
		if v.Keep && (method != "GET" || r.Agent != referrals.Person) || v.Keep && v.Card {
			t.Errorf("Classify(%+v) = %+v keeps what nobody looked at", r, v)
		}
	})
}

func agents(t testing.TB) *referrals.Agents {
	t.Helper()
	a, err := referrals.NewAgents()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKind(t *testing.T) {
	a := agents(t)
	for ua, want := range map[string]referrals.Agent{
		"WhatsApp/2.23.20.0 A":          referrals.Messenger,
		"TelegramBot (like TwitterBot)": referrals.Messenger,
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": referrals.Messenger,
		"Twitterbot/1.0": referrals.Messenger,
		"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)":                                                                               referrals.Messenger,
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)":                                                                                                          referrals.Messenger,
		"Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)":                                                                                                   referrals.Messenger,
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0": referrals.Messenger, // iMessage
		"BlueskyPreviewBot/1.0": referrals.Messenger,
		"Viber":                 referrals.Messenger,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": referrals.Program,
		"curl/8.5.0":             referrals.Program,
		"Go-http-client/1.1":     referrals.Program,
		"python-requests/2.32.0": referrals.Program,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36": referrals.Program,
		"":  referrals.Program,
		" ": referrals.Program,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":                                    referrals.Person,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 380.0.0.0 (iPhone14,5; iOS 18_5; fr_FR; fr)":        referrals.Person,
		"Mozilla/5.0 (Linux; Android 14; SM-S911B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/470] MetaIAB Facebook": referrals.Person,
		"Mozilla/5.0 (Linux; Android 12; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36":                                                        referrals.Person,
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/127 Mobile Safari/537.36 Telegram-Android/11.2.2 (Samsung SM-S911B; Android 14; SDK 34; HIGH)":                    referrals.Person,
		"Mozilla/5.0 (Linux; Android 11; Pixel 5) AppleWebKit/537.36 Chrome/90 Mobile Safari/537.36 Viber/13.3":                                                                      referrals.Person,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":                                              referrals.Person,
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                                                     referrals.Person,
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
			if got := a.Kind(long); got != referrals.Person {
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
