package pledges

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/crash"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/orders"
	"relais/internal/orders/form"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/storefronts"
)

// Joining is the form of somebody who promises to buy. Prices are never read from it.
type Joining struct {
	Code         string // of the campaign
	Operation    string // one-time value of the form: sent twice, it is one pledge
	VariantID    int64
	Quantity     int64
	Email        string
	Address      orders.Address
	MethodID     int64 // of delivery
	MemberID     *int64
	Visitor      string // from the consent cookie; empty without
	StorefrontID *int64 // of a launch: the member in whose storefront they joined, where that lists or shares its product
	ClickToken   string // of the click that brought them, where the page knows it
	SeenMinor    int64  // the most that may be taken, as the page showed it; 0: not told
	Consent      bool   // to be charged at the deadline
	Lang         i18n.Lang
}

// Join makes a pledge, which counts once a card is kept for it: see OpenSetup. Faults: the fields of the form, ErrConsent, ErrVariant, ErrQuantity,
// ErrGone, ErrOver, orders.ErrPriceMoved, carts.ErrNoDelivery at the field method, fault.out_of_stock; of a launch ErrUnits, ErrTeam, storefronts.ErrAway.
func (s *Service) Join(ctx context.Context, j Joining) (Pledge, error) {
	wrong := []error{form.Check(&j.Email, &j.Address, j.Operation)}
	if !j.Consent {
		wrong = append(wrong, ErrConsent)
	}
	if j.Quantity < 1 || j.Quantity > MaxQuantity {
		wrong = append(wrong, ErrQuantity)
	}
	if err := fault.Merge(wrong...); err != nil {
		return Pledge{}, err
	}
	var p Pledge
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) (err error) {
		if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, "pledge:"+j.Operation); err != nil {
			return err
		}
		if p, err = pledgeWhere(ctx, tx, `operation = $1`, j.Operation); !errors.Is(err, ErrGone) {
			return err
		}
		p, err = s.join(ctx, tx, j)
		return err
	})
	return p, err
}

func (s *Service) join(ctx context.Context, tx *sqlx.Tx, j Joining) (Pledge, error) {
	now := s.now()
	// Shared: many join at once, and whoever ends the campaign waits for them.
	c, err := campaignWhere(ctx, tx, `c.code = $1 for share`, j.Code)
	switch {
	case err != nil:
		return Pledge{}, err
	case !c.Joinable(now):
		return Pledge{}, ErrOver
	}
	priced, err := catalog.Priced(ctx, tx, j.Lang, j.VariantID)
	if err != nil {
		return Pledge{}, err
	}
	v := priced[j.VariantID]
	if v.ProductID != c.ProductID || !promised(c, v) || v.Currency != c.Currency {
		return Pledge{}, ErrVariant
	}
	methods, err := carts.Methods(ctx, tx, c.BrandID, j.Lang)
	if err != nil {
		return Pledge{}, err
	}
	method, err := carts.Choose(methods, j.MethodID, j.Address.Country)
	if err != nil {
		return Pledge{}, fault.Field("method", "fault.no_delivery")
	}
	p := Pledge{Token: rand.Text(), Operation: j.Operation, CampaignID: c.ID, VariantID: j.VariantID, Quantity: j.Quantity, MemberID: j.MemberID, Email: j.Email,
		Address: j.Address, Lang: j.Lang, Visitor: j.Visitor, PriceMinor: v.PriceMinor, MethodName: method.Name, ShippingMinor: method.Cost(v.PriceMinor * j.Quantity),
		DaysMin: method.DaysMin, DaysMax: method.DaysMax, State: Pending, AskedAt: now, ExpiresAt: now.Add(CardTime), Attempt: 1}
	if p.ExpiresAt.After(c.Deadline) {
		p.ExpiresAt = c.Deadline
	}
	if p.MostMinor = p.Goods() + p.ShippingMinor; j.SeenMinor != 0 && j.SeenMinor != p.MostMinor {
		return Pledge{}, orders.ErrPriceMoved
	}
	p.EmailNormal = members.NormalEmail(p.Email)
	if err := room(ctx, tx, p); err != nil {
		return Pledge{}, err
	}
	p.Consent = Consent(c, p)
	if err := s.take(ctx, tx, c, p, j.StorefrontID); err != nil {
		return Pledge{}, err
	}
	p.CartID, err = carts.Keep(ctx, tx, carts.Addition{VariantID: p.VariantID, Quantity: p.Quantity, StorefrontID: j.StorefrontID, ClickToken: j.ClickToken, Lang: j.Lang}, now)
	if err != nil {
		return Pledge{}, err
	}
	p.ID, err = insertPledge(ctx, tx, p)
	return p, err
}

// promised says whether a variant can be promised in a campaign, or charged for it: what was launched, from its launch on.
func promised(c Campaign, v catalog.PricedVariant) bool {
	return v.Sellable && (!c.IsLaunch() || c.State == Reached) || c.IsLaunch() && v.Launching
}

// take keeps the pieces of a pledge for it: of the stock or, of a launch, of what its brand can make.
func (s *Service) take(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge, storefrontID *int64) error {
	if !c.IsLaunch() {
		return catalog.Reserve(ctx, tx, p.VariantID, int(p.Quantity))
	}
	if storefrontID != nil {
		if err := storefronts.Open(ctx, tx, *storefrontID, s.now()); err != nil {
			return err
		}
	}
	return admits(ctx, tx, c, p)
}

const selectPieces = `
select coalesce(sum(quantity), 0) from pledges where campaign_id = $1 and state in ('pending','joined')
  and (member_id = $2 or $3 <> '' and fingerprint = $3) and id <> $4`

// room refuses more than MaxQuantity pieces of one campaign to one account or card: the stock is for all who join. An address is nobody's proof: whoever types
// somebody else's keeps them out of nothing.
func room(ctx context.Context, tx *sqlx.Tx, p Pledge) error {
	// Two at once: the second waits here, and counts the first.
	var of []string
	if p.MemberID != nil {
		of = append(of, fmt.Sprint("member:", *p.MemberID))
	}
	if p.Fingerprint != "" {
		of = append(of, "card:"+p.Fingerprint)
	}
	for _, of := range of {
		if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, fmt.Sprintf("room:%d:%s", p.CampaignID, of)); err != nil {
			return postgres.Translate(err)
		}
	}
	var pieces int64
	if err := tx.GetContext(ctx, &pieces, selectPieces, p.CampaignID, p.MemberID, p.Fingerprint, p.ID); err != nil {
		return postgres.Translate(err)
	}
	if pieces+p.Quantity > MaxQuantity {
		return ErrRoom
	}
	return nil
}

// OpenSetup opens the page on which the card of a pending pledge is left, and says its address. Called again it opens the same one. ErrOver where
// the pledge does not wait for a card any more.
func (s *Service) OpenSetup(ctx context.Context, token string) (string, error) {
	p, err := pledgeWhere(ctx, s.db, `token = $1`, token)
	if err != nil {
		return "", err
	}
	if p.State != Pending || !s.now().Before(p.ExpiresAt) {
		return "", ErrOver
	}
	if p.SetupURL != "" {
		return p.SetupURL, nil
	}
	page := s.baseURL + p.Path()
	setup, err := s.pages.OpenSetup(ctx, payments.SetupRequest{Reference: fmt.Sprintf("pledge-%d-setup-%s-%d", p.ID, p.Operation, p.SetupAttempt), Subject: p.Operation, Email: p.Email,
		Locale: string(p.Lang), SuccessURL: page + "?kept=1", CancelURL: page, Consent: p.Consent,
		// The provider wants half an hour at least; the pledge lapses by its own time, and closes the page.
		ExpiresAt: p.AskedAt.Add(2 * CardTime)})
	crash.At(crash.SetupOpened)
	if payments.OutcomeOf(err) == payments.LookUp {
		if _, err := s.db.ExecContext(ctx, `update pledges set setup_attempt = setup_attempt + 1 where id = $1 and setup_attempt = $2`, p.ID, p.SetupAttempt); err != nil {
			return "", postgres.Translate(err)
		}
	}
	if err != nil {
		return "", fmt.Errorf("open setup of pledge %d: %w", p.ID, err)
	}
	var now State
	if err := s.db.GetContext(ctx, &now, updateSetup, p.ID, setup.ID, setup.URL, setup.CustomerID); err != nil {
		return "", postgres.Translate(err)
	}
	if now == Pending {
		return setup.URL, nil
	}
	// It lapsed while its page was being made, and whoever ended it did not know the page.
	if err := s.closeSetup(ctx, setup.ID); err != nil {
		return "", err
	}
	return "", ErrOver
}

const updateSetup = `
update pledges set setup_id = coalesce(setup_id, $2), setup_url = case when setup_id is null then $3 else setup_url end,
  customer_id = case when setup_id is null then $4 else customer_id end where id = $1 returning state`

// SetupChanged asks the provider about a page on which a card was to be left, and does what follows from it: it is called by the job of its notice, by the
// page that the buyer comes back to, and by the sweep, at once or again. A page that is nobody's changes nothing.
func (s *Service) SetupChanged(ctx context.Context, setupID string) error {
	setup, err := s.pages.Setup(ctx, setupID)
	if err != nil {
		return fmt.Errorf("read setup %s: %w", setupID, err)
	}
	p, err := pledgeWhere(ctx, s.db, `operation = $1`, setup.Subject)
	if errors.Is(err, ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	if p.SetupID == nil { // whoever made the page did not live to record it: it is, so that whoever it is of is forgotten with it
		if err := s.db.GetContext(ctx, &p.State, updateSetup, p.ID, setup.ID, setup.URL, setup.CustomerID); err != nil {
			return postgres.Translate(err)
		}
	} else if *p.SetupID != setup.ID { // one of an answer that was lost: nobody was shown it
		if setup.State == payments.CheckoutOpen {
			return nil
		}
		return s.pages.Forget(ctx, setup.CustomerID)
	}
	switch {
	case setup.Saved:
		return s.kept(ctx, p, setup)
	case setup.State == payments.CheckoutExpired:
		return s.lapse(ctx, p.ID)
	}
	return nil
}

// Look asks the provider about the card page of a pledge that waits for its card, for whoever comes back from there. ErrGone.
func (s *Service) Look(ctx context.Context, token string) error {
	p, err := pledgeWhere(ctx, s.db, `token = $1`, token)
	if err != nil || p.State != Pending || p.SetupID == nil {
		return err
	}
	return s.SetupChanged(ctx, *p.SetupID)
}

const updateKept = `
update pledges set state = $2, joined_at = case when $2 = 'joined' then $3::timestamptz end, ended_at = case when $2 = 'lapsed' then coalesce(ended_at, $3::timestamptz) end,
  setup_id = $4, customer_id = $5, card_id = $6, card_brand = $7, card_last4 = $8, fingerprint = $9, ended_why = $10 where id = $1`

// kept records the card of a pledge, which counts from now on if it is still in time.
func (s *Service) kept(ctx context.Context, p Pledge, setup payments.Setup) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := campaignWhere(ctx, tx, `c.id = $1 for share`, p.CampaignID)
		if err != nil {
			return err
		}
		p, err := lockPledge(ctx, tx, p.ID)
		if err != nil || p.CardID != "" {
			return err
		}
		now, state, why := s.now(), Lapsed, Why("")
		if p.State == Pending && c.Joinable(now) {
			state = Joined
		}
		card := setup.Card
		if p.Fingerprint = card.Fingerprint; state == Joined {
			if state, why, err = admitted(ctx, tx, c, p); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, updateKept, p.ID, state, now, setup.ID, card.CustomerID, card.ID, card.Brand, card.Last4, card.Fingerprint, why); err != nil {
			return postgres.Translate(err)
		}
		crash.At(crash.CardKept)
		switch {
		case state == Joined:
			p.State, p.JoinedAt, p.CardBrand, p.CardLast4 = Joined, &now, card.Brand, card.Last4
			return s.letter(ctx, tx, c, p, "pledge_joined", "joined")
		case p.State == Pending: // the campaign ended meanwhile, or it is too much for one card
			return giveBack(ctx, tx, c, p)
		}
		return nil
	})
}

// lapse ends a pledge for which no card was kept in time. Its page is closed first: if a card was left there meanwhile, it is kept instead.
func (s *Service) lapse(ctx context.Context, id int64) error {
	p, err := pledgeWhere(ctx, s.db, `id = $1`, id)
	if err != nil || p.State != Pending {
		return err
	}
	if p.SetupID != nil {
		if err := s.closeSetup(ctx, *p.SetupID); err != nil {
			return err
		}
		setup, err := s.pages.Setup(ctx, *p.SetupID)
		if err != nil {
			return fmt.Errorf("read setup %s: %w", *p.SetupID, err)
		}
		if setup.Saved {
			return s.kept(ctx, p, setup)
		}
	}
	known := p.SetupID != nil
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := lockPledge(ctx, tx, id)
		if err != nil || p.State != Pending {
			return err
		}
		if p.SetupID != nil && !known {
			return errOpened
		}
		c, err := campaignWhere(ctx, tx, `c.id = $1`, p.CampaignID)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update pledges set state = 'lapsed', ended_at = $2 where id = $1`, id, s.now()); err != nil {
			return postgres.Translate(err)
		}
		return giveBack(ctx, tx, c, p)
	})
	if errors.Is(err, errOpened) {
		return s.lapse(ctx, id)
	}
	return err
}

// errOpened says that a page was recorded while the pledge was about to lapse: it must be closed first.
var errOpened = errors.New("the page for the card has been opened meanwhile")

// closeSetup makes sure that no card can be left on a page any more.
func (s *Service) closeSetup(ctx context.Context, setupID string) error {
	err := s.pages.ExpireSetup(ctx, setupID)
	if payments.CodeOf(err) == payments.CodeCheckoutNotOpen {
		return nil
	}
	if err != nil {
		return fmt.Errorf("close setup %s: %w", setupID, err)
	}
	return nil
}

// Leave takes a pledge back, for whoever has its token, until the deadline of its campaign; one that has lapsed stays so. ErrGone, ErrTooLate.
func (s *Service) Leave(ctx context.Context, token string) error {
	found, err := pledgeWhere(ctx, s.db, `token = $1`, token)
	if err != nil {
		return err
	}
	if found.State == Pending { // a card that was left meanwhile makes it one that joined: then it is that which leaves
		if err := s.lapse(ctx, found.ID); err != nil {
			return err
		}
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := campaignWhere(ctx, tx, `c.id = $1 for share`, found.CampaignID)
		if err != nil {
			return err
		}
		p, err := lockPledge(ctx, tx, found.ID)
		if err != nil || p.State == Left || p.State == Lapsed {
			return err
		}
		if p.State != Joined || !c.Joinable(s.now()) {
			return ErrTooLate
		}
		if _, err := tx.ExecContext(ctx, `update pledges set state = 'left', ended_at = $2 where id = $1`, p.ID, s.now()); err != nil {
			return postgres.Translate(err)
		}
		if err := giveBack(ctx, tx, c, p); err != nil {
			return err
		}
		p.State = Left
		return s.letter(ctx, tx, c, p, "pledge_left", "left")
	})
}

// giveBack puts the pieces of a pledge back into the stock. Those of a launch were in none: that its pledge is over gives them to others.
func giveBack(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge) error {
	if c.IsLaunch() {
		return nil
	}
	return catalog.GiveBack(ctx, tx, p.VariantID, int(p.Quantity))
}
