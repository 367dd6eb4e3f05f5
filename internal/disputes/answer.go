package disputes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/pledges/consent"
	"relais/internal/postgres"
)

const updateEvidence = `update disputes set evidence = $2::text::jsonb, error = '' where id = $1`

// Save keeps the draft of an answer. ErrDecided once it can no longer be given.
func (s *Service) Save(ctx context.Context, id int64, a Answer) error {
	if len([]rune(a.Text)) > 20_000 {
		return fault.Field("text", "fault.too_long")
	}
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return s.answerable(ctx, id, func(tx *sqlx.Tx, _ Dispute) error {
		_, err := tx.ExecContext(ctx, updateEvidence, id, string(b))
		return postgres.Translate(err)
	})
}

// answerable locks a dispute that still takes evidence.
func (s *Service) answerable(ctx context.Context, id int64, do func(tx *sqlx.Tx, d Dispute) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `select 1 from disputes where id = $1 for update`, id); err != nil {
			return err
		}
		d, err := byID(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case !d.Answerable():
			return ErrDecided
		case d.SubmittedAt != nil:
			return ErrUnderWay
		}
		return do(tx, d)
	})
}

// Attach adds a document to the draft. ErrFile, ErrFiles.
func (s *Service) Attach(ctx context.Context, id, by int64, kind payments.EvidenceKind, name string, content []byte) error {
	if !fileFits(content) {
		return ErrFile
	}
	switch kind {
	case payments.EvidenceReceipt, payments.EvidenceShipping, payments.EvidenceCommunication:
	default:
		kind = payments.EvidenceOther
	}
	if name = strings.TrimSpace(name); name == "" || len(name) > 200 {
		name = string(kind)
	}
	return s.answerable(ctx, id, func(tx *sqlx.Tx, d Dispute) error {
		var n int
		if err := tx.GetContext(ctx, &n, `select count(*) from dispute_files where dispute_id = $1`, id); err != nil {
			return postgres.Translate(err)
		}
		if n >= MaxFiles {
			return ErrFiles
		}
		// A bank sees one file of each kind: a newer one takes the place of the older.
		if _, err := tx.ExecContext(ctx, `delete from dispute_files where dispute_id = $1 and kind = $2`, id, kind); err != nil {
			return postgres.Translate(err)
		}
		_, err := tx.ExecContext(ctx, `insert into dispute_files (dispute_id, kind, name, bytes, content, uploaded_by, uploaded_at) values ($1, $2, $3, $4, $5, nullif($6::bigint, 0), $7)`,
			id, kind, name, len(content), content, by, s.now())
		return postgres.Translate(err)
	})
}

// Detach takes a document out of the draft.
func (s *Service) Detach(ctx context.Context, id, fileID int64) error {
	return s.answerable(ctx, id, func(tx *sqlx.Tx, _ Dispute) error {
		_, err := tx.ExecContext(ctx, `delete from dispute_files where dispute_id = $1 and id = $2`, id, fileID)
		return postgres.Translate(err)
	})
}

const updateSubmitted = `update disputes set submitted_at = $2, submitted_by = nullif($3::bigint, 0), error = '' where id = $1`

// Submit sends the draft to the bank; it can be done once. The job that does it comes after the commit. ErrEmptyWords,
// ErrDecided, ErrUnderWay.
func (s *Service) Submit(ctx context.Context, id, by int64) error {
	return s.answerable(ctx, id, func(tx *sqlx.Tx, d Dispute) error {
		a, err := d.Answer()
		if err != nil {
			return err
		}
		if strings.TrimSpace(a.Text) == "" {
			return ErrEmptyWords
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, updateSubmitted, id, now, by); err != nil {
			return postgres.Translate(err)
		}
		entry := members.AuditEntry{At: now, ActorID: by, Action: "dispute answered", Subject: "dispute " + d.StripeID, Detail: map[string]any{"order": d.OrderNumber}}
		if err := members.Audit(ctx, tx, entry); err != nil {
			return err
		}
		key := fmt.Sprintf("dispute:%d:%s", id, now.UTC().Format(time.RFC3339Nano))
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobSubmit, Args: args{id}, UniqueKey: key, MaxAttempts: 30})
	})
}

// Answer is the draft of the answer.
func (d Dispute) Answer() (a Answer, err error) {
	if len(d.Evidence) == 0 {
		return a, nil
	}
	return a, json.Unmarshal(d.Evidence, &a)
}

// submit is the job of an answer: the documents first, then the words, then what Stripe says of the dispute now.
func (s *Service) submit(ctx context.Context, w jobs.Work) error {
	var in args
	if err := w.Decode(&in); err != nil {
		return err
	}
	d, err := byID(ctx, s.db, in.DisputeID)
	if err != nil || d.SubmittedAt == nil || !d.Answerable() {
		return err
	}
	files, err := s.upload(ctx, d)
	if err != nil {
		return s.answerRefused(ctx, d, err)
	}
	a, err := d.Answer()
	if err != nil {
		return err
	}
	_, err = s.pay.SaveEvidence(ctx, payments.EvidenceRequest{DisputeID: d.StripeID, Submit: true, Text: a.Text, Product: a.Product, CustomerName: a.CustomerName,
		CustomerEmail: a.CustomerEmail, ShippingAddress: a.ShippingAddress, ShippingCarrier: a.ShippingCarrier, ShippingDate: a.ShippingDate, Tracking: a.Tracking,
		RefundPolicy: a.RefundPolicy, Files: files})
	if err != nil && payments.CodeOf(err) != payments.CodeDisputeClosed {
		return s.answerRefused(ctx, d, err)
	}
	return s.Changed(ctx, d.StripeID)
}

// answerRefused gives the draft back to its author where Stripe refused it for good; else the job tries again.
func (s *Service) answerRefused(ctx context.Context, d Dispute, err error) error {
	var refused *payments.Error
	if !errors.As(err, &refused) || refused.Outcome != payments.Final {
		return fmt.Errorf("answer dispute %s: %w", d.StripeID, err)
	}
	_, err = s.db.ExecContext(ctx, `update disputes set submitted_at = null, error = $2 where id = $1`, d.ID, refused.Message)
	return postgres.Translate(err)
}

// upload gives Stripe the documents that it does not have yet, and forgets their content.
func (s *Service) upload(ctx context.Context, d Dispute) (map[payments.EvidenceKind]string, error) {
	var fs []File
	if err := s.db.SelectContext(ctx, &fs, `select id, dispute_id, kind, name, bytes, content, stripe_id, uploaded_at from dispute_files where dispute_id = $1 order by id`, d.ID); err != nil {
		return nil, postgres.Translate(err)
	}
	ids := make(map[payments.EvidenceKind]string, len(fs))
	for _, f := range fs {
		if f.StripeID == nil {
			id, err := s.pay.UploadEvidence(ctx, payments.EvidenceFile{Reference: fmt.Sprintf("%s-file-%d", d.StripeID, f.ID), Name: f.Name, Content: f.Content})
			if err != nil {
				return nil, err
			}
			if _, err := s.db.ExecContext(ctx, `update dispute_files set stripe_id = $2, content = null where id = $1`, f.ID, id); err != nil {
				return nil, postgres.Translate(err)
			}
			f.StripeID = &id
		}
		ids[f.Kind] = *f.StripeID
	}
	return ids, nil
}

// evidence is what a buyer agreed to, in words for their bank; empty where they paid at once.
func evidence(l i18n.Lang, agreed *consent.Consent) string {
	if agreed == nil {
		return ""
	}
	return l.T("aftersale.consent.evidence", "Date", l.DateTime(agreed.GivenAt), "Card", l.DateTime(agreed.CardAt), "Words", agreed.Words)
}

// Accept gives in: the dispute is lost at once. ErrDecided.
func (s *Service) Accept(ctx context.Context, id, by int64) error {
	d, err := byID(ctx, s.db, id)
	if err != nil {
		return err
	}
	if !d.Answerable() {
		return ErrDecided
	}
	if _, err := s.pay.AcceptDispute(ctx, d.StripeID); err != nil && payments.CodeOf(err) != payments.CodeDisputeClosed {
		return fmt.Errorf("accept dispute %s: %w", d.StripeID, err)
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: "dispute accepted", Subject: "dispute " + d.StripeID, Detail: map[string]any{"order": d.OrderNumber}})
	})
	if err != nil {
		return err
	}
	return s.Changed(ctx, d.StripeID)
}

// Draft is an answer that begins with what Relais knows of the order, and where its card was charged later with what its buyer agreed to; the other words are left to
// whoever answers.
func Draft(l i18n.Lang, p orders.Page, agreed *consent.Consent) Answer {
	a := Answer{Text: evidence(l, agreed), CustomerName: p.Name, CustomerEmail: p.Email, ShippingAddress: strings.Join([]string{p.Street, p.Postcode + " " + p.City, p.Country}, ", ")}
	if p.InPerson() { // handed over: there is no address, and no parcel
		a.ShippingAddress = ""
	}
	var products []string
	for _, sh := range p.Shipments {
		for _, l := range sh.Lines {
			products = append(products, fmt.Sprintf("%d × %s", l.Quantity, l.Title))
		}
		if sh.ShippedAt != nil {
			a.ShippingCarrier, a.Tracking, a.ShippingDate = sh.Carrier, sh.Tracking, sh.ShippedAt.UTC().Format(time.DateOnly)
		}
	}
	a.Product = strings.Join(products, "\n")
	return a
}
