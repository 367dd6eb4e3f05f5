// Package templates holds the pages and letters; README.md says how to write one.
package templates

import "embed"

// FS holds every template by its path below this folder.
//
//go:embed *
var FS embed.FS
