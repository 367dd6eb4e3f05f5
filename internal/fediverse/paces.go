package fediverse

import (
	"net/url"
	"time"

	"relais/internal/fediverse/wire"
	"relais/internal/pace"
)

// paced are the names that are remembered: servers, and addresses that activities come from.
const paced = 10_000

// arrivals is the pace at which activities of one server, or from one address, are taken in: a large one passes, a flood is refused before it
// costs anything.
func arrivals() pace.Pace { return pace.Pace{Every: 200 * time.Millisecond, Burst: 200} }

// Actors that are asked for to prove a signature: of one server, and for whoever posts from one address.
func fetchesAt() pace.Pace  { return pace.Pace{Every: 200 * time.Millisecond, Burst: 100} }
func fetchesFor() pace.Pace { return pace.Pace{Every: time.Second, Burst: 50} }

// Looks for people elsewhere: of one member, and at one server of all members.
func looksOf() pace.Pace { return pace.Pace{Every: 6 * time.Second, Burst: 10} }
func looksAt() pace.Pace { return pace.Pace{Every: time.Second, Burst: 3} }

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return wire.Host(u)
}
