package earnings

// Foresee says what each earning gives back when parts of its order go back to their buyer, and what the platform gives
// back of its fee, in minor units. Together they are exactly what goes back. Apply books the same numbers: ReturnedMinor of
// the earnings must be what was given back before.
func Foresee(es []Earning, parts []Part) (moves []Move, fee int64) {
	moves = Plan(es, parts)
	return moves, residue(parts, moves)
}

// AsOf is an earning as it will be when so much of each part has gone back: refunds that are asked for already come first.
func AsOf(es []Earning, parts []Part) []Earning {
	later := make([]Earning, len(es))
	copy(later, es)
	for i, e := range later {
		for _, p := range parts {
			if p.covers(e) {
				later[i].ReturnedMinor = Returned(e.Share(), p.Before, p.Total)
			}
		}
	}
	return later
}

// Step is one clawback with the arithmetic that it follows from.
type Step struct {
	Clawback
	SoFar int64 // of the part had gone back to its buyer after it, minor units
	Given int64 // of the share had been given back before it, minor units
	// The amount is the share × SoFar / total, rounded down, less Given. False where what was lost of the part is not known any
	// more, as the dispute was won after all: then the amount undoes another, or was undone.
	Exact bool
}

// Steps explains the clawbacks of one earning, oldest first, by its share and the total of its line or delivery cost.
func Steps(share, total int64, cs []Clawback) []Step {
	steps := make([]Step, len(cs))
	var soFar, given int64
	for i, c := range cs {
		part := c.RefundedMinor
		if c.Cause == RefundFailed || c.Cause == DisputeWon {
			part = -part
		}
		soFar += part
		steps[i] = Step{Clawback: c, SoFar: soFar, Given: given, Exact: part != 0 && Returned(share, soFar, total)-given == c.AmountMinor}
		given += c.AmountMinor
	}
	return steps
}
