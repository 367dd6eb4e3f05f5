package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"relais/internal/fault"
	"relais/internal/postgres/pgtest"
)

func openStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// halves is red on the left and blue on the right.
func halves(width, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		c := color.RGBA{200, 0, 0, 255}
		if x >= width/2 {
			c = color.RGBA{0, 0, 200, 255}
		}
		for y := range height {
			picture.SetRGBA(x, y, c)
		}
	}
	return picture
}

func asJPEG(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// exifSegment holds an orientation and a GPS note that must not survive.
func exifSegment(turn uint16) []byte {
	block := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00")
	block = binary.LittleEndian.AppendUint16(block, 2)
	for _, e := range [][4]uint32{{0x0112, 3, 1, uint32(turn)}, {0x8825, 4, 1, 38}} {
		block = binary.LittleEndian.AppendUint16(block, uint16(e[0]))
		block = binary.LittleEndian.AppendUint16(block, uint16(e[1]))
		block = binary.LittleEndian.AppendUint32(block, e[2])
		block = binary.LittleEndian.AppendUint32(block, e[3])
	}
	block = append(block, "\x00\x00\x00\x00GPS 43.2929 N 5.5708 E"...)
	return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(block)+2)), block...)
}

func withExif(raw []byte, turn uint16) []byte {
	out := append([]byte{}, raw[:2]...)
	out = append(out, exifSegment(turn)...)
	return append(out, raw[2:]...)
}

// pngOf is a PNG whose header claims a size and whose pixels are missing.
func pngOf(width, height uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, width)
	chunk = binary.BigEndian.AppendUint32(chunk, height)
	chunk = append(chunk, 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

func TestSaveKeepsOnlyThePicture(t *testing.T) {
	s, db := openStore(t), pgtest.DB(t)
	plain := asJPEG(t, halves(1600, 900))
	first, err := s.Save(t.Context(), db, bytes.NewReader(plain), "")
	if err != nil {
		t.Fatal(err)
	}
	if first.Width != 1280 || first.Height != 720 {
		t.Errorf("size %d × %d", first.Width, first.Height)
	}
	polyglot := append(withExif(plain, 1), "<script>alert(1)</script>PK\x03\x04"...)
	again, err := s.Save(t.Context(), db, bytes.NewReader(polyglot), "Jo")
	if err != nil {
		t.Fatal(err)
	}
	if again.ID != first.ID || again.Credit != "Jo" {
		t.Errorf("the same photograph twice: %+v and %+v", first, again)
	}
	for width, want := range map[int]int{Small: 320, Medium: 720, Large: 1280} {
		f, err := s.OpenNamed(strings.TrimPrefix(URL(first.Hash, width), "/media/"))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		for _, trace := range []string{"Exif", "GPS", "<script", "PK\x03\x04"} {
			if bytes.Contains(raw, []byte(trace)) {
				t.Errorf("%d wide: %q survived", width, trace)
			}
		}
		config, err := jpeg.DecodeConfig(bytes.NewReader(raw))
		if err != nil || config.Width != want {
			t.Errorf("%d wide: %d, %v", width, config.Width, err)
		}
	}
	byID, err := ByID(t.Context(), db, first.ID, 999)
	if err != nil || len(byID) != 1 || byID[first.ID].Hash != first.Hash {
		t.Errorf("by id: %v, %v", byID, err)
	}
}

func TestSmallPicturesAreNotBlownUp(t *testing.T) {
	var out bytes.Buffer
	see := image.NewNRGBA(image.Rect(0, 0, 200, 100)) // wholly transparent
	if err := png.Encode(&out, see); err != nil {
		t.Fatal(err)
	}
	s, err := render(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i := range widths {
		picture, err := jpeg.Decode(bytes.NewReader(s.files[i]))
		if err != nil || picture.Bounds().Dx() != 200 {
			t.Fatalf("rendition %d: %v, %v", i, picture.Bounds(), err)
		}
		if r, _, _, _ := picture.At(50, 50).RGBA(); r < 0xf000 {
			t.Errorf("transparent became %x, not white", r)
		}
	}
}

func TestPicturesStandUpright(t *testing.T) {
	raw := asJPEG(t, halves(400, 200))
	for turn, c := range map[uint16]struct {
		width  int
		redAtX int
		redAtY int
	}{1: {400, 20, 100}, 2: {400, 380, 100}, 3: {400, 380, 100}, 4: {400, 20, 100}, 5: {200, 100, 20}, 6: {200, 100, 20}, 7: {200, 100, 380}, 8: {200, 100, 380}, 99: {400, 20, 100}} {
		s, err := render(withExif(raw, turn))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := jpeg.Decode(bytes.NewReader(s.files[0]))
		if err != nil || s.width != c.width {
			t.Fatalf("orientation %d: %d wide, %v", turn, s.width, err)
		}
		scale := float64(picture.Bounds().Dx()) / float64(c.width)
		r, _, b, _ := picture.At(int(float64(c.redAtX)*scale), int(float64(c.redAtY)*scale)).RGBA()
		if r < b {
			t.Errorf("orientation %d: red is elsewhere", turn)
		}
	}
}

func TestRefusals(t *testing.T) {
	good := asJPEG(t, halves(300, 200))
	var frames bytes.Buffer
	bomb := &gif.GIF{Config: image.Config{Width: 9000, Height: 9000, ColorModel: color.Palette{color.Black}}}
	for range 50 {
		bomb.Image = append(bomb.Image, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black}))
		bomb.Delay = append(bomb.Delay, 0)
	}
	if err := gif.EncodeAll(&frames, bomb); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw []byte
		key string
	}{
		"20000 × 20000 PNG":       {pngOf(20000, 20000), "fault.photo_too_many_pixels"},
		"PNG of nothing":          {pngOf(0, 5), "fault.photo_unreadable"},
		"PNG of overflowing size": {pngOf(1<<31-1, 1<<31-1), "fault.photo_unreadable"},
		"PNG without pixels":      {pngOf(10, 10), "fault.photo_unreadable"},
		"GIF bomb":                {frames.Bytes(), "fault.photo_too_many_pixels"},
		"HTML":                    {[]byte("<!doctype html><script>alert(1)</script>"), "fault.photo_format"},
		"SVG":                     {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "fault.photo_format"},
		"TIFF":                    {[]byte("II*\x00\x08\x00\x00\x00"), "fault.photo_format"},
		"nothing":                 {nil, "fault.photo_format"},
		"truncated JPEG":          {good[:len(good)/3], "fault.photo_unreadable"},
		"JPEG by its first bytes": {[]byte{0xff, 0xd8, 0xff, 0xe0}, "fault.photo_unreadable"},
		"WebP by its first bytes": {[]byte("RIFF\x04\x00\x00\x00WEBPVP8 "), "fault.photo_unreadable"},
		"too many bytes":          {append(append([]byte{}, good...), make([]byte, MaxBytes)...), "fault.photo_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openStore(t).Save(t.Context(), nil, bytes.NewReader(c.raw), "")
			var f *fault.Error
			if !errors.As(err, &f) || f.Fields["photo"] != c.key {
				t.Errorf("got %v, want %s", err, c.key)
			}
		})
	}
}

func TestNamesStayInTheFolder(t *testing.T) {
	s := openStore(t)
	for _, n := range []string{"", "../x", "../../etc/passwd", "0123-320.jpg", strings.Repeat("a", 40) + "-320.jpg",
		strings.Repeat("a", 40) + "-321.jpg", strings.Repeat("a", 40) + "-320.jpg.part", "/etc/passwd"} {
		if _, err := s.OpenNamed(n); !errors.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", n, err)
		}
	}
	if _, err := s.Open("../../etc/passwd", 320); !errors.Is(err, fault.NotFound) {
		t.Errorf("a hash with slashes: %v", err)
	}
	if URL("", Small) != "" {
		t.Error("no photograph has an address")
	}
}

func FuzzRender(f *testing.F) {
	f.Add(asJPEG(f, halves(8, 8)))
	f.Add(withExif(asJPEG(f, halves(8, 8)), 6))
	f.Add(pngOf(3, 3))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := render(raw)
		if err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("not a fault: %v", err)
		}
		if err == nil && (s.width < 1 || s.width > Large || s.height < 1) {
			t.Errorf("size %d × %d", s.width, s.height)
		}
	})
}

func TestKeepIsPrivateAndLarge(t *testing.T) {
	s := openStore(t)
	polyglot := append(withExif(asJPEG(t, halves(1600, 900)), 6), "<script>alert(1)</script>PK\x03\x04"...)
	p, err := s.Keep(t.Context(), bytes.NewReader(polyglot))
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != 900 || p.Height != 1600 {
		t.Errorf("size %d × %d", p.Width, p.Height)
	}
	for rendition, want := range map[Rendition]int{ForPrint: 900, ForScreen: Medium} {
		raw, err := s.Kept(p.Hash, rendition)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(raw)); err != nil || c.Width != want {
			t.Errorf("%s: %d wide, %v", rendition, c.Width, err)
		}
		for _, trace := range []string{"Exif", "GPS", "<script", "PK\x03\x04"} {
			if bytes.Contains(raw, []byte(trace)) {
				t.Errorf("%s: %q survived", rendition, trace)
			}
		}
		if _, err := s.OpenNamed(p.Hash + "-" + string(rendition) + ".jpg"); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s can be had by its name: %v", rendition, err)
		}
	}
	// A thread of a picture, which a bound on widths alone would leave as high as it is.
	thread, err := s.Keep(t.Context(), bytes.NewReader(asJPEG(t, halves(12, 60000))))
	if err != nil || thread.Width != 1 || thread.Height != PrintHeight {
		t.Errorf("a thread is kept %d × %d, %v", thread.Width, thread.Height, err)
	}
	for name, raw := range map[string][]byte{"bomb": pngOf(20000, 20000), "SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "nothing": nil} {
		if _, err := s.Keep(t.Context(), bytes.NewReader(raw)); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Kept("../../x", ForPrint); !errors.Is(err, fault.NotFound) {
		t.Errorf("a hash with slashes: %v", err)
	}
}
