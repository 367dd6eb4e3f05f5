package paper_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"relais/internal/documents"
	"relais/internal/documents/paper"
	"relais/internal/i18n"
)

// invoice is a content with so many lines, in French.
func invoice(lines int) documents.Content {
	c := documents.Content{Layout: 1, Kind: documents.Invoice, Number: "TERRE-2026-000123", Lang: i18n.FR, Currency: "EUR", Title: "Facture",
		IssuedAt: time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC),
		Seller: documents.Party{Role: "Vendeur", Name: "Brévane Mobilier SARL", Trading: "Maison Brévane", Address: []string{"14 rue des Copeaux", "25000 Besançon", "France"},
			IDs: []string{"contact@maison-brevane.example", "TVA FR40000000101"}},
		Buyer:   documents.Party{Role: "Acheteur", Name: "Zoé Œuvrard-Łukasiewicz", Address: []string{"3 rue de l’Île", "35000 Rennes", "France"}, IDs: []string{"zoe@poste.example"}},
		Facts:   []documents.Fact{{Label: "Commande", Text: "R-7K2MQ4"}, {Label: "Payée le", Text: "2 novembre 2026"}, {Label: "Opération", Text: "Livraison de biens"}},
		Settled: "Payé le 2 novembre 2026 par carte. Reste à payer : rien.", Issuer: "Document établi par Relais SAS au nom et pour le compte de Brévane Mobilier SARL.",
		Mentions: []string{"Le montant hors taxe de chaque ligne est arrondi vers le bas ; la TVA est ce qui reste du prix payé."},
		Words: map[string]string{"number": "N°", "issued": "Émise le", "item": "Désignation", "quantity": "Qté", "unit": "Prix unit. HT", "rate": "TVA", "net": "Total HT", "vat": "Montant TVA",
			"gross": "Total TTC", "total_net": "Total HT", "total_vat": "Total TVA", "total": "Total TTC", "page": "page"}}
	for i := range lines {
		l := documents.Line{Title: fmt.Sprintf("Chaise Anatole n° %d, hêtre massif et paille de seigle tressée à la main", i+1), Detail: "Bleu de Prusse · BREV-0012", Quantity: 3, VATBps: 2000,
			Net: 7475, VAT: 1495, Total: 8970}
		c.Lines = append(c.Lines, l)
		c.Net, c.VAT, c.Total = c.Net+l.Net, c.VAT+l.VAT, c.Total+l.Total
	}
	c.Taxes = []documents.Tax{{Bps: 2000, Net: c.Net, VAT: c.VAT, Total: c.Total}}
	return c
}

func draw(t *testing.T, c documents.Content) []byte {
	t.Helper()
	file, err := paper.Draw(c)
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("RELAIS_TEST_PAPERS"); dir != "" { // to look at them
		if err := os.WriteFile(dir+"/"+strings.ReplaceAll(t.Name(), "/", "-")+".pdf", file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// read is the text of each page.
func read(t *testing.T, file []byte) []string {
	t.Helper()
	conf := model.NewDefaultConfiguration()
	if err := api.Validate(bytes.NewReader(file), conf); err != nil {
		t.Fatalf("not a valid PDF: %v", err)
	}
	ctx, err := api.ReadValidateAndOptimize(bytes.NewReader(file), conf)
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for n := range ctx.PageCount {
		r, err := pdfcpu.ExtractPageContent(ctx, n+1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, shown(b))
	}
	return pages
}

// shown are the strings that a page's content shows, a line each. The fonts are written by their UTF-16 code units.
func shown(content []byte) string {
	var text strings.Builder
	for i := 0; i < len(content); i++ {
		if content[i] != '(' {
			continue
		}
		var raw []byte
		for i++; i < len(content) && content[i] != ')'; i++ {
			if content[i] == '\\' {
				i++
				if content[i] == 'r' {
					raw = append(raw, '\r')
					continue
				}
			}
			raw = append(raw, content[i])
		}
		units := make([]uint16, len(raw)/2)
		for n := range units {
			units[n] = uint16(raw[2*n])<<8 | uint16(raw[2*n+1])
		}
		text.WriteString(string(utf16.Decode(units)) + "\n")
	}
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(text.String())
}

func TestWhatAnInvoiceSays(t *testing.T) {
	pages := read(t, draw(t, invoice(2)))
	if len(pages) != 1 {
		t.Errorf("%d pages, want 1", len(pages))
	}
	for _, want := range []string{"Facture", "N° TERRE-2026-000123", "Émise le 3 novembre 2026", "Maison Brévane", "Brévane Mobilier SARL", "TVA FR40000000101", "Zoé Œuvrard-Łukasiewicz",
		"35000 Rennes", "R-7K2MQ4", "2 novembre 2026", "Chaise Anatole n° 1, hêtre massif et", "Prix unit. HT", "24,9167 €", "74,75 €", "89,70 €", "20 %", "149,50 €", "29,90 €", "179,40 €",
		"Reste à payer : rien.", "au nom et pour le compte de Brévane Mobilier SARL."} {
		if !strings.Contains(pages[0], want) {
			t.Errorf("the page does not say %q:\n%s", want, pages[0])
		}
	}
}

func TestPages(t *testing.T) {
	for lines, want := range map[int]int{1: 1, 30: 3, 200: 0} {
		pages := read(t, draw(t, invoice(lines)))
		if want != 0 && len(pages) != want {
			t.Errorf("%d lines take %d pages, want %d", lines, len(pages), want)
		}
		all := strings.Join(pages, "")
		for i := range lines {
			if n := strings.Count(all, fmt.Sprintf("Anatole n° %d,", i+1)); n != 1 {
				t.Errorf("line %d is there %d times", i+1, n)
			}
		}
		for n, p := range pages {
			if len(pages) > 1 && !strings.Contains(p, fmt.Sprintf("page %d / %d", n+1, len(pages))) {
				t.Errorf("page %d of %d does not say so", n+1, len(pages))
			}
		}
	}
}

func TestTheSameDocumentIsTheSameFile(t *testing.T) {
	first := draw(t, invoice(12))
	for range 5 {
		if again := draw(t, invoice(12)); !bytes.Equal(first, again) {
			t.Fatal("drawn twice, the files differ")
		}
	}
}

func TestLongAndStrangeWords(t *testing.T) {
	c := invoice(1)
	c.Lines[0].Title = strings.Repeat("Donaudampfschifffahrtsgesellschaft", 8) + " 🧣 中"
	c.Buyer.Name = strings.Repeat("Nom ", 40)
	c.Lines[0].Quantity = 0
	if text := strings.Join(read(t, draw(t, c)), ""); !strings.Contains(text, "¤") {
		t.Error("signs that the font lacks are gone without a trace")
	}
}

func TestStatementIsPlain(t *testing.T) {
	c := invoice(0)
	c.Kind, c.Title, c.Currency = documents.Statement, "Relevé de commissions", "JPY"
	c.Words = map[string]string{"number": "N°", "issued": "Émis le", "item": "Désignation", "date": "Date", "amount": "Montant", "plain_total": "Total", "page": "page"}
	c.Lines = []documents.Line{{Title: "Bol", Detail: "Terre, commande R-1 · 12 000 ¥ × 10 %", Date: "3 nov.", Quantity: 1, Net: 1200, Total: 1200}}
	c.Net, c.VAT, c.Total = 1200, 0, 1200
	text := strings.Join(read(t, draw(t, c)), "")
	for _, want := range []string{"Relevé de commissions", "1 200 ¥", "3 nov.", "Total"} {
		if !strings.Contains(text, want) {
			t.Errorf("the statement does not say %q", want)
		}
	}
	if strings.Contains(text, "TVA incluse") || strings.Contains(text, "Prix unit.") {
		t.Error("a statement has columns of an invoice")
	}
}
