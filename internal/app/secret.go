package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"relais/internal/notices"
)

const hidden = "•••"

// Secret is a value that no log, error or page may show: however it is printed, dots come out. Reveal gives the value.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides it from %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText hides it from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides it from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// developmentSecret is made once and kept in the data folder, so that a restart logs nobody out.
func developmentSecret(dataDir string) (Secret, error) {
	return keptSecret(dataDir, "secret", secretLength, func() string { return rand.Text() + rand.Text() })
}

// withSecrets fills in what may be missing in development and is made once. The key of web push is kept like the secret: browsers subscribe with
// it, and must find the same one after a restart. In production without one there is no web push.
func withSecrets(cfg Config) (Config, error) {
	var err error
	if cfg.Secret == "" {
		if cfg.Secret, err = developmentSecret(cfg.DataDir); err != nil {
			return cfg, err
		}
	}
	if cfg.PushKey == "" && !cfg.Production {
		cfg.PushKey, err = developmentPushKey(cfg.DataDir)
	}
	return cfg, err
}

func developmentPushKey(dataDir string) (Secret, error) {
	return keptSecret(dataDir, "push-key", 43, func() string {
		for { // nearly every number of 32 bytes is a key
			b := make([]byte, 32)
			rand.Read(b) // never fails
			if key := base64.StdEncoding.EncodeToString(b); notices.CheckPushKey(key) == nil {
				return key
			}
		}
	})
}

// keptSecret reads a file of the data folder, or makes it.
func keptSecret(dataDir, name string, least int, fresh func() string) (Secret, error) {
	path := filepath.Join(dataDir, name)
	b, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(b))) >= least {
		return Secret(strings.TrimSpace(string(b))), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the development %s: %w", name, err)
	}
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return "", fmt.Errorf("make the data folder: %w; set RELAIS_DATA_DIR to a folder that you may write", err)
	}
	s := fresh()
	if err := os.WriteFile(path, []byte(s+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the development %s: %w", name, err)
	}
	return Secret(s), nil
}
