// Package words holds what the sandbox's hosted pages say, in French and English, and how amounts and dates are written
// there; and what the sandbox knows of currencies.
package words

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The languages of the pages.
const (
	French  = "fr"
	English = "en"
)

// texts are what the hosted pages say: French first, English second.
var texts = map[string][2]string{
	"sandbox.name":          {"Bac à sable Stripe", "Stripe sandbox"},
	"sandbox.no_money":      {"Aucun argent réel ne circule", "No real money"},
	"sandbox.footer":        {"Page locale qui imite celles de Stripe, pour essayer.", "A local page that imitates Stripe's, for trying things out."},
	"continue":              {"Continuer", "Continue"},
	"back_to":               {"Revenir à", "Back to"},
	"pay_to":                {"Payer", "Pay"},
	"pay":                   {"Payer", "Pay"},
	"total":                 {"Total", "Total"},
	"by_card":               {"Payer par carte", "Pay by card"},
	"cards.title":           {"Cartes d’essai", "Test cards"},
	"cards.how":             {"Touchez une carte pour remplir le formulaire.", "Tap a card to fill in the form."},
	"card.ok":               {"Acceptée", "Accepted"},
	"card.secure":           {"3-D Secure", "3-D Secure"},
	"card.declined":         {"Refusée", "Declined"},
	"card.poor":             {"Fonds insuffisants", "Insufficient funds"},
	"card.instant":          {"Disponible aussitôt", "Available at once"},
	"card.declined_later":   {"Refusée au débit", "Declined when charged"},
	"card.always":           {"La banque veut vous voir", "The bank wants you there"},
	"cards.later":           {"Acceptées, puis un ennui", "Accepted, then trouble"},
	"cards.later_how":       {"Le paiement passe ; la suite arrive plus tard.", "The payment goes through; the rest comes later."},
	"card.fraudulent":       {"Contestée : fraude", "Disputed: fraud"},
	"card.not_received":     {"Contestée : rien reçu", "Disputed: nothing received"},
	"card.inquiry":          {"La banque pose une question", "The bank asks a question"},
	"card.refund_slow":      {"Remboursement lent", "Slow refund"},
	"card.refund_fails":     {"Remboursement refusé après coup", "Refund bounces later"},
	"never_real":            {"Ne saisissez jamais une vraie carte ici.", "Never type a real card here."},
	"field.email":           {"E-mail", "Email"},
	"field.name":            {"Nom sur la carte", "Name on card"},
	"field.number":          {"Numéro de carte", "Card number"},
	"field.expiry":          {"Expiration", "Expiry"},
	"field.expiry_hint":     {"MM / AA", "MM / YY"},
	"field.cvc":             {"Cryptogramme", "Security code"},
	"fault.email":           {"Indiquez une adresse e-mail valable.", "Enter a valid email address."},
	"fault.name":            {"Indiquez le nom sur la carte.", "Enter the name on the card."},
	"fault.number":          {"Ce numéro de carte n’est pas valable.", "This card number is not valid."},
	"fault.expiry":          {"La date d’expiration est passée ou incomplète.", "The expiry date is past or incomplete."},
	"fault.cvc":             {"Le cryptogramme est incomplet.", "The security code is incomplete."},
	"generic_decline":       {"Votre carte a été refusée. Essayez-en une autre.", "Your card was declined. Try another one."},
	"insufficient_funds":    {"Les fonds de votre carte sont insuffisants. Essayez-en une autre.", "Your card has insufficient funds. Try another one."},
	"test_mode_live_card":   {"Le bac à sable n’accepte que les cartes d’essai.", "The sandbox takes test cards only."},
	"authentication":        {"Votre banque n’a pas confirmé ce paiement. Réessayez ou changez de carte.", "Your bank did not confirm this payment. Try again or use another card."},
	"setup.by_card":         {"Enregistrer une carte", "Save a card"},
	"setup.leave":           {"Laisser une carte à", "Leave a card with"},
	"setup.nothing":         {"Rien à payer aujourd’hui", "Nothing to pay today"},
	"setup.text":            {"Votre carte sera débitée plus tard, sans vous, comme il est dit au-dessus du bouton.", "Your card will be charged later, without you, as is said above the button."},
	"setup.save":            {"Enregistrer la carte", "Save the card"},
	"setup.cards.later":     {"Gardées, puis un ennui", "Kept, then trouble"},
	"setup.cards.later_how": {"La carte est enregistrée ; la suite arrive au débit.", "The card is saved; the rest comes when it is charged."},
	"setup.authentication":  {"Votre banque n’a pas confirmé cette carte. Réessayez ou changez de carte.", "Your bank did not confirm this card. Try again or use another one."},
	"setup.secure.title":    {"Confirmer cette carte", "Confirm this card"},
	"setup.secure.confirm":  {"Confirmer la carte", "Confirm the card"},
	"setup.done.title":      {"Carte enregistrée", "Card saved"},
	"setup.done.text":       {"Cette carte est enregistrée. Rien d’autre n’est à faire ici.", "This card is saved. There is nothing else to do here."},
	"setup.expired.title":   {"Cette page a expiré", "This page has expired"},
	"setup.expired.text":    {"Aucune carte n’a été enregistrée. Revenez à la boutique pour recommencer.", "No card was saved. Go back to the shop to start again."},
	"secure.bank":           {"Votre banque (imitée)", "Your bank (imitated)"},
	"secure.title":          {"Confirmer ce paiement", "Confirm this payment"},
	"secure.text":           {"En vrai, votre banque demanderait ici un code ou votre empreinte.", "In reality your bank would ask for a code or your fingerprint here."},
	"secure.confirm":        {"Confirmer le paiement", "Confirm the payment"},
	"secure.refuse":         {"Refuser", "Refuse"},
	"merchant":              {"Marchand", "Merchant"},
	"amount":                {"Montant", "Amount"},
	"card":                  {"Carte", "Card"},
	"done.title":            {"Paiement reçu", "Payment received"},
	"done.text":             {"Cette commande est payée. Rien d’autre n’est à faire ici.", "This order is paid. There is nothing else to do here."},
	"expired.title":         {"Cette page de paiement a expiré", "This payment page has expired"},
	"expired.text":          {"Rien n’a été débité. Revenez à la boutique pour recommencer.", "Nothing was charged. Go back to the shop to start again."},
	"missing.title":         {"Page introuvable", "Page not found"},
	"missing.text":          {"Cette adresse ne mène nulle part, ou plus.", "This address leads nowhere, or no longer does."},
	"link.title":            {"Ce lien a déjà servi", "This link has been used"},
	"link.text":             {"Un lien vers Stripe ne sert qu’une fois. Demandez-en un nouveau depuis la boutique.", "A link to Stripe serves only once. Ask the shop for a new one."},
	"onboarding.title":      {"Recevoir vos versements", "Receive your payouts"},
	"onboarding.text":       {"Stripe vérifie qui vous êtes et où envoyer votre argent. Ici, tout est rempli d’avance avec des données d’essai.", "Stripe checks who you are and where to send your money. Here everything is filled in with test data."},
	"onboarding.test":       {"Choisissez comment l’inscription se termine.", "Choose how the sign-up ends."},
	"onboarding.complete":   {"Tout confirmer", "Confirm everything"},
	"onboarding.no_bank":    {"Confirmer sans coordonnées bancaires", "Confirm without bank details"},
	"onboarding.leave":      {"Quitter sans terminer", "Leave without finishing"},
	"fact.email":            {"E-mail", "Email"},
	"fact.kind":             {"Vous êtes", "You are"},
	"fact.country":          {"Pays", "Country"},
	"fact.birth":            {"Date de naissance", "Date of birth"},
	"fact.bank":             {"Compte bancaire", "Bank account"},
	"kind.individual":       {"un particulier", "an individual"},
	"kind.company":          {"une entreprise", "a company"},
	"dashboard.title":       {"Votre compte Express", "Your Express account"},
	"dashboard.balance":     {"Solde", "Balance"},
	"dashboard.available":   {"Disponible", "Available"},
	"dashboard.pending":     {"En attente", "Pending"},
	"dashboard.no_bank":     {"Ajoutez un compte bancaire pour recevoir votre argent.", "Add a bank account to receive your money."},
	"dashboard.transfers":   {"Reçus", "Received"},
	"dashboard.payouts":     {"Virements vers votre banque", "Payouts to your bank"},
	"dashboard.none":        {"Rien pour le moment.", "Nothing yet."},
	"reader.title":          {"Lecteur de cartes simulé", "Simulated card reader"},
	"reader.idle":           {"Le lecteur attend.", "The reader is idle."},
	"reader.asking":         {"Présentez une carte.", "Present a card."},
	"reader.offline":        {"Le lecteur est hors ligne.", "The reader is offline."},
	"reader.succeeded":      {"Paiement accepté.", "Payment approved."},
	"reader.failed":         {"Paiement non abouti.", "Payment not completed."},
	"reader.present":        {"Présenter une carte", "Present a card"},
	"reader.stop":           {"L’acheteur annule", "The buyer cancels"},
	"reader.wait":           {"Personne ne présente de carte", "Nobody presents a card"},
	"reader.world":          {"Ce qui peut arriver au lecteur", "What may happen to the reader"},
	"reader.go_offline":     {"Couper le réseau", "Go offline"},
	"reader.go_online":      {"Rétablir le réseau", "Go online"},
	"reader.slow":           {"Répondre trop tard au prochain appel", "Answer the next call too late"},
	"reader.break":          {"Tomber en panne", "Break down"},
	"reader.repair":         {"Réparer", "Repair"},
	"reader.look":           {"Regarder à nouveau", "Look again"},
	"payout.pending":        {"en route", "on its way"},
	"payout.paid":           {"arrivé", "arrived"},
	"payout.failed":         {"refusé par la banque", "refused by the bank"},
}

// Word returns what a key says in a language; a key without words says itself.
func Word(lang, key string) string {
	w, ok := texts[key]
	switch {
	case !ok:
		return key
	case lang == French:
		return w[0]
	default:
		return w[1]
	}
}

// LanguageOf chooses a page's language: the session's locale, or the first the browser names that we have.
func LanguageOf(r *http.Request, locale string) string {
	for _, tag := range append([]string{locale}, strings.Split(r.Header.Get("Accept-Language"), ",")...) {
		switch tag = strings.ToLower(strings.TrimSpace(tag)); {
		case strings.HasPrefix(tag, French):
			return French
		case strings.HasPrefix(tag, English):
			return English
		}
	}
	return English
}

var symbols = map[string]string{"eur": "€", "usd": "$", "gbp": "£"}

// Money writes an amount of minor units as people read it: "1 234,56 €" or "€1,234.56".
func Money(minor int64, currency, lang string) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	whole, cents := minor, ""
	point, group := ".", ","
	if lang == French {
		point, group = ",", "\u202f"
	}
	if Unit(currency) == 100 {
		whole, cents = minor/100, point+strconv.FormatInt(minor%100+100, 10)[1:]
	}
	if currency == "isk" {
		cents = ""
	}
	text := strconv.FormatInt(whole, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + group + text[i:]
	}
	symbol, known := symbols[currency]
	if !known {
		symbol = strings.ToUpper(currency)
	}
	switch {
	case lang == French:
		return sign + text + cents + "\u00a0" + symbol
	case known:
		return sign + symbol + text + cents
	default:
		return sign + symbol + "\u00a0" + text + cents
	}
}

var frenchMonths = [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

// Date writes a day as people read it.
func Date(t time.Time, lang string) string {
	if lang == French {
		return strconv.Itoa(t.Day()) + " " + frenchMonths[t.Month()-1] + " " + strconv.Itoa(t.Year())
	}
	return t.Format("2 January 2006")
}
