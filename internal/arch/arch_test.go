package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relais/internal/arch"
)

// source is one Go file.
type source struct {
	path string // from the top of the project, with slashes
	dir  string
	test bool
	ast  *ast.File
}

// house is every Go file of the project.
type house struct {
	files *token.FileSet
	all   []source
}

const top = "../.."

func read(t *testing.T) house {
	t.Helper()
	h := house{files: token.NewFileSet()}
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() && rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || slices.Contains([]string{"var", "bin", "tools", "static"}, rel)) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(rel, ".go") {
			return nil
		}
		f, err := parser.ParseFile(h.files, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		h.all = append(h.all, source{path: rel, dir: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go") || helper(path.Dir(rel)), ast: f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func imports(f *ast.File) []string {
	var out []string
	for _, i := range f.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// helper tells whether a package exists for tests only (pgtest, and what lies below such a one).
func helper(pkg string) bool {
	return slices.ContainsFunc(strings.Split(pkg, "/"), func(part string) bool { return strings.HasSuffix(part, "test") })
}

func TestImportsGoDownward(t *testing.T) {
	ranks := arch.Ranks()
	for _, s := range read(t).all {
		from, inside := strings.CutPrefix(s.dir, "internal/")
		rank := slices.Index(ranks, from)
		if inside && rank < 0 && !helper(s.dir) {
			t.Errorf("%s: give internal/%s its place in arch.Ranks", s.path, from)
		}
		for _, i := range imports(s.ast) {
			to, ours := strings.CutPrefix(i, "relais/internal/")
			if !ours || s.test {
				continue
			}
			switch {
			case helper(to):
				t.Errorf("%s imports %s, which is for tests", s.path, i)
			case inside && slices.Index(ranks, to) >= rank:
				t.Errorf("%s imports %s, which stands above it", s.path, i)
			case !inside && strings.HasPrefix(s.dir, "cmd/") && to != "app" && to != "postgres":
				t.Errorf("%s imports %s: the command line knows only app", s.path, i)
			}
		}
	}
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	libraries := arch.Libraries()
	for _, s := range read(t).all {
		for _, i := range imports(s.ast) {
			for lib, places := range libraries {
				if i != lib && !strings.HasPrefix(i, lib+"/") && !strings.HasPrefix(i, lib+"-") {
					continue
				}
				allowed := slices.ContainsFunc(places, func(p string) bool { return s.dir == p || strings.HasPrefix(s.dir, p+"/") })
				if !allowed && !(s.test && lib == "github.com/jmoiron/sqlx") { // tests look at rows wherever they are
					t.Errorf("%s imports %s, which belongs into %v", s.path, i, places)
				}
			}
		}
	}
}

func TestNamesStayWhereTheyBelong(t *testing.T) {
	h := read(t)
	for _, s := range h.all {
		rules := arch.Names()
		if s.test {
			rules = arch.TestNames()
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			places, ruled := rules[pkg.Name+"."+sel.Sel.Name]
			if ruled && !slices.ContainsFunc(places, func(p string) bool { return strings.HasPrefix(s.path, p) }) {
				t.Errorf("%s uses %s.%s, which belongs into %v", h.at(sel.Pos()), pkg.Name, sel.Sel.Name, places)
			}
			return true
		})
	}
}

// Pages and commands hand the database on to the domains; the domains alone speak to it.
func TestSQLStaysWithItsTables(t *testing.T) {
	sql := regexp.MustCompile(`(?i)^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s.+\sset\s|delete\s+from\s)`)
	h := read(t)
	for _, s := range h.all {
		if s.test || slices.ContainsFunc(arch.Data(), func(p string) bool { return s.dir == p || strings.HasPrefix(s.dir, p+"/") }) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && sql.MatchString(text) {
					t.Errorf("%s speaks SQL; let a domain do that", h.at(lit.Pos()))
				}
			}
			return true
		})
	}
}

func (h house) at(p token.Pos) string {
	position := h.files.Position(p)
	rel, err := filepath.Rel(top, position.Filename)
	if err != nil {
		rel = position.Filename
	}
	return rel + ":" + strconv.Itoa(position.Line)
}

func (h house) lines(from, to token.Pos) int {
	return h.files.Position(to).Line - h.files.Position(from).Line + 1
}

func TestSizes(t *testing.T) {
	h := read(t)
	packages := map[string]int{}
	for _, s := range h.all {
		if s.test {
			continue
		}
		n := h.files.Position(s.ast.FileEnd).Line
		packages[s.dir] += n
		if n > arch.FileLines {
			t.Errorf("%s has %d lines; %d are enough", s.path, n, arch.FileLines)
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Body != nil && h.lines(f.Pos(), f.End()) > arch.FunctionLines {
				t.Errorf("%s: %s has %d lines; %d are enough", h.at(f.Pos()), f.Name.Name, h.lines(f.Pos(), f.End()), arch.FunctionLines)
			}
		}
	}
	for dir, n := range packages {
		if most := max(arch.PackageLines, arch.Larger()[dir]); n > most {
			t.Errorf("%s has %d lines; %d are enough", dir, n, most)
		}
	}
}

// A package has no memory of its own: what a package-level variable holds is set where it is declared.
func TestNothingWritesToPackageVariables(t *testing.T) {
	h := read(t)
	vars := map[string]map[string]bool{}
	specs := map[any]bool{}
	for _, s := range h.all {
		for _, d := range s.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR || s.test {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				specs[v] = true
				for _, name := range v.Names {
					if vars[s.dir] == nil {
						vars[s.dir] = map[string]bool{}
					}
					vars[s.dir][name.Name] = true
				}
			}
		}
	}
	for _, s := range h.all {
		if s.test {
			continue
		}
		written := func(e ast.Expr) {
			id := root(e)
			if id == nil || !vars[s.dir][id.Name] {
				return
			}
			if id.Obj == nil || specs[id.Obj.Decl] { // not a local of the same name
				t.Errorf("%s writes to the package's variable %s", h.at(id.Pos()), id.Name)
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, l := range n.Lhs {
						written(l)
					}
				}
			case *ast.IncDecStmt:
				written(n.X)
			}
			return true
		})
	}
}

// root is the variable that an assignment to e changes.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// What is left for later is an issue, not a comment.
func TestNothingIsLeftForLater(t *testing.T) {
	words := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"}
	for _, dir := range []string{"cmd", "internal", "migrations", "templates", "static"} {
		err := filepath.WalkDir(filepath.Join(top, dir), func(p string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "vendor" || d.Name() == "testdata") {
				return fs.SkipDir
			}
			if d.IsDir() || !slices.Contains([]string{".go", ".sql", ".html", ".css", ".js", ".toml", ".txt"}, filepath.Ext(p)) {
				return nil
			}
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			for n, line := range strings.Split(string(b), "\n") {
				for _, w := range words {
					if strings.Contains(line, w) {
						t.Errorf("%s:%d says %s", p, n+1, w)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A package comment is where a subject is explained.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, s := range read(t).all {
		if !s.test {
			said[s.dir] = said[s.dir] || s.ast.Doc != nil
		}
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}
