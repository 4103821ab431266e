package reports

import "github.com/tollgate-dev/tollgate/internal/verdict"

// jsonContents is what the telemetry of a level is made of.
type jsonContents struct {
	Arm        jsonArm     `json:"arm"`
	Below      string      `json:"below"`      // the level before it, which every over is over; "" for the baseline
	Bytes      number      `json:"bytes"`      // on the wire, per 1,000 requests
	Over       number      `json:"over"`       // more than at the level below; null for the baseline
	Currency   string      `json:"currency"`   // of amounts; "" without prices of telemetry
	Compressed bool        `json:"compressed"` // bytes of pieces are their share of what was sent, by their size before compression
	SeriesCut  bool        `json:"series_cut"` // numbers of series and values are the least that there were
	Pieces     []jsonPiece `json:"pieces"`     // they add up to bytes and over; what adds most to the level below first
}

type jsonPiece struct {
	Signal  string `json:"signal"`  // spans, logs or metrics; "" for bytes that are in no part
	Service string `json:"service"` // "" where none is named
	Name    string `json:"name"`    // of the span, the log event or the metric
	Rest    string `json:"rest"`    // batches (resource and scope), others (names beyond the limit) or unread; "": it has a name
	Count   number `json:"count"`   // spans, log records, data points or batches, per 1,000 requests
	Bytes   number `json:"bytes"`   // per 1,000 requests
	Over    number `json:"over"`    // more than at the level below
	Share   number `json:"share"`   // of the level's bytes
	Series  int64  `json:"series"`  // that Prometheus makes of a metric
	Label   string `json:"label"`   // the attribute of a metric that has the most values
	Values  int64  `json:"values"`  // of the label
	Amount  number `json:"amount"`  // money per million requests; null without prices
	More    number `json:"more"`    // amount less that at the level below
}

func jsonContentsOf(all []verdict.Contents) []jsonContents {
	out := []jsonContents{}
	for _, c := range all {
		one := jsonContents{jsonArmOf(c.Arm), c.Below, number(c.Bytes), number(c.Over), string(c.Currency), c.Compressed, c.SeriesCut, []jsonPiece{}}
		for _, p := range c.Pieces {
			one.Pieces = append(one.Pieces, jsonPiece{p.Of.Signal, p.Of.Service, p.Of.Name, p.Of.Rest, number(p.Count), number(p.Bytes), number(p.Over),
				number(p.Share), p.Of.Series, p.Of.Label, p.Of.Values, number(p.Amount), number(p.OverMoney)})
		}
		out = append(out, one)
	}
	return out
}
