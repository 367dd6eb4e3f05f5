package page

import (
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"
)

// Pager leads through a long list, page by page; the partial "pagination" shows it. Pages count from 1.
type Pager struct {
	Page  int
	Size  int    // entries per page
	Total int    // entries in all
	Path  string // of the list: that of the request, unless set
	query url.Values
}

// NewPager reads the number of the page from the query ("page") and keeps the rest of the query in its links.
// Total may be set later, before the page is shown.
func NewPager(c echo.Context, size, total int) *Pager {
	number, err := strconv.Atoi(c.QueryParam("page"))
	if err != nil || number < 1 || number > 1_000_000 {
		number = 1
	}
	return &Pager{Page: number, Size: size, Total: total, Path: c.Request().URL.Path, query: c.QueryParams()}
}

// Offset is how many entries lie before this page: for SQL.
func (p *Pager) Offset() int { return (p.Page - 1) * p.Size }

// Last is the number of the last page, at least 1.
func (p *Pager) Last() int { return max(1, (p.Total+p.Size-1)/p.Size) }

// HasPrevious reports whether a page comes before this one.
func (p *Pager) HasPrevious() bool { return p.Page > 1 }

// HasNext reports whether a page comes after this one.
func (p *Pager) HasNext() bool { return p.Page < p.Last() }

// Previous is the number of the page before this one.
func (p *Pager) Previous() int { return max(1, min(p.Page-1, p.Last())) }

// Next is the number of the page after this one.
func (p *Pager) Next() int { return p.Page + 1 }

// From is the number of the first entry on this page, counted from 1: for "25–48 of 130".
func (p *Pager) From() int { return min(p.Offset()+1, p.Total) }

// To is the number of the last entry on this page.
func (p *Pager) To() int { return min(p.Offset()+p.Size, p.Total) }

// URL is the address of another page of the same list.
func (p *Pager) URL(number int) string {
	query := url.Values{}
	for name, values := range p.query {
		query[name] = values
	}
	if query.Del("page"); number > 1 {
		query.Set("page", strconv.Itoa(number))
	}
	if len(query) == 0 {
		return p.Path
	}
	return p.Path + "?" + query.Encode()
}

// Around lists the numbers to show: the first, the last, and those near this page; 0 stands for a gap.
func (p *Pager) Around() []int {
	var list []int
	for n := 1; n <= p.Last(); n++ {
		switch {
		case n == 1, n == p.Last(), n >= p.Page-1 && n <= p.Page+1:
			list = append(list, n)
		case list[len(list)-1] != 0:
			list = append(list, 0)
		}
	}
	return list
}
