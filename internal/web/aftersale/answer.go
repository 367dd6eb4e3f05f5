package aftersale

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/disputes"
	"relais/internal/fault"
	"relais/internal/payments"
	"relais/internal/web/page"
)

// saveAnswer keeps the draft; with do=check it leads to what the bank will read.
func (s *Server) saveAnswer(c echo.Context, d Desk) error {
	data, err := s.disputePage(c, d)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	answer := answerOf(data.Form)
	check := data.Form.Get("do") == "check"
	if err = s.Disputes.Save(c.Request().Context(), data.Dispute.ID, answer); err == nil && check && strings.TrimSpace(answer.Text) == "" {
		err = disputes.ErrEmptyWords
	}
	switch {
	case data.Form.Refused(err):
		return s.Site.Render(c, data.Form.Status(), "aftersale/dispute", data)
	case err != nil:
		return err
	case check:
		return page.Redirect(c, data.Path()+"/answer")
	}
	s.Site.Good(c, "aftersale.dispute.saved")
	return page.Redirect(c, data.Path())
}

// attach takes a document for the bank.
func (s *Server) attach(c echo.Context, d Desk) error {
	data, err := s.disputePage(c, d)
	if err != nil {
		return err
	}
	posted := page.PostedForm(c)
	header, err := c.FormFile("file")
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		err = errNoFile
	default:
		err = s.keep(c, data.Dispute.ID, payments.EvidenceKind(posted.Get("kind")), header)
	}
	if data.Form.Set("kind", posted.Get("kind")); data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "aftersale/dispute", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "aftersale.dispute.attached")
	return page.Redirect(c, data.Path()+"#files")
}

func (s *Server) keep(c echo.Context, disputeID int64, kind payments.EvidenceKind, header *multipart.FileHeader) error {
	file, err := header.Open()
	if err != nil {
		return err
	}
	content, err := io.ReadAll(io.LimitReader(file, disputes.MaxFile+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return s.Disputes.Attach(c.Request().Context(), disputeID, by(c), kind, header.Filename, content)
}

// detach takes a document out again.
func (s *Server) detach(c echo.Context, d Desk) error {
	data, err := s.disputePage(c, d)
	if err != nil {
		return err
	}
	file, err := id(c, "file")
	if err != nil {
		return err
	}
	return s.done(c, s.Disputes.Detach(c.Request().Context(), data.Dispute.ID, file), "aftersale.dispute.detached", data.Path()+"#files")
}

// checkAnswer shows what the bank will read, before it is sent.
func (s *Server) checkAnswer(c echo.Context, d Desk) error {
	data, err := s.disputePage(c, d)
	if err != nil {
		return err
	}
	if !data.Dispute.Writable() || strings.TrimSpace(data.Answer.Text) == "" {
		return page.Redirect(c, data.Path())
	}
	return s.Site.Render(c, http.StatusOK, "aftersale/answer", data)
}

// submitAnswer sends the draft, once.
func (s *Server) submitAnswer(c echo.Context, d Desk) error {
	data, err := s.disputePage(c, d)
	if err != nil {
		return err
	}
	return s.done(c, s.Disputes.Submit(c.Request().Context(), data.Dispute.ID, by(c)), "aftersale.dispute.submitted", data.Path())
}

// askAccept says what it means to give in.
func (s *Server) askAccept(c echo.Context, d Desk) error {
	data, err := s.disputePage(c, d)
	if err != nil {
		return err
	}
	if !data.Dispute.Writable() || data.Shared() {
		return page.Redirect(c, data.Path())
	}
	return s.Site.Render(c, http.StatusOK, "aftersale/accept", data)
}

var errShared = fault.New(fault.Conflict, "fault.dispute_shared")

// accept gives in: the dispute is lost at once.
func (s *Server) accept(c echo.Context, d Desk) error {
	data, err := s.disputePage(c, d)
	if err != nil {
		return err
	}
	switch {
	case data.Shared():
		return s.done(c, errShared, "", data.Path())
	case data.Dispute.Sending():
		return s.done(c, disputes.ErrUnderWay, "", data.Path())
	}
	return s.done(c, s.Disputes.Accept(c.Request().Context(), data.Dispute.ID, by(c)), "aftersale.dispute.accepted", data.Path())
}
