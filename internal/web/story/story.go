// Package story has the pages of what brands and members tell at length (package stories).
//
//	/stories/CODE-slug         a story, for everybody; its picture for conversations at …/card.jpg, the form to report it at …/report
//	/b/HANDLE/stories          all of a brand
//	/@HANDLE/stories           all of a member
//	/me/stories…               a member's own desk: list, series, and for each the form, the preview and what can be done with it
//	/brand/HANDLE/stories…     the same for the team of a brand
//	/admin/stories             what was reported
//
// Whoever comes by a share link (?c=TOKEN) reads who earns, and the products of the story lead into the storefront of whoever shared it, with the
// click. A video is a link that opens elsewhere: nothing is loaded from there.
package story

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/fault"
	"relais/internal/media"
	"relais/internal/postgres"
	"relais/internal/storefronts"
	"relais/internal/stories"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// Options is what the pages need.
type Options struct {
	Site     *page.Site
	DB       *postgres.DB
	Stories  *stories.Service
	Pictures preview.Pictures
	Now      func() time.Time // business time
	BaseURL  string           // of the site, without a slash at its end
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New makes the Server.
func New(o Options) *Server { return &Server{o} }

// atOnce is how many photographs a form takes at a time.
const atOnce = 4

// formBytes is how large the form of a story may be, with its photographs.
const formBytes = (atOnce+1)*media.MaxBytes + 256<<10

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/me/stories/:id": formBytes, "/brand/:handle/stories/:id": formBytes}
}

// Routes adds the pages to the site.
func (s *Server) Routes(e *echo.Echo) {
	shared := s.Site.Shared(false)
	e.GET("/stories/:ref", s.story, shared)
	e.GET("/stories/:ref/card.jpg", s.card)
	e.GET("/stories/:ref/report", s.report)
	e.POST("/stories/:ref/report", s.report)
	e.GET("/b/:handle/stories", s.ofBrand, shared)
	e.GET("/@:handle/stories", s.ofMember, shared)
	for path, guard := range map[string]echo.MiddlewareFunc{"/me/stories": page.RequireMember, "/brand/:handle/stories": page.RequireBrand} {
		e.GET(path, s.mine, guard)
		e.POST(path, s.start, guard)
		e.GET(path+"/series", s.series, guard)
		e.POST(path+"/series/:id", s.editSeries, guard)
		e.GET(path+"/:id", s.edit, guard)
		e.POST(path+"/:id", s.save, guard)
		e.GET(path+"/:id/preview", s.look, guard)
		e.POST(path+"/:id/do", s.do, guard)
		e.POST(path+"/:id/move", s.move, guard)
	}
	s.queue().Routes(e)
}

// number reads a number in a route; what is none does not exist.
func number(c echo.Context, name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

// by is who acts.
func by(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// Tile is a story in a list.
type Tile struct {
	stories.Story
	Excerpt string
}

func tiles(list []stories.Story) []Tile {
	shown := make([]Tile, len(list))
	for i, one := range list {
		shown[i] = TileOf(one)
	}
	return shown
}

// excerptRunes is how much of a story a list shows.
const excerptRunes = 180

// TileOf is a story as lists and feeds show it.
func TileOf(one stories.Story) Tile {
	return Tile{Story: one, Excerpt: stories.Excerpt(one.Body, excerptRunes)}
}

// Shelf is what the page of a brand or storefront shows of its stories.
type Shelf struct {
	List []Tile
	URL  string // of all of them
	More int    // that are not in the list
}

// onShelf is how many that is.
const onShelf = 3

// ShelfOf reads the newest stories of a brand or member, whose page is at home.
func ShelfOf(c echo.Context, db *postgres.DB, o stories.Owner, home string) (Shelf, error) {
	ctx, shelf := c.Request().Context(), Shelf{URL: home + "/stories"}
	list, err := stories.Of(ctx, db, o, onShelf, 0)
	if err != nil || len(list) == 0 {
		return shelf, err
	}
	shelf.List = tiles(list)
	n, err := stories.CountOf(ctx, db, o)
	shelf.More = n - len(list)
	return shelf, err
}

// listPage is all stories of a brand or member.
type listPage struct {
	Name, Home string
	List       []Tile
	Pager      *page.Pager
	Empty      page.Empty
}

const listSize = 12

func (s *Server) ofBrand(c echo.Context) error {
	b, err := catalog.BrandByHandle(c.Request().Context(), s.DB, c.Param("handle"), page.Lang(c))
	if err != nil {
		return err
	}
	page.Shows(c, changes.Brand(b.ID))
	if b.BlockedAt != nil {
		return fault.New(fault.NotFound, "fault.page_not_found")
	}
	return s.list(c, stories.Owner{BrandID: b.ID}, b.Name, "/b/"+b.Handle)
}

func (s *Server) ofMember(c echo.Context) error {
	f, err := storefronts.ByHandle(c.Request().Context(), s.DB, c.Param("handle"))
	if err != nil {
		return err
	}
	page.Shows(c, changes.Member(f.MemberID))
	return s.list(c, stories.Owner{MemberID: f.MemberID}, f.MemberName, f.Path())
}

func (s *Server) list(c echo.Context, o stories.Owner, name, home string) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	n, err := stories.CountOf(ctx, s.DB, o)
	if err != nil {
		return err
	}
	data := listPage{Name: name, Home: home, Pager: page.NewPager(c, listSize, n)}
	list, err := stories.Of(ctx, s.DB, o, listSize, data.Pager.Offset())
	if err != nil {
		return err
	}
	data.List = tiles(list)
	data.Empty = page.Empty{Icon: "file-text", Title: l.T("story.list.empty", "Name", name), Text: l.T("story.list.empty_text"), URL: home, Action: l.T("story.list.home")}
	return s.Site.Render(c, http.StatusOK, "story/list", data)
}

// public is the story that an address names. ErrGone where nobody reads it.
func (s *Server) public(c echo.Context) (stories.Story, error) {
	code, _, _ := strings.Cut(c.Param("ref"), "-")
	return stories.ByCode(c.Request().Context(), s.DB, code)
}
