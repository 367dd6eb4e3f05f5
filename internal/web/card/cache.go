package card

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Cache keeps drawn cards by what they say: the same content is drawn once. Drawing takes a tenth of a second of one
// core, so only one card is drawn at a time.
type Cache struct {
	drawing sync.Mutex
	cards   *lru.Cache[string, []byte]
}

// NewCache keeps the last size cards, about 60 KB each.
func NewCache(size int) (*Cache, error) {
	cards, err := lru.New[string, []byte](size)
	if err != nil {
		return nil, fmt.Errorf("make card cache: %w", err)
	}
	return &Cache{cards: cards}, nil
}

// Key names the content of a card: part of its address, so that messengers, which keep pictures for ever, fetch a new
// one when the content changes. PhotoHash is the content hash of the photograph.
func Key(photoHash string, c Card) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{photoHash, c.Title, c.Price, c.By, c.Ad}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// Render returns the card, drawn now or kept. Open gives the photograph of that hash and is only called when the card
// must be drawn; with an empty hash it is not called.
func (k *Cache) Render(photoHash string, open func() (io.ReadCloser, error), c Card) ([]byte, error) {
	key := Key(photoHash, c)
	if kept, ok := k.cards.Get(key); ok {
		return kept, nil
	}
	k.drawing.Lock()
	defer k.drawing.Unlock()
	if kept, ok := k.cards.Get(key); ok {
		return kept, nil
	}
	if photoHash != "" {
		photo, err := open()
		if err != nil {
			return nil, fmt.Errorf("open photograph: %w", err)
		}
		defer photo.Close()
		c.Photo = photo
	}
	drawn, err := Render(c)
	if err != nil {
		return nil, err
	}
	k.cards.Add(key, drawn)
	return drawn, nil
}
