package groups

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// Reported is what somebody says about something in a circle.
type Reported struct {
	GroupID    int64
	Kind       Kind
	SubjectID  int64
	AboutID    int64 // whose deed it is: the author of a post; 0: the circle as such
	ReporterID int64
	Reason     Reason
	Text       string
	Outside    bool // the reporter is not in the circle: they read what it shows outside
}

// ReportRow is a report as those read it who decide about it. Who reported is not said: circles are small.
type ReportRow struct {
	ID          int64      `db:"id"`
	GroupID     int64      `db:"group_id"`
	GroupName   string     `db:"group_name"`
	GroupHandle string     `db:"group_handle"`
	Desk        Desk       `db:"desk"`
	Kind        Kind       `db:"subject_kind"`
	SubjectID   int64      `db:"subject_id"`
	AboutID     int64      `db:"about_id"` // 0: the circle
	AboutName   string     `db:"about_name"`
	AboutHandle string     `db:"about_handle"`
	AboutRole   Role       `db:"about_role"` // now
	ReporterID  int64      `db:"reporter"`
	Reason      Reason     `db:"reason"`
	Text        string     `db:"text"`
	Outside     bool       `db:"outside"` // it came from outside of the circle
	At          time.Time  `db:"at"`
	State       string     `db:"state"`
	Decision    Decision   `db:"decision"`
	DecidedBy   string     `db:"decided_by"` // name
	DecidedAt   *time.Time `db:"decided_at"`
	Why         string     `db:"why"`

	Subject Subject `db:"-"` // what it is about, in words; see Described
}

const insertReport = `
insert into group_reports (group_id, desk, subject_kind, subject_id, about_id, reporter, reason, text, at, outside)
values ($1, $2, $3, $4, nullif($5::bigint, 0), $6, $7, $8, $9, $10) on conflict do nothing returning id`

// Report puts a report on the desk that decides it: the circle's, or the platform's when it is about the circle or its owner. What comes from
// outside is put on both. The caller has checked that who reports sees the subject. The same report again while it is open does nothing. Faults: ErrReportYourself, the fields
// reason and text.
func Report(ctx context.Context, tx *sqlx.Tx, r Reported, now time.Time) error {
	if !slices.Contains(Reasons(), r.Reason) {
		return fault.Field("reason", "fault.required")
	}
	text, err := words("text", r.Text, maxReport, false)
	if err != nil {
		return err
	}
	if r.AboutID == r.ReporterID {
		return ErrReportYourself
	}
	about, err := RoleOf(ctx, tx, r.GroupID, r.AboutID)
	if err != nil {
		return err
	}
	desks := []Desk{DeskOf(r.Kind, about)}
	if r.Outside && desks[0] == ByCircle {
		desks = append(desks, ByPlatform)
	}
	var made []int64 // of the first desk
	for i, d := range desks {
		var ids []int64
		if err := tx.SelectContext(ctx, &ids, insertReport, r.GroupID, d, r.Kind, r.SubjectID, r.AboutID, r.ReporterID, r.Reason, text, now, r.Outside); err != nil {
			return fmt.Errorf("report in circle %d: %w", r.GroupID, postgres.Translate(err))
		}
		if i == 0 {
			made = ids
		}
	}
	if len(made) == 0 || desks[0] != ByCircle {
		return nil
	}
	g, err := ByID(ctx, tx, r.GroupID)
	if err != nil {
		return err
	}
	n := notices.Notice{Kind: notices.CircleDesk, Sphere: notices.Topic(g.Sphere), Event: "reported", Subject: fmt.Sprintf("group:%d:report:%d", g.ID, made[0]),
		At: now, Path: "/g/" + g.Handle + "/moderation", Args: notices.Args{"Circle": g.Name}}
	return tellDesk(ctx, tx, g.ID, n, r.ReporterID, r.AboutID)
}

// ReportGroup reports a circle as such, which whoever may know of it may, or with aboutID somebody in it, which its members may. Faults:
// those of Report; ErrGone, ErrMembersOnly.
func (s *Service) ReportGroup(ctx context.Context, groupID, by, aboutID int64, reason Reason, text string) error {
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		said := Reported{GroupID: g.ID, Kind: AGroup, SubjectID: g.ID, ReporterID: by, Reason: reason, Text: text}
		if aboutID != 0 {
			if !CanRead(g, r) {
				return ErrMembersOnly
			}
			about, err := RoleOf(ctx, tx, g.ID, aboutID)
			if err != nil {
				return err
			}
			if about == None {
				return ErrGone
			}
			said.Kind, said.SubjectID, said.AboutID = AMember, aboutID, aboutID
		}
		return Report(ctx, tx, said, s.now())
	})
}

const (
	fromReports = `
select r.id, r.group_id, g.name as group_name, g.handle as group_handle, ` + desk + ` as desk, r.subject_kind, r.subject_id, coalesce(r.about_id, 0) as about_id,
  coalesce(a.name, '') as about_name, coalesce(a.handle, '') as about_handle, coalesce(m.role, '') as about_role, r.reporter, r.reason, r.text, r.outside, r.at,
  r.state, r.decision, coalesce(d.name, '') as decided_by, r.decided_at, r.why
from group_reports r join groups g on g.id = r.group_id left join members a on a.id = r.about_id left join members d on d.id = r.decided_by
left join group_members m on m.group_id = r.group_id and m.member_id = r.about_id`
	// A report about somebody whose circle it has become since lies at the platform's desk: nobody in the circle could decide it.
	desk          = `case when r.state = 'open' and m.role = 'owner' then 'platform' else r.desk end`
	selectReports = fromReports + `
where ` + desk + ` = $1 and ($2::bigint = 0 or r.group_id = $2) and r.state = $3 order by case when r.state = 'open' then r.id else -r.id end limit $4`
	selectReport = fromReports + ` where r.id = $1 and ` + desk + ` = $2 and ($3::bigint = 0 or r.group_id = $3)`
)

// States of a report, as Reports asks for them.
const (
	StateOpen    = "open"
	StateDecided = "decided"
)

// Reports returns what lies on a desk: open ones, the oldest first, or decided ones, the latest first. Group 0 is every circle, for the
// platform.
func (s *Service) Reports(ctx context.Context, d Desk, groupID int64, state string, limit int) ([]ReportRow, error) {
	var list []ReportRow
	if err := s.db.SelectContext(ctx, &list, selectReports, d, groupID, state, limit); err != nil {
		return nil, fmt.Errorf("read reports: %w", postgres.Translate(err))
	}
	return list, s.describe(ctx, s.db, list)
}

const selectWaiting = `
select m.group_id, (select count(*) from group_reports r where r.group_id = m.group_id and r.desk = 'group' and r.state = 'open'
    and not exists (select 1 from group_members o where o.group_id = r.group_id and o.member_id = r.about_id and o.role = 'owner'))
  + (select count(*) from group_requests a where a.group_id = m.group_id and a.state = 'open') as waiting
from group_members m where m.member_id = $1 and m.role <> 'member' and ($2::bigint = 0 or m.group_id = $2)`

// Todo counts what waits for a member in each circle that they moderate, or in one of them: requests and reports.
func Todo(ctx context.Context, q sqlx.QueryerContext, memberID, groupID int64) (map[int64]int, error) {
	var rows []struct {
		GroupID int64 `db:"group_id"`
		Waiting int   `db:"waiting"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectWaiting, memberID, groupID); err != nil {
		return nil, fmt.Errorf("count what waits: %w", postgres.Translate(err))
	}
	all := make(map[int64]int, len(rows))
	for _, r := range rows {
		all[r.GroupID] = r.Waiting
	}
	return all, nil
}

// ReportByID returns one report of a desk, or ErrGone.
func (s *Service) ReportByID(ctx context.Context, d Desk, groupID, id int64) (ReportRow, error) {
	return s.report(ctx, s.db, d, groupID, id)
}

func (s *Service) report(ctx context.Context, q sqlx.QueryerContext, d Desk, groupID, id int64) (ReportRow, error) {
	var r ReportRow
	err := postgres.Translate(sqlx.GetContext(ctx, q, &r, selectReport, id, d, groupID))
	if errors.Is(err, fault.NotFound) {
		return ReportRow{}, ErrGone
	}
	if err != nil {
		return ReportRow{}, fmt.Errorf("read report: %w", err)
	}
	list := []ReportRow{r}
	err = s.describe(ctx, q, list)
	return list[0], err
}

// describe fills in what the reports are about, by asking who knows: those of circles and members are known here.
func (s *Service) describe(ctx context.Context, q sqlx.QueryerContext, list []ReportRow) error {
	ids := map[Kind][]int64{}
	for i, r := range list {
		switch r.Kind {
		case AGroup:
			list[i].Subject = Subject{Title: r.GroupName}
		case AMember:
			list[i].Subject = Subject{Title: r.AboutName, Gone: r.AboutRole == None}
		default:
			ids[r.Kind] = append(ids[r.Kind], r.SubjectID)
		}
	}
	for kind, subjects := range s.subjects {
		if len(ids[kind]) == 0 {
			continue
		}
		known, err := subjects.Describe(ctx, q, ids[kind])
		if err != nil {
			return fmt.Errorf("describe what was reported: %w", err)
		}
		for i, r := range list {
			if r.Kind == kind {
				list[i].Subject = known[r.SubjectID]
			}
		}
	}
	return nil
}

// Verdict is what somebody decides about a report.
type Verdict struct {
	Desk     Desk
	GroupID  int64 // whose desk it is; 0 at the platform's
	By       int64
	Decision Decision
	Why      string
}

const updateReport = `
update group_reports set state = 'decided', decision = $2, decided_by = $3, decided_at = $4, why = $5 where id = $1`

// Decide ends a report, does what was decided, and tells the reporter what and why. At a circle's desk those who moderate may, about people
// below their own rank; at the platform's the caller has checked that By is an admin. Nobody decides about themselves. Faults: ErrGone,
// ErrModerators, ErrRank, ErrDecided, the fields decision and why.
func (s *Service) Decide(ctx context.Context, id int64, v Verdict) error {
	why, err := words("why", v.Why, MaxWhy, true)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := s.report(ctx, tx, v.Desk, v.GroupID, id)
		if err != nil {
			return err
		}
		g, err := lock(ctx, tx, r.GroupID)
		if err != nil {
			return err
		}
		if r, err = s.report(ctx, tx, v.Desk, v.GroupID, id); err != nil { // as it is under the lock
			return err
		}
		if err := s.mayDecide(ctx, tx, g, r, v); err != nil {
			return err
		}
		if err := s.carryOut(ctx, tx, g, r, v, why); err != nil {
			return err
		}
		if err := change(ctx, tx, updateReport, r.ID, v.Decision, v.By, s.now(), why); err != nil {
			return err
		}
		subject := fmt.Sprintf("report:%d", r.ID)
		if err := s.log(ctx, tx, deed{group: g.ID, by: v.By, whom: r.AboutID, action: "report_" + string(v.Decision), subject: subject, why: why}); err != nil {
			return err
		}
		return s.write(ctx, tx, r.ReporterID, "group_decision", "group:"+subject, decisionLetter{Group: g, Kind: r.Kind, Outside: r.Outside, Decision: v.Decision, Why: why})
	})
}

func (s *Service) mayDecide(ctx context.Context, tx *sqlx.Tx, g Group, r ReportRow, v Verdict) error {
	actor, err := RoleOf(ctx, tx, g.ID, v.By)
	switch {
	case err != nil:
		return err
	case v.Desk == ByCircle && !CanModerate(g, actor):
		return ErrModerators
	case r.State != StateOpen:
		return ErrDecided
	case !CanDecide(v.Desk, v.By, r.AboutID, actor, r.AboutRole):
		return ErrRank
	case !slices.Contains(Decisions(v.Desk, r.Kind), v.Decision):
		return fault.Field("decision", "fault.required")
	}
	return nil
}

// carryOut does what was decided, in the transaction of the decision.
func (s *Service) carryOut(ctx context.Context, tx *sqlx.Tx, g Group, r ReportRow, v Verdict, why string) error {
	if v.Decision == Closed {
		return s.close(ctx, tx, g, v.By, why)
	}
	if subjects, ok := s.subjects[r.Kind]; ok && (v.Decision == Removed || v.Decision == Banned) {
		if err := subjects.Remove(ctx, tx, r.SubjectID, v.By, why); err != nil {
			return err
		}
	}
	if v.Decision != Expelled && v.Decision != Banned {
		return nil
	}
	if r.AboutRole == Owner { // the platform's desk: the circle goes on without them
		if err := s.succeed(ctx, tx, g, r.AboutID, Member); err != nil {
			return err
		}
	}
	return s.out(ctx, tx, g, v.By, r.AboutID, why, v.Decision == Banned)
}
