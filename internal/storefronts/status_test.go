package storefronts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"relais/internal/fault"
	"relais/internal/storefronts"
)

func trader() storefronts.Status {
	return storefronts.Status{Trader: true, LegalName: "Alice EI", Address: "1 rue du Bac\n75007 Paris", Registration: "SIREN 123 456 789"}
}

func TestWhatATraderSays(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*storefronts.Status)
		fields string
	}{
		"a trader":          {func(*storefronts.Status) {}, ""},
		"space":             {func(s *storefronts.Status) { s.LegalName = "  Alice EI " }, ""},
		"no name":           {func(s *storefronts.Status) { s.LegalName = " " }, "legal_name"},
		"no address":        {func(s *storefronts.Status) { s.Address = "" }, "legal_address"},
		"no registration":   {func(s *storefronts.Status) { s.Registration = "" }, "registration"},
		"two lines of name": {func(s *storefronts.Status) { s.LegalName = "Alice\nEI" }, "legal_name"},
		"a long address":    {func(s *storefronts.Status) { s.Address = strings.Repeat("é", storefronts.MaxAddress+1) }, "legal_address"},
		"nothing":           {func(s *storefronts.Status) { *s = storefronts.Status{Trader: true} }, "legal_address legal_name registration"},
		"a private person":  {func(s *storefronts.Status) { s.Trader, s.LegalName = false, strings.Repeat("é", 900) }, ""},
	} {
		said := trader()
		c.change(&said)
		got, err := said.Clean()
		var found []string
		if refused, ok := errors.AsType[*fault.Error](err); ok {
			for _, field := range []string{"legal_address", "legal_name", "registration"} {
				if refused.Fields[field] != "" {
					found = append(found, field)
				}
			}
		}
		if strings.Join(found, " ") != c.fields || (err == nil) != (c.fields == "") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && got.Trader && got.LegalName != "Alice EI" || err == nil && !got.Trader && got != (storefronts.Status{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What was said last counts, with its date; what was said before stays, and nothing of it can be changed.
func TestStatusIsSaid(t *testing.T) {
	sh := open(t)
	now := start
	s := storefronts.New(sh.db, func() time.Time { return now }, nil)
	says := func(want storefronts.Status, rows int) {
		t.Helper()
		got, err := storefronts.StatusOf(t.Context(), sh.db, sh.alice)
		if err != nil {
			t.Fatal(err)
		}
		at := got.At
		if got.At = nil; got != want || (at == nil) != (rows == 0) {
			t.Errorf("%+v at %v, want %+v", got, at, want)
		}
		var n int
		if err := sh.db.Get(&n, `select count(*) from member_statuses`); err != nil || n != rows {
			t.Errorf("%d rows, want %d, %v", n, rows, err)
		}
	}
	says(storefronts.Status{}, 0)
	for i, said := range []storefronts.Status{{}, trader(), {}} {
		for range 2 { // again: nothing more
			if err := s.SayStatus(t.Context(), sh.alice, said); err != nil {
				t.Fatal(err)
			}
		}
		says(said, i+1)
		now = now.Add(time.Hour)
	}
	if err := s.SayStatus(t.Context(), sh.alice, storefronts.Status{Trader: true}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a trader without a name: %v", err)
	}
	for _, statement := range []string{`update member_statuses set trader = true`, `delete from member_statuses`,
		`insert into member_statuses (member_id, trader, at) select id, true, now() from members limit 1`,
		`insert into member_statuses (member_id, trader, legal_name, at) select id, false, 'x', now() from members limit 1`} {
		if _, err := sh.db.Exec(statement); err == nil {
			t.Errorf("%s is done", statement)
		}
	}
}
