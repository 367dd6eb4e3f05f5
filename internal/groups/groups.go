package groups

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/mail"
)

// Service is the use cases of this package.
type Service struct {
	db       *sqlx.DB
	now      func() time.Time // business time
	mail     *mail.Outbox
	subjects map[Kind]Subjects
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time, m *mail.Outbox) *Service {
	return &Service{db: db, now: now, mail: m, subjects: map[Kind]Subjects{}}
}

// Subject is what a report is about, as the moderation page shows it.
type Subject struct {
	Title   string // one line
	Excerpt string // plain text, may be empty
	URL     string // a path on this site where those who moderate see it; empty: nowhere
	Gone    bool   // it was removed or deleted already
}

// Subjects is how this package, which knows nothing of posts, learns what a report on one is about, and takes it down. The package that owns
// them gives it with Service.About. The reporter was allowed to see the subject: the page of the report checked it.
type Subjects struct {
	Describe func(ctx context.Context, q sqlx.QueryerContext, ids []int64) (map[int64]Subject, error)
	Remove   func(ctx context.Context, tx *sqlx.Tx, id, by int64, why string) error // twice does nothing more
}

// About tells the moderation page about one kind of subjects. It is called once, while the program is put together.
func (s *Service) About(k Kind, subjects Subjects) { s.subjects[k] = subjects }
