package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// A story on phones, in French: Léa writes, her draft keeps itself, she adds a photograph and a product and publishes; Camille shares it, a friend of
// hers follows the link with the site's word of who earns, and comes to the piece with the click; somebody reports a story, and it is decided.
func TestStoriesOnPhones(t *testing.T) {
	lea := phone(t, "recit-lea", "fr")
	lea.logsIn("lea@relais.example", demo.Password)
	lea.goes("/me/stories")
	lea.reads("Un salon de trente mètres carrés")
	lea.fits("one's own stories")
	lea.shot("mine")
	lea.presses("Nouveau récit")
	lea.types("title", "La lampe que tout le monde me demande")
	lea.types("body", "Elle est basse, et c’est voulu.\n\n## La hauteur\n- 75 cm au-dessus de la table\n- pas plus\n\n[photo 1]\n\nVoilà.")
	lea.until("be told that the draft is kept", `document.querySelector("#story-saved").innerText.includes("Gardé")`)
	lea.chooses("input[name=file]", "nathan-fertig-249917-unsplash.jpg")
	lea.types("alt", "Un salon clair, la lampe au-dessus de la table")
	lea.presses("Les ajouter maintenant")
	lea.until("see the photograph in the form", `document.querySelectorAll("input[name=photo]").length === 1`)
	lea.ticks("Suspension")
	lea.fits("the form of a story")
	lea.shot("form")
	lea.presses("Aperçu")
	lea.reads("Un aperçu.")
	lea.reads("75 cm au-dessus de la table")
	lea.fits("the preview")
	lea.shot("preview")
	lea.presses("Reprendre l’écriture")
	lea.ticks("Suspension")
	lea.presses("Publier")
	lea.reads("Votre récit est publié")
	lea.fits("the story")
	lea.shot("story")
	at := lea.path()
	if !strings.HasPrefix(at, "/stories/") || !lea.has(".story-body figure img[src^='/media/']") {
		t.Errorf("%s has no photograph in its text", at)
	}

	camille := phone(t, "recit-camille", "fr")
	camille.logsIn("camille@relais.example", demo.Password)
	camille.goes("/@lea")
	camille.reads("La lampe que tout le monde me demande")
	camille.fits("a storefront with stories")
	camille.goes(at)
	camille.presses("Partager ce récit")
	camille.reads("Publicité")
	camille.fits("the sheet of a story")
	camille.shot("share")
	link := evaluate[string](camille, `new URL(document.querySelector(".copy input").value).pathname`)

	friend := phone(t, "recit-ami", "fr")
	friend.goes(link)
	friend.reads("La lampe que tout le monde me demande")
	friend.reads("Camille")
	friend.reads("touche une commission")
	if where := friend.path(); where != at {
		t.Errorf("the link leads to %s, not to %s", where, at)
	}
	friend.fits("a story reached by a link")
	friend.shot("by-link")
	friend.presses("Suspension")
	friend.reads("Ajouter au panier")
	if query := evaluate[string](friend, `location.search`); !strings.HasPrefix(query, "?c=") {
		t.Errorf("the piece is reached without the click: %q", query)
	}
	friend.goes(at + "/report")
	friend.fits("the form of a report")

	claire := phone(t, "recit-claire", "fr")
	claire.logsIn("claire@relais.example", demo.Password)
	claire.goes("/feed")
	claire.reads("Avril, le mois où les cactus boivent")
	claire.fits("a feed with stories")
	claire.shot("feed")
	claire.presses("Avril, le mois où les cactus boivent")
	claire.reads("Une année sous le verre · épisode 2")
	claire.fits("a story in a series")
	claire.shot("series")

	admin := desktop(t, "recit-admin", "fr")
	admin.logsIn("admin@relais.example", demo.Password)
	admin.goes("/admin/stories")
	admin.reads("Une couture, deux ballons")
	admin.fits("what was reported")
	admin.shot("queue")
	admin.pressesChoice(`input[name=do][value=keep]`)
	admin.types("why", "Le titre dit bien de quoi il s’agit.")
	admin.presses("Décider")
	admin.reads("Le titre dit bien de quoi il s’agit.")
}
