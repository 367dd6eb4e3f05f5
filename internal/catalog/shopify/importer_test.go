package shopify_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/catalog/shopify"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/media"
	"relais/internal/postgres/pgtest"
)

type shop struct {
	db     *sqlx.DB
	photos *media.Store
	brand  catalog.Brand
	asked  map[string]int // fetches by host and path
	online bool
}

func newShop(t *testing.T) *shop {
	t.Helper()
	store, err := media.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &shop{db: pgtest.DB(t), photos: store, asked: map[string]int{}}
	s.brand, err = catalog.New(s.db, store, clock).CreateBrand(t.Context(), catalog.System, catalog.BrandDraft{Handle: "maison-test",
		Name: "Maison Test", Lang: i18n.EN, MakerName: "Maison Test SARL", MakerAddress: "1 rue du Test, 75001 Paris",
		ContactEmail: "a@example.org", Country: "FR"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func clock() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }

// fetch stands for the internet: down, or with a picture at every address that does not say "gone".
func (s *shop) fetch(_ context.Context, address string) ([]byte, error) {
	s.asked[address]++
	if !s.online || strings.Contains(address, "gone") {
		return nil, fault.New(fault.Unavailable, "fault.photo_unreachable")
	}
	if strings.Contains(address, "html") {
		return []byte("<!doctype html>"), nil
	}
	var out bytes.Buffer
	picture := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range picture.Pix {
		picture.Pix[i] = address[i%len(address)] // another picture for each address
	}
	picture.SetGray(0, 0, color.Gray{Y: uint8(len(address))})
	err := jpeg.Encode(&out, picture, nil)
	return out.Bytes(), err
}

func (s *shop) importer() *shopify.Importer {
	return shopify.New(s.db, s.photos, s.fetch, 2000, clock)
}

func (s *shop) run(t *testing.T, name, content string) (shopify.Import, []shopify.Row) {
	t.Helper()
	last := 0
	i, err := s.importer().Run(t.Context(), catalog.System, s.brand.ID, name, strings.NewReader(content), func(done, total int) {
		if done <= last || done > total {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := shopify.Rows(t.Context(), s.db, i.ID, "", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if i.State == shopify.Ended && (len(rows) != i.RowsTotal || i.RowsDone != i.RowsTotal || i.Created+i.Updated+i.Unchanged+i.Refused != i.RowsTotal) {
		t.Errorf("not every row is accounted for: %d rows of %+v", len(rows), i)
	}
	return i, rows
}

func supplied(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestSuppliedFilesImport imports both files with no way to their pictures, again with none, and once more
// when the pictures can be had.
func TestSuppliedFilesImport(t *testing.T) {
	s := newShop(t)
	for name, want := range map[string][2]int{"apparel.csv": {22, 20}, "home-and-garden.csv": {21, 20}} {
		content := supplied(t, name)
		i, rows := s.run(t, name, content)
		if i.Created != want[0] || i.State != shopify.Ended {
			t.Fatalf("%s: %+v", name, i)
		}
		for _, r := range rows {
			if r.Reason != "" && (r.Reason != "import.photo_unreachable" || r.Why(i18n.FR) == "") {
				t.Errorf("%s line %d: %s", name, r.Line, r.Reason)
			}
		}
		if i, _ := s.run(t, name, content); i.Unchanged != want[0] {
			t.Errorf("%s again: %+v", name, i)
		}
	}
	if n := len(s.asked); n > 4*3 {
		t.Errorf("a host that is gone was asked for %d pictures", n)
	}
	cards, err := catalog.BrandCards(t.Context(), s.db, i18n.EN, clock(), s.brand.ID)
	if err != nil || len(cards) != 40 {
		t.Fatalf("%d products, %v", len(cards), err)
	}
	found, err := catalog.Search(t.Context(), s.db, catalog.Query{Text: "pillows", Lang: i18n.EN, At: clock()})
	if err != nil || found.Total != 2 {
		t.Errorf("search after the import: %d, %v", found.Total, err)
	}
	s.online = true
	i, _ := s.run(t, "home-and-garden.csv", supplied(t, "home-and-garden.csv"))
	if i.Updated != 21 || i.Created+i.Refused != 0 {
		t.Errorf("pictures came: %+v", i)
	}
	pot, err := catalog.BySlug(t.Context(), s.db, "clay-plant-pot", i18n.EN, clock())
	if err != nil || len(pot.Photos) != 2 || len(pot.Variants) != 2 || !pot.Visible || pot.Variants[1].Title() != "Large" || pot.VATBps != 2000 {
		t.Errorf("the pot: %+v, %v", pot, err)
	}
	asked := len(s.asked)
	if i, _ := s.run(t, "home-and-garden.csv", supplied(t, "home-and-garden.csv")); i.Unchanged != 21 || len(s.asked) != asked {
		t.Errorf("again with pictures: %+v", i)
	}
}

const heading = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src\n"

func TestOneBadProductLeavesTheOthers(t *testing.T) {
	s := newShop(t)
	s.online = true
	i, rows := s.run(t, `C:\files\test.csv`, heading+
		"bol,Bol,Taille,S,B-S,2,10,https://example.org/1.jpg\n"+
		"bol,,,,,,,https://example.org/2.jpg\n"+
		"bol,,,,,,,https://example.org/gone.jpg\n"+
		"bol,,,,,,,https://example.org/page.html\n"+
		"bol,,,L,B-L,,-20,\n"+
		"vase,=1+1,,,V,,5,\n"+
		"vase,,,,,,,https://example.org/3.jpg\n"+
		"pot,Pot,,,B-S,,5,\n"+
		"coupe,Coupe,,,,,5,http://example.org/insecure.jpg\n")
	want := map[int][2]string{2: {"created", ""}, 3: {"created", ""}, 4: {"refused", "import.photo_unreachable"}, 5: {"refused", "fault.photo_format"},
		6: {"refused", "import.price_negative"}, 7: {"refused", "import.formula"}, 8: {"refused", "import.product_refused"},
		9: {"refused", "import.sku_twice"}, 10: {"created", ""}}
	for _, r := range rows {
		if w := want[r.Line]; string(r.Outcome) != w[0] || r.Reason != w[1] {
			t.Errorf("line %d: %s %s, want %v", r.Line, r.Outcome, r.Reason, w)
		}
	}
	if i.FileName != "test.csv" || i.Refused != 6 {
		t.Errorf("import: %+v", i)
	}
	bowl, err := catalog.BySlug(t.Context(), s.db, "bol", "", clock())
	if err != nil || len(bowl.Variants) != 1 || len(bowl.Photos) != 2 {
		t.Errorf("bowl: %+v, %v", bowl, err)
	}
	for _, slug := range []string{"vase", "pot"} {
		if _, err := catalog.BySlug(t.Context(), s.db, slug, "", clock()); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s exists: %v", slug, err)
		}
	}
	var out strings.Builder
	if err := errors.Join(shopify.WriteText(&out, i18n.FR, i, rows), shopify.WriteCSV(&out, i18n.EN, rows)); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"6 refusées", "ligne 7 (vase), refusée", "9,pot,refused,The SKU B-S stands on line 2 already."} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in the report:\n%s", part, out.String())
		}
	}
}

func TestRefusedFileIsRecorded(t *testing.T) {
	s := newShop(t)
	i, rows := s.run(t, "x.csv", "Handle;Title;Type;Variant Price\n")
	if i.State != shopify.RefusedWhole || i.Why(i18n.FR) == "" || len(rows) != 0 || i.EndedAt == nil {
		t.Errorf("import: %+v", i)
	}
	var member int64
	err := s.db.Get(&member, `insert into members (email, email_normal, password_hash, name, handle) values ('a@b.c','a@b.c','x','X','xxx') returning id`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.importer().Accept(t.Context(), member, s.brand.ID, "x.csv", strings.NewReader("x")); !errors.Is(err, fault.NotFound) {
		t.Errorf("a stranger imports: %v", err)
	}
}

// TestInterruptedImportGoesOn stops a job in the middle and runs it again: no product is made twice, no row is
// counted twice.
func TestInterruptedImportGoesOn(t *testing.T) {
	s := newShop(t)
	id, err := s.importer().Accept(t.Context(), catalog.System, s.brand.ID, "apparel.csv", strings.NewReader(supplied(t, "apparel.csv")))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	cut := shopify.New(s.db, s.photos, func(context.Context, string) ([]byte, error) {
		if s.asked["any"]++; s.asked["any"] == 3 {
			stop()
		}
		return nil, fault.New(fault.Invalid, "fault.photo_address")
	}, 2000, clock)
	work := jobs.Work{Kind: shopify.JobKind, Args: []byte(`{"import_id":1}`)}
	if err := cut.Handle(ctx, work); err == nil {
		t.Fatal("the job was not interrupted")
	}
	half, err := shopify.ByID(t.Context(), s.db, s.brand.ID, id)
	if err != nil || half.State != shopify.Running || half.RowsDone == 0 || half.RowsDone == half.RowsTotal {
		t.Fatalf("half way: %+v, %v", half, err)
	}
	runner := jobs.New(s.db, slog.New(slog.NewTextHandler(io.Discard, nil)), jobs.Options{})
	runner.Handle(shopify.JobKind, shopify.JobLease, s.importer().Handle)
	if err := runner.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole, err := shopify.ByID(t.Context(), s.db, s.brand.ID, id)
	if err != nil || whole.State != shopify.Ended || whole.Created != 22 || whole.RowsDone != 22 {
		t.Errorf("in the end: %+v, %v", whole, err)
	}
	var files int
	if err := s.db.Get(&files, `select count(*) from import_files`); err != nil || files != 0 {
		t.Errorf("%d files are kept, %v", files, err)
	}
	if err := s.importer().Handle(t.Context(), work); err != nil {
		t.Errorf("once more: %v", err)
	}
	list, err := shopify.Recent(t.Context(), s.db, s.brand.ID)
	if err != nil || len(list) != 1 {
		t.Errorf("recent: %+v, %v", list, err)
	}
}

// TestInterruptedRunSaysSo stops an import at the terminal: it is not left running for ever, and the next does the rest.
func TestInterruptedRunSaysSo(t *testing.T) {
	s := newShop(t)
	ctx, stop := context.WithCancel(t.Context())
	_, err := s.importer().Run(ctx, catalog.System, s.brand.ID, "apparel.csv", strings.NewReader(supplied(t, "apparel.csv")),
		func(done, _ int) {
			if done >= 5 {
				stop()
			}
		})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("run: %v", err)
	}
	list, err := shopify.Recent(t.Context(), s.db, s.brand.ID)
	if err != nil || len(list) != 1 || list[0].State != shopify.Ended || list[0].RowsDone != 5 || list[0].Why(i18n.EN) == "" {
		t.Fatalf("after the interruption: %+v, %v", list, err)
	}
	if i, _ := s.run(t, "apparel.csv", supplied(t, "apparel.csv")); i.Unchanged != 5 || i.Created != 17 {
		t.Errorf("the rest: %+v", i)
	}
}
