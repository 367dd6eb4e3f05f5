package stripesandbox

import (
	"maps"

	"relais/internal/stripesandbox/params"
)

func readDispute(c *call) (any, *params.Refusal) { return read[dispute](c, "dispute") }

func listDisputes(c *call) (any, *params.Refusal) {
	chargeID, intent, within := c.form.Text("charge"), c.form.Text("payment_intent"), c.form.Created()
	return page(c, "dispute", "/v1/disputes", func(d dispute) bool {
		return (chargeID == "" || d.Charge == chargeID) && (intent == "" || string(d.PaymentIntent) == intent) && within(d.Created)
	})
}

// answerable finds the dispute in the path, and refuses one that is over.
func (c *call) answerable() (dispute, *params.Refusal) {
	d, ok := load[dispute](c.tx, c.path("id"))
	switch {
	case !ok:
		return d, params.Missing("dispute", c.path("id"), "id")
	case !d.open():
		return d, params.Refused("", "", "This dispute is already closed")
	case !d.waiting():
		return d, params.Refused("", "", "Evidence for this dispute has already been submitted to the bank.")
	}
	return d, nil
}

// updateDispute saves an answer and, unless submit is false, sends it to the bank.
func updateDispute(c *call) (any, *params.Refusal) {
	f := c.form
	old, _ := load[dispute](c.tx, c.path("id"))
	d := old.answered(f)
	d.Metadata = maps.Clone(old.Metadata)
	if meta := f.Metadata("metadata"); old.ID != "" {
		maps.Copy(d.Metadata, meta)
	}
	submit := f.Choice("submit", "true", "false") == "true"
	if err := f.Done(); err != nil {
		return nil, err
	}
	if _, err := c.answerable(); err != nil {
		return nil, err
	}
	for _, field := range evidenceFiles {
		id := string(d.Evidence[field])
		if up, ok := load[file](c.tx, id); id != "" && (!ok || up.Purpose != "dispute_evidence") {
			return nil, params.Missing("file upload", id, "evidence["+field+"]")
		}
	}
	if !submit {
		return c.tx.putDispute(d, "charge.dispute.updated"), nil
	}
	return c.tx.submit(d)
}

// submit sends the answer to the bank, which decides at once when Stripe's test values tell it how.
func (t *tx) submit(d dispute) (any, *params.Refusal) {
	d.EvidenceDetails.SubmissionCount++
	inquiry := d.inquiry()
	d.Status = "under_review"
	if inquiry {
		d.Status = "warning_under_review"
	}
	d = t.putDispute(d, "charge.dispute.updated")
	var err error
	switch text := d.Evidence["uncategorized_text"]; {
	case text == EscalateEvidence && inquiry:
		d, err = t.escalate(d)
	case text == WinningEvidence, text == LosingEvidence:
		d, err = t.decide(d, text == WinningEvidence || inquiry)
	}
	if err != nil {
		return nil, params.Refused("", "", "%v", err)
	}
	return d, nil
}

// closeDispute gives in: the dispute is lost. An inquiry cannot be closed so: its charge is refunded.
func closeDispute(c *call) (any, *params.Refusal) {
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	d, refusal := c.answerable()
	if refusal != nil {
		return nil, refusal
	}
	d, err := c.tx.decide(d, false)
	if err != nil {
		return nil, params.Refused("", "", "%v", err)
	}
	return d, nil
}
