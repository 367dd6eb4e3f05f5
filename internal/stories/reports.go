package stories

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
)

// Report is what somebody found wrong with a story, what the story said then, and what the platform decided.
type Report struct {
	ID        int64      `db:"id"`
	StoryID   int64      `db:"story_id"`
	MemberID  *int64     `db:"member_id"`
	By        string     `db:"by_name"` // empty: a visitor, or the platform itself
	Reason    string     `db:"reason"`
	Text      string     `db:"text"`
	Title     string     `db:"title"`
	Body      string     `db:"body"`
	At        time.Time  `db:"at"`
	Decided   string     `db:"decided"` // "", "kept" or "hidden"
	DecidedAt *time.Time `db:"decided_at"`
	Why       string     `db:"why"`
}

// Complaint is what somebody reports; MemberID is set where they are signed in.
type Complaint struct {
	Code     string
	MemberID *int64
	Reason   string
	Text     string
}

// Report puts a story before the platform. Faults: ErrGone, ErrReported, ErrYourOwn, the fields reason and text.
func (s *Service) Report(ctx context.Context, c Complaint) error {
	if !slices.Contains(Reasons(), c.Reason) {
		return fault.Field("reason", "fault.required")
	}
	text, err := words("text", c.Text, MaxReport)
	if err != nil {
		return err
	}
	if text == "" && c.Reason == "other" {
		return fault.Field("text", "fault.required")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		told, err := ByCode(ctx, tx, c.Code)
		if err != nil {
			return err
		}
		if c.MemberID != nil {
			party, err := isParty(ctx, tx, told.ID, *c.MemberID)
			if err != nil {
				return err
			}
			if party {
				return ErrYourOwn
			}
		}
		return s.report(ctx, tx, told, c.MemberID, c.Reason, text)
	})
}

const insertReport = `
insert into story_reports (story_id, member_id, reason, text, title, body, at) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`

// report keeps a report; ErrReported where the same reporter's is open already, which for the platform's own note is none.
func (s *Service) report(ctx context.Context, tx *sqlx.Tx, told Story, by *int64, reason, text string) error {
	res, err := tx.ExecContext(ctx, insertReport, told.ID, by, reason, text, told.Title, told.Body, s.now())
	if err != nil {
		return fmt.Errorf("keep report: %w", postgres.Translate(err))
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 && reason != "edited" {
		return ErrReported
	}
	return nil
}

const selectParty = `
select exists (select 1 from stories s where s.id = $1 and (s.author_id = $2 or exists (select 1 from brand_members t where t.brand_id = s.brand_id and t.member_id = $2)))`

// isParty says whether somebody tells a story, alone or in the team of its brand.
func isParty(ctx context.Context, q sqlx.QueryerContext, id, memberID int64) (party bool, err error) {
	if err := sqlx.GetContext(ctx, q, &party, selectParty, id, memberID); err != nil {
		return false, fmt.Errorf("read who tells story %d: %w", id, postgres.Translate(err))
	}
	return party, nil
}

const selectReports = `
select r.id, r.story_id, r.member_id, coalesce(m.name, '') as by_name, r.reason, r.text, r.title, r.body, r.at, r.decided, r.decided_at, r.why
from story_reports r left join members m on m.id = r.member_id `

func reports(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Report, error) {
	var list []Report
	if err := sqlx.SelectContext(ctx, q, &list, selectReports+where, args...); err != nil {
		return nil, fmt.Errorf("read reports: %w", postgres.Translate(err))
	}
	return list, nil
}

// Case is a story with all that is open about it.
type Case struct {
	Story   Story
	Reports []Report
}

const selectCases = `
select story_id, count(*) over () as total from story_reports where decided = '' group by 1 order by min(at), 1 limit $1 offset $2`

// Cases is what waits for the platform, the oldest first, and how many there are in all.
func Cases(ctx context.Context, q sqlx.QueryerContext, limit, offset int) (list []Case, total int, err error) {
	var rows []struct {
		StoryID int64 `db:"story_id"`
		Total   int   `db:"total"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectCases, limit, offset); err != nil {
		return nil, 0, fmt.Errorf("read what was reported: %w", postgres.Translate(err))
	}
	for _, r := range rows {
		c, err := caseOf(ctx, q, r.StoryID, "")
		if err != nil {
			return nil, 0, err
		}
		list, total = append(list, c), r.Total
	}
	return list, total, nil
}

func caseOf(ctx context.Context, q sqlx.QueryerContext, id int64, lock string) (c Case, err error) {
	if c.Story, err = one(ctx, q, `where s.id = $1`+lock, id); err != nil {
		return c, err
	}
	c.Reports, err = reports(ctx, q, `where r.decided = '' and r.story_id = $1 order by r.id limit 100`, id)
	return c, err
}

// Decided are the reports that the platform decided last.
func Decided(ctx context.Context, q sqlx.QueryerContext, limit int) ([]Report, error) {
	return reports(ctx, q, `where r.decided <> '' order by r.decided_at desc, r.id desc limit $1`, limit)
}

// Decision is what the platform decides of a story that was reported.
type Decision struct {
	StoryID int64
	By      int64
	Hide    bool
	Why     string
}

const (
	hideStory  = `update stories set hidden_at = coalesce(hidden_at, $2), hidden_why = $3 where id = $1`
	showStory  = `update stories set hidden_at = null, hidden_why = '' where id = $1`
	endReports = `update story_reports set decided = $2, decided_by = $3, decided_at = $4, why = $5 where decided = '' and story_id = $1`
)

// Decide ends all open reports about a story, and hides it or has it read again. Its author and who reported it are told why. Nobody decides about
// their own words or those of their own brand. Faults: ErrGone, also where nothing is open; ErrYourOwn; the field why.
func (s *Service) Decide(ctx context.Context, d Decision) error {
	why, err := words("why", d.Why, MaxReport)
	if err != nil {
		return err
	}
	if why == "" {
		return fault.Field("why", "fault.required")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		party, err := isParty(ctx, tx, d.StoryID, d.By)
		if err != nil {
			return err
		}
		if party {
			return ErrYourOwn
		}
		c, err := caseOf(ctx, tx, d.StoryID, ` for no key update of s`)
		if err != nil {
			return err
		}
		if len(c.Reports) == 0 {
			return ErrGone
		}
		return s.decide(ctx, tx, c, d, why)
	})
}

func (s *Service) decide(ctx context.Context, tx *sqlx.Tx, c Case, d Decision, why string) error {
	now, id := s.now(), c.Story.ID
	query, args, outcome, action := showStory, []any{id}, "kept", "story kept"
	if d.Hide {
		query, args, outcome, action = hideStory, append(args, now, why), "hidden", "story hidden"
	}
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("decide about story %d: %w", id, postgres.Translate(err))
	}
	if _, err := tx.ExecContext(ctx, endReports, id, outcome, d.By, now, why); err != nil {
		return fmt.Errorf("end reports of story %d: %w", id, postgres.Translate(err))
	}
	is, err := one(ctx, tx, `where s.id = $1`, id)
	if err != nil {
		return err
	}
	if d.Hide {
		err = s.silence(ctx, tx, is)
	} else if c.Story.HiddenAt != nil {
		err = s.announce(ctx, tx, is)
	}
	if err != nil {
		return err
	}
	if is.State != Deleted && (d.Hide || c.Story.HiddenAt != nil) {
		event := map[bool]string{true: "hidden", false: "shown"}[d.Hide]
		if err := s.tell(ctx, tx, is, is.AuthorID, event, fmt.Sprintf("story:%d:%s:%d", id, event, now.UnixNano()), fmt.Sprintf("%s/%d", is.Desk(), id)); err != nil {
			return err
		}
	}
	for _, r := range c.Reports {
		if r.MemberID == nil {
			continue
		}
		path := is.Home()
		if is.Live() {
			path = is.Path()
		}
		if err := s.tell(ctx, tx, is, *r.MemberID, "report_"+outcome, fmt.Sprintf("story_report:%d", r.ID), path); err != nil {
			return err
		}
	}
	return audit(ctx, tx, now, d.By, action, fmt.Sprintf("story:%d", id), map[string]any{"why": why})
}
