package demo

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/members"
)

// person is a member of the demo.
type person struct {
	content.Member
	id int64
}

// storePhotos renders every photograph once, on all cores: this is what takes the processor's time.
func (m *maker) storePhotos(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	for _, p := range m.content.Photos {
		group.Go(func() error {
			f, err := content.Open(p.File)
			if err != nil {
				return err
			}
			defer f.Close()
			photo, err := m.Media.Save(ctx, m.DB, f, p.Credit())
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			m.photos[p.File] = photo
			m.progress(30 * len(m.photos) / len(m.content.Photos))
			return nil
		})
	}
	return group.Wait()
}

// photo is the number of a stored photograph; nil for no file.
func (m *maker) photo(file string) *int64 {
	p, ok := m.photos[file]
	if !ok {
		return nil
	}
	return &p.ID
}

// makePeople opens the accounts, a few weeks before the demo's days begin. They share one password, hashed once.
func (m *maker) makePeople(ctx context.Context) error {
	hash, err := m.Members.HashPassword(ctx, Password)
	if err != nil {
		return err
	}
	for i, p := range m.content.Members {
		at := m.start.AddDate(0, 0, -40+i)
		m.at(at)
		made, err := m.Members.Create(ctx, members.NewMember{Email: p.Email, Name: p.Name, Handle: p.Handle, Bio: p.Bio.In(p.Lang), City: p.City,
			PictureID: m.photo(p.Picture), Lang: i18n.Lang(p.Lang), Admin: p.Role == content.Admin, Confirmed: true, PasswordHash: hash, CreatedAt: at})
		if err != nil {
			return err
		}
		m.people[p.Handle] = &person{Member: p, id: made.ID}
	}
	return nil
}
