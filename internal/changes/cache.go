package changes

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// mostAge is how long a value is kept at most in real time, changed or not: less than the feed remembers.
const mostAge = time.Minute

// Cache keeps values that were made of the database until one of their topics changes. A nil Cache keeps nothing. It is safe for
// concurrent use.
type Cache[V any] struct {
	feed *Feed
	kept *lru.Cache[string, kept[V]]
}

type kept[V any] struct {
	value    V
	topics   []string
	position int64 // of the feed before the value was made
	until    time.Time
}

// NewCache makes a Cache of at most size values over a feed; without a feed it keeps nothing.
func NewCache[V any](f *Feed, size int) *Cache[V] {
	if f == nil {
		return nil
	}
	values, err := lru.New[string, kept[V]](size)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Cache[V]{feed: f, kept: values}
}

// Get is the value of a key: from memory while none of its topics has changed since before it was made, else from make, which also names
// its topics. An error is not kept.
func (c *Cache[V]) Get(key string, make func() (V, []string, error)) (V, error) {
	if c == nil {
		v, _, err := make()
		return v, err
	}
	position, ok := c.feed.position()
	if ok {
		if k, found := c.kept.Get(key); found && c.feed.clock().Before(k.until) && !c.feed.since(k.position, k.topics) {
			return k.value, nil
		}
	}
	v, topics, err := make()
	if err == nil {
		until := c.feed.clock().Add(mostAge)
		if !ok {
			until = c.feed.clock() // for Known only
		}
		c.kept.Add(key, kept[V]{value: v, topics: topics, position: position, until: until})
	}
	return v, err
}

// Known is the value that was kept last for a key, whether it is still right or not: for whoever would rather answer with that than not
// at all.
func (c *Cache[V]) Known(key string) (V, bool) {
	if c == nil {
		var none V
		return none, false
	}
	k, ok := c.kept.Get(key)
	return k.value, ok
}
