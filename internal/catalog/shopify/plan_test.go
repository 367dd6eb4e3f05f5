package shopify

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/internal/catalog"
	shown "relais/internal/catalog/markdown"
	"relais/internal/fault"
	"relais/internal/i18n"
)

const heading = "Handle,Title,Body (HTML),Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Grams," +
	"Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Taxable,Image Src,Image Alt Text,Gift Card\n"

func mustParse(t testing.TB, text string) File {
	t.Helper()
	f, err := parse([]byte(text))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return f
}

func nothing() Existing { return Existing{Currency: "EUR", VATBps: 2000} }

// account writes what became of each row: line, outcome, reason.
func account(plan []Product) []string {
	var out []string
	for _, p := range plan {
		for _, r := range p.Rows {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Line, r.Outcome, strings.TrimPrefix(r.Reason, "import."))))
		}
	}
	return out
}

// after is what a brand has once a plan was carried out and every picture was had.
func after(have Existing, plan []Product) Existing {
	next := Existing{Currency: have.Currency, VATBps: have.VATBps, Products: map[string]ExistingProduct{}, SKUs: map[string]string{}}
	id := int64(1000)
	for _, p := range plan {
		if p.Draft == nil {
			continue
		}
		e := have.Products[p.Handle]
		if e.ID = p.ID; e.ID == 0 {
			id++
			e.ID, e.State = id, catalog.Draft
		}
		if p.State != "" {
			e.State = p.State
		}
		e.Draft = *p.Draft
		e.Draft.Variants = nil
		for _, v := range p.Draft.Variants {
			if v.ID == 0 {
				id++
				v.ID = id
			}
			v.StockSeen = v.Stock
			e.Draft.Variants = append(e.Draft.Variants, v)
			if v.SKU != "" {
				next.SKUs[v.SKU] = p.Handle
			}
		}
		for _, f := range p.Photos {
			e.Pictures = append(e.Pictures, f.URL)
		}
		next.Products[p.Handle] = e
	}
	return next
}

func TestOutcomes(t *testing.T) {
	row := func(cells string) string { return cells + strings.Repeat(",", 18-strings.Count(cells, ",")) + "\n" }
	vase := row("vase,Vase,<p>Fait main</p>,Maison,,true,,,,,V-1,300,4,24.90")
	bowl := row("bol,Bol,,Maison,,true,Taille,S,,,B-S,,2,10") + row("bol,,,,,,,L,,,B-L,,3,20")
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"one variant":                  {vase, []string{"2 created"}},
		"two variants":                 {bowl, []string{"2 created", "3 created"}},
		"scattered rows":               {row("bol,Bol,,,,,T,S,,,,,,10") + vase + row("bol,,,,,,,L,,,,,,20"), []string{"2 created", "4 created", "3 created"}},
		"a picture alone":              {vase + row("vase,,,,,,,,,,,,,,,,https://example.org/a.jpg"), []string{"2 created", "3 unchanged"}},
		"SKU may be empty":             {row("a,A,,,,,,,,,,,,5") + row("b,B,,,,,,,,,,,,5"), []string{"2 created", "3 created"}},
		"negative price":               {row("a,A,,,,,,,,,,,,-5"), []string{"2 refused price_negative"}},
		"price of zero":                {row("a,A,,,,,,,,,,,,0.00"), []string{"2 refused price_zero"}},
		"no price":                     {row("a,A"), []string{"2 refused price_missing"}},
		"price in words":               {row("a,A,,,,,,,,,,,,free"), []string{"2 refused price"}},
		"three decimals":               {row("a,A,,,,,,,,,,,,9.999"), []string{"2 refused price"}},
		"price in exponents":           {row("a,A,,,,,,,,,,,,1e3"), []string{"2 refused price"}},
		"a million and more":           {row("a,A,,,,,,,,,,,,1000000.01"), []string{"2 refused price_high"}},
		"negative compare-at price":    {row("a,A,,,,,,,,,,,,5,-9"), []string{"2 refused price_negative"}},
		"compare-at price of zero":     {row("a,A,,,,,,,,,,,,5,0.00"), []string{"2 created"}},
		"bad variant, good product":    {bowl + row("bol,,,,,,,XL,,,,,,-1"), []string{"2 created", "3 created", "4 refused price_negative"}},
		"bad first row":                {strings.Replace(bowl, "2,10", "2,-10", 1), []string{"2 refused price_negative", "3 refused product_refused"}},
		"no handle":                    {row(",A,,,,,,,,,,,,5"), []string{"2 refused no_handle"}},
		"no title":                     {row("a,,,,,,,,,,,,,5"), []string{"2 refused no_title"}},
		"nothing in it":                {vase + row("vase"), []string{"2 created", "3 refused empty_row"}},
		"SKU twice":                    {vase + row("b,B,,,,,,,,,V-1,,,5"), []string{"2 created", "3 refused sku_twice"}},
		"the same variant twice":       {bowl + row("bol,,,,,,,L,,,,,,5"), []string{"2 created", "3 created", "4 refused variant_twice"}},
		"an option without value":      {bowl + row("bol,,,,,,,,,,B-X,,,5"), []string{"2 created", "3 created", "4 refused option_missing"}},
		"an option without name":       {row("a,A,,,,,,S,,,,,,5"), []string{"2 refused option_name"}},
		"formula as title":             {row(`a,"=HYPERLINK(""http://x"")",,,,,,,,,,,,5`), []string{"2 refused formula"}},
		"formula as SKU":               {row("a,A,,,,,,,,,@SUM(A1),,,5"), []string{"2 refused formula"}},
		"formula behind a sign":        {row("a,A,,,,,T,+2+cmd|x,,,,,,5"), []string{"2 refused formula"}},
		"formula as body":              {row("a,A,=cmd|x,,,,,,,,,,,5"), []string{"2 refused formula"}},
		"formula as handle":            {row("-a|x,A,,,,,,,,,,,,5"), []string{"2 refused formula"}},
		"a signed number is a value":   {row("a,A,- soft,,,,T,-5 °C,,,,,,5"), []string{"2 created"}},
		"gift card":                    {row("a,A,,,,,,,,,,,,5,,,,,true"), []string{"2 refused gift_card"}},
		"published neither yes nor no": {row("a,A,,,,maybe,,,,,,,,5"), []string{"2 refused truth"}},
		"stock in words":               {row("a,A,,,,,,,,,,,many,5"), []string{"2 refused number"}},
		"pieces owed are none":         {row("a,A,,,,,,,,,,,-3,5"), []string{"2 created"}},
		"negative weight":              {row("a,A,,,,,,,,,,-3,,5"), []string{"2 refused number"}},
		"title too long":               {row("a," + strings.Repeat("é", 161) + ",,,,,,,,,,,,5"), []string{"2 refused too_long"}},
		"cells missing":                {vase + "b,B\n", []string{"3 refused field_count", "2 created"}},
		"lines within a cell":          {row("a,A,\"<p>a\nb</p>\",,,,,,,,,,,5") + vase, []string{"2 created", "4 created"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustParse(t, heading+c.file)
			plan := Plan(f, nothing())
			if diff := cmp.Diff(c.want, account(plan)); diff != "" {
				t.Fatalf("rows (-want +got):\n%s", diff)
			}
			for _, p := range Plan(f, after(nothing(), plan)) {
				if p.Changed || len(p.Photos) > 0 {
					t.Errorf("imported again, %s changes: %+v", p.Handle, p)
				}
				for _, r := range p.Rows {
					if r.Outcome != Unchanged && r.Outcome != Refused {
						t.Errorf("imported again, line %d is %s", r.Line, r.Outcome)
					}
				}
			}
		})
	}
}

func TestWholeFileRefused(t *testing.T) {
	rows := heading + strings.Repeat("a\n", MaxRows+1)
	for name, c := range map[string]struct{ file, want string }{
		"empty":             {"", "import.empty"},
		"heading only":      {heading, "import.empty"},
		"Latin-1":           {heading + "caf\xe9,Caf\xe9\n", "import.not_utf8"},
		"UTF-16":            {"\xff\xfeH\x00a\x00", "import.not_utf8"},
		"zero byte":         {heading + "a\x00b\n", "import.not_utf8"},
		"workbook":          {"PK\x03\x04xxxx", "import.spreadsheet"},
		"semicolons":        {"Handle;Title;Type;Variant Price\n", "import.semicolons"},
		"no price column":   {"Handle,Title\na,A\n", "import.columns_missing"},
		"column twice":      {"Handle,Title,Variant Price,Title\na,A,1,B\n", "import.column_twice"},
		"open quote":        {heading + "a,\"A\nb,B\n", "import.quotes"},
		"quote inside":      {heading + "a,A \"x\" b\n", "import.quotes"},
		"too many rows":     {rows, "import.too_many_rows"},
		"an HTML page":      {"<!doctype html><p>Not found</p>", "import.columns_missing"},
		"larger than 20 MB": {heading + strings.Repeat(" ", MaxBytes), "import.file_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.file))
			var f *fault.Error
			if !errors.As(err, &f) || f.Message != c.want || f.Kind != fault.Invalid {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			for _, l := range i18n.Langs() {
				if words(l, f.Message, f.Args) == "" {
					t.Error("no words for it")
				}
			}
		})
	}
	if _, err := Read(strings.NewReader("\xef\xbb\xbf" + strings.ReplaceAll(heading, "\n", "\r\n") + "a" + strings.Repeat(",", 18) + "\r\n")); err != nil {
		t.Errorf("a byte order mark and Windows lines: %v", err)
	}
}

func TestChangesAreSeen(t *testing.T) {
	base := heading + "bol,Bol,<p>Terre</p>,Maison,\"a, b\",true,Taille,S,,,B-S,100,2,10,,true,https://example.org/1.jpg,,\n" +
		"bol,,,,,,,L,,,B-L,100,3,20,,true,,,\n"
	have := after(nothing(), Plan(mustParse(t, base), nothing()))
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"title":             {"Bol,<p>", "Grand bol,<p>", []string{"2 updated", "3 unchanged"}},
		"price of one":      {"3,20", "3,21", []string{"2 unchanged", "3 updated"}},
		"stock of one":      {"100,2,10", "100,7,10", []string{"2 updated", "3 unchanged"}},
		"nothing":           {"", "", []string{"2 unchanged", "3 unchanged"}},
		"hidden":            {",true,Taille", ",false,Taille", []string{"2 updated", "3 unchanged"}},
		"without tax":       {"10,,true", "10,,false", []string{"2 updated", "3 unchanged"}},
		"another picture":   {"1.jpg", "2.jpg", []string{"2 unchanged", "3 unchanged"}},
		"a size more":       {"bol,,,,,,,L", "bol,,,,,,,M,,,,,1,15,,,,,\nbol,,,,,,,L", []string{"2 unchanged", "3 created", "4 unchanged"}},
		"description":       {"<p>Terre</p>", "<p>Terre <b>cuite</b></p>", []string{"2 updated", "3 unchanged"}},
		"renamed by number": {"bol,,,,,,,L", "bol,,,,,,,XL", []string{"2 unchanged", "3 updated"}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := Plan(mustParse(t, strings.Replace(base, c.old, c.new, 1)), have)
			if diff := cmp.Diff(c.want, account(plan)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
	plan := Plan(mustParse(t, heading+"bol,Bol,<p>Terre</p>,Maison,\"a, b\",true,Taille,S,,,B-S,100,2,10,,true,,,\n"), have)
	if got := plan[0].Draft.Variants; plan[0].Changed || len(got) != 2 || got[1].SKU != "B-L" {
		t.Errorf("a variant that the file leaves out is left alone: %+v", got)
	}
	other := have
	other.SKUs = map[string]string{"B-S": ""}
	other.Products = nil
	if got := account(Plan(mustParse(t, base), other)); got[0] != "2 refused sku_taken" {
		t.Errorf("a SKU of another product: %v", got)
	}
}

func TestSuppliedFiles(t *testing.T) {
	for name, want := range map[string]struct{ rows, products, photos int }{"apparel.csv": {22, 20, 20}, "home-and-garden.csv": {21, 20, 21}} {
		raw, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		plan := Plan(mustParse(t, string(raw)), nothing())
		rows, products, photos := 0, 0, 0
		for _, p := range plan {
			rows, photos = rows+len(p.Rows), photos+len(p.Photos)
			if p.Draft != nil {
				products++
			}
			for _, r := range p.Rows {
				if r.Outcome != Created {
					t.Errorf("%s line %d: %s %s %v", name, r.Line, r.Outcome, r.Reason, r.Args)
				}
			}
		}
		if rows != want.rows || products != want.products || photos != want.photos {
			t.Errorf("%s: %d rows, %d products, %d photos", name, rows, products, photos)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for source, want := range map[string]string{
		"plain text":                                    "plain text",
		"<p>one</p><p>two<br>lines</p>":                 "one\n\ntwo\\\nlines",
		"<h1>Soin</h1>À la main":                        "## Soin\n\nÀ la main",
		"<ul><li>a</li><li><b>b</b> c</li></ul>":        "- a\n- **b** c",
		"<b> spaced </b>text <i></i>":                   "**spaced** text",
		"<script>alert(1)</script>safe<style>x</style>": "safe",
		`<a href="javascript:alert(1)">x</a>`:           "x",
		`<a href="https://a.example/b">x</a>`:           "[x](https://a.example/b)",
		"1. not a list":                                 `1\. not a list`,
		"- not a list":                                  `\- not a list`,
		"a * b &lt;script&gt; _c_":                      `a \* b \<script> \_c\_`,
		"<table><tr><td>a</td><td>b</td></tr></table>":  "a b",
		"<div><div>deep</div>er</div>":                  "deep\n\ner",
	} {
		got, err := markdown(source)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", source, got, err, want)
		}
	}
	text, err := markdown(`<p onclick=x>a &lt;img src=x onerror=alert(1)&gt; [x](javascript:alert(1))</p>`)
	if err != nil {
		t.Fatal(err)
	}
	if html := string(shown.HTML(text)); strings.Contains(html, "<img") || strings.Contains(html, "href") {
		t.Errorf("rendered: %s", html)
	}
}

func FuzzPlan(f *testing.F) {
	for _, name := range []string{"apparel.csv", "home-and-garden.csv"} {
		raw, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(heading + "a,A,,,,,T,S,,,,,,5\na,,,,,,,L,,,,,,5\na\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := parse(raw)
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		plan := Plan(file, nothing())
		lines := map[int]bool{}
		for _, p := range plan {
			for _, r := range p.Rows {
				if lines[r.Line] {
					t.Errorf("line %d is accounted for twice", r.Line)
				}
				lines[r.Line] = true
			}
		}
		if len(lines) != len(file.Rows) {
			t.Errorf("%d of %d rows are accounted for", len(lines), len(file.Rows))
		}
		for _, p := range Plan(file, after(nothing(), plan)) {
			if p.Changed {
				t.Errorf("imported again, %q changes", p.Handle)
			}
		}
		var out bytes.Buffer
		for _, p := range plan {
			if err := WriteCSV(&out, i18n.EN, p.Rows); err != nil {
				t.Fatal(err)
			}
		}
	})
}
