package stories

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"relais/internal/fault"
)

// Video is a video somewhere else, known by its address alone: nothing is loaded from there.
type Video struct {
	Service string // "YouTube", "Vimeo", "Dailymotion" or "PeerTube"
	Host    string // that the address leads to
	URL     string // as we write it: without what tells who followed it
}

var (
	youtubeID     = regexp.MustCompile(`^[A-Za-z0-9_-]{11}$`)
	vimeoID       = regexp.MustCompile(`^[0-9]{5,12}$`)
	vimeoKey      = regexp.MustCompile(`^[0-9a-f]{8,12}$`)
	dailymotionID = regexp.MustCompile(`^[A-Za-z0-9]{6,20}$`)
	peertubeShort = regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{22}$`)
	peertubeUUID  = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	domain        = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// ParseVideo recognises the address of a video by its form: at YouTube, Vimeo or Dailymotion, or at any server that runs PeerTube. What else is
// in the address is left out. Fault: the field video.
func ParseVideo(typed string) (Video, error) {
	unknown := fault.Field("video", "story.video_unknown")
	u, err := url.Parse(strings.TrimSpace(typed))
	if err != nil || len(typed) > MaxVideo || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Port() != "" || u.Opaque != "" {
		return Video{}, unknown
	}
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil || !domain.MatchString(host) || len(host) > 253 {
		return Video{}, unknown
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for _, known := range []func(string, []string, url.Values) (Video, bool){youtube, vimeo, dailymotion, peertube} {
		if v, ok := known(host, parts, u.Query()); ok {
			v.Host = strings.TrimPrefix(host, "www.")
			return v, nil
		}
	}
	return Video{}, unknown
}

// at says whether a host is a domain or below www, m and the like of it.
func at(host string, domains ...string) bool {
	for _, prefix := range []string{"www.", "m.", "music.", "player.", "geo."} {
		host = strings.TrimPrefix(host, prefix)
	}
	return slices.Contains(domains, host)
}

func youtube(host string, parts []string, q url.Values) (Video, bool) {
	id := ""
	switch {
	case host == "youtu.be":
		id = parts[0]
	case !at(host, "youtube.com", "youtube-nocookie.com"):
	case parts[0] == "watch":
		id = q.Get("v")
	case len(parts) == 2 && slices.Contains([]string{"shorts", "embed", "live", "v"}, parts[0]):
		id = parts[1]
	}
	return Video{Service: "YouTube", URL: "https://www.youtube.com/watch?v=" + id}, youtubeID.MatchString(id)
}

func vimeo(host string, parts []string, q url.Values) (Video, bool) {
	if !at(host, "vimeo.com") {
		return Video{}, false
	}
	if parts[0] == "video" {
		parts = parts[1:]
	}
	if len(parts) == 0 || len(parts) > 2 || !vimeoID.MatchString(parts[0]) {
		return Video{}, false
	}
	v := Video{Service: "Vimeo", URL: "https://vimeo.com/" + parts[0]}
	key := q.Get("h")
	if len(parts) == 2 {
		key = parts[1]
	}
	if key != "" && !vimeoKey.MatchString(key) {
		return v, false
	}
	if key != "" { // of a video that is not listed
		v.URL += "/" + key
	}
	return v, true
}

func dailymotion(host string, parts []string, _ url.Values) (Video, bool) {
	id := ""
	switch {
	case host == "dai.ly" && len(parts) == 1:
		id = parts[0]
	case !at(host, "dailymotion.com"):
	case len(parts) >= 2 && parts[len(parts)-2] == "video":
		id, _, _ = strings.Cut(parts[len(parts)-1], "_")
	}
	return Video{Service: "Dailymotion", URL: "https://www.dailymotion.com/video/" + id}, dailymotionID.MatchString(id)
}

// others are hosts that have addresses like those of PeerTube and are not it.
var others = []string{"youtube.com", "youtube-nocookie.com", "youtu.be", "vimeo.com", "dailymotion.com", "dai.ly"}

func peertube(host string, parts []string, _ url.Values) (Video, bool) {
	if at(host, others...) || len(parts) < 2 {
		return Video{}, false
	}
	id, way := parts[len(parts)-1], strings.Join(parts[:len(parts)-1], "/")
	if !slices.Contains([]string{"w", "videos/watch", "videos/embed"}, way) || !peertubeShort.MatchString(id) && !peertubeUUID.MatchString(id) {
		return Video{}, false
	}
	return Video{Service: "PeerTube", URL: "https://" + host + "/w/" + id}, true
}
