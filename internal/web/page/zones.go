package page

import (
	"slices"
	"strings"
)

// Zones are time zones as a field offers them, the one that was chosen among them.
func Zones(names []string, chosen string) []Option {
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append(slices.Clone(names), chosen)
	}
	list := make([]Option, len(names))
	for i, z := range names {
		list[i] = Option{Value: z, Label: ZoneName(z)}
	}
	return list
}

// ZoneName says a zone as people do: by its city.
func ZoneName(zone string) string {
	area, city, found := strings.Cut(zone, "/")
	if !found {
		return zone
	}
	return strings.ReplaceAll(city, "_", " ") + " (" + strings.ReplaceAll(area, "_", " ") + ")"
}
