// Package incoming reads mail that people send in answer to our letters: what they wrote now, the photographs that they attached, and
// whether a person wrote it at all. Everything here is pure: bytes in, a Mail out.
//
//	raw (RFC 5322) ── headers ── a program's reply, or a bounce? ── nothing is made of it
//	     └── parts ── text, else HTML as text ── Cut: without quoted history and signature
//	            ├── photographs, up to MaxPhotos
//	            └── the rest, by name only: LeftOut
package incoming

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // text in any character set

	"relais/internal/fault"
	"relais/internal/mail"
	"relais/internal/prose"
)

// Limits of what is read of a mail.
const (
	MaxBytes   = 30 << 20  // of the whole mail, encoded
	MaxPhotos  = 4         // kept of one mail; more are left out
	maxText    = 256 << 10 // of the text, and as much of HTML
	ornament   = 16 << 10  // a smaller picture beside HTML is a logo
	maxParts   = 100
	maxDepth   = 10
	maxName    = 80 // of a file that is left out, in characters
	maxAddress = 254
)

// Faults of Parse.
var (
	ErrTooLarge   = fault.New(fault.Invalid, "fault.mail_too_large")
	ErrUnreadable = fault.New(fault.Invalid, "fault.mail_unreadable")
)

// Mail is what a mail says.
type Mail struct {
	MessageID string   // with its brackets; empty where the mail has none that can be repeated
	Key       string   // hexadecimal digest of the Message-ID, or of the whole mail: the same mail has the same
	To        []string // addresses that it was sent to, as its headers tell, lower case
	From      string   // the address that it says it came from, lower case; empty where there is none, or several. Nothing proves it: see support.Receive
	Automatic bool     // a program's reply or report: a holiday notice, a bounce, a letter of ours. Nothing else of it is read
	Marked    bool     // by a program otherwise, as it says: a help desk, a list
	Notice    bool     // Marked, and wants no program's reply: a help desk, or a holiday notice of those that do not say that they reply
	Whole     string   // all of its text, with what it quotes
	Text      string   // Cut of Whole: what was written now; empty where nothing was, beside photographs or above a quote
	Photos    []Photo
	LeftOut   []string // names of what else was attached
}

// Photo is an attached photograph, not looked at yet.
type Photo struct {
	Name string
	Raw  []byte
}

// Parse reads a mail. Parts that cannot be read are left out. Faults: ErrTooLarge, ErrUnreadable.
func Parse(raw []byte) (Mail, error) {
	if len(raw) > MaxBytes {
		return Mail{}, ErrTooLarge
	}
	e, err := message.Read(bytes.NewReader(raw))
	if e == nil || err != nil && !tolerable(err) {
		return Mail{}, ErrUnreadable.Because(err)
	}
	r := reader{}
	id := strings.TrimSpace(e.Header.Get("Message-Id"))
	r.Key = digest([]byte(id))
	if id == "" {
		r.Key = digest(raw)
	}
	if messageID.MatchString(id) {
		r.MessageID = id
	}
	r.To, r.From = recipients(e.Header), sender(e.Header)
	r.Marked = marked(e.Header)
	r.Notice = submitted(e.Header) == "auto-generated" && e.Header.Has("X-Auto-Response-Suppress")
	if r.Automatic = automatic(e.Header); r.Automatic {
		return r.Mail, nil
	}
	if err := r.entity(e, 0); err != nil {
		return Mail{}, ErrUnreadable.Because(err)
	}
	text := r.plain.String()
	if strings.TrimSpace(text) == "" {
		text = fromHTML(r.html.String())
	}
	r.Whole = prose.Lines(prose.Printable(strings.ToValidUTF8(prose.Lines(text), "")))
	r.Text = Cut(r.Whole)
	return r.Mail, nil
}

func tolerable(err error) bool {
	return message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// messageID is what of other people's Message-IDs goes into headers of ours.
var messageID = regexp.MustCompile(`^<[!-;=?-~]{3,250}>$`)

// recipients are the addresses in the headers by which mail servers say for whom a mail is.
func recipients(h message.Header) (to []string) {
	for _, name := range []string{"To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"} {
		for fields := h.FieldsByKey(name); fields.Next(); {
			for _, a := range addresses(fields.Value()) {
				to = append(to, strings.ToLower(a.Address))
			}
		}
	}
	return to
}

// sender is the address in the From header, where there is exactly one.
func sender(h message.Header) string {
	list := addresses(h.Get("From"))
	if len(list) != 1 || len(list[0].Address) > maxAddress {
		return ""
	}
	return prose.Line(strings.ToLower(list[0].Address))
}

// parser reads addresses beside names of any character set: nobody reads the names.
var parser = netmail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: func(_ string, name io.Reader) (io.Reader, error) { return name, nil }}}

// addresses are those in a header; none where it cannot be read.
func addresses(header string) []*netmail.Address {
	list, err := parser.ParseList(strings.ToValidUTF8(header, "?"))
	if err != nil {
		return nil
	}
	return list
}

// submitted is the word by which a mail says whether a program sent it (RFC 3834); empty: it does not say.
func submitted(h message.Header) string {
	word, _, _ := strings.Cut(strings.ToLower(h.Get("Auto-Submitted")), ";")
	return strings.TrimSpace(word)
}

// marked says whether a mail says that a program wrote it, without being one of those that nobody means to send: a person's answer from a help
// desk is often marked so.
func marked(h message.Header) bool {
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "bulk", "list":
		return true
	}
	word := submitted(h)
	return word != "" && word != "no" || h.Has("List-Id")
}

// automatic says whether a program replied by itself (RFC 3834, and what came before it), a mail server reports, or a letter of ours came back.
// Answering it could go on for ever.
func automatic(h message.Header) bool {
	switch {
	case submitted(h) == "auto-replied":
		return true
	case h.Has(mail.Ours), h.Has("X-Autoreply"), h.Has("X-Autorespond"), h.Has("X-Failed-Recipients"):
		return true
	case h.Has("Return-Path") && strings.TrimSpace(h.Get("Return-Path")) == "<>":
		return true
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "junk", "auto_reply":
		return true
	}
	kind, _, err := h.ContentType()
	if err == nil && kind == "multipart/report" {
		return true
	}
	from := strings.ToLower(h.Get("From"))
	return strings.Contains(from, "mailer-daemon@") || strings.Contains(from, "postmaster@")
}

// reader gathers what the parts of a mail say.
type reader struct {
	Mail
	plain, html strings.Builder
	parts       int
}

// entity reads a part, or the parts that it holds.
func (r *reader) entity(e *message.Entity, depth int) error {
	if r.parts++; r.parts > maxParts || depth > maxDepth {
		return errors.New("too many parts")
	}
	parts := e.MultipartReader()
	if parts == nil {
		return r.part(e)
	}
	defer parts.Close()
	for {
		p, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF), p == nil && errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case p == nil || err != nil && !tolerable(err):
			return fmt.Errorf("next part: %w", err)
		}
		if err := r.entity(p, depth+1); err != nil {
			return err
		}
	}
}

func (r *reader) part(e *message.Entity) error {
	kind, params, err := e.Header.ContentType()
	if err != nil {
		kind = "text/plain"
	}
	disposition, file, err := e.Header.ContentDisposition()
	name := ""
	if err == nil {
		name = file["filename"]
	}
	if name == "" {
		name = params["name"]
	}
	attached := disposition == "attachment" || name != ""
	if text := kind == "text/plain" || kind == "text/html"; text && !attached {
		into := &r.plain
		if kind == "text/html" {
			into = &r.html
		}
		content, err := io.ReadAll(io.LimitReader(e.Body, int64(maxText-into.Len())))
		if err != nil {
			return nil // what cannot be decoded says nothing
		}
		into.Write(content)
		if into.Len() < maxText {
			into.WriteByte('\n')
		}
		return nil
	}
	content, err := io.ReadAll(e.Body)
	switch {
	case err == nil && isPhoto(kind, name):
		if e.Header.Has("Content-Id") && disposition != "attachment" && len(content) < ornament {
			return nil // a logo in a signature
		}
		if len(r.Photos) < MaxPhotos {
			r.Photos = append(r.Photos, Photo{Name: named(name, kind), Raw: content})
			return nil
		}
	case !attached && strings.HasPrefix(kind, "message/"), kind == "text/calendar" && !attached:
		return nil
	}
	r.LeftOut = append(r.LeftOut, named(name, kind))
	return nil
}

func isPhoto(kind, name string) bool {
	switch kind {
	case "image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp":
		return true
	case "application/octet-stream":
		name = strings.ToLower(name)
		return strings.HasSuffix(name, ".jpg") || strings.HasSuffix(name, ".jpeg") || strings.HasSuffix(name, ".png") || strings.HasSuffix(name, ".webp")
	}
	return false
}

// named is the name of a file as it can be shown; its kind where it has none.
func named(name, kind string) string {
	name = prose.Line(strings.ToValidUTF8(name, ""))
	if name == "" {
		name = prose.Line(strings.ToValidUTF8(kind, ""))
	}
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName-1]) + "…"
	}
	return name
}
