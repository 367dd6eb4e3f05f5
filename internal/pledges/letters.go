package pledges

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// Consent is the sentence by which a buyer lets us charge their card: how much at most, when, and on what condition.
func Consent(c Campaign, p Pledge) string {
	most, until := p.Lang.Money(money.New(p.MostMinor, c.Currency)), p.Lang.DateTime(c.Deadline)
	if c.IsLaunch() {
		return p.Lang.T("pledges.launch.consent", "Most", most, "Date", until, "Units", c.Goal(), "Month", p.Lang.Month(*c.Expected))
	}
	return p.Lang.T("pledges.consent", "Most", most, "Date", until, "People", c.Goal())
}

// letter is what letters about a pledge read.
type letter struct {
	Pledge
	Title, Brand, Opener string
	Campaign             Campaign
	Most                 money.Amount
	OrderToken           string       // of the order, where there is one
	Total                money.Amount // of the order
	Until                time.Time    // until when it can be paid
	Stopped              bool         // the order was cancelled
	Slug                 string       // of the product
}

// Words are where the words of the letter begin: those of group orders, or of launches.
func (l letter) Words() string {
	if l.Campaign.IsLaunch() {
		return "pledges.launch."
	}
	return "pledges.letters."
}

// Month is that in which what was promised in a launch is delivered, in words.
func (l letter) Month() string { return l.Lang.Month(*l.Campaign.Expected) }

// Card is what a buyer knows their card by: "visa •••• 4242".
func (p Pledge) Card() string { return p.CardBrand + " •••• " + p.CardLast4 }

const selectNames = `
select coalesce(t.title, p.title) as title, b.name as brand, b.handle as brand_handle, m.name as opener, p.slug
from products p join brands b on b.id = p.brand_id join members m on m.id = $2 left join product_translations t on t.product_id = p.id and t.lang = $3
where p.id = $1`

type names struct {
	Title       string `db:"title"`
	Brand       string `db:"brand"`
	BrandHandle string `db:"brand_handle"`
	Opener      string `db:"opener"`
	Slug        string `db:"slug"`
}

func namesOf(ctx context.Context, q sqlx.QueryerContext, c Campaign, lang i18n.Lang) (n names, err error) {
	err = sqlx.GetContext(ctx, q, &n, selectNames, c.ProductID, c.OpenedBy, lang)
	return n, postgres.Translate(err)
}

func (s *Service) letter(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge, template, key string) error {
	return s.write(ctx, tx, c, letter{Pledge: p}, template, key)
}

// refusalLetter tells a buyer that their card was refused, how they can pay and until when. Each refusal is told.
func (s *Service) refusalLetter(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge, o orders.Order) error {
	return s.write(ctx, tx, c, letter{Pledge: p, OrderToken: o.Token, Total: o.Total(), Until: o.ExpiresAt}, "pledge_refused", fmt.Sprintf("refused:%d", p.Refusals))
}

// write writes to a buyer and, if they are a member, tells them in the app.
func (s *Service) write(ctx context.Context, tx *sqlx.Tx, c Campaign, data letter, template, key string) error {
	n, err := namesOf(ctx, tx, c, data.Lang)
	if err != nil {
		return err
	}
	data.Title, data.Brand, data.Opener, data.Slug, data.Campaign, data.Most = n.Title, n.Brand, n.Opener, n.Slug, c, money.New(data.MostMinor, c.Currency)
	if err := s.mail.Queue(ctx, tx, mail.Letter{To: data.Email, Lang: data.Lang, Template: template, Reference: fmt.Sprintf("pledge:%d:%s", data.ID, key), Data: data}); err != nil {
		return err
	}
	if data.MemberID == nil || data.State == Left { // who leaves did so a moment ago
		return nil
	}
	until := c.Deadline
	if !data.Until.IsZero() {
		until = data.Until
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: *data.MemberID, Kind: notices.Order, Event: template, Subject: fmt.Sprintf("pledge:%d:%s", data.ID, key), Path: data.Path(),
		At: s.now(), Written: true, Args: notices.Args{"Title": n.Title, "Brand": n.Brand, "Date": until, "Amount": data.Total}})
}

// tellEnd tells who opened a campaign what became of it; of a launch, the team of its brand.
func (s *Service) tellEnd(ctx context.Context, tx *sqlx.Tx, c Campaign, event string, args notices.Args) error {
	if c.IsLaunch() {
		return s.tellBrand(ctx, tx, c, "launch_"+event, args)
	}
	n, err := namesOf(ctx, tx, c, i18n.FR)
	if err != nil {
		return err
	}
	args["Title"] = n.Title
	return notices.Tell(ctx, tx, notices.Notice{MemberID: c.OpenedBy, Kind: notices.Together, Event: event, Subject: fmt.Sprintf("campaign:%d", c.ID), Path: c.Path(), At: s.now(), Args: args})
}

// tellBrand tells the team of a brand.
func (s *Service) tellBrand(ctx context.Context, tx *sqlx.Tx, c Campaign, event string, args notices.Args) error {
	n, err := namesOf(ctx, tx, c, i18n.FR)
	if err != nil {
		return err
	}
	args["Title"], args["Brand"] = n.Title, n.Brand
	list := "/together"
	if c.IsLaunch() {
		list = "/launches"
	}
	return notices.TellTeam(ctx, tx, c.BrandID, notices.Notice{Kind: notices.BrandOrder, Event: event, Subject: fmt.Sprintf("campaign:%d", c.ID), Path: "/brand/" + n.BrandHandle + list,
		At: s.now(), Args: args})
}
