package page

import (
	"html/template"
	"net/url"
	"strings"

	"relais/internal/i18n"
)

// ShareLink is what the share sheet hands on. Text already carries the ad label of DESIGN section 10.
type ShareLink struct {
	URL   string // absolute, the short link
	Title string
	Text  string
	PNG   string // path of the QR code as a PNG to download; empty: none
}

// ShareTarget is one way to hand a link on, as an ordinary link that needs no script.
type ShareTarget struct {
	Name string // "WhatsApp"
	Icon string
	URL  template.URL // ours: a fixed beginning and escaped values; html/template would not let "sms:" through
}

// shareTargets lists the channels of the share sheet.
func shareTargets(l i18n.Lang, s ShareLink) []ShareTarget {
	var list []ShareTarget
	for _, channel := range []string{"whatsapp", "telegram", "facebook", "linkedin", "x", "bluesky", "mail", "sms"} {
		list = append(list, ShareBy(l, channel, s))
	}
	return list
}

// ShareBy is one of the ways to hand something on, by the name of its channel; its zero value for a channel that no address opens. The
// link of s may be empty: then its text goes alone. Query escaping writes a space as %20: mail and SMS programs show a plus sign as it is.
func ShareBy(l i18n.Lang, channel string, s ShareLink) ShareTarget {
	link, text := escape(s.URL), escape(s.Text)
	both := escape(strings.TrimSpace(s.Text + " " + s.URL))
	switch channel {
	case "whatsapp":
		return ShareTarget{"WhatsApp", "brand-whatsapp", template.URL("https://wa.me/?text=" + both)}
	case "telegram":
		if s.URL == "" {
			link, text = text, "" // it wants something to be the link
		}
		return ShareTarget{"Telegram", "brand-telegram", template.URL("https://t.me/share/url?url=" + link + "&text=" + text)}
	case "facebook":
		return ShareTarget{"Facebook", "brand-facebook", template.URL("https://www.facebook.com/sharer/sharer.php?u=" + link)}
	case "linkedin":
		return ShareTarget{"LinkedIn", "brand-linkedin", template.URL("https://www.linkedin.com/sharing/share-offsite/?url=" + link)}
	case "x":
		return ShareTarget{"X", "brand-x", template.URL("https://x.com/intent/post?text=" + text + "&url=" + link)}
	case "bluesky":
		return ShareTarget{"Bluesky", "brand-bluesky", template.URL("https://bsky.app/intent/compose?text=" + both)}
	case "mail":
		return ShareTarget{l.T("page.share.email"), "mail", template.URL("mailto:?subject=" + escape(s.Title) + "&body=" + both)}
	case "sms":
		return ShareTarget{l.T("page.share.sms"), "message-circle", template.URL("sms:?&body=" + both)}
	}
	return ShareTarget{}
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
