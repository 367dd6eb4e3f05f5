package admin_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"relais/internal/i18n"
)

// Whatever the code writes into the log has words in both languages.
func TestEveryActionHasWords(t *testing.T) {
	action := regexp.MustCompile(`(?:Action: |action(?:, at)? :?= |action, at = |s\.log\(c, |logged\(ctx, tx, by, id, |s\.audit\(ctx, tx, |s\.turn\(ctx, by, runID, )"([a-z][a-z -]+)"`)
	found := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "sandbox") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range action.FindAllStringSubmatch(string(text), -1) {
			found++
			for _, l := range i18n.Langs() {
				if key := "admin.action." + strings.NewReplacer(" ", "_", "-", "_").Replace(m[1]); !l.Has(key) {
					t.Errorf("%s writes %q, which has no words in %s", path, m[1], l)
				}
			}
		}
		return err
	})
	if err != nil || found < 20 {
		t.Errorf("%d actions found, %v", found, err)
	}
}
