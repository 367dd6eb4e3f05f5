package disputes

// What only tests call from outside.
var (
	Event    = event
	FileFits = fileFits
)
