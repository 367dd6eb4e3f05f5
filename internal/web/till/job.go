package till

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/designs"
	"relais/internal/designs/draw"
	"relais/internal/designs/letters"
	"relais/internal/designs/model"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

// designOf finds a line of the brand's part of an order that was paid, with the design as it was ordered.
func (s *Server) designOf(c echo.Context, of side) (orderPage, orders.Line, designs.Design, error) {
	data, err := s.readOrder(c, of)
	if err != nil {
		return data, orders.Line{}, designs.Design{}, err
	}
	line, d, err := orderform.Ordered(c, s.DB, data.Shipment)
	return data, line, d, err
}

// designPicture shows what is to be made.
func (s *Server) designPicture(c echo.Context, of side) error {
	data, err := s.readOrder(c, of)
	if err != nil {
		return err
	}
	return orderform.Picture(c, s.DB, s.Designs, data.Shipment)
}

// jobSheet is what to make, in words and at print size.
func (s *Server) jobSheet(c echo.Context, of side) error {
	data, line, d, err := s.designOf(c, of)
	if err != nil {
		return err
	}
	pictures, err := s.Designs.ToPrint(d)
	if err != nil {
		return err
	}
	l := page.Lang(c)
	job := draw.Job{Title: l.T("till.job.of", "Number", data.Number), Rows: rows(l, data, line, d), Sheets: d.Sheets(pictures), Bleed: d.Base.Bleed.MM(), Label: data.Number, Day: data.PlacedAt}
	for _, v := range d.Base.Views {
		job.Views = append(job.Views, draw.View(d.Base, v, d.Doc, pictures))
	}
	var out bytes.Buffer
	if err := draw.JobSheet(&out, job, pictures); err != nil {
		return err
	}
	return pdf(c, out.Bytes(), data.Number+"-"+c.Param("line")+".pdf")
}

// printFile is the sheets alone, for the machine.
func (s *Server) printFile(c echo.Context, of side) error {
	data, _, d, err := s.designOf(c, of)
	if err != nil {
		return err
	}
	pictures, err := s.Designs.ToPrint(d)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := draw.PDF(&out, d.Sheets(pictures), d.Base.Bleed.MM(), data.Number, data.PlacedAt, pictures); err != nil {
		return err
	}
	return pdf(c, out.Bytes(), data.Number+"-"+c.Param("line")+"-print.pdf")
}

func pdf(c echo.Context, raw []byte, name string) error {
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Blob(http.StatusOK, "application/pdf", raw)
}

// rows are the words of a job sheet: what, how many, what is written where, and what was paid for it.
func rows(l i18n.Lang, data orderPage, line orders.Line, d designs.Design) []draw.Row {
	list := []draw.Row{
		{Label: l.T("till.job.piece"), Value: line.Title},
		{Label: l.T("till.job.variant"), Value: line.VariantTitle},
		{Label: l.T("till.job.quantity"), Value: strconv.FormatInt(line.Quantity-line.RefundedQuantity, 10)},
	}
	if line.SKU != "" {
		list = append(list, draw.Row{Label: l.T("till.job.sku"), Value: line.SKU})
	}
	if data.PaidAt != nil {
		list = append(list, draw.Row{Label: l.T("till.job.days"), Value: l.T("till.job.days_from", "Count", d.Base.Days, "Date", data.PaidAt.AddDate(0, 0, d.Base.Days))})
	}
	for _, v := range d.Base.Views {
		for _, z := range v.Zones {
			for i, y := range d.Doc.Part(z.ID) {
				list = append(list, layerRows(l, v.Name+" · "+z.Name+" · "+strconv.Itoa(i+1), z, y)...)
			}
		}
	}
	_, items := model.Price(d.Base, d.Doc)
	for _, i := range items {
		list = append(list, draw.Row{Label: l.T("studio.item", "Zone", i.Zone, "Kind", l.T("studio.kind."+string(i.Kind)), "Number", i.Count), Value: l.Money(money.New(i.Minor, data.Currency))})
	}
	return append(list, draw.Row{Label: l.T("studio.extra"), Value: l.Money(money.New(line.OptionMinor, data.Currency))})
}

// layerRows are what one layer is: a text letter by letter, in its own font.
func layerRows(l i18n.Lang, at string, z model.Zone, y model.Layer) []draw.Row {
	what := l.T("studio.kind." + string(y.Kind))
	if font, ok := letters.ByID(y.Font); ok {
		what += " · " + font.Name
	}
	for i, c := range z.Colours {
		if c == y.Colour {
			what += " · " + l.T("studio.colour_number", "Number", i+1, "Code", string(c))
		}
	}
	if y.Pattern != "" {
		what += " · " + l.T("studio.pattern."+y.Pattern)
	}
	if y.Size > 0 {
		what += " · " + y.Size.String() + " mm"
	}
	list := []draw.Row{{Label: at, Value: what}}
	if y.Text != "" {
		list = append(list, draw.Row{Label: l.T("studio.text"), Value: y.Text, Font: y.Font})
	}
	return list
}
