package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"strings"

	"relais/internal/app"
)

type memberCommand struct {
	Create        createCommand  `cmd:"" help:"Create a member."`
	Promote       promoteCommand `cmd:"" help:"Make a member an admin of the platform."`
	ResetPassword resetCommand   `cmd:"" help:"Give a member a new password, or a link to choose one."`
}

type createCommand struct {
	Email    string `arg:"" help:"Their address, which counts as confirmed."`
	Name     string `required:"" help:"Their name."`
	Handle   string `help:"Their storefront's name in addresses; proposed from the name when not given."`
	Lang     string `enum:"fr,en" default:"fr" help:"fr or en."`
	Admin    bool   `help:"An admin of the platform."`
	Password string `help:"Where the password comes from: - for a line of standard input; otherwise one is made and printed." placeholder:"-"`
}

// Help is what relais member create --help adds.
func (createCommand) Help() string {
	return `No letter is written. Without --password a password is made and printed once.

Examples:
  relais member create lea@example.org --name 'Léa Martin' --admin
  echo "$PASSWORD" | relais member create lea@example.org --name 'Léa Martin' --password -`
}

// Run creates the member.
func (c createCommand) Run(t *terminal) error {
	password, made, err := choosePassword(c.Password, os.Stdin)
	if err != nil {
		return err
	}
	return t.with(func(s *app.Services) error {
		m, err := s.CreateMember(t.ctx, app.NewMember{Email: c.Email, Name: c.Name, Handle: c.Handle, Lang: c.Lang, Admin: c.Admin, Password: password})
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "Created %s, @%s.\n", m.Email, m.Handle)
		if made {
			fmt.Fprintf(t.out, "Password: %s\n", password)
		}
		return nil
	})
}

type promoteCommand struct {
	Email  string `arg:"" help:"The member's address."`
	Revoke bool   `help:"The contrary: no admin any more."`
}

// Help is what relais member promote --help adds.
func (promoteCommand) Help() string {
	return `Their sessions end; they log in again.

Examples:
  relais member promote lea@example.org
  relais member promote lea@example.org --revoke`
}

// Run promotes the member.
func (c promoteCommand) Run(t *terminal) error {
	return t.with(func(s *app.Services) error {
		if err := s.PromoteMember(t.ctx, c.Email, !c.Revoke); err != nil {
			return err
		}
		state := "an admin"
		if c.Revoke {
			state = "no admin any more"
		}
		fmt.Fprintf(t.out, "%s is %s.\n", c.Email, state)
		return nil
	})
}

type resetCommand struct {
	Email    string `arg:"" help:"The member's address."`
	Password string `help:"Set this one: - for a line of standard input. Otherwise a link to choose one is printed." placeholder:"-"`
}

// Help is what relais member reset-password --help adds.
func (resetCommand) Help() string {
	return `Without --password a link is printed, and sent to the member too. With it, all their sessions end.

Examples:
  relais member reset-password lea@example.org
  echo "$PASSWORD" | relais member reset-password lea@example.org --password -`
}

// Run resets the password.
func (c resetCommand) Run(t *terminal) error {
	return t.with(func(s *app.Services) error {
		if c.Password == "" {
			link, err := s.ResetLink(t.ctx, c.Email)
			if err != nil {
				return err
			}
			fmt.Fprintln(t.out, link)
			return nil
		}
		password, _, err := choosePassword(c.Password, os.Stdin)
		if err != nil {
			return err
		}
		if err := s.Members.SetPassword(t.ctx, c.Email, password); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%s has a new password; their sessions have ended.\n", c.Email)
		return nil
	})
}

// choosePassword reads a password from standard input, or makes one. Passwords on the command line are refused: every
// user of the machine can read them there.
func choosePassword(from string, stdin io.Reader) (password string, made bool, err error) {
	switch from {
	case "":
		return strings.ToLower(rand.Text()[:20]), true, nil
	case "-":
		b, err := io.ReadAll(io.LimitReader(stdin, 4096))
		line, _, _ := strings.Cut(string(b), "\n")
		return strings.TrimRight(line, "\r"), false, err
	}
	return "", false, fmt.Errorf("--password takes only -, and then reads a line of standard input: other users see the command line")
}

// with runs fn with the services, without a server.
func (t *terminal) with(fn func(s *app.Services) error) error {
	cfg, log, err := t.configure()
	if err != nil {
		return err
	}
	s, err := app.Open(t.ctx, cfg, log)
	if err != nil {
		return err
	}
	defer s.Close()
	return fn(s)
}
