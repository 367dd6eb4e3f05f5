package stories_test

import (
	"net/url"
	"strings"
	"testing"

	"relais/internal/stories"
)

func TestVideos(t *testing.T) {
	for typed, want := range map[string]string{
		"https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3s&si=abc":                     "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
		"http://youtu.be/dQw4w9WgXcQ?si=follow":                                       "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
		"https://m.youtube.com/shorts/dQw4w9WgXcQ":                                    "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
		"https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ":                          "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
		"https://YOUTUBE.com/live/dQw4w9WgXcQ/":                                       "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
		"https://vimeo.com/76979871":                                                  "https://vimeo.com/76979871",
		"https://player.vimeo.com/video/76979871?h=8272103f6e":                        "https://vimeo.com/76979871/8272103f6e",
		"https://vimeo.com/76979871/8272103f6e":                                       "https://vimeo.com/76979871/8272103f6e",
		"https://www.dailymotion.com/video/x8bqfj2_un-titre":                          "https://www.dailymotion.com/video/x8bqfj2",
		"https://dai.ly/x8bqfj2":                                                      "https://www.dailymotion.com/video/x8bqfj2",
		"https://framatube.org/w/kkGMgK9ZtnKfYAgnEtQxbv":                              "https://framatube.org/w/kkGMgK9ZtnKfYAgnEtQxbv",
		"https://video.example.org/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d": "https://video.example.org/w/9c9de5e8-0a1e-484a-b099-e80766180a6d",
	} {
		if got, err := stories.ParseVideo(typed); err != nil || got.URL != want {
			t.Errorf("%s: %q, %v; want %q", typed, got.URL, err, want)
		}
	}
	for _, typed := range []string{"", "dQw4w9WgXcQ", "javascript:alert(1)", "https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ", "https://user@youtube.com/watch?v=dQw4w9WgXcQ",
		"https://youtube.com:8443/watch?v=dQw4w9WgXcQ", "https://www.youtube.com/watch?v=short", "https://www.youtube.com/redirect?q=https://evil.example", "https://vimeo.com/channels/staff",
		"https://vimeo.com/76979871/../x", "https://127.0.0.1/w/kkGMgK9ZtnKfYAgnEtQxbv", "https://[::1]/w/kkGMgK9ZtnKfYAgnEtQxbv", "https://localhost/w/kkGMgK9ZtnKfYAgnEtQxbv",
		"https://framatube.org/w/short", "https://framatube.org/a/b/w/kkGMgK9ZtnKfYAgnEtQxbv", "ftp://framatube.org/w/kkGMgK9ZtnKfYAgnEtQxbv", "https://youtube.com/w/kkGMgK9ZtnKfYAgnEtQxbv",
		"https://framatube.org/w/kkGMgK9ZtnKfYAgnEtQxbv" + strings.Repeat(" ", 1) + "x", "https://exämple.org/w/kkGMgK9ZtnKfYAgnEtQxbv"} {
		if got, err := stories.ParseVideo(typed); err == nil {
			t.Errorf("%s is taken for %+v", typed, got)
		}
	}
}

// Whatever is taken is a plain https address without anything of the visitor in it, and is taken again as it is written.
func FuzzVideo(f *testing.F) {
	for _, s := range []string{"https://youtu.be/dQw4w9WgXcQ", "https://vimeo.com/76979871/8272103f6e", "https://dai.ly/x8bqfj2", "https://framatube.org/w/kkGMgK9ZtnKfYAgnEtQxbv", "//youtu.be/dQw4w9WgXcQ", "https:youtu.be", "https://vimeo.com/video"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := stories.ParseVideo(s)
		if err != nil {
			return
		}
		u, err := url.Parse(v.URL)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.Fragment != "" || strings.ContainsAny(v.URL, "<>\"' \n\\") || u.String() != v.URL || v.Service == "" {
			t.Fatalf("%q becomes %q", s, v.URL)
		}
		if again, err := stories.ParseVideo(v.URL); err != nil || again.URL != v.URL || again.Service != v.Service {
			t.Fatalf("%q becomes %q, and that %q, %v", s, v.URL, again.URL, err)
		}
	})
}
