package feed

import (
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/groups"
	"relais/internal/polls"
	"relais/internal/posts"
	"relais/internal/referrals"
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

// picksShown is how many products a search offers, and how many polls.
const picksShown = 8

// picks are what the post can lead to: nothing, the author's storefront, what is chosen, and the products and open polls that were searched for.
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
	return s.pollPicks(c, form, list)
}

// pollPicks adds the poll that is chosen, and the open ones that were searched for.
func (s *Server) pollPicks(c echo.Context, form *page.Form, list []pick) ([]pick, error) {
	ctx, l, chosen := c.Request().Context(), page.Lang(c), form.Get("attach")
	var found []polls.View
	if id, err := strconv.ParseInt(strings.TrimPrefix(chosen, attachPoll), 10, 64); err == nil && strings.HasPrefix(chosen, attachPoll) {
		cards, err := polls.Cards(ctx, s.DB, 0, l, id)
		if err != nil {
			return nil, err
		}
		for _, v := range cards {
			found = append(found, v)
		}
	}
	if q := form.Get("q"); q != "" {
		open, err := polls.Matching(ctx, s.DB, l, q, picksShown)
		if err != nil {
			return nil, err
		}
		found = append(found, open...)
	}
	for _, v := range found {
		value := attachPoll + strconv.FormatInt(v.ID, 10)
		if slices.ContainsFunc(list, func(have pick) bool { return have.Value == value }) {
			continue
		}
		one := pick{Value: value, Title: v.Title, Hint: l.T("feed.edit.poll", "Brand", v.BrandName), Photo: v.Picture, Checked: chosen == value}
		pays, err := referrals.PollPays(ctx, s.DB, v.ID, by(c), s.Now())
		if err != nil {
			return nil, err
		}
		if pays {
			one.End = l.T("feed.edit.poll_earn")
		}
		list = append(list, one)
	}
	return list, nil
}
