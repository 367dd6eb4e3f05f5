package jobs

import (
	"context"
	"sync"
)

// hand counts what Run has in hand, looking for work included, so that DrainBeside can wait for it.
type hand struct {
	mu      sync.Mutex
	held    int
	laid    int           // how often something was laid down
	changed chan struct{} // closed when something is laid down; nil: nobody waits
}

func (h *hand) take() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held++
}

func (h *hand) lay() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held--
	h.laid++
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// seen is how often something was laid down until now.
func (h *hand) seen() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.laid
}

// still reports whether nothing is in hand and nothing was laid down since. Otherwise it waits until something is, unless it was already, or ctx ends.
func (h *hand) still(ctx context.Context, since int) bool {
	h.mu.Lock()
	if h.laid != since || h.held == 0 {
		defer h.mu.Unlock()
		return h.laid == since
	}
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	changed := h.changed
	h.mu.Unlock()
	select {
	case <-changed:
	case <-ctx.Done():
	}
	return false
}
