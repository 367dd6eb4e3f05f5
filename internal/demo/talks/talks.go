// Package talks plays what buyers and brands of the demo write to each other about orders: questions, some with a photograph, answers, notes of
// the team, and what buyers think of it in the end. All of it by the use cases that visitors set off, at the demo's past dates.
package talks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/orders"
	"relais/internal/support"
)

// Stage is what the conversations are played with.
type Stage struct {
	DB      *sqlx.DB
	Support *support.Service
	Media   *media.Store
	Agenda  *agenda.Agenda
}

// talk is a question about an order with its answer.
type talk struct {
	question, answer, thanks map[i18n.Lang]string
	photo                    string // of the content, sent with the question
	tag                      int    // of the brand
	note                     map[i18n.Lang]string
}

// talks are what buyers and brands write to each other.
var talks = []talk{
	{question: map[i18n.Lang]string{i18n.FR: "Bonjour, pouvez-vous déposer le colis chez la gardienne ? Je ne suis pas là en journée.",
		i18n.EN: "Hello, could you leave the parcel with the caretaker? I am out during the day."},
		answer: map[i18n.Lang]string{i18n.FR: "Bonjour, c’est noté sur l’étiquette. Bonne réception !", i18n.EN: "Hello, we have written it on the label. Enjoy!"}},
	{question: map[i18n.Lang]string{i18n.FR: "C’est un cadeau : serait-il possible de ne pas glisser de prix dans le colis ?",
		i18n.EN: "It is a present: could you leave the price out of the parcel?"},
		answer: map[i18n.Lang]string{i18n.FR: "Avec plaisir, et nous ajoutons un petit mot à la main.", i18n.EN: "With pleasure, and we will add a note by hand."}, tag: 1,
		note: map[i18n.Lang]string{i18n.FR: "Papier de soie, et la carte aux fougères.", i18n.EN: "Tissue paper, and the card with the ferns."}},
	{question: map[i18n.Lang]string{i18n.FR: "Merci pour le soin de l’emballage, tout est arrivé entier.", i18n.EN: "Thank you for the careful packing, everything arrived whole."},
		answer: map[i18n.Lang]string{i18n.FR: "Merci à vous, cela nous fait plaisir de le lire.", i18n.EN: "Thank you, it is good to read that."}},
	{question: map[i18n.Lang]string{i18n.FR: "Voici où je voudrais l’installer. La teinte ira-t-elle avec ce mur ?", i18n.EN: "This is where I would put it. Will the shade go with this wall?"},
		answer: map[i18n.Lang]string{i18n.FR: "Très bien : elle est un peu plus chaude que sur la photographie. Si elle ne vous plaît pas, vous avez quatorze jours.",
			i18n.EN: "Very well: it is a little warmer than in the photograph. If you do not like it, you have fourteen days."}, photo: "nathan-fertig-249917-unsplash.jpg",
		thanks: map[i18n.Lang]string{i18n.FR: "Parfait, merci de votre conseil.", i18n.EN: "Perfect, thank you for the advice."}},
}

// Desk gets the inbox of a brand ready: its tags, its canned answers, within how many hours it means to answer.
func (s Stage) Desk(ctx context.Context, brandID int64, lang i18n.Lang, hours int) error {
	tags, replies := []string{"Livraison", "Cadeau"}, []support.Reply{
		{Title: "C’est parti", Body: "Bonjour {prénom},\n\nvotre commande {commande} est partie ce matin. Le suivi est sur sa page.\n\nBonne journée !"},
		{Title: "Abîmé", Body: "Bonjour {prénom},\n\nnous sommes désolés. Pouvez-vous joindre une photographie ? Nous remplaçons ou remboursons, à votre choix."}}
	if lang == i18n.EN {
		tags, replies = []string{"Delivery", "Present"}, []support.Reply{
			{Title: "On its way", Body: "Hello {name},\n\nyour order {order} left this morning. Its page has the tracking.\n\nHave a good day!"},
			{Title: "Damaged", Body: "Hello {name},\n\nwe are sorry. Could you attach a photograph? We replace or refund, as you prefer."}}
	}
	for _, t := range tags {
		if err := s.Support.AddTag(ctx, brandID, t); err != nil {
			return err
		}
	}
	for _, r := range replies {
		if err := s.Support.PutReply(ctx, brandID, r); err != nil {
			return err
		}
	}
	return s.Support.SetHours(ctx, brandID, hours)
}

// About is an order that may be talked about.
type About struct {
	Order   orders.Page
	Nth     int // of the demo
	BrandID int64
	Team    int64 // who answers
	Buyer   int64 // a member; 0: a guest
	At      time.Time
}

// Converse has every twelfth buyer write to the brand, which mostly answers, and half of them say in the end what they think of it.
func (s Stage) Converse(a About) {
	if a.Nth%12 != 5 {
		return
	}
	say, lang, turn := talks[a.Nth/12%len(talks)], a.Order.Lang, a.Nth/12
	asked := a.At.Add(time.Duration(2+a.Nth%9) * time.Hour)
	s.at(asked, func(ctx context.Context) error {
		photos, err := s.photo(ctx, say.photo)
		if err != nil {
			return err
		}
		return s.write(ctx, a, support.Draft{Side: support.FromBuyer, MemberID: a.Buyer, Body: say.question[lang], Photos: photos})
	})
	if a.Nth%5 == 0 {
		return
	}
	answered := asked.Add(time.Duration(3+a.Nth%14) * time.Hour)
	s.at(answered, func(ctx context.Context) error { return s.answer(ctx, a, say) })
	if body, ok := say.thanks[lang]; ok {
		s.at(answered.Add(time.Hour), func(ctx context.Context) error {
			return s.write(ctx, a, support.Draft{Side: support.FromBuyer, MemberID: a.Buyer, Body: body})
		})
	}
	if turn%4 == 1 {
		return
	}
	solved := answered.Add(26 * time.Hour)
	s.at(solved, func(ctx context.Context) error { return s.Support.Solve(ctx, a.Order.ID, a.BrandID, support.FromBrand) })
	s.at(solved.Add(5*time.Hour), func(ctx context.Context) error { return s.Support.Rate(ctx, a.Order.ID, a.BrandID, turn%7 != 6, "") })
}

// answer is that of the brand, with a note before it and a tag after it.
func (s Stage) answer(ctx context.Context, a About, say talk) error {
	lang := a.Order.Lang
	if note, ok := say.note[lang]; ok {
		if err := s.write(ctx, a, support.Draft{Side: support.FromBrand, MemberID: a.Team, Body: note, Note: true}); err != nil {
			return err
		}
	}
	if err := s.write(ctx, a, support.Draft{Side: support.FromBrand, MemberID: a.Team, Body: say.answer[lang]}); err != nil {
		return err
	}
	c, err := support.Of(ctx, s.DB, a.Order.ID, a.BrandID)
	if err != nil {
		return err
	}
	tags, err := support.Tags(ctx, s.DB, a.BrandID)
	if err == nil && say.tag > 0 && len(tags) > 0 {
		err = s.Support.Tag(ctx, a.BrandID, c.ID, []int64{tags[0].ID})
	}
	if err != nil {
		return err
	}
	return s.Support.Assign(ctx, a.BrandID, c.ID, a.Team, a.Team)
}

func (s Stage) photo(ctx context.Context, file string) ([]int64, error) {
	if file == "" {
		return nil, nil
	}
	f, err := content.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open photograph: %w", err)
	}
	defer f.Close()
	p, err := s.Media.SavePrivate(ctx, s.DB, f)
	return []int64{p.ID}, err
}

// at plays a part at its time; an order that has no more part to write about, or talk that took another turn, passes.
func (s Stage) at(t time.Time, do func(context.Context) error) {
	s.Agenda.Add(t, func(ctx context.Context) error {
		err := do(ctx)
		if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) {
			return nil
		}
		return err
	})
}

func (s Stage) write(ctx context.Context, a About, d support.Draft) error {
	return s.Support.Write(ctx, a.Order.ID, a.BrandID, d)
}
