package page

import (
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/documents"
	"relais/internal/documents/paper"
	"relais/internal/fault"
)

// PaperNumber is the number of the document that an address names: "TERRE-2026-000123.pdf". What ends otherwise does not exist.
func PaperNumber(c echo.Context) (string, error) {
	number, ok := strings.CutSuffix(c.Param("file"), ".pdf")
	if !ok || number == "" {
		return "", fault.New(fault.NotFound, "fault.document_not_found")
	}
	return number, nil
}

// Paper answers a document as a PDF. It concerns one person: nothing between the site and their browser keeps it.
func Paper(c echo.Context, d documents.Document) error {
	content, err := d.Read()
	if err != nil {
		return err
	}
	file, err := paper.Draw(content)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": d.File()}))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	return c.Blob(http.StatusOK, "application/pdf", file)
}
