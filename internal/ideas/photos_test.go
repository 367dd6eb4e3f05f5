package ideas_test

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/png"
	"testing"

	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/media"
	"relais/internal/reports"
)

// A photograph of an idea is for everybody as long as everybody reads the idea: not once the platform hid it, when its author and the platform still look, nor once its words were erased.
func TestPhotographs(t *testing.T) {
	w := open(t)
	ctx, admin := t.Context(), w.Member("admin")
	w.DB.MustExec(`update members set admin = true where id = $1`, admin)
	propose := func(size int) (ideas.Idea, string) {
		t.Helper()
		var b bytes.Buffer
		w.ok(png.Encode(&b, image.NewRGBA(image.Rect(0, 0, size, 300))))
		photo, err := w.Media.SavePrivate(ctx, w.DB, &b)
		w.ok(err)
		i, err := w.Ideas.Propose(ctx, w.lea, w.shop.Brand, ideas.Draft{Operation: rand.Text(), Lang: i18n.FR, Title: "Un bol", Text: "Rond.", Photos: []int64{photo.ID}})
		w.ok(err)
		return i, photo.Hash
	}
	shows := func(hash string, want bool) {
		t.Helper()
		if got, err := ideas.Shows(ctx, w.DB, hash); err != nil || got != want {
			t.Errorf("for everybody: %t, %v", got, err)
		}
		if public, err := media.Public(ctx, w.DB, hash); err != nil || public {
			t.Errorf("for ever: %t, %v", public, err)
		}
	}
	hidden, hash := propose(400)
	shows(hash, true)
	w.is(ideas.Look(ctx, w.DB, w.shop.Owner, hash), ideas.ErrGone)
	w.ok(w.Ideas.Report(ctx, reports.Complaint{Part: ideas.AnIdea, ID: hidden.ID, Reason: "copied", Text: "C’est le mien."}))
	w.ok(w.Ideas.Decide(ctx, reports.Decision{Part: ideas.AnIdea, ID: hidden.ID, By: admin, Hide: true, Why: "Copié."}))
	shows(hash, false)
	w.is(ideas.Look(ctx, w.DB, 0, hash), ideas.ErrGone)
	w.ok(ideas.Look(ctx, w.DB, w.lea, hash))
	w.ok(ideas.Look(ctx, w.DB, admin, hash))
	erased, hash := propose(500)
	shows(hash, true)
	w.ok(w.Ideas.Withdraw(ctx, w.lea, erased.ID))
	shows(hash, true)
	w.ok(w.Ideas.Erase(ctx, w.lea, erased.ID))
	shows(hash, false)
	w.is(ideas.Look(ctx, w.DB, w.lea, hash), ideas.ErrGone)
}
