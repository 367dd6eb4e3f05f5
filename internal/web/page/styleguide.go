package page

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
)

// stylePage shows every component with content as long and as awkward as real content is.
type stylePage struct {
	Products  []ProductCard
	Brands    []BrandCard
	Gallery   []Photo
	Earnings  []Earning
	Stages    []Stage
	Stats     []Stat
	Days      Series
	Empty     Empty
	Form      *Form
	Refused   *Form
	Share     ShareLink
	Pager     *Pager
	Countries []Option
	Delivery  []Option
	Sizes     []Option
	Crumbs    []Crumb
	Photo     string
	Story     string
}

// StyleGuide answers GET /dev/styleguide in development: the living list of components. Photos returns content
// hashes of photographs to show; it may return none.
func (s *Site) StyleGuide(photos func(context.Context) ([]string, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !s.options.Dev {
			return fault.New(fault.NotFound, "fault.page_not_found")
		}
		hashes, err := photos(c.Request().Context())
		if err != nil {
			return fmt.Errorf("list photographs: %w", err)
		}
		return s.Render(c, http.StatusOK, "dev/styleguide", samples(c, s.options.Now(), hashes))
	}
}

func samples(c echo.Context, now time.Time, hashes []string) stylePage {
	photo := func(i int) string {
		if len(hashes) == 0 {
			return ""
		}
		return hashes[i%len(hashes)]
	}
	l := Lang(c)
	say := func(fr, en string) string {
		if l == i18n.FR {
			return fr
		}
		return en
	}
	refused := NewForm("email", "camille@exemple", "country", "FR")
	refused.Fail("email", "fault.email_taken")
	pager := &Pager{Page: 4, Size: 24, Total: 230, Path: c.Request().URL.Path}
	return stylePage{
		Gallery:  []Photo{{photo(1), ""}, {photo(2), ""}, {photo(3), ""}},
		Products: sampleProducts(say, photo), Brands: sampleBrands(say, photo), Earnings: sampleEarnings(say, now),
		Stages: sampleStages(say, now), Stats: sampleStats(say, l), Days: sampleDays(say, l, now),
		Empty: Empty{Icon: "share-2", Title: say("Aucun lien pour l’instant", "No links yet"),
			Text: say("Choisissez un produit que vous aimez et partagez-le : le lien apparaîtra ici avec ses visites et ses ventes.",
				"Choose a product that you love and share it: the link will appear here with its visits and sales."),
			URL: "/products", Action: say("Choisir un produit", "Choose a product")},
		Form: NewForm("quantity", "1", "country", "FR", "delivery", "relay", "size", "M"), Refused: refused, Pager: pager,
		Share: ShareLink{URL: "https://relais.example/r/k7Qm2xPd", Title: say("Bougie figuier", "Fig candle"),
			Text: say("Publicité : je touche une commission. La bougie figuier d’Atelier Solstice, celle de ma cuisine.",
				"Ad: Camille earns a commission. The fig candle by Atelier Solstice, the one in my kitchen.")},
		Countries: []Option{{Value: "FR", Label: "France"}, {Value: "BE", Label: say("Belgique", "Belgium")}},
		Delivery: []Option{
			{Value: "relay", Label: say("Point relais", "Pick-up point"), Hint: say("2 à 4 jours", "2 to 4 days"), End: l.Money(euro(390))},
			{Value: "home", Label: say("À domicile, contre signature", "At home, against signature"), Hint: say("1 à 2 jours", "1 to 2 days"), End: l.Money(euro(690))}},
		Sizes:  []Option{{Value: "S", Label: "S"}, {Value: "M", Label: "M"}, {Value: "L", Label: "L"}, {Value: "XL", Label: "XL", Disabled: true}},
		Crumbs: []Crumb{{"/products", say("Produits", "Products")}, {"/products?category=maison", say("Maison", "Home")}, {"", say("Bougie figuier", "Fig candle")}},
		Photo:  photo(0),
		Story: say("## Trois mains, un four\n\nNous tournons chaque pièce à **Moustiers**. Le grès vient de la [carrière voisine](https://example.org).\n\n> On garde les défauts, ce sont eux qu’on reconnaît.",
			"## Three hands, one kiln\n\nWe throw every piece in **Moustiers**. The stoneware comes from the [quarry next door](https://example.org).\n\n> We keep the flaws: they are what one recognises."),
	}
}

type words func(fr, en string) string

func euro(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func euroRef(minor int64) *money.Amount {
	a := euro(minor)
	return &a
}

func sampleProducts(say words, photo func(int) string) []ProductCard {
	return []ProductCard{
		{URL: "#p1", Title: say("Bougie figuier coulée à la main", "Hand-poured fig candle"), Brand: "Atelier Solstice", Photo: photo(0), Alt: say("Bougie allumée", "A lit candle"),
			Price: Price{Now: euro(3200)}, Note: say("Celle de ma cuisine, depuis deux hivers.", "The one in my kitchen, for two winters."), By: "Camille", Eager: true},
		{URL: "#p2", Title: say("Lampe de bureau en laiton brossé", "Brushed brass desk lamp"), Brand: "Maison Lumen", Photo: photo(1), Alt: say("Lampe", "A lamp"),
			Price: Price{Now: euro(11900), Before: euroRef(14900), Lowest: euroRef(12900)}, Earn: euroRef(1190), ShareURL: "/share", ShareID: 2},
		{URL: "#p3", Title: say("Carnet cousu, papier recyclé de Thiers, 192 pages à points", "Sewn notebook, recycled paper, 192 dotted pages"), Brand: "Papeterie du Canal", Photo: photo(2), Alt: say("Carnet", "A notebook"),
			Price: Price{Now: euro(1850), From: true}, SoldOut: true},
		{URL: "#p4", Title: say("Tasse en grès", "Stoneware cup"), Brand: "Terre & Feu", Photo: "", Price: Price{Now: euro(2400)}},
	}
}

func sampleBrands(say words, photo func(int) string) []BrandCard {
	return []BrandCard{
		{URL: "#b1", Name: "Atelier Solstice", Tagline: say("Bougies de cire végétale, coulées à Nantes.", "Vegetable-wax candles, poured in Nantes."), Cover: photo(3), Logo: photo(4), City: "Nantes", Products: 14, CommissionBps: 1200},
		{URL: "#b2", Name: "Terre & Feu", Tagline: say("Du grès, trois mains, un four.", "Stoneware, three hands, one kiln."), Cover: photo(5), City: "Moustiers-Sainte-Marie", Products: 1, CommissionBps: 850},
	}
}

func sampleEarnings(say words, now time.Time) []Earning {
	return []Earning{
		{Label: say("Bougie figuier × 2, commande 10482", "Fig candle × 2, order 10482"), URL: "#e1", Amount: euro(640), State: EarningHeld, At: now.AddDate(0, 0, 12), Reason: say("Le délai de rétractation court encore.", "The withdrawal period is still running.")},
		{Label: say("Lampe de bureau, commande 10417", "Desk lamp, order 10417"), URL: "#e2", Amount: euro(1190), State: EarningFree, At: now.AddDate(0, 0, -2)},
		{Label: say("Carnet cousu, commande 10302", "Sewn notebook, order 10302"), Amount: euro(185), State: EarningPaid, At: now.AddDate(0, 0, -20)},
		{Label: say("Tasse en grès, commande 10299", "Stoneware cup, order 10299"), Amount: euro(240), State: EarningVoided, Reason: say("L’acheteur a été remboursé.", "The buyer was refunded.")},
		{Label: say("Plateau, commande 10288", "Tray, order 10288"), Amount: euro(410), State: EarningFrozen, Reason: say("Litige ouvert par la banque de l’acheteur.", "A dispute opened by the buyer’s bank.")},
	}
}

func sampleStages(say words, now time.Time) []Stage {
	return []Stage{
		{Label: say("Payée", "Paid"), At: now.AddDate(0, 0, -3), State: "done"},
		{Label: say("Expédiée", "Shipped"), At: now.AddDate(0, 0, -1), Detail: "Colissimo 6A12345678901", State: "current"},
		{Label: say("Livrée", "Delivered"), Detail: say("prévue entre le 26 et le 28", "expected between the 26th and 28th"), State: "next"},
		{Label: say("Fin du délai de rétractation", "End of the withdrawal period"), State: "next"},
	}
}

func sampleStats(say words, l i18n.Lang) []Stat {
	return []Stat{
		{Label: say("Disponible", "Free"), Value: l.Money(euro(18640)), Hint: say("versé lundi", "paid out on Monday"), Icon: "wallet", Tone: "accent", URL: "#s"},
		{Label: say("En attente", "Held"), Value: l.Money(euro(6420)), Hint: say("prochain le 5 décembre", "next on 5 December"), Icon: "hourglass"},
		{Label: say("Visites, 30 jours", "Visits, 30 days"), Value: l.Number(1284), Hint: "+18 %", Icon: "mouse-pointer-click"},
		{Label: say("Ventes, 30 jours", "Sales, 30 days"), Value: l.Number(37), Hint: say("1 visite sur 35", "1 visit in 35"), Icon: "shopping-bag"},
	}
}

func sampleDays(say words, l i18n.Lang, now time.Time) Series {
	s := Series{Title: say("Vos gains, 30 derniers jours", "Your earnings, last 30 days")}
	for i := range 30 {
		value := int64(i*i%17*110 + i%5*240)
		s.Points = append(s.Points, Point{Label: l.DateShort(now.AddDate(0, 0, i-29)), Value: value, Text: l.Money(euro(value))})
	}
	return s
}
