package idea

import (
	"context"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/ideas"
	"relais/internal/pledges"
	"relais/internal/polls"
	"relais/internal/postgres"
	"relais/internal/web/page"
)

// moment is an entry of the thread, with how what stems from the idea stands now; empty: it is not told.
type moment struct {
	ideas.Moment
	Poll   polls.State
	Launch pledges.CampaignState
}

// thread is that of an idea. Of a poll that the platform took off there is no word.
func (s *Server) thread(ctx context.Context, moments []ideas.Moment) ([]moment, error) {
	ids := map[ideas.StepKind][]int64{}
	for _, m := range moments {
		ids[m.Step.Kind] = append(ids[m.Step.Kind], m.Step.RefID)
	}
	voted, err := polls.StatesOf(ctx, s.DB, ids[ideas.Poll]...)
	if err != nil {
		return nil, err
	}
	launched, err := pledges.StatesOf(ctx, s.DB, ids[ideas.Launch]...)
	if err != nil {
		return nil, err
	}
	list := make([]moment, len(moments))
	for i, m := range moments {
		list[i] = moment{Moment: m}
		switch m.Step.Kind {
		case ideas.Poll:
			if list[i].Poll = voted[m.Step.RefID]; list[i].Poll == "" {
				list[i].Step.Title, list[i].Step.Path = "", ""
			}
		case ideas.Launch:
			list[i].Launch = launched[m.Step.RefID]
		}
	}
	return list, nil
}

// Choices are the ideas of a brand from which something can stem, for the select of a form; nil where there are none.
func Choices(c echo.Context, db *postgres.DB, brandID int64) ([]page.Option, error) {
	refs, err := ideas.Threadable(c.Request().Context(), db, brandID)
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	list := []page.Option{{Value: "0", Label: page.Lang(c).T("ideas.stems.none")}}
	for _, r := range refs {
		list = append(list, page.Option{Value: strconv.FormatInt(r.ID, 10), Label: r.Title})
	}
	return list, nil
}
