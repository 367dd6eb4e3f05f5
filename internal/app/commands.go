package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"time"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/payouts"
	"relais/internal/reconcile"
)

// Migrate brings the schema up to date and returns how many migrations that took.
func Migrate(ctx context.Context, cfg Config, log *slog.Logger) (int, error) {
	data, err := connect(ctx, cfg, log)
	if err != nil {
		return 0, err
	}
	defer data.close()
	before, err := data.pending(ctx)
	if err != nil {
		return 0, err
	}
	return before, data.migrate(ctx)
}

// Pending returns how many migrations the database lacks.
func Pending(ctx context.Context, cfg Config, log *slog.Logger) (int, error) {
	data, err := connect(ctx, cfg, log)
	if err != nil {
		return 0, err
	}
	defer data.close()
	return data.pending(ctx)
}

// Beside runs fn with the services while a server runs: the one that runs already, or one of our own for so long. What
// needs the Stripe sandbox, which lives in the server, or the effects of jobs, is done this way.
func Beside(ctx context.Context, cfg Config, log *slog.Logger, fn func(ctx context.Context, s *Services) error) error {
	a, err := New(ctx, cfg, log)
	if errors.Is(err, syscall.EADDRINUSE) { // a server runs
		s, err := Open(ctx, cfg, log)
		if err != nil {
			return err
		}
		defer s.Close()
		return fn(ctx, s)
	}
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(serving) }()
	err = fn(ctx, a.services)
	stop()
	return errors.Join(err, <-ended)
}

// WhyUnpaid says in words why a run would not pay somebody; empty: it would.
func WhyUnpaid(d payouts.Due) string {
	if d.Wait == payouts.NoWait {
		return ""
	}
	return i18n.EN.T("payout.wait." + string(d.Wait) + ".title")
}

// WhyFailed says in words why a payout did not go out, with Stripe's own after them, or why it is not known yet; failed tells the two apart.
func WhyFailed(p payouts.Payout) (words string, failed bool) {
	if p.State != payouts.Failed {
		return p.LastError, false
	}
	return strings.TrimSpace(i18n.EN.T("payout.failure."+string(p.Reason())+".title") + ". " + p.Failure), true
}

// payoutsWithin is how long the transfers of one run may take until the command reports without them.
const payoutsWithin = 5 * time.Minute

// PayOut makes the payouts that are due and waits until each has been sent or has failed, or the run has paused itself; with
// the run it answers with its newest payouts, at most 1,000. resume: an earlier run goes on instead; 0: a new one.
func (s *Services) PayOut(ctx context.Context, resume int64) (payouts.Report, payouts.RunPage, error) {
	report := payouts.Report{RunID: resume}
	var err error
	if resume > 0 {
		err = s.Payouts.Resume(ctx, 0, resume)
	} else {
		report, err = s.Payouts.Run(ctx, 0)
	}
	if err != nil {
		return report, payouts.RunPage{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, payoutsWithin)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := s.Jobs.Drain(ctx); err != nil { // the server may be quicker; that is all the same
			return report, payouts.RunPage{}, err
		}
		run, err := s.Payouts.RunByID(ctx, report.RunID, "", 1000)
		if err != nil || run.State == payouts.DoneRun || run.State == payouts.PausedRun {
			return report, run, err
		}
		select {
		case <-ctx.Done():
			return report, run, fmt.Errorf("some payouts are still on their way: %w; see /admin/payouts/runs/%d", ctx.Err(), run.ID)
		case <-tick.C:
		}
	}
}

// ErrDiffers says that Stripe's books and ours do not agree.
var ErrDiffers = errors.New("the books and Stripe's differ")

// Kinds are the kinds of difference with Stripe, in the order in which they are told.
func Kinds() []reconcile.Kind { return reconcile.Kinds() }

// AuditStripe holds everything ever booked against Stripe's books, and answers with the differences that nobody has explained. It reads
// movements and notices like the hourly run, and records what it finds.
func (s *Services) AuditStripe(ctx context.Context) (reconcile.Report, error) {
	return s.Reconcile.Run(ctx, true)
}

// Explain puts an error into words for a terminal: a fault in English, with what is said about each field.
func Explain(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err.Error()
	}
	var args []any
	for name, value := range f.Args {
		args = append(args, name, value)
	}
	words := []string{i18n.EN.T(f.Message, args...)}
	for field, key := range f.Fields {
		if key != f.Message {
			words = append(words, field+": "+i18n.EN.T(key, args...))
		}
	}
	slices.Sort(words[1:])
	return strings.Join(words, "; ")
}

// Words is the language of the command line.
const Words = i18n.EN

// NewMember is an account as the command line asks for it.
type NewMember struct {
	Email, Name, Handle, Lang, Password string
	Admin                               bool
}

// CreateMember adds an account with a confirmed address.
func (s *Services) CreateMember(ctx context.Context, n NewMember) (members.Member, error) {
	lang, ok := i18n.Parse(n.Lang)
	if !ok {
		return members.Member{}, fmt.Errorf("%q is none of our languages: choose fr or en", n.Lang)
	}
	return s.Members.Create(ctx, members.NewMember{Email: n.Email, Name: n.Name, Handle: n.Handle, Lang: lang, Admin: n.Admin,
		Confirmed: true, Password: n.Password})
}

// PromoteMember makes the member with that address an admin, or ends that.
func (s *Services) PromoteMember(ctx context.Context, email string, admin bool) error {
	address, err := members.CleanEmail(email)
	if err != nil {
		return err
	}
	m, err := members.ByEmail(ctx, s.DB, address)
	if err != nil {
		return err
	}
	return s.Members.Promote(ctx, 0, m.ID, admin)
}

// ResetLink is the whole address of a page on which the member chooses a password.
func (s *Services) ResetLink(ctx context.Context, email string) (string, error) {
	path, err := s.Members.ResetLink(ctx, email)
	return s.baseURL + path, err
}
