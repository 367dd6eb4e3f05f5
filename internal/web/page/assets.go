package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
)

// Bundle is the name of the one style sheet that pages load: all of css/*.css in the order of their names.
const Bundle = "css/relais.css"

// assets are the static files in memory, each under an address that names its content: caches keep them for ever.
type assets struct {
	files fs.FS
	fresh bool

	mu    sync.RWMutex
	list  map[string]*file
	icons map[string]template.HTML
}

type file struct {
	content    []byte
	zipped     func() []byte // made when it is first asked for; nil where that saves nothing
	hash, mime string
}

func newAssets(files fs.FS, fresh bool) (*assets, error) {
	a := &assets{files: files, fresh: fresh}
	return a, a.load()
}

func (a *assets) load() error {
	list := map[string]*file{}
	var styles [][]byte
	err := fs.WalkDir(a.files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".go") {
			return err
		}
		content, err := fs.ReadFile(a.files, name)
		if err != nil {
			return err
		}
		if path.Dir(name) == "css" {
			styles = append(styles, content)
			return nil
		}
		list[name] = newFile(name, content)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read static files: %w", err)
	}
	list[Bundle] = newFile(Bundle, withHashes(bytes.Join(styles, []byte("\n")), list))
	icons, err := drawIcons(list)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.list, a.icons = list, icons
	a.mu.Unlock()
	return nil
}

// drawIcons makes the inline form of every icon once.
func drawIcons(list map[string]*file) (map[string]template.HTML, error) {
	icons := map[string]template.HTML{}
	for name, f := range list {
		if path.Dir(name) != "icons" || path.Ext(name) != ".svg" {
			continue
		}
		icon := strings.TrimSuffix(path.Base(name), ".svg")
		drawn, err := iconHTML(icon, string(f.content))
		if err != nil {
			return nil, err
		}
		icons[icon] = drawn
	}
	return icons, nil
}

var styleURL = regexp.MustCompile(`url\("/static/([^"?]+)"\)`)

// withHashes names the content of each file that a style sheet refers to.
func withHashes(css []byte, list map[string]*file) []byte {
	return styleURL.ReplaceAllFunc(css, func(match []byte) []byte {
		name := string(styleURL.FindSubmatch(match)[1])
		if f := list[name]; f != nil {
			return fmt.Appendf(nil, `url("/static/%s?v=%s")`, name, f.hash)
		}
		return match
	})
}

func newFile(name string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{content: content, hash: hex.EncodeToString(sum[:6]), mime: typeOf(name)}
	f.zipped = sync.OnceValue(func() []byte {
		if strings.HasPrefix(f.mime, "text/") || strings.Contains(f.mime, "svg") || strings.Contains(f.mime, "json") {
			return zip(content)
		}
		return nil
	})
	return f
}

// zip is nil where it saves nothing.
func zip(content []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err == nil && w.Close() == nil && out.Len() < len(content) {
		return out.Bytes()
	}
	return nil
}

// typeOf does not ask the machine's own table, which differs between machines.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	case ".txt", ".md":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (a *assets) file(name string) *file {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.list[name]
}

// URL is the address of a static file, with a hash of its content.
func (a *assets) URL(name string) (string, error) {
	f := a.file(name)
	if f == nil {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	return "/static/" + name + "?v=" + f.hash, nil
}

func (a *assets) icon(name string) (template.HTML, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	drawn, ok := a.icons[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return drawn, nil
}

// Static answers GET /static/*. A request that names the content it wants may keep it for ever.
func (s *Site) Static(c echo.Context) error {
	if s.assets.fresh {
		if err := s.assets.load(); err != nil {
			return err
		}
	}
	f := s.assets.file(c.Param("*"))
	if f == nil {
		return fault.New(fault.NotFound, "fault.page_not_found")
	}
	h := c.Response().Header()
	switch etag := strconv.Quote(f.hash); {
	case c.QueryParam("v") == f.hash:
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	default:
		h.Set("Cache-Control", "public, no-cache")
		h.Set("ETag", etag)
		if c.Request().Header.Get("If-None-Match") == etag {
			return c.NoContent(http.StatusNotModified)
		}
	}
	zipped := f.zipped()
	if zipped == nil {
		return c.Blob(http.StatusOK, f.mime, f.content)
	}
	h.Add("Vary", "Accept-Encoding")
	if !strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		return c.Blob(http.StatusOK, f.mime, f.content)
	}
	h.Set("Content-Encoding", "gzip")
	return c.Blob(http.StatusOK, f.mime, zipped)
}
