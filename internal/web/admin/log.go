package admin

import (
	"strings"
	"time"

	"relais/internal/i18n"
	"relais/internal/members"
)

// logged is a line of the log in words.
type logged struct {
	What, About, Actor string
	At                 time.Time
}

// logOf puts the log into words. It is stored in plain English, for it must outlive any choice of words: what has none is shown as
// it is stored.
func logOf(l i18n.Lang, rows []members.AuditRow) []logged {
	list := make([]logged, len(rows))
	for i, r := range rows {
		list[i] = logged{What: r.Action, About: r.Subject, Actor: r.Actor, At: r.At}
		if text, err := l.Lookup("admin.action." + strings.NewReplacer(" ", "_", "-", "_").Replace(r.Action)); err == nil {
			list[i].What = text
		}
		kind, id := r.Subject, ""
		if cut := strings.IndexAny(r.Subject, " :"); cut >= 0 {
			kind, id = r.Subject[:cut], r.Subject[cut+1:]
		}
		if text, err := l.Lookup("admin.subject."+strings.ToLower(kind), "ID", id); err == nil {
			list[i].About = text
		}
	}
	return list
}
