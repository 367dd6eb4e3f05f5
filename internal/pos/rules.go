package pos

import (
	"slices"

	"relais/internal/address"
	"relais/internal/fault"
	"relais/internal/payments"
)

// The faults of this package.
var (
	ErrGone     = fault.New(fault.NotFound, "fault.page_not_found")
	ErrEmpty    = fault.New(fault.Invalid, "pos.fault.empty")
	ErrNotHere  = fault.New(fault.Conflict, "pos.fault.not_here")    // not from this storefront, or not of this brand
	ErrOver     = fault.New(fault.Conflict, "pos.fault.over")        // the time to agree has passed, or the code was replaced
	ErrTaken    = fault.New(fault.Conflict, "pos.fault.taken")       // somebody else is paying it
	ErrPaid     = fault.New(fault.Conflict, "pos.fault.paid")        // paid already
	ErrBegun    = fault.New(fault.Conflict, "pos.fault.begun")       // it is an order already, or over: it does not change any more
	ErrMoved    = fault.New(fault.Conflict, "pos.fault.moved")       // the basket is not what was shown
	ErrOwn      = fault.New(fault.Conflict, "pos.fault.own")         // the seller themselves
	ErrLaw      = fault.Field("place", "pos.fault.law")              // no payment may be taken there
	ErrBrand    = fault.Field("place", "pos.fault.brand")            // the brand does not want it
	ErrMembers  = fault.Field("place", "pos.fault.members")          // the brand sells face to face by itself only
	ErrNoMail   = fault.Field("email", "pos.fault.mail")             // the contract must reach the buyer in writing
	ErrNoReader = fault.New(fault.Conflict, "pos.fault.reader_gone") // removed, or not registered yet
)

// Place is where a sale is made.
type Place string

// The places.
const (
	Premises  Place = "premises"  // shop or workshop: where the seller sells for good
	Market    Place = "market"    // a stall on a market
	Fair      Place = "fair"      // a stand at a fair or a trade show
	Meeting   Place = "meeting"   // a meeting at the seller's home, or at a host's who has agreed to it beforehand
	Home      Place = "home"      // at the buyer's home, without such a meeting
	Workplace Place = "workplace" // where the buyer works
)

// Places are all of them.
func Places() []Place { return []Place{Premises, Market, Fair, Meeting, Home, Workplace} }

// Law is what the law says of a sale at a place in a country, as far as this program applies it.
type Law struct {
	Payable        bool // a payment may be taken at once
	WithdrawalDays int  // from the hand-over; 0: no right of withdrawal
	OffPremises    bool // the buyer must get the contract in writing: on paper or, if they agree, by mail
	// Why and Notice name the sentences for the seller and for the buyer: "pos.law." + Why, "pos.notice." + Notice.
	Why, Notice string
}

// LawOf is the law of a place in a country.
//
// On premises: Directive 2011/83/EU art. 2(9) with recital 22 counts as business premises also the stalls and stands at which a trader
// sells as a rule, for good or for a time; there is no right of withdrawal (art. 9 is about distance and off-premises contracts only).
// France: Code de la consommation art. L221-1 I 2° follows it; at fairs and shows, the buyer must be told before that there is none (art. L224-59
// to L224-61, arrêté of 2 December 2014). Whoever is spoken to in the aisle and led to a stand is off premises all the same (CJEU C-465/19): the
// sentence for the seller says it.
//
// Off premises (art. 2(8); L221-1 I 2°): 14 days of withdrawal (art. 9; L221-18), and the contract in writing (art. 7; L221-9).
// France: no payment, nor anything in its place, for seven days from the contract (L221-10 par. 1; two years and 150,000 € by L242-7), but for contracts
// made at meetings that the seller organises at their own home, or at that of a consumer who has agreed to it beforehand and expressly (L221-10 par. 2, 3°).
// A workplace is no home, so that the exception does not reach it. As this program takes a payment with every sale, a sale at the buyer's
// home or workplace is refused. Art. 9(3) of the directive lets other countries keep such bans; they have not been looked at, so
// everything off premises is refused there.
func LawOf(country string, p Place) Law {
	switch p {
	case Premises, Market, Fair:
		return Law{Payable: address.Known(country), Why: string(p), Notice: string(p)}
	case Meeting:
		if country == "FR" {
			return Law{Payable: true, WithdrawalDays: 14, OffPremises: true, Why: "meeting", Notice: "meeting"}
		}
	case Home, Workplace:
		if country == "FR" {
			return Law{WithdrawalDays: 14, OffPremises: true, Why: string(p), Notice: "meeting"}
		}
	default:
		return Law{Why: "unknown", Notice: "meeting"}
	}
	return Law{WithdrawalDays: 14, OffPremises: true, Why: "unknown", Notice: "meeting"}
}

// Rules are what a brand wants of sales of its goods face to face, in one country.
type Rules struct {
	BrandID   int64
	BrandName string
	Members   bool // members may sell them too
	Places    []Place
	Warning   string // to the buyer; may be empty
}

// FirstRules are those of a brand that has said nothing: wherever the law lets a payment be taken at once.
func FirstRules(country string) Rules {
	r := Rules{Members: true}
	for _, p := range Places() {
		if LawOf(country, p).Payable {
			r.Places = append(r.Places, p)
		}
	}
	return r
}

// May says whether something may be sold there: nil, ErrLaw, or what its brand wants otherwise, ErrBrand and ErrMembers. No brand can allow
// what the law refuses.
func May(l Law, p Place, r Rules, byMember bool) error {
	switch {
	case !l.Payable:
		return ErrLaw
	case byMember && !r.Members:
		return ErrMembers.Arg("Brand", r.BrandName)
	case !slices.Contains(r.Places, p):
		return ErrBrand.Arg("Brand", r.BrandName)
	}
	return nil
}

// Remedy is what a seller can do when a reader did not take a payment.
type Remedy string

// The remedies.
const (
	Again   Remedy = "again"   // the same payment once more
	Wait    Remedy = "wait"    // once more, when the reader has ended what it does
	Look    Remedy = "look"    // it may have begun: it was looked at, and then once more
	Another Remedy = "another" // another reader, or the code
	Code    Remedy = "code"    // no reader will do it: by the code
)

// RemedyOf is the remedy of a failure, in the provider's code. A card that was declined takes no money, and nor does a reader that was
// busy, offline or broken when it was asked; of one that answered too late nobody knows, until the payment was read.
func RemedyOf(failure string) Remedy {
	switch failure {
	case payments.CodeReaderBusy:
		return Wait
	case payments.CodeReaderTimeout, payments.CodeUnreadable:
		return Look
	case payments.CodeReaderOffline, payments.CodeReaderFault, payments.CodeNotFound:
		return Another
	case payments.CodeReaderCountry:
		return Code
	}
	return Again
}

// Words names the sentence about a failure: "pos.reader.failure." + Words.
func Words(failure string) string {
	switch failure {
	case payments.CodeReaderBusy:
		return "busy"
	case payments.CodeReaderTimeout, payments.CodeUnreadable:
		return "timeout"
	case payments.CodeReaderOffline:
		return "offline"
	case payments.CodeReaderFault, payments.CodeNotFound:
		return "fault"
	case payments.CodeReaderCountry:
		return "country"
	case "customer_canceled", "stopped":
		return "stopped"
	case "insufficient_funds":
		return "funds"
	}
	return "declined"
}
