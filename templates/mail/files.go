// Package mail holds the templates of the letters that Relais writes; internal/mail explains their form.
package mail

import "embed"

// Files has layout.html and one file per letter.
//
//go:embed *.html
var Files embed.FS
