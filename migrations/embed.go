// Package migrations holds the schema as numbered SQL files, forward only, applied in order by the owner role.
package migrations

import "embed"

// FS holds every migration.
//
//go:embed *.sql
var FS embed.FS
