package content

import (
	"fmt"
	"strconv"
	"strings"
)

// Poll is what a brand asks its public. Prices are in minor units of its currency, VAT included.
type Poll struct {
	Brand      string         `toml:"brand"`
	Product    string         `toml:"product"` // empty: a piece yet to be made, at the price Base
	Title      string         `toml:"title"`
	Text       string         `toml:"text"`
	Base       int64          `toml:"base"`
	Floor      int64          `toml:"floor"`
	Days       int            `toml:"days"`
	AnswerDays int            `toml:"answer_days"`
	Quorum     int            `toml:"quorum"`
	Margin     int            `toml:"margin"`
	Opened     int            `toml:"opened"` // days before the end of the demo; 0: it is a draft
	Photo      string         `toml:"photo"`
	Votes      []string       `toml:"votes"` // a member and the place of each option that they choose: "lea 0 1"
	Made       string         `toml:"made"`  // the product that came of it
	Answered   int            `toml:"answered"`
	Answer     string         `toml:"answer"` // so many days after the close
	Questions  []PollQuestion `toml:"questions"`
}

// PollQuestion is one question with its options.
type PollQuestion struct {
	Text    string `toml:"text"`
	Options []struct {
		Text   string `toml:"text"`
		Effect int64  `toml:"effect"`
	} `toml:"options"`
}

// Vote is one of a poll's votes, read: who, and the places of what they choose.
func Vote(text string) (handle string, places []int, err error) {
	parts := strings.Fields(text)
	if len(parts) < 2 {
		return "", nil, fmt.Errorf("vote %q does not hold together", text)
	}
	for _, part := range parts[1:] {
		place, err := strconv.Atoi(part)
		if err != nil {
			return "", nil, fmt.Errorf("vote %q: %w", text, err)
		}
		places = append(places, place)
	}
	return parts[0], places, nil
}

// validatePolls says what does not hold together.
func (c *Content) validatePolls(faults *problems) {
	for _, p := range c.Polls {
		where := "poll " + p.Title
		faults.french(p.Text, where)
		faults.french(p.Answer, where)
		_, known := c.Brand(p.Brand)
		for _, slug := range []string{p.Product, p.Made} {
			_, ok := c.Product(slug)
			known = known && (ok || slug == "")
		}
		for _, v := range p.Votes {
			handle, places, err := Vote(v)
			_, ok := c.Member(handle)
			known = known && ok && err == nil && len(places) == len(p.Questions)
			for i, place := range places {
				known = known && i < len(p.Questions) && place >= 0 && place < len(p.Questions[i].Options)
			}
		}
		faults.check(known, where, "does not hold together")
	}
}
