package stories

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/fediverse"
	"relais/internal/referrals"
)

// excerptRunes is how much of a story other networks get.
const excerptRunes = 500

// ref is what a story is to package fediverse.
func ref(id int64) string { return fmt.Sprintf("story:%d", id) }

// actor is who speaks for an owner elsewhere.
func (o Owner) actor() fediverse.Owner {
	if o.BrandID != 0 {
		return fediverse.Owner{Kind: fediverse.Brand, ID: o.BrandID}
	}
	return fediverse.Owner{Kind: fediverse.Storefront, ID: o.MemberID}
}

// announce tells those who follow its owner from elsewhere of a story, or that it changed. Nothing where the owner is not open to others, or
// where nobody reads it.
func (s *Service) announce(ctx context.Context, tx *sqlx.Tx, told Story) error {
	o := told.Owner()
	open, err := fediverse.Followable(ctx, tx, o.actor())
	if err != nil || open == 0 || !told.Live() {
		return err
	}
	cover := told.Cover()
	t := fediverse.Thing{Ref: ref(told.ID), Lang: told.Lang, Title: told.Title, Body: Excerpt(told.Body, excerptRunes), Path: told.Path(), FeedPath: told.Path(),
		MediaHash: cover.Hash, MediaAlt: cover.Alt, At: *told.PublishedAt}
	if cover.Hash != "" && cover.Alt == "" {
		t.MediaAlt = told.Title
	}
	pays, err := referrals.StoryPays(ctx, tx, told.ID, o.MemberID, s.now())
	if err != nil {
		return err
	}
	if o.BrandID == 0 && pays {
		t.Earner = told.AuthorName
		if t.Path, err = s.ownLink(ctx, tx, told, "fediverse"); err != nil {
			return err
		}
		if t.FeedPath, err = s.ownLink(ctx, tx, told, "feed"); err != nil {
			return err
		}
	}
	return fediverse.Publish(ctx, tx, o.actor(), t, s.now())
}

// ownLink is the path of the author's own link to their story, so that what comes of it is theirs; the story's own where they have as many links
// as there may be.
func (s *Service) ownLink(ctx context.Context, tx *sqlx.Tx, told Story, channel string) (string, error) {
	link, err := s.referrals.CreateIn(ctx, tx, told.AuthorID, referrals.Share{Target: referrals.ToStory, StoryID: told.ID, Channel: channel})
	if errors.Is(err, referrals.ErrManyLinks) {
		return told.Path(), nil
	}
	return link.Path(), err
}

// silence takes back elsewhere what was told of a story.
func (s *Service) silence(ctx context.Context, tx *sqlx.Tx, told Story) error {
	return fediverse.Withdraw(ctx, tx, told.Owner().actor(), ref(told.ID), s.now())
}
