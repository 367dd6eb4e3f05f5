package members_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relais/internal/fault"
	"relais/internal/members"
)

func TestCleanEmail(t *testing.T) {
	for in, want := range map[string]string{
		"zoe@example.org":                        "zoe@example.org",
		"  Zoe.D+Shop@Example.ORG \n":            "zoe.d+shop@example.org",
		"zoe@müsli.de":                           "zoe@xn--msli-0ra.de",
		"o'neil@example.co.uk":                   "o'neil@example.co.uk",
		"":                                       "",
		"zoe":                                    "",
		"zoe@":                                   "",
		"@example.org":                           "",
		"zoe@localhost":                          "",
		"zoe@example.org.":                       "",
		"zoe@exa mple.org":                       "",
		"zoe d@example.org":                      "",
		"Zoe <zoe@example.org>":                  "",
		"zoe@example.org,b@evil.test":            "",
		"zoe@example.org\r\nBcc: x@y.z":          "",
		"zoé@example.org":                        "",
		"a@b@example.org":                        "",
		"zoe@[127.0.0.1]":                        "",
		"zoe..d@example.org":                     "",
		strings.Repeat("a", 65) + "@example.org": "",
		"zoe@" + strings.Repeat("aaaaaaaaa.", 25) + "example.org": "",
	} {
		got, err := members.CleanEmail(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("CleanEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
		if want == "" && !errors.Is(err, fault.Invalid) {
			t.Errorf("CleanEmail(%q): %v is not an Invalid fault", in, err)
		}
	}
}

func TestNormalEmail(t *testing.T) {
	for in, want := range map[string]string{
		"zoe@example.org":        "zoe@example.org",
		"Zoe+Relais@Example.org": "zoe@example.org",
		"zoe.d@example.org":      "zoe.d@example.org", // two people, for most providers
		"z.o.e+x+y@gmail.com":    "zoe@gmail.com",
		"zoe@googlemail.com":     "zoe@gmail.com",
		"zo.e@pm.me":             "zoe@proton.me",
		"+tag@example.org":       "+tag@example.org",
		"...@gmail.com":          "...@gmail.com",
		"nobody":                 "nobody",
	} {
		if got := members.NormalEmail(in); got != want {
			t.Errorf("NormalEmail(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzNormalEmail(f *testing.F) {
	for _, seed := range []string{"a.b+c@gmail.com", "@", "++@x", "İ@googlemail.com", "a@b@c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once := members.NormalEmail(in)
		if twice := members.NormalEmail(once); twice != once {
			t.Errorf("%q: %q, then %q", in, once, twice)
		}
		clean, err := members.CleanEmail(in)
		if err != nil {
			return
		}
		if again, err := members.CleanEmail(clean); again != clean || err != nil {
			t.Errorf("%q: clean %q, then %q, %v", in, clean, again, err)
		}
		if clean != strings.ToLower(clean) || !strings.Contains(clean, "@") {
			t.Errorf("%q: clean %q", in, clean)
		}
	})
}

func TestProposeHandle(t *testing.T) {
	for _, tc := range []struct {
		name string
		n    int
		want string
	}{
		{"Zoé L'Hermite", 0, "zoe-l-hermite"},
		{"Zoé L'Hermite", 1, "zoe-l-hermite-2"},
		{"Œuvre & Cœur", 0, "oeuvre-coeur"},
		{"Li", 0, "chez-li"},
		{"山田", 0, "relayeur"},
		{"", 3, "relayeur-4"},
		{"12345", 0, "chez-12345"},
		{"Admin", 0, "chez-admin"},
		{"Relais Officiel", 0, "chez-relais-officiel"},
		{strings.Repeat("long ", 20), 0, "long-long-long-long-long-long"},
		{strings.Repeat("a", 60), 9, strings.Repeat("a", 27) + "-10"},
	} {
		if got := members.ProposeHandle(tc.name, tc.n); got != tc.want {
			t.Errorf("ProposeHandle(%q, %d) = %q, want %q", tc.name, tc.n, got, tc.want)
		}
	}
}

func TestProposedHandlesAreGood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, n := rapid.String().Draw(t, "name"), rapid.IntRange(0, 1_000_100).Draw(t, "n")
		handle := members.ProposeHandle(name, n)
		if err := members.CheckHandle(handle); err != nil {
			t.Fatalf("ProposeHandle(%q, %d) = %q: %v", name, n, handle, err)
		}
	})
}

func TestCheckHandle(t *testing.T) {
	for _, good := range []string{"zoe", "zoe-d", "a1b", "3-petits-points", strings.Repeat("a", 30)} {
		if err := members.CheckHandle(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "zo", "Zoe", "zoé", "-zoe", "zoe-", "zo--e", "zo e", "zo/e", "admin", "a-d-m-i-n", "relais",
		"relais-officiel", "administration", "support", strings.Repeat("a", 31), "zoe\n", "zoe\x00"} {
		if err := members.CheckHandle(bad); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	about := []string{"Zoé Martin", "zoe.martin@savonnerie.example", "zoe-martin"}
	for _, good := range []string{
		"trois vélos bleus", "kX9#mQ2p", "🦔🌧🍋🚲🦔🌧🍋🚲", "martinets en vol", strings.Repeat("ab1? ", 51), "pass the salt",
	} {
		if err := members.CheckPassword(good, about...); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, key := range map[string]string{
		"":                          "fault.password_short",
		"kX9#mQ2":                   "fault.password_short",
		"🦔🌧🍋🚲🦔🌧🍋":                   "fault.password_short",
		strings.Repeat("ab1? ", 52): "fault.password_long",
		"password":                  "fault.password_common",
		"PassWord":                  "fault.password_common",
		"password2026!":             "fault.password_common",
		"motdepasse":                "fault.password_common",
		"azertyuiop":                "fault.password_common",
		"12345678":                  "fault.password_common",
		"1qaz2wsx":                  "fault.password_common",
		"aaaaaaaaaaaa":              "fault.password_common",
		"abababababab":              "fault.password_common",
		"martin1987":                "fault.password_guessable",
		"ZoeMartin!":                "fault.password_guessable",
		"savonnerie":                "fault.password_guessable",
		"relais-2026":               "fault.password_guessable",
		"relaisrelais1":             "fault.password_guessable",
		"ab\x00cdefgh":              "fault.password_unreadable",
		"ab\xffcdefgh":              "fault.password_unreadable",
	} {
		err := members.CheckPassword(bad, about...)
		var f *fault.Error
		if !errors.As(err, &f) || f.Fields["password"] != key {
			t.Errorf("%q: %v, want %s", bad, err, key)
		}
	}
}

func TestBrowser(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                           "Firefox, Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile Safari/604.1": "Safari, iPhone",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36":                         "Chrome, Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0":            "Edge, Windows",
		"curl/8.5": "",
		"":         "",
	} {
		if got := (members.OpenSession{UserAgent: agent}).Browser(); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}
