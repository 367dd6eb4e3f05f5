package posts_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"relais/internal/fault"
	"relais/internal/posts"
)

func (w *world) later() { w.Clock.Set(w.Clock.Now().Add(time.Hour)) }

// edits has Lea write her post anew, for circles.
func (w *world) edits(id int64, text string, in posts.Where) error {
	c := w.bowl()
	c.Text = text
	_, err := w.Posts.Save(w.T.Context(), w.lea, id, "", c, in, posts.When{})
	return err
}

// Whoever looks after a circle reads what a post said in it: not what it had said in another sphere before it came, nor what it says there
// after it has gone.
func TestModeratorsReadTheirOwnCircleOnly(t *testing.T) {
	w := open(t)
	c := w.bowl()
	c.Text = "Pour maman."
	id := w.publish(c, nil, w.family)
	w.later()
	w.must(w.edits(id, "Un bol.", where(nil, w.family, w.work)))
	v, list, err := posts.History(t.Context(), w.DB, w.bob, "bureau", id)
	w.must(err)
	if len(list) != 0 || v.EditedAt != nil {
		t.Errorf("work reads of before: %+v, edited %v", list, v.EditedAt)
	}
	w.later()
	w.must(w.edits(id, "Un bol, pour maman.", where(nil, w.family)))
	w.later()
	w.must(w.edits(id, "Maman l’aime.", where(nil, w.family)))
	v, err = posts.Look(t.Context(), w.DB, w.bob, "bureau", id, posts.See)
	w.must(err)
	if v.Text != "Un bol." {
		t.Errorf("work reads %q after the post has gone", v.Text)
	}
	_, list, err = posts.History(t.Context(), w.DB, w.bob, "bureau", id)
	w.must(err)
	for _, old := range list {
		if old.Text != "Un bol." {
			t.Errorf("work reads in the history %q", old.Text)
		}
	}
	if _, list, err = posts.History(t.Context(), w.DB, w.ana, "famille", id); err != nil || len(list) != 3 {
		t.Errorf("the family reads %d versions, %v", len(list), err)
	}
}

// Who is not in a circle any more does not go on writing into it, and learns nothing of it; they may take their words out.
func TestWhoLeftWritesThereNoMore(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), nil, w.family, w.garden)
	w.must(w.edits(id, "Un bol, encore.", where(nil, w.family, w.garden)))
	w.DB.MustExec(`delete from group_members where group_id = $1 and member_id = $2`, w.family.ID, w.lea)
	w.later()
	if err := w.edits(id, "Une injure.", where(nil, w.family, w.garden)); !errors.Is(err, fault.Invalid) {
		t.Errorf("an edit reaches a circle that was left: %v", err)
	}
	w.reads("Ana", w.home(w.ana), "Un bol, encore. | famille | jardin")
	w.must(w.edits(id, "Un bol, toujours.", where(nil, w.garden)))
	w.reads("Ana, without the family", w.home(w.ana), "Un bol, toujours. | jardin")
}

// What a post says while it is out of a circle is not read there, also not by those who moderate it, once it is back: nor after it was removed.
func TestWhatWasSaidMeanwhileIsNotReadThere(t *testing.T) {
	w := open(t)
	c := w.bowl()
	c.Text = "Un bol."
	id := w.publish(c, nil, w.family, w.work)
	reads := func(when string, want ...string) {
		t.Helper()
		_, list, err := posts.History(t.Context(), w.DB, w.bob, "bureau", id)
		w.must(err)
		got := []string{}
		for _, v := range list {
			got = append(got, v.Text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s, work reads in the history %q, want %q", when, got, want)
		}
	}
	both, out := where(nil, w.family, w.work), where(nil, w.family)
	for _, edit := range []struct {
		text string
		in   posts.Where
	}{
		{"Un bol bleu.", both}, {"Il part en privé.", out}, {"Maman.", out}, {"Maman, encore.", out}, {"De retour.", both}, {"De retour, en bleu.", both},
	} {
		w.later()
		w.must(w.edits(id, edit.text, edit.in))
	}
	reads("back", "De retour.", "Un bol bleu.", "Un bol.")
	w.later()
	w.must(w.edits(id, "De retour, en bleu.", out)) // twice out and in, without a word
	w.later()
	w.must(w.edits(id, "De retour, en bleu.", both))
	w.later()
	w.must(w.Posts.RemovePost(t.Context(), w.bob, "bureau", id, "Hors sujet"))
	w.later()
	w.must(w.edits(id, "Après.", out))
	reads("removed", "De retour.", "Un bol bleu.", "Un bol.")
	if v, err := posts.Look(t.Context(), w.DB, w.bob, "bureau", id, posts.See); err != nil || v.Text != "De retour, en bleu." {
		t.Errorf("%q, %v", v.Text, err)
	}
	if _, list, err := posts.History(t.Context(), w.DB, w.ana, "famille", id); err != nil || len(list) != 7 {
		t.Errorf("the family, where it always was, reads %d versions, %v", len(list), err)
	}
}
