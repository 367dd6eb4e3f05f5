package shopify

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits of a file. Beyond them it is refused whole.
const (
	MaxBytes = 20 << 20
	MaxRows  = 50_000
)

// File is a file that could be read: its rows below the header, in their order.
type File struct {
	Rows []Record
	has  [columns]bool
}

// Record is one row, with the line of the file where it begins.
type Record struct {
	Line  int
	cells [columns]string
	wrong *reason // the row itself is malformed
}

func (r Record) get(c column) string { return r.cells[c] }

// Read takes a file apart. Its error is fault Invalid with the reason for which the whole file is refused:
// too large, too many rows, not UTF-8, not text, a column missing or twice, a quote out of place, no row.
func Read(r io.Reader) (File, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return File{}, fmt.Errorf("read import file: %w", err)
	}
	return parse(raw)
}

func parse(raw []byte) (File, error) {
	if len(raw) > MaxBytes {
		return File{}, refusal("import.file_too_large")
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if err := checkText(raw); err != nil {
		return File{}, err
	}
	in := csv.NewReader(bytes.NewReader(raw))
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	first, err := in.Read()
	if errors.Is(err, io.EOF) {
		return File{}, refusal("import.empty")
	}
	if err != nil {
		return File{}, broken(err)
	}
	width := len(first)
	at, err := header(first)
	if err != nil {
		return File{}, err
	}
	f := File{}
	for c, i := range at {
		f.has[c] = i >= 0
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return File{}, broken(err)
		}
		if len(f.Rows) == MaxRows {
			return File{}, refusal("import.too_many_rows", "Count", MaxRows)
		}
		line, _ := in.FieldPos(0)
		f.Rows = append(f.Rows, newRecord(row, line, at, width))
	}
	if len(f.Rows) == 0 {
		return File{}, refusal("import.empty")
	}
	return f, nil
}

func newRecord(row []string, line int, at [columns]int, width int) Record {
	r := Record{Line: line}
	for c, i := range at {
		if i >= 0 && i < len(row) {
			r.cells[c] = strings.TrimSpace(row[i])
		}
	}
	if len(row) != width {
		r.wrong = because("import.field_count", "Have", len(row), "Want", width)
	}
	return r
}

// checkText refuses what is not UTF-8 text, and says where.
func checkText(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("PK\x03\x04")) || bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")) {
		return refusal("import.spreadsheet")
	}
	if utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0 {
		return nil
	}
	line := 1
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r == utf8.RuneError && n == 1 || r == 0 {
			break
		}
		if r == '\n' {
			line++
		}
		raw = raw[n:]
	}
	return refusal("import.not_utf8", "Line", line)
}

func broken(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return refusal("import.quotes", "Line", p.StartLine)
	}
	return fmt.Errorf("read import file: %w", err)
}
