package demo

import (
	"context"
	"errors"
	"time"

	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/support"
)

// talk is a question about an order with its answer.
type talk struct{ question, answer map[i18n.Lang]string }

// talks are what buyers and brands write to each other.
var talks = []talk{
	{map[i18n.Lang]string{i18n.FR: "Bonjour, pouvez-vous déposer le colis chez la gardienne ? Je ne suis pas là en journée.",
		i18n.EN: "Hello, could you leave the parcel with the caretaker? I am out during the day."},
		map[i18n.Lang]string{i18n.FR: "Bonjour, c’est noté sur l’étiquette. Bonne réception !", i18n.EN: "Hello, we have written it on the label. Enjoy!"}},
	{map[i18n.Lang]string{i18n.FR: "C’est un cadeau : serait-il possible de ne pas glisser de prix dans le colis ?",
		i18n.EN: "It is a present: could you leave the price out of the parcel?"},
		map[i18n.Lang]string{i18n.FR: "Avec plaisir, et nous ajoutons un petit mot à la main.", i18n.EN: "With pleasure, and we will add a note by hand."}},
	{map[i18n.Lang]string{i18n.FR: "Merci pour le soin de l’emballage, tout est arrivé entier.", i18n.EN: "Thank you for the careful packing, everything arrived whole."},
		map[i18n.Lang]string{i18n.FR: "Merci à vous, cela nous fait plaisir de le lire.", i18n.EN: "Thank you, it is good to read that."}},
}

// converse has every twelfth buyer write to the brand, which mostly answers.
func (m *maker) converse(p *purchase, o orders.Page) {
	if p.nth%12 != 5 {
		return
	}
	say, lang, b := talks[p.nth/12%len(talks)], i18n.Lang(p.buyer.Lang), p.brands()[0]
	asked := m.Clock.Now().Add(time.Duration(2+p.nth%9) * time.Hour)
	member := int64(0)
	if p.member != nil {
		member = p.member.id
	}
	m.agenda.Add(asked, func(ctx context.Context) error {
		return unlessOver(m.Support.Write(ctx, o.ID, b.id, support.Draft{Side: support.FromBuyer, MemberID: member, Body: say.question[lang]}))
	})
	if p.nth%5 == 0 {
		return
	}
	m.agenda.Add(asked.Add(time.Duration(3+p.nth%14)*time.Hour), func(ctx context.Context) error {
		return unlessOver(m.Support.Write(ctx, o.ID, b.id, support.Draft{Side: support.FromBrand, MemberID: b.owner, Body: say.answer[lang]}))
	})
}

// unlessOver lets an order pass that has no more part to write about.
func unlessOver(err error) error {
	if errors.Is(err, orders.ErrOrderGone) {
		return nil
	}
	return err
}
