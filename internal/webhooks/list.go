package webhooks

import (
	"context"
	"fmt"
	"time"
)

// Notice is what came in, without its content.
type Notice struct {
	ID         string     `db:"id"`
	Endpoint   string     `db:"endpoint"` // platform or connect
	Type       string     `db:"type"`
	Account    string     `db:"account"` // the connected account it is about; empty: the platform
	ObjectID   string     `db:"object_id"`
	ReceivedAt time.Time  `db:"received_at"`
	HandledAt  *time.Time `db:"handled_at"` // nil: its job is still to be done
}

const selectNotices = `
select id, endpoint, type, account, object_id, received_at, handled_at from webhook_events order by received_at desc, id desc limit $1 offset $2`

// List is the notices that came in, newest first.
func (s *Service) List(ctx context.Context, limit, offset int) ([]Notice, error) {
	var ns []Notice
	if err := s.db.SelectContext(ctx, &ns, selectNotices, limit, offset); err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	return ns, nil
}

// Tally counts the notices that came in, and those that wait for their job.
func (s *Service) Tally(ctx context.Context) (all, waiting int, err error) {
	row := struct {
		All     int `db:"all"`
		Waiting int `db:"waiting"`
	}{}
	if err := s.db.GetContext(ctx, &row, `select count(*) as all, count(*) filter (where handled_at is null) as waiting from webhook_events`); err != nil {
		return 0, 0, fmt.Errorf("count webhooks: %w", err)
	}
	return row.All, row.Waiting, nil
}
