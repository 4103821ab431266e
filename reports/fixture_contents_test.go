package reports

import (
	"math"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// fixtureContents are the bytes of fixtureParts: a metric whose share falls, spans that rise, a log event that only one level has, and
// a little that is in no part.
func fixtureContents(arms []result.Arm) []verdict.Contents {
	of := []result.VolumePart{
		{Signal: result.InMetrics, Service: "gateway", Name: "http.server.request.duration", Series: 1240, Label: "http.route", Values: 12},
		{Signal: result.InSpans, Service: "profile", Name: "GET /v1/profile"},
		{Signal: result.InSpans, Rest: result.RestBatches},
		{Signal: result.InLogs, Service: "decision", Name: "profile * has no age"},
		{Signal: result.InSpans, Rest: result.RestOthers},
		{Rest: verdict.Unread},
	}
	var out []verdict.Contents
	for i, arm := range []result.Arm{arms[0], arms[3], arms[4], arms[5]} {
		c := verdict.Contents{Arm: arm, Over: math.NaN(), Currency: "EUR", SeriesCut: i == 3}
		for j, bytes := range [][]float64{
			{0, 182e3, 181e3, 180e3}, {0, 0, 210e3, 2.1e6}, {0, 0, 90e3, 0.71e6}, {0, 0, 60e3, 0}, {0, 0, 99.5e3, 1.32e6}, {0, 0, 0.5e3, 0},
		} {
			p := verdict.Piece{Of: of[j], Count: bytes[i] / 400, Bytes: bytes[i], Over: math.NaN(), Share: math.NaN(), Amount: bytes[i] * 1e-7, OverMoney: math.NaN()}
			if c.Bytes += p.Bytes; i > 0 {
				p.Over, p.OverMoney = bytes[i]-bytes[i-1], (bytes[i]-bytes[i-1])*1e-7
			}
			if p.Bytes > 0 || p.Over < 0 {
				c.Pieces = append(c.Pieces, p)
			}
		}
		for j := range c.Pieces {
			if c.Bytes > 0 {
				c.Pieces[j].Share = c.Pieces[j].Bytes / c.Bytes
			}
		}
		if i > 0 {
			c.Below, c.Over = out[i-1].Arm.Name, c.Bytes-out[i-1].Bytes
		}
		out = append(out, c)
	}
	return out
}
