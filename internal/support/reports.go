package support

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Reasons are what a message can be reported for.
func Reasons() []string { return []string{"insult", "personal", "fraud", "illegal", "other"} }

// MaxReport is the length of what a report or a decision says, in characters.
const MaxReport = 1000

// Faults of reports.
var (
	ErrReported = fault.New(fault.Conflict, "fault.report_known")
	ErrParty    = fault.New(fault.Conflict, "fault.report_your_own")
)

// Complaint is what a side reports of a message of the other.
type Complaint struct {
	ConversationID int64
	MessageID      int64
	Side           Side
	MemberID       int64 // 0: a guest
	Reason, Text   string
}

// insertReport reports what the other side wrote, and no note: of those nobody else knows.
const insertReport = `
insert into message_reports (message_id, side, member_id, reason, text, at)
select m.id, $3, nullif($4, 0::bigint), $5, $6, $7 from order_messages m where m.id = $1 and m.conversation_id = $2 and m.author <> $3 and not m.note
on conflict do nothing returning id`

// Report puts a message of the other side before the platform, which can then read the conversation. Faults: ErrGone, ErrReported, the fields reason
// and text.
func (s *Service) Report(ctx context.Context, c Complaint) error {
	if !slices.Contains(Reasons(), c.Reason) {
		return fault.Field("reason", "fault.required")
	}
	text, err := said("text", c.Text, c.Reason != "other")
	if err != nil {
		return err
	}
	if _, err := Reportable(ctx, s.DB, c.ConversationID, c.MessageID, c.Side); err != nil {
		return err
	}
	var id int64
	err = s.DB.GetContext(ctx, &id, insertReport, c.MessageID, c.ConversationID, c.Side, c.MemberID, c.Reason, text, s.Now())
	if errors.Is(err, sql.ErrNoRows) {
		return ErrReported
	}
	if err != nil {
		return fmt.Errorf("keep report: %w", postgres.Translate(err))
	}
	return nil
}

func said(field, text string, mayBeEmpty bool) (string, error) {
	text = prose.Lines(text)
	switch {
	case text == "" && !mayBeEmpty:
		return "", fault.Field(field, "fault.required")
	case !prose.Readable(text):
		return "", fault.Field(field, "fault.message_unreadable")
	case utf8.RuneCountInString(text) > MaxReport:
		return "", fault.Field(field, "fault.too_long")
	}
	return text, nil
}

// Reportable is the message of the other side that a side can report; ErrGone where there is none.
func Reportable(ctx context.Context, q sqlx.QueryerContext, conversationID, messageID int64, side Side) (Message, error) {
	ms, err := Messages(ctx, q, conversationID, side)
	if err != nil {
		return Message{}, err
	}
	i := slices.IndexFunc(ms, func(m Message) bool { return m.ID == messageID && m.Author != side && !m.Note && !m.Hidden })
	if i < 0 {
		return Message{}, ErrGone
	}
	return ms[i], nil
}

// Report is a message that was reported.
type Report struct {
	ID             int64      `db:"id"`
	MessageID      int64      `db:"message_id"`
	ConversationID int64      `db:"conversation_id"`
	Number         string     `db:"number"`
	BrandName      string     `db:"brand_name"`
	Side           Side       `db:"side"` // who reports
	Reason         string     `db:"reason"`
	Text           string     `db:"text"`
	At             time.Time  `db:"at"`
	Decided        string     `db:"decided"` // kept or hidden; empty: it waits
	DecidedAt      *time.Time `db:"decided_at"`
	Why            string     `db:"why"`

	Messages []Message `db:"-"` // of the conversation, as the buyer reads it; only while it waits
}

const selectReports = `
select r.id, r.message_id, m.conversation_id, o.number, b.name as brand_name, r.side, r.reason, r.text, r.at, r.decided, r.decided_at, r.why
from message_reports r join order_messages m on m.id = r.message_id join conversations c on c.id = m.conversation_id join orders o on o.id = c.order_id join brands b on b.id = c.brand_id `

// Reports is what waits for the platform, the oldest first, with its conversation, and what it decided last.
func Reports(ctx context.Context, q sqlx.QueryerContext, limit int) (waiting, decided []Report, err error) {
	if err := sqlx.SelectContext(ctx, q, &waiting, selectReports+`where r.decided = '' order by r.at, r.id limit $1`, limit); err != nil {
		return nil, nil, fmt.Errorf("read reports: %w", postgres.Translate(err))
	}
	for i := range waiting {
		if waiting[i].Messages, err = Messages(ctx, q, waiting[i].ConversationID, FromBuyer); err != nil {
			return nil, nil, err
		}
	}
	if err := sqlx.SelectContext(ctx, q, &decided, selectReports+`where r.decided <> '' order by r.decided_at desc, r.id desc limit $1`, limit); err != nil {
		return nil, nil, fmt.Errorf("read decided reports: %w", postgres.Translate(err))
	}
	return waiting, decided, nil
}

// Judged is the conversation of a report that waits; ErrGone once it is decided: the platform reads no longer than it has to.
func Judged(ctx context.Context, q sqlx.QueryerContext, reportID int64) (conversationID int64, err error) {
	err = sqlx.GetContext(ctx, q, &conversationID, `select m.conversation_id from message_reports r join order_messages m on m.id = r.message_id where r.id = $1 and r.decided = ''`, reportID)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrGone
	}
	if err != nil {
		return 0, fmt.Errorf("read report: %w", postgres.Translate(err))
	}
	return conversationID, nil
}

const (
	selectParty = `
select exists (select 1 from message_reports r join order_messages m on m.id = r.message_id join conversations c on c.id = m.conversation_id join orders o on o.id = c.order_id
  where r.id = $1 and (o.member_id = $2 or exists (select 1 from brand_members t where t.brand_id = c.brand_id and t.member_id = $2)))`
	decideReport = `update message_reports set decided = $2, decided_by = $3, decided_at = $4, why = $5 where id = $1 and decided = ''`
)

// Decide ends a report: its message stays, or is hidden from both sides; both read why. Who reported it is told, and where it is hidden its author.
// Nobody decides about a conversation of their own.
// Faults: ErrGone, ErrParty, the field why.
func (s *Service) Decide(ctx context.Context, reportID, by int64, hide bool, why string) error {
	why, err := said("why", why, false)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		var party bool
		if err := tx.GetContext(ctx, &party, selectParty, reportID, by); err != nil {
			return fmt.Errorf("look who decides: %w", postgres.Translate(err))
		}
		if party {
			return ErrParty
		}
		r, err := tx.ExecContext(ctx, decideReport, reportID, map[bool]string{true: "hidden", false: "kept"}[hide], by, s.Now(), why)
		if err != nil {
			return fmt.Errorf("decide report: %w", postgres.Translate(err))
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return ErrGone.Because(err)
		}
		if err := s.tellDecided(ctx, tx, reportID, hide, why); err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.Now(), ActorID: by, Action: "message report decided", Subject: fmt.Sprintf("message report %d", reportID), Detail: map[string]any{"hide": hide, "why": why}})
	})
}

const selectReported = `select m.conversation_id, r.side from message_reports r join order_messages m on m.id = r.message_id where r.id = $1`

// tellDecided tells who reported a message what was decided about it, and the other side, who wrote it, where it is hidden.
func (s *Service) tellDecided(ctx context.Context, tx *sqlx.Tx, reportID int64, hide bool, why string) error {
	var of struct {
		ConversationID int64 `db:"conversation_id"`
		Side           Side  `db:"side"`
	}
	if err := tx.GetContext(ctx, &of, selectReported, reportID); err != nil {
		return fmt.Errorf("read report: %w", postgres.Translate(err))
	}
	c, err := one(ctx, tx, `c.id = $1`, of.ConversationID)
	if err != nil {
		return err
	}
	for _, side := range []Side{FromBuyer, FromBrand} {
		event := "hidden"
		if side == of.Side {
			event = map[bool]string{true: "report_hidden", false: "report_kept"}[hide]
		} else if !hide {
			continue // nobody told its author that it was reported
		}
		if err := s.tellSide(ctx, tx, c, told{side: side, event: event, subject: fmt.Sprintf("message_report:%d", reportID), args: notices.Args{"Why": why}}); err != nil {
			return err
		}
	}
	return nil
}
