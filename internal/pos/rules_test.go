package pos_test

import (
	"errors"
	"testing"

	"relais/internal/payments"
	"relais/internal/pos"
)

func TestLaw(t *testing.T) {
	for _, tt := range []struct {
		country  string
		place    pos.Place
		payable  bool
		withdraw int
		written  bool
	}{
		{"FR", pos.Premises, true, 0, false},
		{"FR", pos.Market, true, 0, false},
		{"FR", pos.Fair, true, 0, false},
		{"FR", pos.Meeting, true, 14, true},
		{"FR", pos.Home, false, 14, true},
		{"FR", pos.Workplace, false, 14, true},
		{"BE", pos.Market, true, 0, false},
		{"BE", pos.Meeting, false, 14, true},
		{"DE", pos.Home, false, 14, true},
		{"XX", pos.Market, false, 0, false},
		{"FR", "street", false, 0, false},
	} {
		l := pos.LawOf(tt.country, tt.place)
		if l.Payable != tt.payable || l.WithdrawalDays != tt.withdraw || l.OffPremises != tt.written || l.Why == "" || l.Notice == "" {
			t.Errorf("%s %s: %+v", tt.country, tt.place, l)
		}
	}
}

func TestMay(t *testing.T) {
	stand := pos.Rules{BrandName: "Brévane", Members: true, Places: []pos.Place{pos.Fair, pos.Home}}
	alone := stand
	alone.Members = false
	for _, tt := range []struct {
		name     string
		place    pos.Place
		rules    pos.Rules
		byMember bool
		want     error
	}{
		{"allowed", pos.Fair, stand, true, nil},
		{"not where the brand does not want it", pos.Market, stand, true, pos.ErrBrand},
		{"no brand allows what the law refuses", pos.Home, stand, false, pos.ErrLaw},
		{"a brand that sells by itself", pos.Fair, alone, true, pos.ErrMembers},
		{"its own team", pos.Fair, alone, false, nil},
		{"a brand that has said nothing", pos.Meeting, pos.FirstRules("FR"), true, nil},
		{"nothing allows the buyer's home", pos.Home, pos.FirstRules("FR"), false, pos.ErrLaw},
	} {
		if err := pos.May(pos.LawOf("FR", tt.place), tt.place, tt.rules, tt.byMember); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v; want %v", tt.name, err, tt.want)
		}
	}
}

func TestRemedy(t *testing.T) {
	for failure, want := range map[string]struct {
		remedy pos.Remedy
		words  string
	}{
		payments.CodeReaderBusy: {pos.Wait, "busy"}, payments.CodeReaderTimeout: {pos.Look, "timeout"}, payments.CodeReaderOffline: {pos.Another, "offline"},
		payments.CodeReaderFault: {pos.Another, "fault"}, payments.CodeReaderCountry: {pos.Code, "country"}, "generic_decline": {pos.Again, "declined"},
		"insufficient_funds": {pos.Again, "funds"}, "customer_canceled": {pos.Again, "stopped"},
	} {
		if r, w := pos.RemedyOf(failure), pos.Words(failure); r != want.remedy || w != want.words {
			t.Errorf("%s: %s, %s; want %v", failure, r, w, want)
		}
	}
}
