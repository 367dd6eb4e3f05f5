package account

import (
	"github.com/labstack/echo/v4"

	"relais/internal/web/page"
)

// Routes registers the pages of this package.
func (s *Server) Routes(e *echo.Echo) {
	guest, limited := s.guestsOnly, s.limited
	e.GET("/signup", s.showSignUp, guest)
	e.POST("/signup", s.signUp, guest, limited)
	e.GET("/signup/sent", s.signUpSent)
	e.GET("/confirm/:token", s.showConfirm, secret)
	e.POST("/confirm/:token", s.confirm, secret, limited)
	e.GET("/confirm-email/:token", s.showConfirmEmail, secret)
	e.POST("/confirm-email/:token", s.confirmEmail, secret, limited)

	e.GET("/login", s.showLogIn, guest)
	e.POST("/login", s.logIn, guest, limited)
	e.POST("/logout", s.logOut)
	e.GET("/reset", s.showAskReset)
	e.POST("/reset", s.askReset, limited)
	e.GET("/reset/sent", s.resetSent)
	e.GET("/reset/:token", s.showReset, secret)
	e.POST("/reset/:token", s.reset, secret, limited)
	e.POST("/lang", s.ChooseLang)

	me := e.Group("/me/settings", page.RequireMember)
	me.GET("", s.showSettings)
	me.POST("", s.setProfile)
	me.POST("/unpin", s.unpin)
	me.GET("/security", s.showSecurity)
	me.POST("/prove", s.prove, limited)
	me.POST("/password", s.changePassword, limited)
	me.POST("/email", s.changeEmail, limited)
	me.POST("/sessions", s.endSession)
	me.POST("/logout-everywhere", s.logOutEverywhere)

	if s.Mailbox {
		e.GET("/dev/mail", s.mailbox)
		e.GET("/dev/mail/:id", s.letter)
		e.GET("/dev/mail/:id/html", s.letterHTML)
		e.POST("/dev/mail/:id/answer", s.answerLetter)
	}
}

// guestsOnly sends members who are in already where they wanted to go.
func (s *Server) guestsOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if page.ViewerFrom(c) != nil {
			return page.Redirect(c, page.LocalPath(c.QueryParam("next"), "/me"))
		}
		return next(c)
	}
}
