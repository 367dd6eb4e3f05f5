package content

// Photo is a photograph and its author. File is the name that products, brands and members refer to.
type Photo struct {
	File         string `toml:"file"`
	Photographer string `toml:"photographer"`
	Alt          Text   `toml:"alt"` // what it shows, for those who do not see it
}

// Credit is the line printed with the photograph: "Annie Spratt, Unsplash".
func (p Photo) Credit() string { return p.Photographer + ", Unsplash" }
