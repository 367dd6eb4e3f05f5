package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
)

const root = "../.."

var (
	keyShape    = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)
	prefixShape = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\.(%[svd].*)?$`)
	action      = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	quoted      = regexp.MustCompile("\"([^\"]*)\"|`([^`]*)`")
	translated  = regexp.MustCompile(`(?:\{\{-?\s*|\(\s*|\|\s*|\s)t\s+"([^"]+)"`)
	placeholder = regexp.MustCompile(`\{\{\s*\.(\w+)`)
)

// TestLanguagesAgree fails on a key that one language lacks and on placeholders that differ.
func TestLanguagesAgree(t *testing.T) {
	fr, en := messages()[FR], messages()[EN]
	for key, m := range fr {
		if en[key] == nil {
			t.Errorf("%s is missing in English", key)
			continue
		}
		if diff := cmp.Diff(placeholders(m), placeholders(en[key])); diff != "" {
			t.Errorf("%s: placeholders differ (-fr +en):\n%s", key, diff)
		}
		if (m.One == "") != (en[key].One == "") {
			t.Errorf("%s is a plural in one language only", key)
		}
	}
	for key := range en {
		if fr[key] == nil {
			t.Errorf("%s is missing in French", key)
		}
	}
}

// TestMessagesParse renders every message once, so that a broken placeholder is found here.
func TestMessagesParse(t *testing.T) {
	for l, list := range messages() {
		for key, m := range list {
			args := []any{}
			for _, name := range placeholders(m) {
				if name == "Count" {
					args = append(args, name, 2)
				} else {
					args = append(args, name, "x")
				}
			}
			if m.One != "" && !slices.Contains(args, any("Count")) {
				args = append(args, "Count", 2)
			}
			if text, err := l.Lookup(key, args...); err != nil || strings.TrimSpace(text) == "" {
				t.Errorf("%s in %s: %q, %v", key, l, text, err)
			}
		}
	}
}

// TestKeysExistAndAreUsed reads the templates and the code of the whole repository: a key that they name must
// exist, and a key that nothing names must go. A literal that ends with a dot, or with a dot and a verb of Printf,
// names all keys that begin with it. The sandbox speaks for itself, as Stripe does.
func TestKeysExistAndAreUsed(t *testing.T) {
	named := namedKeys(t)
	for key, where := range named.required {
		if !EN.Has(key) {
			t.Errorf("%s: there is no message %q", where, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(messages()[EN])) {
		used := named.literals[key]
		for prefix := range named.prefixes {
			used = used || strings.HasPrefix(key, prefix)
		}
		if !used {
			t.Errorf("message %q is not used", key)
		}
	}
}

type names struct {
	required map[string]string // key -> where it is named
	literals map[string]bool
	prefixes map[string]bool
}

func (n *names) literal(text string) {
	switch {
	case keyShape.MatchString(text):
		n.literals[text] = true
	case strings.Count(text, ".") >= 1 && prefixShape.MatchString(text):
		prefix, _, _ := strings.Cut(text, "%")
		n.prefixes[prefix] = true
	}
}

func namedKeys(t *testing.T) *names {
	t.Helper()
	n := &names{required: map[string]string{}, literals: map[string]bool{}, prefixes: map[string]bool{}}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		switch {
		case entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "var" || name == "static" || name == "stripesandbox"):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".txt") && strings.Contains(path, "templates"):
			return n.readTemplate(path)
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			return n.readGo(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *names) readTemplate(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, a := range action.FindAllString(string(text), -1) {
		for _, m := range translated.FindAllStringSubmatch(a, -1) {
			n.required[m[1]] = path
		}
		for _, m := range quoted.FindAllStringSubmatch(a, -1) {
			n.literal(m[1] + m[2])
		}
	}
	return nil
}

// readGo takes every string literal as a possible use, and as required those in X.T("…") and faults.
func (n *names) readGo(path string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(node.Value); node.Kind == token.STRING && err == nil {
				n.literal(text)
				if strings.HasPrefix(text, "fault.") && keyShape.MatchString(text) {
					n.required[text] = files.Position(node.Pos()).String()
				}
			}
		case *ast.CallExpr:
			if call, ok := node.Fun.(*ast.SelectorExpr); ok && call.Sel.Name == "T" && len(node.Args) > 0 {
				if lit, ok := node.Args[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil && keyShape.MatchString(text) {
						n.required[text] = files.Position(lit.Pos()).String()
					}
				}
			}
		}
		return true
	})
	return nil
}

func placeholders(m *goi18n.Message) []string {
	set := map[string]bool{}
	for _, form := range []string{m.Zero, m.One, m.Two, m.Few, m.Many, m.Other} {
		for _, p := range placeholder.FindAllStringSubmatch(form, -1) {
			set[p[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
