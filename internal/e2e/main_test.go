// Package e2e plays the stories that earn money in a real browser, against the whole program with its demo: the site,
// its own Postgres, the jobs, the Stripe sandbox and its hosted pages. Screenshots of every step are kept in
// var/screenshots.
package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"relais/internal/app"
)

// site is the program under test, and browser the one Chromium of all tests.
var (
	site    *app.App
	browser context.Context
	shots   = filepath.Join("..", "..", "var", "screenshots")
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// androidPhone is what the browser says it is: the site takes a headless one for a robot, whose clicks do not count.
const androidPhone = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"

const desktopComputer = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"

func run(m *testing.M) (code int, err error) {
	if err := os.MkdirAll(shots, 0o755); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "relais-e2e-") // directly there: the user that Postgres runs as must get to it
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	for name, value := range map[string]string{"RELAIS_ADDR": "127.0.0.1:0", "RELAIS_DATA_DIR": dir, "RELAIS_LOG_LEVEL": "warn"} {
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
	}
	cfg, err := app.ReadConfig()
	if err != nil {
		return 0, err
	}
	cfg.Demo = func(int) {}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	site, err = app.New(ctx, cfg, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- site.Run(ctx) }()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.UserAgent(androidPhone), chromedp.WSURLReadTimeout(time.Minute))
	allocator, release := chromedp.NewExecAllocator(ctx, options...)
	defer release()
	var closeBrowser context.CancelFunc
	browser, closeBrowser = chromedp.NewContext(allocator)
	if err := chromedp.Do(browser); err != nil {
		return 0, fmt.Errorf("start Chromium (make test installs it): %w", err)
	}
	code = m.Run()
	closeBrowser()
	stop()
	return code, <-ended
}
