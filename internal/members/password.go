package members

import (
	"context"
	_ "embed"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"relais/internal/fault"
)

// Lengths of a password, in characters. There is no rule on which characters.
const (
	MinPassword = 8
	MaxPassword = 256
)

// common.txt lists passwords that are tried first, and the words they are made of; all in lower case.
//
//go:embed common.txt
var commonList string

var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	set := map[string]struct{}{}
	for line := range strings.Lines(commonList) {
		set[strings.TrimSpace(line)] = struct{}{}
	}
	return set
})

// CheckPassword says whether a password may be chosen by somebody whom the context words describe (name, e-mail,
// handle). It refuses what is too short or long, what everybody chooses, and what is hardly more than a context word.
// The refusal is an Invalid fault on field "password".
func CheckPassword(password string, context ...string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return fault.Field("password", "fault.password_unreadable")
	case n < MinPassword:
		return fault.Field("password", "fault.password_short")
	case n > MaxPassword:
		return fault.Field("password", "fault.password_long")
	}
	lower := strings.ToLower(password)
	core := strings.TrimFunc(lower, notLetter)
	list := commonPasswords()
	if _, ok := list[lower]; ok {
		return fault.Field("password", "fault.password_common")
	}
	if _, ok := list[core]; ok || distinct(lower) < 4 {
		return fault.Field("password", "fault.password_common")
	}
	for _, word := range contextWords(context) {
		rest := strings.ReplaceAll(lower, word, "")
		if rest != lower && utf8.RuneCountInString(strings.TrimFunc(rest, notLetter)) < 4 {
			return fault.Field("password", "fault.password_guessable")
		}
	}
	return nil
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// contextWords splits descriptions into words of four characters and more, lower case, and adds our own name.
func contextWords(descriptions []string) []string {
	words := []string{"relais"}
	for _, d := range descriptions {
		for word := range strings.FieldsFuncSeq(strings.ToLower(d), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}) {
			if utf8.RuneCountInString(word) >= 4 {
				words = append(words, word)
			}
		}
	}
	return words
}

// distinct counts the different characters of s.
func distinct(s string) int {
	seen := map[rune]struct{}{}
	for _, r := range s {
		seen[r] = struct{}{}
	}
	return len(seen)
}

// params are the least that OWASP asks of argon2id: 19 MiB, two passes. One hash takes about 20 ms of one core.
var params = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hasher computes password hashes, no more at once than there are cores: a hash takes 19 MiB, so a crowd at the
// door must wait outside instead of filling the memory.
type hasher struct {
	slots   chan struct{}
	waiting atomic.Int64
	most    int64
	dummy   func() string // a hash that no password has: what an unknown e-mail is compared with
}

func newHasher() *hasher {
	cores := runtime.GOMAXPROCS(0)
	h := &hasher{slots: make(chan struct{}, cores), most: int64(cores) * 50} // about a second of work
	h.dummy = sync.OnceValue(func() string {
		hash, err := argon2id.CreateHash("no member has this one", &params)
		if err != nil {
			panic(err) // only without randomness, and then nothing is safe
		}
		return hash
	})
	return h
}

// Hash returns the argon2id hash of a password in PHC form, or an Unavailable fault when too many wait already.
func (h *hasher) Hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(password, &params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Matches says whether the password has that hash, and whether the hash was made with older parameters and is due
// for renewal. An empty hash takes as long as any other and never matches.
func (h *hasher) Matches(ctx context.Context, password, hash string) (ok, stale bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy()
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	ok, used, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, false, fmt.Errorf("compare password: %w", err)
	}
	stale = used.Memory < params.Memory || used.Iterations < params.Iterations
	return ok && known, stale, nil
}

func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	if h.waiting.Add(1) > h.most {
		h.waiting.Add(-1)
		return nil, fault.New(fault.Unavailable, "fault.busy")
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "fault.busy").Because(ctx.Err())
	}
}
