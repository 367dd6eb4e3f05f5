package support

import (
	"context"
	"fmt"
	netmail "net/mail"
	"strings"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
)

// MaxSenders is how many addresses a brand may say that it writes from.
const MaxSenders = 20

// Senders are the addresses that a brand writes from besides its own and those of its team: of its help desk, say.
func Senders(ctx context.Context, q sqlx.QueryerContext, brandID int64) (all []string, err error) {
	if err := sqlx.SelectContext(ctx, q, &all, `select address from brand_senders where brand_id = $1 order by address`, brandID); err != nil {
		return nil, fmt.Errorf("read senders: %w", postgres.Translate(err))
	}
	return all, nil
}

const addSender = `
insert into brand_senders (brand_id, address, member_id, at) select $1, $2, $3, $4 where (select count(*) from brand_senders where brand_id = $1) < $5 on conflict do nothing`

// AddSender has a member say that their brand writes from an address. It is not asked whether that is so: it is the brand's to say whose mail is
// its word, and who names a stranger's address lets nobody but that stranger in. Faults: the field sender, also where it is known or there are
// MaxSenders.
func (s *Service) AddSender(ctx context.Context, brandID, by int64, address string) error {
	address = strings.ToLower(strings.TrimSpace(address))
	parsed, err := netmail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > 254 {
		return fault.Field("sender", "fault.email_invalid")
	}
	return s.add(ctx, brandID, fault.Field("sender", "fault.talk_sender").Arg("Most", MaxSenders), addSender, brandID, address, by, s.Now(), MaxSenders)
}

// RemoveSender takes an address from those that a brand writes from.
func (s *Service) RemoveSender(ctx context.Context, brandID int64, address string) error {
	if _, err := s.DB.ExecContext(ctx, `delete from brand_senders where brand_id = $1 and address = $2`, brandID, address); err != nil {
		return fmt.Errorf("remove sender: %w", postgres.Translate(err))
	}
	return nil
}
