// Package static holds what browsers load as it is: styles, fonts, icons, scripts.
package static

import "embed"

// FS holds every file by its path below this folder.
//
//go:embed *
var FS embed.FS
