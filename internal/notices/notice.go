package notices

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
)

// Notice is what a member is told.
type Notice struct {
	MemberID int64
	Kind     Kind
	Sphere   Topic     // of the circle that it is about, Personal or Professional: for kinds of circles, and for no others
	Event    string    // which of its kind's events
	Subject  string    // what it is about, like "order:42": a member is told each event of a subject once
	Path     string    // the page that it leads to
	At       time.Time // business time
	Args     Args      // what its words name
	Written  bool      // a letter about it leaves anyway: it is not mailed a second time
}

// Args are the values that the words of a notice name, frozen as they are: money.Amount, time.Time, Percent, Words, whole numbers, text.
type Args map[string]any

// Percent is a rate in basis points.
type Percent int64

// Words is the key of a message: said in the reader's language, like everything else.
type Words string

// ErrGone says that there is no such notice, or device, of that member.
var ErrGone = fault.New(fault.NotFound, "fault.notice_gone")

// check refuses what cannot be told: a defect of the caller.
func (n Notice) check() error {
	nature, ok := NatureOf(n.Kind)
	switch {
	case !ok:
		return fmt.Errorf("notice: there is no kind %q", n.Kind)
	case !slices.Contains(nature.Events, n.Event):
		return fmt.Errorf("notice: kind %s has no event %q", n.Kind, n.Event)
	case (nature.Topic == Circles) != (n.Sphere != "" && n.Sphere.Sphere() == n.Sphere):
		return fmt.Errorf("notice %s of %s: it belongs to the sphere %q", n.Event, n.Kind, n.Sphere)
	case n.Subject == "" || n.At.IsZero():
		return fmt.Errorf("notice %s of %s: it needs a subject and a time", n.Event, n.Kind)
	case !strings.HasPrefix(n.Path, "/") || strings.HasPrefix(n.Path, "//"):
		return fmt.Errorf("notice %s of %s: %q is no path of this site", n.Event, n.Kind, n.Path)
	}
	return nil
}

// part is the topic of the list that it belongs to.
func (n Notice) part(of Nature) Topic {
	if of.Topic == Circles {
		return n.Sphere
	}
	return of.Topic
}

// frozen is one value as it is kept: exactly one field is set.
type frozen struct {
	Text  *string      `json:"text,omitempty"`
	Count *int64       `json:"count,omitempty"`
	Money *frozenMoney `json:"money,omitempty"`
	At    *time.Time   `json:"at,omitempty"`
	Rate  *int64       `json:"rate,omitempty"` // basis points
	Key   *string      `json:"key,omitempty"`
}

type frozenMoney struct {
	Minor    int64          `json:"minor"`
	Currency money.Currency `json:"currency"`
}

// freeze writes the values of a notice.
func (a Args) freeze() ([]byte, error) {
	out := make(map[string]frozen, len(a))
	for name, value := range a {
		var f frozen
		switch v := value.(type) {
		case string:
			f.Text = &v
		case int:
			n := int64(v)
			f.Count = &n
		case int64:
			f.Count = &v
		case money.Amount:
			f.Money = &frozenMoney{v.Minor, v.Currency}
		case time.Time:
			f.At = &v
		case Percent:
			n := int64(v)
			f.Rate = &n
		case Words:
			key := string(v)
			f.Key = &key
		default:
			return nil, fmt.Errorf("notice: %s is a %T", name, value)
		}
		out[name] = f
	}
	return json.Marshal(out)
}

// in is the value in a language.
func (f frozen) in(l i18n.Lang) any {
	switch {
	case f.Text != nil:
		return *f.Text
	case f.Count != nil:
		return *f.Count
	case f.Money != nil:
		return money.New(f.Money.Minor, f.Money.Currency)
	case f.At != nil:
		return *f.At
	case f.Rate != nil:
		return l.Percent(*f.Rate)
	case f.Key != nil:
		if text, err := l.Lookup(*f.Key); err == nil {
			return text
		}
	}
	return "…"
}

// Shown is a notice as its member reads it.
type Shown struct {
	ID     int64      `db:"id"`
	Topic  Topic      `db:"topic"`
	Kind   Kind       `db:"kind"`
	Event  string     `db:"event"`
	Args   []byte     `db:"args"`
	Path   string     `db:"path"`
	At     time.Time  `db:"at"`
	ReadAt *time.Time `db:"read_at"`
}

// Title is what happened, in few words.
func (s Shown) Title(l i18n.Lang) string {
	if title, err := s.words(l, "title"); err == nil {
		return title
	}
	return l.T("notice.unknown")
}

// Text says more; empty where the title says it all.
func (s Shown) Text(l i18n.Lang) string {
	text, err := s.words(l, "text")
	if err != nil {
		return "" // of a kind or an event that this version does not know
	}
	return text
}

func (s Shown) words(l i18n.Lang, part string) (string, error) {
	var args map[string]frozen
	if err := json.Unmarshal(s.Args, &args); err != nil {
		return "", err
	}
	list := make([]any, 0, 2*len(args))
	for name, f := range args {
		list = append(list, name, f.in(l))
	}
	return l.Lookup(fmt.Sprintf("notice.words.%s.%s.%s", s.Kind, s.Event, part), list...)
}
