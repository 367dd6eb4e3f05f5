// Package documents issues what buyers, brands, members and their accountants keep: invoices and credit notes in the name of
// each brand, the platform's own fee invoices, and the statements by which Relais bills itself for a member's commissions.
//
//	a shipment is paid      ──▶ invoice         TERRE-2026-000123           the brand's, to the buyer
//	a refund is booked      ──▶ credit note     TERRE-2026-A-000007         one for each shipment in it
//	a month is over         ──▶ fee invoice     RELAIS-F-2026-000017        ours, to the brand; VAT goes from fees to vat
//	                            fee credit      RELAIS-FA-2026-000002       where more was given back than earned
//	                        ──▶ statement       RELAIS-M12-2026-000003      the member's, to us: commissions that came free
//
// A lost dispute is no credit note. The sale stays as it was, and so does the tax on it: the buyer's bank took the payment
// back, which makes it an unpaid invoice and not a sale undone (CGI art. 272-1 has its own way for those). What Relais gives
// back of its fee for it does lower the fee invoice, because that fee is not earned any more.
//
// Numbers follow each other without a gap: whoever issues locks the row of the series, and what is rolled back takes its
// number back with it. A document is never changed. Everything printed on it is frozen in its content, words included, so
// that it looks the same in ten years; the content has a hash, and the tables refuse update and delete to everybody.
//
// Nothing above knows of documents: a sweep finds what was paid and booked without one.
package documents

import (
	"encoding/json"
	"time"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
)

// Kind is what a document is.
type Kind string

// The kinds of document. Amounts are never negative: a credit is a kind of its own.
const (
	Invoice         Kind = "invoice"          // a brand's, to a buyer
	CreditNote      Kind = "credit_note"      // takes back an invoice, wholly or in part
	FeeInvoice      Kind = "fee_invoice"      // the platform's, to a brand, for a month
	FeeCredit       Kind = "fee_credit"       // for a month in which more fee was given back than earned
	Statement       Kind = "statement"        // a member's, made by the platform, for a month
	StatementCredit Kind = "statement_credit" // for a month in which more commission was given back than came free
)

// Credit says whether a document takes something back.
func (k Kind) Credit() bool { return k == CreditNote || k == FeeCredit || k == StatementCredit }

// Document is one issued document.
type Document struct {
	ID         int64        `db:"id"`
	Number     string       `db:"number"`
	Kind       Kind         `db:"kind"`
	Cause      string       `db:"cause"`
	OrderID    *int64       `db:"order_id"`
	ShipmentID *int64       `db:"shipment_id"`
	RefundID   *int64       `db:"refund_id"`
	CorrectsID *int64       `db:"corrects_id"`
	BrandID    *int64       `db:"brand_id"`
	MemberID   *int64       `db:"member_id"`
	Month      *time.Time   `db:"month"` // its first day; nil: not of a month
	Total      money.Amount `db:"total"` // including VAT
	NetMinor   int64        `db:"net_minor"`
	VATMinor   int64        `db:"vat_minor"`
	IssuedAt   time.Time    `db:"issued_at"`
	Content    []byte       `db:"content"` // JSON of Content; empty in lists
	Hash       string       `db:"hash"`    // SHA-256 of the content, in hexadecimal

	Party       string `db:"party"`        // to whom: the buyer, the brand; of a statement the member
	OrderNumber string `db:"order_number"` // empty: not of an order
}

// Signed is the total as it counts in a sum: that of a credit is negative.
func (d Document) Signed() money.Amount {
	if d.Kind.Credit() {
		return d.Total.Neg()
	}
	return d.Total
}

// File is the name of the document as a file.
func (d Document) File() string { return d.Number + ".pdf" }

// Read unpacks the frozen content.
func (d Document) Read() (Content, error) {
	var c Content
	err := json.Unmarshal(d.Content, &c)
	return c, err
}

// layout is the version of Content; what reads contents must know every version there ever was.
const layout = 1

// Content is everything that a document says, in the words and the language in which it was issued.
type Content struct {
	Layout   int               `json:"layout"`
	Kind     Kind              `json:"kind"`
	Number   string            `json:"number"`
	Lang     i18n.Lang         `json:"lang"`
	Currency money.Currency    `json:"currency"`
	Title    string            `json:"title"`
	IssuedAt time.Time         `json:"issued_at"`
	Seller   Party             `json:"seller"`
	Buyer    Party             `json:"buyer"`
	Facts    []Fact            `json:"facts"` // order, dates, what it corrects
	Lines    []Line            `json:"lines"`
	Taxes    []Tax             `json:"taxes"` // by rate, the highest first
	Net      int64             `json:"net_minor"`
	VAT      int64             `json:"vat_minor"`
	Total    int64             `json:"total_minor"`
	Settled  string            `json:"settled"`  // how it was paid, in a sentence
	Mentions []string          `json:"mentions"` // what the law wants said
	Issuer   string            `json:"issuer"`   // who drew it up, in a line
	Words    map[string]string `json:"words"`    // headings and labels
}

// Sum is a number of minor units in the document's currency.
func (c Content) Sum(minor int64) money.Amount { return money.New(minor, c.Currency) }

// Plain says whether lines are amounts without quantity and rate: those of statements.
func (c Content) Plain() bool { return c.Kind == Statement || c.Kind == StatementCredit }

// Party is a seller or a buyer.
type Party struct {
	Role    string   `json:"role"` // in a word: "Seller"
	Name    string   `json:"name"`
	Trading string   `json:"trading,omitempty"` // the brand's name, where it differs
	Address []string `json:"address"`           // in lines
	IDs     []string `json:"ids"`               // with their labels: company, VAT number, e-mail
}

// Fact is a labelled value of the head.
type Fact struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// Line is one line. Its figures are minor units and never negative but for what a fee invoice gives back.
type Line struct {
	Title    string `json:"title"`
	Detail   string `json:"detail,omitempty"`
	Date     string `json:"date,omitempty"`
	Quantity int64  `json:"quantity"`
	VATBps   int64  `json:"vat_bps"`
	Net      int64  `json:"net_minor"`
	VAT      int64  `json:"vat_minor"`
	Total    int64  `json:"total_minor"`

	OrderLineID *int64 `json:"-"`
	EarningID   *int64 `json:"-"`
}

// Tax is what the lines of one rate come to.
type Tax struct {
	Bps   int64 `json:"bps"`
	Net   int64 `json:"net_minor"`
	VAT   int64 `json:"vat_minor"`
	Total int64 `json:"total_minor"`
}

// Legal is who the platform is in law.
type Legal struct {
	Name      string
	Form      string // legal form and capital
	Address   string // lines apart by commas
	SIREN     string // and where registered
	VATNumber string
	Email     string
}

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "fault.document_not_found") // none, or somebody else's
)
