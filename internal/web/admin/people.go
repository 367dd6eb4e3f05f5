package admin

import (
	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/web/page"
)

type membersPage struct {
	list
	Rows []members.Member
}

func (s *Server) members(c echo.Context) error {
	data := membersPage{list: listOf(c)}
	rows, err := members.Search(c.Request().Context(), s.DB, data.Search, listed+1, data.offset())
	if err != nil {
		return err
	}
	data.Rows = rows[:data.more(c, len(rows))]
	return s.render(c, "members", data)
}

// back is the list as it was searched, below the row that was changed.
func back(c echo.Context, path string) string {
	return page.LocalPath(page.PostedForm(c).Get("back"), path)
}

func (s *Server) blockMember(c echo.Context) error {
	member, err := id(c)
	if err != nil {
		return err
	}
	blocked := page.PostedForm(c).Get("blocked") == "yes"
	key := "admin.members.unblocked"
	if blocked {
		key = "admin.members.blocked"
	}
	return s.done(c, s.Members.Block(c.Request().Context(), by(c), member, blocked), key, back(c, "/admin/members"))
}

func (s *Server) promote(c echo.Context) error {
	member, err := id(c)
	if err != nil {
		return err
	}
	admin := page.PostedForm(c).Get("admin") == "yes"
	key := "admin.members.dismissed"
	if admin {
		key = "admin.members.promoted"
	}
	return s.done(c, s.Members.Promote(c.Request().Context(), by(c), member, admin), key, back(c, "/admin/members"))
}

type brandsPage struct {
	list
	Rows []catalog.BrandRow
}

// Sold is what a brand sold, in its currency.
func (brandsPage) Sold(b catalog.BrandRow) money.Amount { return money.New(b.GoodsMinor, b.Currency) }

func (s *Server) brands(c echo.Context) error {
	data := brandsPage{list: listOf(c)}
	rows, err := catalog.BrandRows(c.Request().Context(), s.DB, data.Search, listed+1, data.offset())
	if err != nil {
		return err
	}
	data.Rows = rows[:data.more(c, len(rows))]
	return s.render(c, "brands", data)
}

func (s *Server) blockBrand(c echo.Context) error {
	brand, err := id(c)
	if err != nil {
		return err
	}
	blocked := page.PostedForm(c).Get("blocked") == "yes"
	key := "admin.brands.unblocked"
	if blocked {
		key = "admin.brands.blocked"
	}
	return s.done(c, s.Catalog.BlockBrand(c.Request().Context(), by(c), brand, blocked), key, back(c, "/admin/brands"))
}
