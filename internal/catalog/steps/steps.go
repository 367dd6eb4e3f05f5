// Package steps knows the prices that fall with the number of people who order together: from 5 people on, 10 % less.
//
// Steps are part of a brand's terms. A step says from how many people on each of them pays less, in basis points of the brand's price.
// They rise: more people, more off. Everybody pays the price of the last step that all of them reach together, whoever joined
// first; below the first step the price is the brand's own. A lower price is rounded up to the minor unit, as what is taken off it is rounded
// down: a buyer never pays less than the step says, nobody ever pays nothing, and the price never rises with the number of people.
//
// What is here is arithmetic. Terms are offered in package catalog; who orders together is known elsewhere.
package steps

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"

	"relais/internal/fault"
	"relais/internal/money"
)

// What terms may offer.
const (
	Most        = 5 // steps
	LeastPeople = 2 // alone is not together
	MostPeople  = 1_000
	MostLessBps = 7_000 // of the brand's price
)

// Step is a lower price from a number of people on.
type Step struct {
	People  int   `json:"people"`
	LessBps int64 `json:"less_bps"` // basis points of the brand's price
}

// Steps are the steps of a version of terms, rising in both; none for most.
type Steps []Step

// Reached is the last step that so many people reach; false: not even the first.
func (s Steps) Reached(people int) (Step, bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].People <= people {
			return s[i], true
		}
	}
	return Step{}, false
}

// Next is the first step that so many people do not reach yet; false: there is none left.
func (s Steps) Next(people int) (Step, bool) {
	for _, step := range s {
		if step.People > people {
			return step, true
		}
	}
	return Step{}, false
}

// Price is the lower price of one piece, VAT included, in minor units: what is taken off is rounded down, so the price is rounded up.
func Price(priceMinor, lessBps int64) int64 { return priceMinor - money.Share(priceMinor, lessBps) }

// Field names what was typed for a step, counted from 0: "steps.0.people" or "steps.0.less".
func Field(row int, name string) string { return fmt.Sprintf("steps.%d.%s", row, name) }

// Validate returns what is wrong with the steps, a fault Invalid with the fields of each row; nil: nothing.
func (s Steps) Validate() error {
	var wrong []error
	fail := func(field, key string) { wrong = append(wrong, fault.Field(field, key)) }
	if len(s) > Most {
		fail("steps", "fault.catalog.steps_many")
	}
	below := Step{People: LeastPeople - 1}
	for i, step := range s {
		switch {
		case step.People < LeastPeople || step.People > MostPeople:
			fail(Field(i, "people"), "fault.catalog.steps_people")
		case step.People <= below.People:
			fail(Field(i, "people"), "fault.catalog.steps_people_rise")
		default:
			below.People = step.People
		}
		switch {
		case step.LessBps < 1 || step.LessBps > MostLessBps:
			fail(Field(i, "less"), "fault.catalog.steps_less")
		case step.LessBps <= below.LessBps:
			fail(Field(i, "less"), "fault.catalog.steps_less_rise")
		default:
			below.LessBps = step.LessBps
		}
	}
	return fault.Merge(wrong...)
}

// Scan reads the steps from a column jsonb.
func (s *Steps) Scan(src any) error {
	switch src := src.(type) {
	case []byte:
		return json.Unmarshal(src, s)
	case string:
		return json.Unmarshal([]byte(src), s)
	}
	return fmt.Errorf("read steps from %T", src)
}

// Value writes the steps for a column jsonb; none is [].
func (s Steps) Value() (driver.Value, error) {
	if s == nil {
		s = Steps{}
	}
	b, err := json.Marshal(s)
	return string(b), err
}
