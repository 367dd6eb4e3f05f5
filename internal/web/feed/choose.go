package feed

import (
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/web/page"
)

// circleOptions are the circles that the author can write in, by sphere, and those in which the post is already.
func circleOptions(form *page.Form, mine []groups.Membership, there []posts.Place) []circleChoices {
	var list []circleChoices
	for _, sphere := range groups.Spheres() {
		of := circleChoices{Sphere: sphere}
		add := func(id int64, name string, left bool) {
			value := strconv.FormatInt(id, 10)
			of.Circles = append(of.Circles, circleChoice{ID: value, Name: name, Left: left, Checked: form.Has("group", value)})
		}
		for _, m := range mine {
			if m.Sphere == sphere && groups.CanPost(m.Group, m.Role) {
				add(m.ID, m.Name, false)
			}
		}
		for _, at := range there {
			writes := func(m groups.Membership) bool { return m.ID == at.GroupID && groups.CanPost(m.Group, m.Role) }
			if at.Sphere == sphere && at.Live() && !slices.ContainsFunc(mine, writes) {
				add(at.GroupID, at.Name, true)
			}
		}
		if len(of.Circles) > 0 {
			list = append(list, of)
		}
	}
	return list
}

// picksShown is how many products a search offers.
const picksShown = 8

// picks are what the post can lead to: nothing, the author's storefront, what is chosen, and what was searched for.
func (s *Server) picks(c echo.Context, form *page.Form) ([]pick, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	chosen := form.Get("attach")
	list := []pick{{Value: "", Title: l.T("feed.edit.attach_nothing"), Checked: chosen == ""},
		{Value: attachStorefront, Title: l.T("feed.edit.attach_storefront"), Hint: l.T("feed.edit.attach_storefront_hint"), Checked: chosen == attachStorefront}}
	add := func(p catalog.ProductCard) {
		value := attachProduct + strconv.FormatInt(p.ID, 10)
		if p.State != catalog.Published && p.State != catalog.Launching || slices.ContainsFunc(list, func(have pick) bool { return have.Value == value }) {
			return
		}
		one := pick{Value: value, Title: p.Title, Hint: p.BrandName + " · " + l.Money(p.From()), Photo: p.MediaHash, Checked: chosen == value}
		if earn := p.Earn(); earn.Sign() > 0 {
			one.End = l.T("feed.edit.earn", "Amount", earn)
		}
		list = append(list, one)
	}
	if id, err := strconv.ParseInt(strings.TrimPrefix(chosen, attachProduct), 10, 64); err == nil {
		cards, err := catalog.Cards(ctx, s.DB, l, s.Now(), id)
		if err != nil {
			return nil, err
		}
		for _, p := range cards {
			add(p)
		}
	}
	if q := form.Get("q"); q != "" {
		found, err := catalog.Search(ctx, s.DB, catalog.Query{Text: q, Lang: l, At: s.Now(), PerPage: picksShown, Sort: catalog.Relevance})
		if err != nil {
			return nil, err
		}
		for _, p := range found.Cards {
			add(p)
		}
	}
	return list, nil
}
