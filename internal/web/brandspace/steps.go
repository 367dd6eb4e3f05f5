package brandspace

import (
	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/money"
	"relais/internal/web/page"
)

// stepExample is what one piece costs from a number of people on, and who gets what of it.
type stepExample struct {
	steps.Step
	catalog.Earnings
}

// stepExamples works the price of the example through for each step; none where they are not in order.
func (s *Server) stepExamples(offered steps.Steps, price money.Amount, vatBps, commissionBps int64) []stepExample {
	if offered.Validate() != nil {
		return nil
	}
	var list []stepExample
	for _, step := range offered {
		lower := money.New(steps.Price(price.Minor, step.LessBps), price.Currency)
		list = append(list, stepExample{step, catalog.Preview(lower, vatBps, commissionBps, s.FeeBps)})
	}
	return list
}

// stepsFrom reads the rows that say something and moves them up over those that do not, so that a row's number is that of its step. What
// cannot be read is 0, and refused at its field.
func stepsFrom(form *page.Form) steps.Steps {
	var list steps.Steps
	for row := range steps.Most {
		people, less := form.Get(steps.Field(row, "people")), form.Get(steps.Field(row, "less"))
		if people == "" && less == "" {
			continue
		}
		form.Set(steps.Field(row, "people"), "")
		form.Set(steps.Field(row, "less"), "")
		at := len(list)
		form.Set(steps.Field(at, "people"), people)
		form.Set(steps.Field(at, "less"), less)
		bps, _ := rate(less)
		list = append(list, steps.Step{People: int(form.Int(steps.Field(at, "people"), 0)), LessBps: bps})
	}
	return list
}
