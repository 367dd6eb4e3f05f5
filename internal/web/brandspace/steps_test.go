package brandspace_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// offer is the form of terms with steps in these rows: people, less.
func offer(rows ...[2]string) url.Values {
	f := form("commission", "10", "hold_days", "14", "window_days", "30", "credit", "last")
	for i, row := range rows {
		n := "steps." + string(rune('0'+i)) + "."
		f.Set(n+"people", row[0])
		f.Set(n+"less", row[1])
	}
	return f
}

// rowsOf are the values of the rows for steps, as the page shows them.
func rowsOf(body string) []string {
	var rows []string
	for _, m := range regexp.MustCompile(`name="steps\.(\d\.[a-z]+)" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if m[2] != "" {
			rows = append(rows, m[1]+"="+m[2])
		}
	}
	return rows
}

func TestStepsAreOffered(t *testing.T) {
	s := newSpace(t)
	v := s.open()
	base := "/brand/atelier-sud/terms"
	page := v.see(base, 200, "Prix à plusieurs", "Aucun palier", "gardent les paliers avec lesquels elles ont été ouvertes")
	if n := strings.Count(page, `name="steps.`); n != 10 {
		t.Errorf("%d fields for steps, want five rows of two", n)
	}
	v.post("/brand/atelier-sud/products/new", form("title", "Vase", "vat", "2000", "variants.0.price", "120"), 303)
	v.post("/brand/atelier-sud/products/new", form("title", "Bol", "vat", "550", "variants.0.price", "24,90"), 303)
	s.now = s.now.Add(time.Hour)
	// Empty rows are left out, wherever they stand.
	if to := v.post(base, offer([2]string{}, [2]string{"5", "10"}, [2]string{}, [2]string{" 10 ", "12,5 %"}), 303); to != base {
		t.Errorf("led to %s", to)
	}
	// The cheapest product: 24.90 less 10 % is 22.41, without 5.5 % of VAT 21.24; less 12.5 % (3.11) it is 21.79, without VAT 20.65.
	page = v.see(base, 200, "dès 5\u00a0: 10\u00a0% de moins, dès 10\u00a0: 12,5\u00a0% de moins", "dès 5 personnes", "22,41\u00a0€", "1,17\u00a0€", "2,12\u00a0€", "1,06\u00a0€", "18,06\u00a0€",
		"21,79\u00a0€", "1,14\u00a0€", "2,06\u00a0€", "1,03\u00a0€", "17,56\u00a0€")
	if got := strings.Join(rowsOf(page), " "); got != "0.people=5 0.less=10 1.people=10 1.less=12.5" {
		t.Errorf("the form begins with %s", got)
	}
	// Another product: 120.00 less 10 % is 108.00, of which 90.00 without VAT.
	v.see(base+"?product=1", 200, "108,00\u00a0€", "18,00\u00a0€", "9,00\u00a0€", "4,50\u00a0€", "76,50\u00a0€", `<option value="1" selected>`)
	s.now = s.now.Add(time.Hour)
	own := offer([2]string{"3", "20"})
	own.Set("product", "1")
	if to := v.post(base, own, 303); to != base+"?product=1" {
		t.Errorf("led to %s", to)
	}
	page = v.see(base+"?product=1", 200, "96,00\u00a0€", "16,00\u00a0€", "8,00\u00a0€", "4,00\u00a0€", "68,00\u00a0€")
	if got := strings.Join(rowsOf(page), " "); got != "0.people=3 0.less=20" {
		t.Errorf("the form of the product begins with %s", got)
	}
	v.see(base, 200, "22,41\u00a0€")
	v.lang = "en"
	v.see(base, 200, "from 3: 20% less", "Group orders that are open already keep the steps")
}

// What is wrong with a row is said there, with what was typed.
func TestWrongStepsAreRefusedAtTheirRow(t *testing.T) {
	s := newSpace(t)
	v := s.open()
	base := "/brand/atelier-sud/terms"
	count := func() (n int) {
		if err := s.db.Get(&n, `select count(*) from terms`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	for _, c := range []struct {
		rows  [][2]string
		shows []string
	}{
		{[][2]string{{"1", "10"}}, []string{`id="f-steps.0.people-error"`, "de 2 à 1 000", `value="1"`, `href="#f-steps.0.people"`}},
		{[][2]string{{"cinq", "10"}}, []string{`id="f-steps.0.people-error"`, `value="cinq"`}},
		{[][2]string{{"5", ""}}, []string{`id="f-steps.0.less-error"`, "entre 0,01 et 70", `value="5"`}},
		{[][2]string{{"", "10"}}, []string{`id="f-steps.0.people-error"`, `value="10"`}},
		{[][2]string{{"5", "70,01"}}, []string{`id="f-steps.0.less-error"`, `value="70,01"`}},
		{[][2]string{{"5", "-3"}}, []string{`id="f-steps.0.less-error"`, `value="-3"`}},
		{[][2]string{{"5", "10,125"}}, []string{`id="f-steps.0.less-error"`}},
		{[][2]string{{}, {"5", "10"}, {"5", "9"}}, []string{`id="f-steps.1.people-error"`, `id="f-steps.1.less-error"`, "Plus de personnes", "Une baisse plus forte", `value="9"`}},
	} {
		v.post(base, offer(c.rows...), 422, c.shows...)
	}
	wrong := offer([2]string{"1", "10"})
	wrong.Set("commission", "much")
	wrong.Set("margin", "300")
	v.post(base, wrong, 422, `id="f-steps.0.people-error"`, `id="f-commission-error"`, `id="f-margin-error"`, `value="much"`)
	if count() != before {
		t.Error("refused terms are kept")
	}
}

// Steps can be worked through before they are offered.
func TestStepsAreTried(t *testing.T) {
	s := newSpace(t)
	v := s.open()
	base := "/brand/atelier-sud/terms"
	v.post("/brand/atelier-sud/products/new", form("title", "Vase", "vat", "2000", "variants.0.price", "120"), 303)
	f := offer([2]string{"5", "10"})
	f.Set("try", "yes")
	f.Set("commission", "20")
	v.post(base, f, 200, "108,00\u00a0€", "18,00\u00a0€", "4,50\u00a0€", "67,50\u00a0€", `value="20"`)
	f.Set("steps.0.people", "1")
	v.post(base, f, 422, `id="f-steps.0.people-error"`, "Aucun palier")
	v.see(base, 200, "Aucun palier")
}
