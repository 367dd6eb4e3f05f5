// Package media keeps photographs.
//
// Whatever arrives (an upload, a picture fetched for an import) is decoded, turned upright, scaled down and
// encoded again as JPEG in three widths. Nothing of the sender's bytes reaches a visitor: no EXIF, no GPS
// position, no second file hidden behind the picture.
//
//	bytes ── kind by signature ── size by header ── pixels ── shrink ── upright ── 3 × JPEG ── disk
//	          jpeg png gif webp    ≤ 40 million                                        HASH-320.jpg …
//
// A file is named by the content of its widest rendition, so the same photograph sent twice is one row and
// three files, and a file never changes: it may be cached for ever. A photograph is for everybody, under /media/, or only for who may
// look at what it stands in: that is asked by those who own it, under an address of their own.
package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
)

// MaxBytes is the largest file that Save and Fetcher.Get accept.
const MaxBytes = 10 << 20

// MaxPixels is the largest picture that is decoded: width × height as its header says.
const MaxPixels = 40_000_000

// The widths kept of each photograph, in pixels. A narrower source is never blown up: its file of a wider
// name simply is as wide as the source.
const (
	Small  = 320
	Medium = 720
	Large  = 1280
)

var widths = [...]int{Small, Medium, Large}

// Photo is one stored photograph; Width and Height are those of its widest rendition, in pixels.
type Photo struct {
	ID        int64     `db:"id"`
	Hash      string    `db:"hash"`
	Width     int       `db:"width"`
	Height    int       `db:"height"`
	Credit    string    `db:"credit"`
	CreatedAt time.Time `db:"created_at"`
}

// URL is the address of a photograph in one of the three widths; empty when there is no photograph.
func URL(hash string, width int) string { return under("/media/", hash, width) }

// PrivateURL is the address of a photograph for who may look at it: package posts/photos.
func PrivateURL(hash string, width int) string { return under("/photos/", hash, width) }

func under(path, hash string, width int) string {
	if hash == "" {
		return ""
	}
	return path + fileName(hash, width)
}

// Store keeps the files of photographs under one folder; the rows are in table media.
type Store struct {
	root *os.Root
	slot chan struct{} // decoding takes up to 300 MB for the largest picture: only a few at a time
}

// Open makes the folder when it is missing and opens it. No name, whatever it contains, reaches outside it.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the media folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the media folder: %w", err)
	}
	return &Store{root: root, slot: make(chan struct{}, 2)}, nil
}

// Close lets go of the folder.
func (s *Store) Close() error { return s.root.Close() }

// Save stores a photograph for everybody and returns its row, the existing one when the same photograph is already there.
// The files are written before the row: a transaction that is rolled back leaves files that the next Save
// of the same photograph uses. Faults: Invalid on field "photo" (too large, not a photograph, too many pixels).
func (s *Store) Save(ctx context.Context, q sqlx.QueryerContext, r io.Reader, credit string) (Photo, error) {
	return s.save(ctx, q, r, credit, true)
}

// SavePrivate is Save for a photograph that not everybody may look at, unless it was stored for everybody before or is later on.
func (s *Store) SavePrivate(ctx context.Context, q sqlx.QueryerContext, r io.Reader) (Photo, error) {
	return s.save(ctx, q, r, "", false)
}

func (s *Store) save(ctx context.Context, q sqlx.QueryerContext, r io.Reader, credit string, public bool) (Photo, error) {
	raw, done, err := s.take(ctx, r)
	if err != nil {
		return Photo{}, err
	}
	defer done()
	set, err := render(raw)
	if err != nil {
		return Photo{}, err
	}
	p := Photo{Hash: set.hash(), Width: set.width, Height: set.height, Credit: credit}
	for i, width := range widths {
		if err := s.write(fileName(p.Hash, width), set.files[i]); err != nil {
			return Photo{}, err
		}
	}
	return insert(ctx, q, p, public)
}

// take reads what was sent and waits for its turn to be decoded; done ends the turn.
func (s *Store) take(ctx context.Context, r io.Reader) (raw []byte, done func(), err error) {
	raw, err = io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read photograph: %w", err)
	}
	if len(raw) > MaxBytes {
		return nil, nil, fault.Field("photo", "fault.photo_too_large")
	}
	select {
	case s.slot <- struct{}{}:
		return raw, func() { <-s.slot }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

const insertPhoto = `
insert into media (hash, width, height, credit, public) values ($1, $2, $3, $4, $5)
on conflict (hash) do update set credit = case when media.credit = '' then excluded.credit else media.credit end, public = media.public or excluded.public
returning id, hash, width, height, credit, created_at`

func insert(ctx context.Context, q sqlx.QueryerContext, p Photo, public bool) (Photo, error) {
	if err := sqlx.GetContext(ctx, q, &p, insertPhoto, p.Hash, p.Width, p.Height, p.Credit, public); err != nil {
		return Photo{}, fmt.Errorf("store photograph %s: %w", p.Hash, err)
	}
	return p, nil
}

const photosByID = `select id, hash, width, height, credit, created_at from media where id = any($1)`

// ByID returns the photographs with these ids; unknown ids are left out.
func ByID(ctx context.Context, q sqlx.QueryerContext, ids ...int64) (map[int64]Photo, error) {
	var rows []Photo
	if err := sqlx.SelectContext(ctx, q, &rows, photosByID, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read photographs: %w", err)
	}
	byID := make(map[int64]Photo, len(rows))
	for _, p := range rows {
		byID[p.ID] = p
	}
	return byID, nil
}

// Open opens one rendition for reading. Fault NotFound when there is none; close it after use.
func (s *Store) Open(hash string, width int) (*os.File, error) {
	return s.open(fileName(hash, width))
}

var name = regexp.MustCompile(`^([0-9a-f]{32,64})-(320|720|1280)\.jpg$`)

// HashOf is the hash in a name as it stands in an address; empty for any other name.
func HashOf(n string) string {
	if found := name.FindStringSubmatch(n); found != nil {
		return found[1]
	}
	return ""
}

// Public says whether everybody may look at the photograph with that hash.
func Public(ctx context.Context, q sqlx.QueryerContext, hash string) (public bool, err error) {
	if err := sqlx.GetContext(ctx, q, &public, `select exists (select 1 from media where hash = $1 and public)`, hash); err != nil {
		return false, fmt.Errorf("look whether photograph %s is public: %w", hash, err)
	}
	return public, nil
}

// OpenNamed is Open for a name as it stands in an address ("HASH-720.jpg"). Fault NotFound for any other name.
func (s *Store) OpenNamed(n string) (*os.File, error) {
	if !name.MatchString(n) {
		return nil, fault.New(fault.NotFound, "fault.not_found")
	}
	return s.open(n)
}

func (s *Store) open(n string) (*os.File, error) {
	f, err := s.root.Open(n)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "fault.not_found")
	}
	if err != nil {
		return nil, fmt.Errorf("open photograph: %w", err)
	}
	return f, nil
}

// write puts a file in place whole or not at all; one that is already there is the same by its name.
func (s *Store) write(n string, content []byte) error {
	if info, err := s.root.Stat(n); err == nil && info.Size() == int64(len(content)) {
		return nil
	}
	draft := n + "." + strconv.FormatInt(int64(os.Getpid()), 36) + randomSuffix() + ".part"
	f, err := s.root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write photograph: %w", err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write photograph: %w", err), s.root.Remove(draft))
	}
	if err := s.root.Rename(draft, n); err != nil {
		return errors.Join(fmt.Errorf("name photograph: %w", err), s.root.Remove(draft))
	}
	return nil
}

func fileName(hash string, width int) string {
	return filepath.Base(hash) + "-" + strconv.Itoa(width) + ".jpg"
}

// hash names a set by its widest rendition: 160 bits are plenty, and keep addresses short.
func (s set) hash() string {
	sum := sha256.Sum256(s.files[len(s.files)-1])
	return hex.EncodeToString(sum[:20])
}

// set is one photograph encoded in every width.
type set struct {
	width, height int
	files         [len(widths)][]byte
}

// Newest returns the hashes of the last photographs that came in for everybody.
func Newest(ctx context.Context, q sqlx.QueryerContext, limit int) ([]string, error) {
	var hashes []string
	if err := sqlx.SelectContext(ctx, q, &hashes, `select hash from media where public order by id desc limit $1`, limit); err != nil {
		return nil, fmt.Errorf("read newest photographs: %w", err)
	}
	return hashes, nil
}
