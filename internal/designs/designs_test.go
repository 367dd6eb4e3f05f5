package designs_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/designs"
	"relais/internal/designs/designstest"
	"relais/internal/designs/draw"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/postgres"
)

// atelier is a shop whose product is a base, and a member who designs on it.
type atelier struct {
	*apptest.World
	shop apptest.Shop
	lea  int64
}

func open(t *testing.T) *atelier {
	w := apptest.New(t)
	return &atelier{w, w.Shop("terre", 3000, 5), w.Member("lea")}
}

func (a *atelier) must(err error) {
	a.T.Helper()
	if err != nil {
		a.T.Fatal(err)
	}
}

func (a *atelier) refused(err, want error) {
	a.T.Helper()
	if !errors.Is(err, want) {
		a.T.Errorf("got %v, want %v", err, want)
	}
}

// publishes the shirt as the next version.
func (a *atelier) publishes(revision int, b model.Base) designs.Version {
	a.T.Helper()
	v, err := a.Designs.SaveBase(a.T.Context(), a.shop.Owner, a.shop.Brand, a.shop.Product, revision, b)
	a.must(err)
	a.must(a.Designs.Publish(a.T.Context(), a.shop.Owner, a.shop.Brand, a.shop.Product, v.Revision))
	return v
}

func (a *atelier) starts() designs.Design {
	a.T.Helper()
	id, err := a.Designs.Start(a.T.Context(), a.lea, a.shop.Product, " Pour  Tom ")
	a.must(err)
	return a.reads(id)
}

func (a *atelier) reads(id int64) designs.Design {
	a.T.Helper()
	d, err := designs.ByID(a.T.Context(), a.DB, a.lea, id)
	a.must(err)
	return d
}

func TestABaseHasVersions(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	_, err := designs.Offered(ctx, a.DB, a.shop.Product)
	a.refused(err, designs.ErrNoBase)
	unready := designstest.Shirt()
	unready.Views[0].Zones[0].Fonts = nil
	v, err := a.Designs.SaveBase(ctx, a.shop.Owner, a.shop.Brand, a.shop.Product, 0, unready)
	a.must(err)
	if v.Number != 1 || v.State != designs.Draft || v.Revision != 1 {
		t.Errorf("%+v", v)
	}
	a.refused(a.Designs.Publish(ctx, a.shop.Owner, a.shop.Brand, a.shop.Product, 1), designs.ErrUnready)
	_, err = a.Designs.SaveBase(ctx, a.shop.Owner, a.shop.Brand, a.shop.Product, 0, unready)
	a.refused(err, designs.ErrElsewhere)
	a.publishes(1, designstest.Shirt())
	first, err := designs.Offered(ctx, a.DB, a.shop.Product)
	a.must(err)
	if diff := cmp.Diff(designstest.Shirt(), first.Base); diff != "" {
		t.Error(diff)
	}
	d := a.starts()

	next := designstest.Shirt()
	next.Days = 20
	second := a.publishes(0, next)
	if second.Number != 2 {
		t.Errorf("%+v", second)
	}
	if d = a.reads(d.ID); d.Base.Days != 10 || !d.Newer || d.Title != "Pour Tom" {
		t.Errorf("the design stands on %d days, newer %v, %q", d.Base.Days, d.Newer, d.Title)
	}
	for range 2 {
		a.must(a.Designs.Withdraw(ctx, a.shop.Owner, a.shop.Brand, a.shop.Product))
	}
	_, err = a.Designs.Start(ctx, a.lea, a.shop.Product, "x")
	a.refused(err, designs.ErrNoBase)
	last, err := designs.DraftOf(ctx, a.DB, a.shop.Product)
	a.must(err)
	if last.Number != 2 || last.State != designs.Retired {
		t.Errorf("the next version begins with %+v", last)
	}
}

func TestABaseIsTheBrands(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	other := a.Shop("bois", 1000, 1)
	for name, err := range map[string]error{
		"a stranger":        second(a.Designs.SaveBase(ctx, a.lea, a.shop.Brand, a.shop.Product, 0, designstest.Shirt())),
		"another brand":     second(a.Designs.SaveBase(ctx, other.Owner, a.shop.Brand, a.shop.Product, 0, designstest.Shirt())),
		"another's product": second(a.Designs.SaveBase(ctx, other.Owner, other.Brand, a.shop.Product, 0, designstest.Shirt())),
		"publishing":        a.Designs.Publish(ctx, a.lea, a.shop.Brand, a.shop.Product, 1),
		"withdrawing":       a.Designs.Withdraw(ctx, a.lea, a.shop.Brand, a.shop.Product),
	} {
		if !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a.publishes(0, designstest.Shirt())
	for name, sql := range map[string]string{
		"published content": `update base_versions set content = jsonb_set(content, '{days}', '1')`,
		"back to draft":     `update base_versions set state = 'draft', published_at = null`,
		"deleted":           `delete from base_versions`,
	} {
		if _, err := a.DB.ExecContext(ctx, sql); err == nil {
			t.Errorf("%s: the database let it happen", name)
		}
	}
}

// A view shows one of the product's own photographs, and no other; the design's picture shows it, its print files do not.
func TestABaseOnAPhotograph(t *testing.T) {
	a := open(t)
	b := designstest.Shirt()
	b.Views[0].Zones = b.Views[0].Zones[:1] // without the cloth, which a photograph does not colour
	b.Views[0].Photo = strings.Repeat("ab", 20)
	_, err := a.Designs.SaveBase(t.Context(), a.shop.Owner, a.shop.Brand, a.shop.Product, 0, b)
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Fields["views.0.photo"] != "fault.designs.base_photo" {
		t.Fatalf("somebody else's photograph: %v", err)
	}
	a.must(a.Catalog.AddPhoto(t.Context(), a.shop.Owner, a.shop.Brand, a.shop.Product, bytes.NewReader(designstest.Photo(t, 800, 960).JPEG), "Le tee-shirt", "Léa Photo"))
	have, err := catalog.Pictures(t.Context(), a.DB, a.shop.Product)
	a.must(err)
	list := have[a.shop.Product]
	b.Views[0].Photo = list[len(list)-1].Hash
	a.publishes(0, b)
	d := a.starts()
	if len(d.Grounds) != 1 || d.Grounds[0].Credit != "Léa Photo" || d.OnPage()[b.Views[0].Photo].Address == "" {
		t.Errorf("grounds %+v", d.Grounds)
	}
	raw, err := a.Designs.Picture(t.Context(), d, "front")
	a.must(err)
	picture, err := png.Decode(bytes.NewReader(raw))
	a.must(err)
	size := picture.Bounds().Size()
	if r, g, bl, _ := picture.At(size.X/2, size.Y/2).RGBA(); r>>8 < 200 || g>>8 < 180 || bl>>8 > 140 { // the yellow disc in the middle of the photograph
		t.Errorf("the middle of the picture is %d %d %d", r>>8, g>>8, bl>>8)
	}
	if names := d.Sheets(); len(names) != 0 {
		t.Errorf("the photograph alone is printed: %v", names)
	}
}

func second(_ designs.Version, err error) error { return err }

func TestSavingFromTwoWindows(t *testing.T) {
	a := open(t)
	a.publishes(0, designstest.Shirt())
	d := a.starts()
	save := func(revision int, words string) (int, error) {
		return a.Designs.Save(t.Context(), a.lea, d.ID, revision, d.Title, designstest.Doc(designstest.Text(words)))
	}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, words := range []string{"Léa", "Tom"} {
		wg.Go(func() { _, errs[i] = save(1, words) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), designs.ErrElsewhere) {
		t.Fatalf("both windows: %v", errs)
	}
	kept := a.reads(d.ID)
	text := kept.Doc.Part("chest")[0].Text
	if got, err := save(1, text); err != nil || got != 2 {
		t.Errorf("the same once more: revision %d, %v", got, err)
	}
	if got, err := save(2, "Zoé"); err != nil || got != 3 {
		t.Errorf("revision %d, %v", got, err)
	}
	for name, sql := range map[string]string{
		"over a revision": `update designs set title = 'x'`,
		"to another":      `update designs set author_id = (select min(id) from members)`,
		"deleted":         `delete from designs`,
	} {
		if _, err := a.DB.ExecContext(t.Context(), sql); err == nil {
			t.Errorf("%s: the database let it happen", name)
		}
	}
}

func TestADesignIsItsAuthors(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	a.publishes(0, designstest.Shirt())
	d := a.starts()
	tom := a.Member("tom")
	_, err := designs.ByID(ctx, a.DB, tom, d.ID)
	a.refused(err, fault.NotFound)
	_, err = a.Designs.Save(ctx, tom, d.ID, 1, "x", d.Doc)
	a.refused(err, fault.NotFound)
	a.refused(a.Designs.Drop(ctx, tom, d.ID), fault.NotFound)
	_, err = a.Designs.Save(ctx, a.lea, d.ID, 1, " \u200e", d.Doc)
	a.refused(err, fault.Invalid)
	if list, err := designs.Mine(ctx, a.DB, a.lea); err != nil || len(list) != 1 {
		t.Errorf("%d, %v", len(list), err)
	}
	a.must(a.Designs.Drop(ctx, a.lea, d.ID))
	a.refused(a.Designs.Drop(ctx, a.lea, d.ID), fault.NotFound)
	if list, err := designs.Mine(ctx, a.DB, a.lea); err != nil || len(list) != 0 {
		t.Errorf("%d, %v", len(list), err)
	}
}

func TestPhotographsArePrivate(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	a.publishes(0, designstest.Shirt())
	d := a.starts()
	raw := designstest.Photo(t, 1000, 500).JPEG
	p, err := a.Designs.AddPhoto(ctx, a.lea, bytes.NewReader(raw))
	a.must(err)
	again, err := a.Designs.AddPhoto(ctx, a.lea, bytes.NewReader(raw))
	a.must(err)
	if again.ID != p.ID || p.Width != 1000 {
		t.Errorf("%+v, then %+v", p, again)
	}
	tom := a.Member("tom")
	_, err = a.Designs.PhotoFile(ctx, tom, p.ID)
	a.refused(err, fault.NotFound)
	a.refused(a.Designs.RemovePhoto(ctx, tom, p.ID), fault.NotFound)
	his, err := a.Designs.AddPhoto(ctx, tom, bytes.NewReader(designstest.Photo(t, 400, 400).JPEG))
	a.must(err)

	picture := func(id int64) model.Document {
		return designstest.Doc(model.Layer{Kind: model.Image, Photo: id, X: 90_00, Y: 45_00, Size: 60_00})
	}
	_, err = a.Designs.Save(ctx, a.lea, d.ID, 1, "x", picture(his.ID))
	a.refused(err, fault.Invalid)
	_, err = a.Designs.Save(ctx, a.lea, d.ID, 1, "x", picture(p.ID))
	a.must(err)
	d = a.reads(d.ID)
	if len(d.Problems()) != 0 {
		t.Errorf("%v", d.Problems())
	}
	var sheet, shown bytes.Buffer
	a.must(a.Designs.PrintPNG(ctx, &sheet, d, 0))
	raw, err = a.Designs.Picture(ctx, d, "")
	a.must(err)
	shown.Write(raw)
	for name, c := range map[string]struct {
		file *bytes.Buffer
		want image.Point
	}{"to print: 186 × 96 mm at 300 dots an inch": {&sheet, image.Pt(2197, 1134)}, "on a screen": {&shown, image.Pt(1197, 1436)}} {
		picture, err := png.Decode(c.file)
		a.must(err)
		if got := picture.Bounds().Size(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		middle := picture.At(picture.Bounds().Dx()/2, picture.Bounds().Dy()*32/100)
		if name == "on a screen" {
			if r, g, b, _ := middle.RGBA(); r>>8 < 230 || g>>8 < 200 || b>>8 > 110 { // the photograph's yellow disc
				t.Errorf("%s: the middle of the photograph is %d %d %d", name, r>>8, g>>8, b>>8)
			}
		}
	}
	a.refused(a.Designs.PrintPNG(ctx, &sheet, d, 1), fault.NotFound)
	if got := d.OnPage()[draw.PhotoName(p.ID)].Address; !strings.HasPrefix(got, "/designs/photos/") {
		t.Errorf("on pages: %s", got)
	}
	a.must(a.Designs.RemovePhoto(ctx, a.lea, p.ID))
	_, err = a.Designs.PhotoFile(ctx, a.lea, p.ID)
	a.refused(err, fault.NotFound)
	if got := a.reads(d.ID).Problems(); len(got) != 1 || got[0].Key != "fault.designs.choose_photo" {
		t.Errorf("its design says %v", got)
	}
	var public int
	a.must(a.DB.GetContext(ctx, &public, `select count(*) from media where hash in (select hash from design_photos)`))
	if public != 0 {
		t.Error("a private photograph stands among the public ones")
	}
	_, err = a.Designs.AddPhoto(context.WithoutCancel(ctx), a.lea, strings.NewReader(`<svg xmlns="http://www.w3.org/2000/svg"/>`))
	a.refused(err, fault.Invalid)
}

func TestBounds(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	a.publishes(0, designstest.Shirt())
	_, err := a.Designs.Start(ctx, a.lea, a.shop.Product, "")
	a.refused(err, fault.Invalid)
	_, err = a.DB.ExecContext(ctx, `insert into designs (author_id, version_id, title, content, created_at, updated_at)
		select $1, v.id, 'x', '{"version":1,"parts":[]}', now(), now() from base_versions v, generate_series(1, $2)`, a.lea, designs.MostDesigns)
	a.must(err)
	_, err = a.Designs.Start(ctx, a.lea, a.shop.Product, "x")
	a.refused(err, designs.ErrMany)
	_, err = a.DB.ExecContext(ctx, `insert into design_photos (member_id, hash, width, height, created_at) select $1, repeat(md5(n::text), 2)::char(40), 10, 10, now() from generate_series(1, $2) n`, a.lea, designs.MostPhotos)
	a.must(err)
	_, err = a.Designs.AddPhoto(ctx, a.lea, bytes.NewReader(designstest.Photo(t, 40, 40).JPEG))
	a.refused(err, designs.ErrManyPhotos)
}

// What the brand published anew is what is made: a design is carried over where all of it has its place, and not otherwise.
func TestCarryingOver(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	a.publishes(0, designstest.Shirt())
	d := a.starts()
	if got := d.Trouble(); got != designs.Blank {
		t.Errorf("an empty design: %q", got)
	}
	_, err := a.Designs.Save(ctx, a.lea, d.ID, 1, d.Title, designstest.Doc(designstest.Text("Léa")))
	a.must(err)
	if got := a.reads(d.ID).Trouble(); got != "" {
		t.Errorf("a good design: %q", got)
	}
	a.must(a.Designs.CarryOver(ctx, a.lea, d.ID, 2)) // nowhere to go
	if got := a.reads(d.ID); got.Revision != 2 {
		t.Errorf("revision %d", got.Revision)
	}
	next := designstest.Shirt()
	next.Views[0].Zones[0].Extra[model.Text] = 700
	next.Views[0].Zones[0].Least = 30_00
	a.publishes(0, next)
	if got := a.reads(d.ID).Trouble(); got != designs.Outdated {
		t.Errorf("of an older version: %q", got)
	}
	a.refused(a.Designs.CarryOver(ctx, a.lea, d.ID, 1), designs.ErrElsewhere)
	a.refused(a.Designs.CarryOver(ctx, a.Member("tom"), d.ID, 2), fault.NotFound)
	for range 2 {
		a.must(a.Designs.CarryOver(ctx, a.lea, d.ID, 2))
	}
	got := a.reads(d.ID)
	if problems := got.Problems(); got.Newer || got.Revision != 3 || got.Options().Minor != 700 || len(problems) != 1 || problems[0].Key != "fault.designs.text_small" {
		t.Errorf("carried over: newer %v, revision %d, %v, %v", got.Newer, got.Revision, got.Options(), problems)
	}
	next.Views[0].Zones[0].Kinds = []model.Kind{model.Image}
	a.publishes(0, next)
	a.refused(a.Designs.CarryOver(ctx, a.lea, d.ID, 3), designs.ErrUnfit)
	if got := a.reads(d.ID); got.Revision != 3 || got.Doc.Layers() != 1 {
		t.Errorf("refused, and now %d layers in revision %d", got.Doc.Layers(), got.Revision)
	}
	a.must(a.Designs.Withdraw(ctx, a.shop.Owner, a.shop.Brand, a.shop.Product))
	if got := a.reads(d.ID).Trouble(); got != designs.Withdrawn {
		t.Errorf("withdrawn: %q", got)
	}
	a.refused(a.Designs.CarryOver(ctx, a.lea, d.ID, 3), designs.ErrNoBase)
}

// What is kept can be read again: a form may say more than a document can hold.
func TestWhatCannotBeReadAgainIsNotKept(t *testing.T) {
	a := open(t)
	a.publishes(0, designstest.Shirt())
	d := a.starts()
	pattern := model.Layer{Kind: model.Pattern, Pattern: "dots", Size: 20_00, Colour: "#1a1a1a"}
	many := designstest.Doc(pattern, pattern, pattern).With("band", []model.Layer{pattern, pattern})
	for name, doc := range map[string]model.Document{"a long text": designstest.Doc(designstest.Text(strings.Repeat("é", 400))), "five patterns": many} {
		_, err := a.Designs.Save(t.Context(), a.lea, d.ID, 1, d.Title, doc)
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		if got := a.reads(d.ID); got.Revision != 1 {
			t.Errorf("%s is kept", name)
		}
	}
}

// What the options of a base cost is of the currency that its product had when it was published: priced in another one, nothing of it can be ordered before the brand
// publishes it anew, and what was ordered before keeps its currency.
func TestABaseOfAnotherCurrency(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	a.publishes(0, designstest.Shirt())
	id := a.starts().ID
	_, err := a.Designs.Save(ctx, a.lea, id, 1, "Tom", designstest.Doc(designstest.Text("Léa")))
	a.must(err)
	d := a.reads(id)
	freeze := func(d designs.Design) error {
		return postgres.InTx(ctx, a.DB, func(tx *sqlx.Tx) error { return designs.Freeze(ctx, tx, d, a.Clock.Now()) })
	}
	a.must(freeze(d))
	a.DB.MustExec(`update products set currency = 'USD' where id = $1`, a.shop.Product)
	_, err = designs.Offered(ctx, a.DB, a.shop.Product)
	a.refused(err, designs.ErrNoBase)
	if got := a.reads(id); got.Trouble() != designs.Withdrawn || got.Options().Currency != "EUR" {
		t.Errorf("%q, options of %s", got.Trouble(), got.Options().Currency)
	}
	a.refused(freeze(d), designs.ErrElsewhere)
	ordered, err := designs.Ordered(ctx, a.DB, id, d.Revision)
	a.must(err)
	if ordered.Currency != "EUR" {
		t.Errorf("ordered in %s", ordered.Currency)
	}
	a.publishes(0, designstest.Shirt())
	a.must(a.Designs.CarryOver(ctx, a.lea, id, d.Revision))
	if got := a.reads(id); got.Trouble() != "" || got.Options().Currency != "USD" {
		t.Errorf("published anew: %q, options of %s", got.Trouble(), got.Options().Currency)
	}
	if _, err := a.DB.Exec(`update base_versions set currency = 'EUR' where state = 'published'`); err == nil {
		t.Error("a published base changes its currency")
	}
}
