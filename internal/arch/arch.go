// Package arch keeps the shape of the house: one test reads every source file and checks who imports whom, which library
// appears where, how large things get, and a few habits that no other tool knows. The order of Ranks is the reading order
// of the project, from the words everything uses to the program that wires it.
package arch

// Ranks are the packages of internal/ from bottom to top. A package imports only what stands before it.
func Ranks() []string {
	return []string{
		// words
		"money", "fault", "prose", "token", "address", "crash", "pace", "waits",
		// ground
		"postgres", "changes", "clock", "ledger", "jobs", "payments", "i18n", "outside", "media", "mail", "mail/incoming",
		// domains
		"members", "notices", "reports", "groups", "catalog/steps", "catalog/slug", "catalog/markdown", "catalog", "catalog/shopify", "doubts", "ideas", "polls", "storefronts", "follows", "clicks", "referrals", "fediverse/wire", "fediverse/feeds", "fediverse/courier", "fediverse", "stories", "earnings", "royalties", "insight", "designs/path", "designs/letters", "designs/model", "designs/draw", "designs", "publications", "carts", "refunds", "orders/told", "orders/form", "orders/events", "orders", "orders/foresee", "orders/lists", "orders/checks", "making", "pledges/consent", "pledges", "pledges/sound", "pledges/made", "pos", "support", "pledges/late", "returns", "disputes", "reviews", "posts/photos", "posts", "ratings", "questions", "payouts", "debts", "documents", "documents/paper", "webhooks", "reconcile",
		// the outside world
		"stripe", "stripesandbox/chaos", "stripesandbox/words", "stripesandbox/params", "stripesandbox/cards", "stripesandbox/journal", "stripesandbox/visit", "stripesandbox",
		// pages
		"web/card", "web/page", "web/preview", "web/aftersale", "web/review", "web/notice", "web/casedesk", "web/opinion", "web/ask", "web/idea", "web/ballot", "web/story", "web/relay", "web/orderform", "web/tally", "web/withdrawal", "web/shop", "web/groupbuy", "web/account", "web/circle", "web/feed", "web/brandspace", "web/launch", "web/studio", "web/gallery", "web/workshop", "web/till", "web/inbox", "web/counter", "web/admin", "web/federation", "web",
		// the program
		"demo/agenda", "demo/content", "demo/groupbuy", "demo/asking", "demo/ideabox", "demo/asked", "demo/tales", "demo/talks", "demo/studio", "demo/bells", "demo", "app", "arch", "e2e/pixels", "e2e", "bench", "torture/rules", "torture/backing", "torture",
	}
}

// Libraries says where a library may appear, tests included; a name stands for the packages below it too.
func Libraries() map[string][]string {
	return map[string][]string{
		"github.com/stripe/stripe-go":           {"internal/stripe", "internal/stripesandbox"},
		"github.com/stripe/stripe-mock":         {"internal/payments/paymentstest"},
		"github.com/labstack":                   {"internal/web", "internal/app", "internal/bench"},
		"github.com/golang-jwt":                 {"internal/token"},
		"github.com/pressly/goose":              {"internal/postgres"},
		"github.com/alecthomas/kong":            {"cmd/relais"},
		"github.com/chromedp":                   {"internal/e2e"},
		"github.com/wneessen/go-mail":           {"internal/mail"},
		"github.com/emersion/go-smtp":           {"internal/mail"},
		"github.com/emersion/go-message":        {"internal/mail"},
		"github.com/disintegration/imaging":     {"internal/media", "internal/web", "internal/designs/draw"},
		"github.com/SherClockHolmes/webpush-go": {"internal/notices"},
		"github.com/alexedwards/argon2id":       {"internal/members"},
		"github.com/prometheus":                 {"internal/app", "internal/web"},
		"github.com/nicksnyder/go-i18n":         {"internal/i18n"},
		"rsc.io/qr":                             {"internal/web"},
		"github.com/go-pdf/fpdf":                {"internal/documents/paper", "internal/designs/draw"},
		"github.com/pdfcpu/pdfcpu":              {"internal/documents/paper", "internal/designs/draw"},
		"git.sr.ht/~sbinet/gg":                  {"internal/web", "internal/media", "internal/designs/draw"},
		"github.com/go-text/typesetting":        {"internal/designs/letters"},
		"github.com/lib/pq":                     data(),
		"github.com/jmoiron/sqlx":               append(data(), "internal/web", "internal/app", "internal/demo", "internal/bench", "internal/e2e", "internal/torture"),
		"database/sql":                          append(data(), "internal/app", "internal/demo", "internal/bench", "internal/e2e"),
		"github.com/mmcdole/gofeed":             {"internal/fediverse/feeds", "internal/app"},
		"github.com/makiuchi-d/gozxing":         {"internal/web", "internal/e2e"},
		"github.com/santhosh-tekuri/jsonschema": {"internal/payments/paymentstest"},
		"codeberg.org/readeck/go-readability":   {"internal/app"},
	}
}

// data are the packages that own tables.
func data() []string {
	return []string{"internal/postgres", "internal/changes", "internal/clock", "internal/ledger", "internal/jobs", "internal/media", "internal/mail",
		"internal/members", "internal/groups", "internal/notices", "internal/reports", "internal/catalog", "internal/storefronts", "internal/follows", "internal/clicks", "internal/referrals", "internal/fediverse", "internal/earnings", "internal/royalties", "internal/insight", "internal/orders",
		"internal/pos", "internal/pledges", "internal/designs", "internal/publications", "internal/making",
		"internal/carts", "internal/refunds", "internal/support", "internal/returns", "internal/disputes", "internal/reviews", "internal/stories", "internal/posts", "internal/ratings", "internal/questions", "internal/ideas", "internal/polls", "internal/payouts", "internal/debts", "internal/documents", "internal/webhooks", "internal/reconcile"}
}

// Data are the packages that may write SQL.
func Data() []string { return append(data(), "internal/demo", "internal/bench", "internal/torture") }

// Names says where a name of a package may be used outside of tests: a folder or a file.
func Names() map[string][]string {
	return map[string][]string{
		// Time is an argument; the two clocks are made in app, and a duration may be measured where it is logged.
		"time.Now":            {"cmd/", "internal/app/", "internal/clock/", "internal/jobs/", "internal/bench/", "internal/torture/", "internal/web/page/middleware.go"},
		"time.Since":          {"cmd/", "internal/app/", "internal/jobs/", "internal/bench/", "internal/torture/", "internal/torture/", "internal/web/page/middleware.go"},
		"template.HTML":       {"internal/web/page/", "internal/catalog/markdown/"}, // sanitised there, and nowhere else
		"template.JS":         {},
		"template.CSS":        {},
		"template.URL":        {"internal/web/page/share.go"}, // for sms: links
		"template.HTMLAttr":   {},
		"jwt.ParseUnverified": {},
		"jwt.NewParser":       {"internal/token/"},
		"http.DefaultClient":  {},
		"http.Get":            {},
		"os.Exit":             {"cmd/", "internal/bench/main.go", "internal/torture/main.go"},
		"log.Fatal":           {},
		"log.Printf":          {},
		"fmt.Println":         {},
	}
}

// TestNames says where a name may be used in tests.
func TestNames() map[string][]string {
	return map[string][]string{"time.Sleep": {}, "t.Skip": {}, "t.Skipf": {}, "t.SkipNow": {}, "jwt.ParseUnverified": {}}
}

// Sizes in lines; more of it is a package, a file or a function that wants to be two.
const (
	FunctionLines = 60
	FileLines     = 400
	PackageLines  = 2500
)

// Larger are packages with a reason to be.
func Larger() map[string]int {
	return map[string]int{
		"internal/orders":        2680, // whatever moves an order is here, as each of it locks the same row and sees what the others did
		"internal/torture":       2800, // one world, which every part of it needs
		"internal/stripesandbox": 5000, // as much of somebody else's API as we use, card readers too; its parts share one state under one lock
	}
}
