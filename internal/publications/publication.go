// Package publications is designs that their authors publish: once its brand accepts one, it is a product of the brand's, made on the base that it was drawn on, and is
// sold, shared, searched, rated and resold as any other.
//
//	asked ──▶ listed ──▶ left         its author takes it off sale
//	 │ │                              (the brand may stop or archive its product, as any of its own, and take it up again)
//	 │ └────▶ left                    its author asks no more
//	 └──────▶ refused                 by the brand, with a reason that its author reads
//	any ────▶ taken_down              by the platform, after a report of rights: this design is never published again
//
// A brand says for each base whether its designs can be published, whether it looks at each first, and how many pieces of a new product can be made. Whoever asks
// declares that the design is their own work or that they hold the rights; that stands with its date in the history (publication_moves). The royalty is part of what is
// asked: its author's own rate of the price without VAT and delivery, which holds as long as the design is sold, whatever the brand offers later; with those of the authors
// whose designs it varies it is no more than the terms of the base allow on that day (Room).
//
// What is asked for is a revision that is kept for good. Of a listed design its author can ask for a newer one: it is accepted or refused as the first was, and until
// then the old one is sold. An order keeps the revision that was sold when it was placed.
//
// The product has the variants, VAT, texts of warning and translation of the base; its prices are the base's with what the options of the design cost, on the day on which it is
// accepted; from then on they are the brand's to change. It carries the terms of the base where that has some of its own. It is not made to its buyer's wishes: they chose it
// as it is and may withdraw from it. At a distance and in a group order each piece is made after it is paid, as any design is; face to face the piece that lies there is sold:
// its order line names no design, and nothing is to be made. It is never launched, and nobody designs on it.
//
// It stands on the version of the base that it was drawn on, and goes on being made on it when the brand offers another version or none, until the brand stops the product.
//
// Where its author allows it, any member can begin a copy (Vary), and publish what they made of it: the royalties of those before are kept, along the whole chain. A
// copy shows the photographs of the original: allowing variations allows that. An original that leaves, or is taken down, does not take its variations with it.
// Where its author does not allow it to be resold, no storefront but theirs lists it; recommending it by a link at the brand's price is everybody's.
package publications

import (
	"fmt"
	"time"

	"github.com/lib/pq"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
)

// State is where a publication stands.
type State string

// The states.
const (
	Asked     State = "asked"
	Refused   State = "refused"
	Listed    State = "listed"
	Left      State = "left"
	TakenDown State = "taken_down"
)

// Limits.
const (
	MaxTitle   = 80 // characters
	MaxNote    = 600
	MaxWhy     = 1000
	MaxRoyalty = 2500 // basis points
	MaxStock   = 10_000
	MaxChain   = 5 // designs that a variation may stand on, one on the other
)

// The faults of this package.
var (
	ErrGone       = fault.New(fault.NotFound, "fault.publications.gone")        // no such publication, or not for who asks
	ErrUnverified = fault.New(fault.Conflict, "fault.publications.unverified")  // the e-mail address is not confirmed, or the account is blocked
	ErrNotOffered = fault.New(fault.Conflict, "fault.publications.not_offered") // the brand publishes no designs on this base
	ErrAsked      = fault.New(fault.Conflict, "fault.publications.asked")       // the design is asked for, or listed, already
	ErrTakenDown  = fault.New(fault.Conflict, "fault.publications.taken_down")  // the design, or one that it varies, was taken down
	ErrOver       = fault.New(fault.Conflict, "fault.publications.over")        // it is not in a state for that
	ErrSame       = fault.New(fault.Conflict, "fault.publications.same")        // the revision is the one that is sold, or asked for, already
	ErrMoved      = fault.New(fault.Conflict, "fault.publications.moved")       // another revision is asked for than the page showed
	ErrNoVarying  = fault.New(fault.Conflict, "fault.publications.not_varied")  // its author does not allow it, or it is not sold any more
	ErrAuthor     = fault.New(fault.Conflict, "fault.publications.author")      // its author is blocked
	ErrBase       = fault.New(fault.Conflict, "fault.publications.stopped")     // the base is not sold now
	ErrProduct    = fault.New(fault.Conflict, "fault.publications.product")     // the catalog refuses the product that it would be
	ErrPrice      = fault.New(fault.Conflict, "fault.publications.price")       // a newer revision whose options cost less: nothing would be left of the price
	ErrShares     = fault.New(fault.Conflict, "fault.publications.shares")      // its authors together ask more than the terms allow now
	ErrChain      = fault.New(fault.Conflict, "fault.publications.chain")       // MaxChain
)

// Draft is what an author asks for. The design is published as the page showed it.
type Draft struct {
	DesignID   int64
	Revision   int // that was shown
	Lang       i18n.Lang
	Title      string
	Note       string // to the brand, and on the product's page
	RoyaltyBps int64  // its author's own, of the price without VAT and delivery
	MayVary    bool
	MayResell  bool // in storefronts of others
	Rights     bool // it is their own work, or they hold the rights
}

// Settings are what a brand sets for a base.
type Settings struct {
	Offered bool `db:"offered"` // designs on it can be published
	Review  bool `db:"review"`  // each is accepted by the brand; else by itself
	Stock   int  `db:"stock"`   // pieces of each variant of a new product
}

// FirstSettings are those of a base of which its brand set nothing.
func FirstSettings() Settings { return Settings{Review: true, Stock: 50} }

// Publication is one design that is published, or is to be. Amounts of it are rates in basis points.
type Publication struct {
	ID           int64          `db:"id"`
	DesignID     int64          `db:"design_id"`
	Revision     int            `db:"revision"` // that is sold, or was asked for first
	AuthorID     int64          `db:"author_id"`
	BaseID       int64          `db:"base_product_id"`
	ProductID    *int64         `db:"product_id"` // nil: it was never accepted
	ParentID     *int64         `db:"parent_id"`  // whose design it varies
	Lang         i18n.Lang      `db:"lang"`
	Title        string         `db:"title"`
	Note         string         `db:"note"`
	RoyaltyBps   int64          `db:"royalty_bps"`
	MayVary      bool           `db:"may_vary"`
	MayResell    bool           `db:"may_resell"`
	State        State          `db:"state"`
	Why          string         `db:"why"`
	Next         *int           `db:"next_revision"` // that is asked for in its place
	Photos       pq.Int64Array  `db:"photos"`
	AskedAt      time.Time      `db:"asked_at"`
	MovedAt      *time.Time     `db:"moved_at"`
	BrandID      int64          `db:"brand_id"`
	BrandName    string         `db:"brand_name"`
	BrandHandle  string         `db:"brand_handle"`
	BaseTitle    string         `db:"base_title"`
	AuthorName   string         `db:"author_name"`
	AuthorHandle string         `db:"author_handle"`
	Slug         string         `db:"slug"` // of its product; empty: none
	ProductState catalog.State  `db:"product_state"`
	Currency     money.Currency `db:"currency"`  // of the base
	LastStep     int64          `db:"last_step"` // number of the last step of its history
}

// Pending is the revision that waits to be accepted; 0: none.
func (p Publication) Pending() int {
	switch {
	case p.State == Asked:
		return p.Revision
	case p.Next != nil:
		return *p.Next
	}
	return 0
}

// awaits says why a revision is not the one that waits: ErrOver, none does; ErrMoved, another one does.
func (p Publication) awaits(revision int) error {
	switch p.Pending() {
	case 0: // before a form that names none
		return ErrOver
	case revision:
		return nil
	}
	return ErrMoved
}

// Shown says whether its brand may see it: while it waits, and once it was listed; else it is its author's again.
func (p Publication) Shown() bool { return p.State == Asked || p.ProductID != nil }

// Selling says whether it can be seen and bought now.
func (p Publication) Selling() bool { return p.State == Listed && p.ProductState == catalog.Published }

// Path is its page: that of its product, or of its author's list where there is none to see.
func (p Publication) Path() string {
	if p.Selling() {
		return "/p/" + p.Slug
	}
	return "/me/publications"
}

// Desk is its page for the team of its brand.
func (p Publication) Desk() string {
	return fmt.Sprintf("/brand/%s/publications/%d", p.BrandHandle, p.ID)
}

// Picture is where those who may see it before it is sold get the picture of a revision.
func (p Publication) Picture(revision int) string {
	return fmt.Sprintf("/publications/%d/picture?r=%d", p.ID, revision)
}
