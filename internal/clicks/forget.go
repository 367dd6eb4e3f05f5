package clicks

import (
	"context"
	"fmt"
)

// Forget takes a visitor who changed their mind off all of their clicks, so that nothing joins them any more: a cookie that was kept
// somewhere leads to nothing. The clicks stay, as visits of nobody. Twice is once; an empty visitor is nobody.
func (s *Service) Forget(ctx context.Context, visitor string) error {
	if visitor == "" {
		return nil
	}
	if _, err := s.db.ExecContext(ctx, `update clicks set visitor = '' where visitor = $1`, visitor); err != nil {
		return fmt.Errorf("forget visitor: %w", err)
	}
	return nil
}
