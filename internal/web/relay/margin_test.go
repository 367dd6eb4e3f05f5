package relay_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestMarginPage(t *testing.T) {
	s := open(t)
	path := fmt.Sprintf("/me/storefront/listings/%d/margin", s.soap)
	s.shows(s.ask("GET", path, nil, "member", "alice"), http.StatusOK, "Cette marque ne permet pas de marge")
	s.db.MustExec(`insert into terms (brand_id, commission_bps, hold_days, window_days, valid_from, margin_bps) values ($1, 1000, 14, 30, $2, 2000)`, s.brand, s.now.AddDate(0, 0, -1))
	s.shows(s.ask("GET", path, nil, "member", "alice"), http.StatusOK, "Ma marge", "4,80", "5\u00a0%", "15\u00a0%", "agent", "revendeur indépendant", "30 ventes", "2\u00a0000", "Cette année")
	// Without JavaScript a look is a page; with it, only the sums.
	s.shows(s.ask("GET", path+"?margin=3,00", nil, "member", "alice"), http.StatusOK, "27,00", "4,50", "2,50", "2,00", "0,50", `value="3,00"`)
	part := s.ask("GET", path+"?margin=3,00", nil, "member", "alice", "HX-Request", "true")
	s.shows(part, http.StatusOK, "27,00", "4,50")
	if strings.Contains(part.Body.String(), "<html") {
		t.Error("the sums come as a page")
	}
	s.shows(s.ask("GET", path+"?margin=&part=1000", nil, "member", "alice"), http.StatusOK, "26,40", `value="2.40"`)
	for _, c := range []struct{ typed, said string }{{"4,81", "Au plus 4,80"}, {"beaucoup", "Écrivez un montant"}, {"-1", "Écrivez un montant"}} {
		s.shows(s.ask("GET", path+"?margin="+url.QueryEscape(c.typed), nil, "member", "alice", "HX-Request", "true"), http.StatusUnprocessableEntity, c.said)
		s.shows(s.ask("POST", path, url.Values{"margin": {c.typed}, "currency": {"EUR"}}, "member", "alice"), http.StatusUnprocessableEntity, c.said, `value="`+c.typed+`"`)
	}
	if n := s.count(`select count(*) from listings where margin_minor > 0`); n != 0 {
		t.Errorf("%d margins after what was refused", n)
	}
	w := s.ask("POST", path, url.Values{"margin": {"3,00"}, "currency": {"EUR"}}, "member", "alice")
	if w.Code != http.StatusSeeOther {
		t.Fatalf("answers %d", w.Code)
	}
	s.shows(s.ask("GET", "/me/storefront", nil, "member", "alice"), http.StatusOK, "27,00", "dont 3,00", "Changer ma marge")
	s.shows(s.ask("GET", "/share?product=savon", nil, "member", "alice"), http.StatusOK, "27,00", "4,50", "Ma marge")
	w = s.ask("POST", "/share", url.Values{"product": {"savon"}}, "member", "alice")
	s.shows(s.ask("GET", w.Header().Get("Location"), nil, "member", "alice"), http.StatusOK, "une commission et une marge")
	s.db.MustExec(`update listings set margin_minor = 200, cut_from_minor = 300, cut_at = $1, cut_why = 'price'`, s.now)
	s.shows(s.ask("GET", "/me/storefront", nil, "member", "alice"), http.StatusOK, "Votre marge est passée de 3,00", "la marque a baissé son prix")
	s.shows(s.ask("GET", path, nil, "member", "alice"), http.StatusOK, "Votre marge est passée de 3,00")
	// An empty field takes it away; whoever is of the brand's team has none; a stranger's number is nothing.
	s.ask("POST", path, url.Values{"margin": {""}, "currency": {"EUR"}}, "member", "alice")
	if n := s.count(`select count(*) from listings where margin_minor > 0`); n != 0 {
		t.Error("it was not taken away")
	}
	s.db.MustExec(`insert into brand_members (brand_id, member_id, role) values ($1, $2, 'staff')`, s.brand, s.alice)
	s.shows(s.ask("GET", path, nil, "member", "alice"), http.StatusOK, "Vous êtes de l’équipe de cette marque")
	s.shows(s.ask("POST", path, url.Values{"margin": {"1"}, "currency": {"EUR"}}, "member", "alice"), http.StatusUnprocessableEntity, "Vous êtes de l’équipe de cette marque")
	s.shows(s.ask("GET", "/me/storefront/listings/999999/margin", nil, "member", "alice"), http.StatusNotFound)
	s.shows(s.ask("POST", path, url.Values{"margin": {"1"}, "currency": {"XXX"}}, "member", "bruno"), http.StatusUnprocessableEntity)
}

// Who is a trader and who a private person is asked with the first margin, and changed on a page of its own.
func TestStatusIsAskedWithTheFirstMargin(t *testing.T) {
	s := open(t)
	path := fmt.Sprintf("/me/storefront/listings/%d/margin", s.soap)
	s.db.MustExec(`insert into terms (brand_id, commission_bps, hold_days, window_days, valid_from, margin_bps) values ($1, 1000, 14, 30, $2, 2000)`, s.brand, s.now.AddDate(0, 0, -1))
	s.shows(s.ask("GET", path, nil, "member", "alice"), http.StatusOK, `name="status" value="private" checked`, `name="legal_name"`)
	form := func(pairs ...string) url.Values {
		f := url.Values{"margin": {"3,00"}, "currency": {"EUR"}}
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	s.shows(s.ask("POST", path, form("status", "trader", "legal_name", "Alice EI"), "member", "alice"), http.StatusUnprocessableEntity, `id="f-legal_address-error"`, `id="f-registration-error"`, `value="Alice EI"`, `value="3,00"`)
	s.shows(s.ask("POST", path, form("status", "trader", "margin", "beaucoup"), "member", "alice"), http.StatusUnprocessableEntity, "Écrivez un montant", `id="f-legal_name-error"`)
	if n := s.count(`select (select count(*) from member_statuses) + (select count(*) from listings where margin_minor > 0)`); n != 0 {
		t.Errorf("%d rows of what was refused", n)
	}
	if w := s.ask("POST", path, form("status", "private"), "member", "alice"); w.Code != http.StatusSeeOther {
		t.Errorf("%d", w.Code)
	}
	if n := s.count(`select count(*) from member_statuses where not trader`); n != 1 {
		t.Errorf("%d private persons", n)
	}
	if page := s.ask("GET", path, nil, "member", "alice").Body.String(); strings.Contains(page, `name="status"`) {
		t.Error("who said it is asked again")
	}

	const at = "/me/storefront/status"
	s.shows(s.ask("GET", at, nil), http.StatusSeeOther)
	s.shows(s.ask("GET", at, nil, "member", "bruno"), http.StatusOK, "Vous n’avez rien déclaré", `value="private" checked`)
	s.shows(s.ask("GET", at, nil, "member", "alice"), http.StatusOK, "Déclaré le", `value="private" checked`, "30 ventes")
	s.shows(s.ask("POST", at, url.Values{}, "member", "alice"), http.StatusUnprocessableEntity, `id="f-status-error"`)
	trader := url.Values{"status": {"trader"}, "legal_name": {"Alice EI"}, "legal_address": {"1 rue du Bac\n75007 Paris"}, "registration": {"SIREN 123 456 789"}}
	s.shows(s.ask("POST", at, url.Values{"status": {"trader"}, "legal_name": {"Alice EI"}}, "member", "alice"), http.StatusUnprocessableEntity, `value="Alice EI"`, `value="trader" checked`)
	if w := s.ask("POST", at, trader, "member", "alice"); w.Header().Get("Location") != at {
		t.Errorf("%d", w.Code)
	}
	s.shows(s.ask("GET", at, nil, "member", "alice"), http.StatusOK, `value="trader" checked`, "Alice EI", "SIREN 123 456 789")
}
