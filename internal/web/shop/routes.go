package shop

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/changes"
	"relais/internal/web/page"
)

// Routes adds the pages to the site.
func (s *Shop) Routes(e *echo.Echo) {
	shared, clicked := s.site.Shared(false), s.site.Shared(true)
	e.GET("/", s.home, shared)
	e.GET("/products", s.catalogue, shared)
	e.GET("/p/:slug", s.product, shared)
	e.GET("/brands", s.brands, shared)
	e.GET("/b/:handle", s.brand, shared)
	e.GET("/@:handle", s.storefront, clicked)
	e.GET("/@:handle/p/:slug", s.storefrontProduct, clicked)

	e.GET("/cart", s.cart)
	e.POST("/cart", s.addToCart)
	e.POST("/cart/lines/:variant", s.changeLine)
	e.GET("/checkout", s.checkout)
	e.POST("/checkout", s.placeOrder)
	e.POST("/checkout/review", s.reviewCheckout)

	o := e.Group("/o/:token", page.Private)
	o.GET("", s.order)
	o.GET("/receipt", s.receipt)
	o.GET("/invoices/:file", s.document)
	o.GET("/designs/:line", s.orderedDesign)
	o.POST("/pay", s.payOrder)
	o.POST("/cancel", s.cancelOrder)
	o.POST("/received", s.receivedShipment)

	e.GET("/help", s.text("shop/help"), shared)
	e.GET("/legal", s.text("shop/legal"), shared)
}

// text answers a page that is only text.
func (s *Shop) text(name string) echo.HandlerFunc {
	return func(c echo.Context) error {
		page.Shows(c, changes.Everything)
		return s.site.Render(c, http.StatusOK, name, nil)
	}
}
