package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"

	"relais/internal/app"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/referrals"
)

// Sizes of the catalogue.
const (
	brandCount  = 4
	perBrand    = 10
	memberCount = 10
	inStock     = 90_000 // pieces of each product, more than any run sells
)

// world is the site under load, with what it has to show.
type world struct {
	dir     string // everything lies in here, and goes with it
	cluster *postgres.Cluster
	db      *sqlx.DB // of the owner: for counting rows
	app     *sqlx.DB // of the application's role, as large as the site's own
	sales   *salesSide
	site    *app.App
	addr    string
	leave   context.CancelFunc
	left    chan error

	slugs    []string
	variants []int64
	members  []int64
	codes    []string // of share links
	handles  []string // of members, whose storefronts are read
}

func newWorld(ctx context.Context, s settings) (*world, error) {
	dir, err := os.MkdirTemp("", "relais-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	w := &world{dir: dir}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if err := w.fill(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("fill the catalogue: %w", err), w.close())
	}
	if err := w.initTPCB(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if w.sales, err = openSales(ctx, w.cluster, s.clients); err != nil {
		return nil, errors.Join(err, w.close())
	}
	_, err = w.db.ExecContext(ctx, `analyze`)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("analyze: %w", err), w.close())
	}
	return w, nil
}

// open starts a durable cluster and the site over it.
func (w *world) open(ctx context.Context) error {
	if err := os.Chmod(w.dir, 0o755); err != nil { // the cluster's user has to pass
		return err
	}
	var err error
	if w.cluster, err = postgres.StartCluster(ctx, postgres.Options{DataDir: w.dir}); err != nil {
		return err
	}
	if w.db, err = postgres.Open(w.cluster.OwnerURL(), 2); err != nil {
		return err
	}
	if w.app, err = postgres.Open(w.cluster.AppURL(), 20); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(dropped{}, nil))
	w.site, err = app.New(ctx, app.Config{Addr: "127.0.0.1:0", DataDir: w.dir, PlatformFeeBps: 500, AutoDelivery: 7,
		Database: app.Database{URL: app.Secret(w.cluster.AppURL()), OwnerURL: app.Secret(w.cluster.OwnerURL())},
		Secret:   "a secret for nothing but measuring, made of many letters", Mail: app.Mail{From: "Relais <relais@localhost>"},
		Stripe: app.Stripe{Capabilities: []string{"transfers"}}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, log)
	if err != nil {
		return err
	}
	w.addr = strings.TrimPrefix(w.site.URL(), "http://")
	running, leave := context.WithCancel(context.WithoutCancel(ctx))
	w.leave, w.left = leave, make(chan error, 1)
	go func() { w.left <- w.site.Run(running) }()
	return nil
}

// dropped takes log lines. It is not slog.DiscardHandler or io.Discard, which would spare us making them.
type dropped struct{}

func (dropped) Write(p []byte) (int, error) { return len(p), nil }

// close ends the site, then its database, and leaves nothing behind.
func (w *world) close() error {
	var errs []error
	switch {
	case w.leave != nil:
		w.leave()
		errs = append(errs, <-w.left)
	case w.site != nil:
		w.site.Close()
	}
	if w.sales != nil {
		errs = append(errs, w.sales.db.Close())
	}
	for _, db := range []*sqlx.DB{w.db, w.app} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if w.cluster != nil {
		dir := w.cluster.Dir()
		w.cluster.Stop()
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// fill makes members, brands, products and links by the use cases.
func (w *world) fill(ctx context.Context) error {
	for i := range memberCount {
		id, err := w.member(ctx, fmt.Sprintf("relais-%d", i))
		if err != nil {
			return err
		}
		w.members, w.handles = append(w.members, id), append(w.handles, fmt.Sprintf("relais-%d", i))
	}
	for i := range brandCount {
		if err := w.brand(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) member(ctx context.Context, handle string) (int64, error) {
	m, err := w.site.Services().Members.Create(ctx, members.NewMember{Handle: handle, Name: "Relais " + handle, Email: handle + "@relais.example",
		Password: "a good long password", Lang: i18n.FR, Confirmed: true})
	return m.ID, err
}

func (w *world) brand(ctx context.Context, n int) error {
	goods := w.site.Services().Catalog
	owner, err := w.member(ctx, fmt.Sprintf("atelier-owner-%d", n))
	if err != nil {
		return err
	}
	handle := fmt.Sprintf("atelier-%d", n)
	b, err := goods.CreateBrand(ctx, owner, catalog.BrandDraft{Handle: handle, Name: "Atelier " + handle, Lang: i18n.FR, Tagline: "Fait à la main, sans hâte",
		Story: "Une maison depuis trois générations.", MakerName: "SARL " + handle, MakerAddress: "1 rue du Port\n29000 Quimper",
		ContactEmail: handle + "@marque.example", Country: "FR", Currency: "EUR", Trader: true})
	if err != nil {
		return err
	}
	_, err = goods.PutDelivery(ctx, owner, b.ID, catalog.DeliveryMethod{Name: "Colissimo", PriceMinor: 500, DaysMin: 2, DaysMax: 4, Countries: []string{"FR"}, Active: true})
	if err != nil {
		return err
	}
	for i := range perBrand {
		if err := w.product(ctx, owner, b.ID, n*perBrand+i); err != nil {
			return err
		}
	}
	return nil
}

// description is as long as those of real shops are.
const description = `Tourné à la main dans un grès clair, émaillé deux fois, cuit à **1 280 degrés**.

- contenance : 45 cl
- passe au four et au lave-vaisselle
- chaque pièce est unique : la teinte varie d'une cuisson à l'autre

Nous les emballons dans du papier, sans plastique, et remplaçons sans discuter ce qui arriverait cassé.`

// product is one with two photographs and two variants, that a member or two recommend by a link.
func (w *world) product(ctx context.Context, owner, brand int64, n int) error {
	services := w.site.Services()
	price := int64(1500 + 100*n)
	p, err := services.Catalog.CreateProduct(ctx, owner, brand, catalog.ProductDraft{Lang: i18n.FR, Title: fmt.Sprintf("Bol en grès n° %d", n), Description: description,
		Category: "table", VATBps: 2000, Options: []string{"Taille"}, Variants: []catalog.VariantDraft{
			{SKU: fmt.Sprintf("BOL-%d-P", n), Values: []string{"Petit"}, PriceMinor: price, Stock: inStock},
			{SKU: fmt.Sprintf("BOL-%d-G", n), Values: []string{"Grand"}, PriceMinor: price + 600, Stock: inStock}}})
	if err != nil {
		return err
	}
	for i := range 2 {
		if err := services.Catalog.AddPhoto(ctx, owner, brand, p.ID, bytes.NewReader(photograph(2*n+i)), "Le bol, de côté", "Atelier"); err != nil {
			return err
		}
	}
	if err := services.Catalog.MoveProduct(ctx, owner, brand, p.ID, catalog.Published); err != nil {
		return err
	}
	var variants []int64
	if err := w.db.SelectContext(ctx, &variants, `select id from variants where product_id = $1 order by id`, p.ID); err != nil {
		return err
	}
	w.slugs, w.variants = append(w.slugs, p.Slug), append(w.variants, variants...)
	for i := range 1 + n%2 {
		link, err := services.Referrals.Create(ctx, w.members[(n+i)%memberCount], referrals.Share{Target: referrals.ToProduct, ProductID: p.ID, Channel: referrals.Channels()[0]})
		if err != nil {
			return err
		}
		w.codes = append(w.codes, link.Code)
	}
	return nil
}

// photograph is a small picture that differs from others.
func photograph(n int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, 360, 270))
	for x := range 360 {
		for y := range 270 {
			m.Set(x, y, color.RGBA{R: uint8(x + 7*n), G: uint8(y), B: uint8(40 * n), A: 255})
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, m, nil) // a buffer takes everything
	return b.Bytes()
}

// programs is the folder with the programs of the Postgres that runs.
func (w *world) programs(ctx context.Context) (string, error) {
	var dir string
	err := w.db.GetContext(ctx, &dir, `select setting from pg_config where name = 'BINDIR'`)
	return filepath.Clean(dir), err
}
