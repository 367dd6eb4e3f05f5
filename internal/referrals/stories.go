package referrals

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
)

// ErrStory says that there is no such story that everybody reads.
var ErrStory = fault.New(fault.NotFound, "story.gone")

// ErrStoryPaysNothing says that nothing that a story shows brings whoever would share it anything: their link could not earn.
var ErrStoryPaysNothing = fault.New(fault.Conflict, "story.pays_nothing")

// storyLive is a story st that everybody reads: its owner is not blocked, and neither they nor the platform took it down.
const storyLive = `(st.state = 'published' and st.hidden_at is null and not exists (select 1 from members sm where st.brand_id is null and sm.id = st.author_id and sm.blocked_at is not null)
  and not exists (select 1 from brands sb where sb.id = st.brand_id and sb.blocked_at is not null))`

// storyShared is nil for a story that a member can share: it is read, and pays them.
func storyShared(ctx context.Context, q sqlx.QueryerContext, storyID, memberID int64, now time.Time) error {
	var open bool
	if err := sqlx.GetContext(ctx, q, &open, `select exists (select 1 from stories st where st.id = $1 and `+storyLive+`)`, storyID); err != nil {
		return fmt.Errorf("read story: %w", err)
	}
	if !open {
		return ErrStory
	}
	pays, err := StoryPays(ctx, q, storyID, memberID, now)
	if err == nil && !pays {
		err = ErrStoryPaysNothing
	}
	return err
}

// StoryPays says whether anything that a story shows is for sale and brings whoever recommends it a commission, or that member a margin in
// their storefront. Member 0 has none.
func StoryPays(ctx context.Context, q sqlx.QueryerContext, storyID, memberID int64, now time.Time) (bool, error) {
	var ids []int64
	if err := sqlx.SelectContext(ctx, q, &ids, `select product_id from story_products where story_id = $1 and off_at is null`, storyID); err != nil {
		return false, fmt.Errorf("read what story %d shows: %w", storyID, err)
	}
	return anyPays(ctx, q, memberID, now, ids)
}
