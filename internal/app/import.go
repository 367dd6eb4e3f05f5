package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"relais/internal/catalog"
	"relais/internal/catalog/shopify"
	"relais/internal/fault"
)

// Imported is an import that has ended, with what became of every row.
type Imported struct {
	shopify.Import
	Rows []shopify.Row
}

// Import brings a product file into the catalogue of a brand, now. progress is told the rows done and the rows in all.
func (s *Services) Import(ctx context.Context, brand, name string, r io.Reader, progress func(done, total int)) (Imported, error) {
	b, err := catalog.BrandByHandle(ctx, s.DB, brand, Words)
	if errors.Is(err, fault.NotFound) {
		return Imported{}, fmt.Errorf("there is no brand with the handle %s", brand)
	}
	if err != nil {
		return Imported{}, err
	}
	done, err := s.Imports.Run(ctx, catalog.System, b.ID, name, r, progress)
	if err != nil {
		return Imported{}, err
	}
	rows, err := shopify.Rows(ctx, s.DB, done.ID, "", 0, 0)
	return Imported{done, rows}, err
}

// WriteText prints it for people.
func (i Imported) WriteText(w io.Writer) error { return shopify.WriteText(w, Words, i.Import, i.Rows) }

// WriteCSV writes a line per row.
func (i Imported) WriteCSV(w io.Writer) error { return shopify.WriteCSV(w, Words, i.Rows) }

// Refused is an error when the file was refused whole.
func (i Imported) Refused() error {
	if i.State == shopify.RefusedWhole {
		return errors.New("the file was refused: " + i.Why(Words))
	}
	return nil
}
