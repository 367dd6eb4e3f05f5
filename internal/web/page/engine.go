package page

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"relais/internal/i18n"
)

// engine holds every page in every language. A page is the layout and all partials, overlaid by the definitions of
// its own file; the functions of a set speak its language, so that templates never pass one.
type engine struct {
	files  fs.FS
	assets *assets
	now    func() time.Time
	fresh  bool // parse again for every page

	mu   sync.RWMutex
	sets map[i18n.Lang]map[string]pageSet
}

// pageSet makes the set of one page when it is first asked for. Copying the layout and all partials costs most of what starting
// up would, and a process shows few of its pages soon.
type pageSet func() (*template.Template, error)

func newEngine(files fs.FS, a *assets, now func() time.Time, fresh bool) (*engine, error) {
	e := &engine{files: files, assets: a, now: now, fresh: fresh}
	return e, e.parse()
}

// parse reads templates by folder: layout/*.html and partials/*.html into a base, pages/AREA/NAME.html each on top. A file that
// does not parse is an error here, whether its page is ever asked for or not.
func (e *engine) parse() error {
	sets := map[i18n.Lang]map[string]pageSet{}
	names, err := glob(e.files, "pages")
	if err != nil {
		return fmt.Errorf("list pages: %w", err)
	}
	for _, lang := range i18n.Langs() {
		base, err := e.base(lang)
		if err != nil {
			return err
		}
		sets[lang] = map[string]pageSet{}
		for _, name := range names {
			if err := e.add(template.New("").Funcs(e.funcs(lang)), name); err != nil {
				return err
			}
			sets[lang][strings.TrimSuffix(strings.TrimPrefix(name, "pages/"), ".html")] = sync.OnceValues(func() (*template.Template, error) {
				set, err := base.Clone()
				if err != nil {
					return nil, fmt.Errorf("clone layout: %w", err)
				}
				return set, e.add(set, name)
			})
		}
	}
	e.mu.Lock()
	e.sets = sets
	e.mu.Unlock()
	return nil
}

func (e *engine) base(lang i18n.Lang) (*template.Template, error) {
	base := template.New("").Option("missingkey=error").Funcs(e.funcs(lang))
	for _, folder := range []string{"layout", "partials"} {
		names, err := glob(e.files, folder)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", folder, err)
		}
		for _, name := range names {
			if err := e.add(base, name); err != nil {
				return nil, err
			}
		}
	}
	return base, nil
}

func (e *engine) add(set *template.Template, name string) error {
	text, err := fs.ReadFile(e.files, name)
	if err != nil {
		return fmt.Errorf("read template: %w", err)
	}
	if _, err := set.New(name).Parse(string(text)); err != nil {
		return fmt.Errorf("parse template: %w", err)
	}
	return nil
}

func (e *engine) execute(w io.Writer, lang i18n.Lang, name, block string, data any) error {
	if e.fresh {
		if err := e.parse(); err != nil {
			return err
		}
	}
	e.mu.RLock()
	made := e.sets[lang][name]
	e.mu.RUnlock()
	if made == nil {
		return fmt.Errorf("there is no page %q", name)
	}
	set, err := made()
	if err != nil {
		return err
	}
	return set.ExecuteTemplate(w, block, data)
}

func glob(files fs.FS, folder string) ([]string, error) {
	var names []string
	err := fs.WalkDir(files, folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == ".html" {
			names = append(names, name)
		}
		return err
	})
	return names, err
}
