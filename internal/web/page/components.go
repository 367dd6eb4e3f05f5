package page

import (
	"strconv"
	"time"

	"relais/internal/i18n"
	"relais/internal/money"
)

// The types below are what the partials of the same name show. Handlers fill them; templates pass them on.

// Option is one choice of a field of type select, radio or pills.
type Option struct {
	Value, Label string
	Hint         string // a line below the label (radio)
	End          string // at the end of the line, such as a price (radio)
	Disabled     bool
}

// ProductCard is a product in a list.
type ProductCard struct {
	URL, Title string
	Brand      string
	Photo, Alt string // content hash; empty: a placeholder
	Price      Price
	SoldOut    bool
	Launching  bool          // promised to, not sold yet
	Stars      *Stars        // what buyers think of it; nil: not shown
	Note, By   string        // what a member says of it, and who
	Earn       *money.Amount // what the viewer would earn by recommending it; nil: not shown
	ShareURL   string        // with Earn: form action that makes the viewer's link, field "product"
	ShareID    int64
	Eager      bool // above the fold: load at once
}

// Stars is the average of ratings, in tenths of a star, and how many there are.
type Stars struct{ Tenths, Count int64 }

// Average is the average in words: "4,6".
func (s Stars) Average(l i18n.Lang) string { return l.Tenths(s.Tenths) }

// Full is the number of whole stars to draw, half a star rounded up.
func (s Stars) Full() int64 { return (s.Tenths + 5) / 10 }

// Price is what a product costs, VAT included.
type Price struct {
	Now    money.Amount
	From   bool          // the lowest of several variants
	Before *money.Amount // price before a reduction
	Lowest *money.Amount // lowest of the 30 days before it; the law wants it beside any reduction
}

// Photo is a photograph by its content hash, with what it shows in words.
type Photo struct{ Hash, Alt string }

// BrandCard is a brand in a list.
type BrandCard struct {
	URL, Name, Tagline string
	Logo, Cover        string // content hashes
	City               string
	Products           int
	CommissionBps      int64 // what it offers for a sale; 0: not shown
}

// States of an Earning, as they are shown.
const (
	EarningHeld   = "held"
	EarningFree   = "free"
	EarningPaying = "paying"
	EarningPaid   = "paid"
	EarningFrozen = "frozen"
	EarningVoided = "voided"
)

// Earning is an amount that says what it is and when it is free.
type Earning struct {
	Label  string        // what it is for: product, order
	URL    string        // of the page that explains it; empty: no link
	Amount money.Amount  // what is left of it
	Was    *money.Amount // what it was before a part was given back; nil: nothing was
	State  string
	At     time.Time // held: the day it comes free; free, paid: since when; zero: not known yet
	Reason string    // why it is held, frozen or void, in words
}

// Stage is one step of a Stages list, in order.
type Stage struct {
	Label, Detail string
	At            time.Time // zero: not shown
	State         string    // "done", "current", "next" or "failed"
}

// Stat is a tile with one figure.
type Stat struct {
	Label, Value, Hint string
	URL, Icon          string
	Tone               string // "", "good", "wait" or "accent"
}

// Empty says what is missing from a list and what to do next.
type Empty struct {
	Icon, Title, Text string
	URL, Action       string
}

// Tab is one entry of a workspace's navigation; Crumb is one of a trail.
type Tab struct {
	URL, Label, Icon string
	Current          bool
}

// Crumb is one step of the trail above a page's title; the last has no URL.
type Crumb struct{ URL, Label string }

// EarningKeys names, for each state, its chip's tone and icon.
func (e Earning) look() (tone, icon string) {
	switch e.State {
	case EarningFree, EarningPaid:
		return "good", "circle-check"
	case EarningHeld, EarningPaying:
		return "wait", "hourglass"
	}
	return "bad", "snowflake"
}

// Tone is the tone of the state's chip.
func (e Earning) Tone() string { tone, _ := e.look(); return tone }

// Icon is the icon of the state's chip.
func (e Earning) Icon() string {
	if e.State == EarningVoided {
		return "ban"
	}
	_, icon := e.look()
	return icon
}

// When says when the amount is free, or since when it is what it is.
func (e Earning) When(l i18n.Lang, now time.Time) string {
	if e.At.IsZero() {
		if e.State == EarningHeld {
			return l.T("page.earning.when.held_unknown")
		}
		return ""
	}
	switch e.State {
	case EarningHeld:
		return l.T("page.earning.when.held", "Date", e.At, "Relative", l.Relative(now, e.At))
	case EarningFree:
		return l.T("page.earning.when.free", "Date", e.At)
	case EarningPaid:
		return l.T("page.earning.when.paid", "Date", e.At)
	}
	return l.Date(e.At)
}

// ProductTabs are the sides of a product in its brand's workspace, which begins at base; at says which is shown: "", "photos", "translation", "base".
func ProductTabs(l i18n.Lang, base string, productID int64, at string) []Tab {
	base += "/products/" + strconv.FormatInt(productID, 10)
	return []Tab{
		{URL: base, Label: l.T("brandspace.product.tab_texts"), Icon: "pencil", Current: at == ""},
		{URL: base + "/photos", Label: l.T("brandspace.product.tab_photos"), Icon: "camera", Current: at == "photos"},
		{URL: base + "/translation", Label: l.T("brandspace.product.tab_translation"), Icon: "languages", Current: at == "translation"},
		{URL: base + "/base", Label: l.T("studio.base.tab"), Icon: "sliders-horizontal", Current: at == "base"},
	}
}
