package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"relais/internal/app"
)

type importCommand struct {
	Brand  string `required:"" help:"Handle of the brand." placeholder:"HANDLE"`
	File   string `arg:"" help:"Shopify's product CSV; - for standard input."`
	Report string `help:"Write what became of every row to this CSV file." placeholder:"FILE"`
}

// Help is what relais import --help adds.
func (importCommand) Help() string {
	return `Every row is accounted for: created, updated, unchanged, or refused with its line and the reason. Importing a file
again changes nothing. A picture that cannot be fetched is reported and does not lose its product. Exit 1 when the file was
refused whole.

Examples:
  relais import --brand atelier-lune products.csv
  relais import --brand atelier-lune --report what-happened.csv products.csv`
}

// Run imports the file.
func (c importCommand) Run(t *terminal) error {
	file, err := c.open()
	if err != nil {
		return err
	}
	defer file.Close()
	return t.with(func(s *app.Services) error {
		result, err := s.Import(t.ctx, c.Brand, filepath.Base(c.File), file, t.progress())
		if err != nil {
			return err
		}
		if err := result.WriteText(t.out); err != nil {
			return err
		}
		if c.Report != "" {
			if err := writeFile(c.Report, result.WriteCSV); err != nil {
				return err
			}
		}
		return result.Refused()
	})
}

func (c importCommand) open() (io.ReadCloser, error) {
	if c.File == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(c.File)
}

// progress draws a line that moves where somebody watches; elsewhere nothing.
func (t *terminal) progress() func(done, total int) {
	f, ok := t.errOut.(*os.File)
	if !ok {
		return func(int, int) {}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func(int, int) {}
	}
	return func(done, total int) {
		fmt.Fprintf(f, "\r%d of %d rows", done, total)
		if done == total {
			fmt.Fprintln(f)
		}
	}
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
