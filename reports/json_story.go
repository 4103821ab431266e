package reports

import (
	"maps"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// jsonStory is what an engineer would have known of one pass of a fault, and when.
type jsonStory struct {
	Fault    string           `json:"fault"`
	Pass     int              `json:"pass,omitempty"` // counts further passes of the fault, from 1
	Injected *string          `json:"injected"`
	Users    []jsonMoment     `json:"users"` // what happened without anybody's knowledge: injection, what users felt, revert
	Levels   []jsonLevelStory `json:"levels"`
}

type jsonLevelStory struct {
	Level   string       `json:"level"`
	Moments []jsonMoment `json:"moments"` // in order of time
	Log     *jsonLog     `json:"log"`     // a record that names the cause; null: none was kept
	TraceID string       `json:"trace_id"`
	Trace   []jsonBar    `json:"trace"` // its spans, each below the one that it is part of
	Left    int          `json:"left"`  // spans of the trace that were not kept
}

type jsonMoment struct {
	Kind  string  `json:"kind"`                    // injected, confirmed, felt, pending, firing, named, revert, gone or cleared
	Known bool    `json:"known"`                   // whoever is on call knows of it
	At    number  `json:"since_injection_seconds"` // by the clock on the wall
	Rules *number `json:"rules_seconds"`           // the same as the alert rules count it, before the time-lapse; null for what is no alert's
	Whole bool    `json:"whole"`                   // the time is that of the end of the fault: when it began cannot be told
	Alert string  `json:"alert"`
	Text  string  `json:"text"` // the alert's summary, what was found, or what the injector saw

	Felt *jsonFeeling `json:"felt"` // null but for the kind felt
}

type jsonLog struct {
	Time       *string         `json:"time"`
	Service    string          `json:"service"`
	Severity   string          `json:"severity"`
	Body       string          `json:"body"`
	SpanID     string          `json:"span_id"`
	Attributes []jsonAttribute `json:"attributes"` // by key
	Left       int             `json:"left"`       // attributes that were not kept
}

type jsonBar struct {
	ID         string          `json:"id"`
	Parent     string          `json:"parent"`
	Depth      int             `json:"depth"` // spans of the trace that it is part of
	Service    string          `json:"service"`
	Name       string          `json:"name"`
	Start      *string         `json:"start"`
	Took       number          `json:"took_seconds"`
	Status     string          `json:"status"`     // ok, error, or nothing where it was not set
	Telling    bool            `json:"telling"`    // it is where the cause shows
	Attributes []jsonAttribute `json:"attributes"` // by key
}

type jsonAttribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func jsonStoriesOf(stories []catch.Story) []jsonStory {
	var out []jsonStory
	for _, s := range stories {
		one := jsonStory{Fault: s.Fault.ID, Pass: s.Pass, Injected: moment(s.Injected), Users: jsonMomentsOf(s.Users), Levels: []jsonLevelStory{}}
		for _, l := range s.Levels {
			one.Levels = append(one.Levels, jsonLevelStoryOf(l))
		}
		out = append(out, one)
	}
	return out
}

func jsonMomentsOf(moments []catch.Moment) []jsonMoment {
	out := []jsonMoment{}
	for _, m := range moments {
		one := jsonMoment{Kind: string(m.Kind), Known: m.Known(), At: inSeconds(m.At), Whole: m.Whole, Alert: m.Alert, Text: m.Text}
		if m.Rules > 0 {
			rules := inSeconds(m.Rules)
			one.Rules = &rules
		}
		if c := m.Felt; c != nil {
			one.Felt = &jsonFeelingsOf([]catch.Change{*c})[0]
		}
		out = append(out, one)
	}
	return out
}

func jsonLevelStoryOf(l catch.LevelStory) jsonLevelStory {
	out := jsonLevelStory{Level: l.Level, Moments: jsonMomentsOf(l.Moments), Trace: []jsonBar{}}
	if l.Example == nil {
		return out
	}
	out.TraceID, out.Left = l.Example.TraceID, l.Example.Left
	if r := l.Example.Log; r != nil {
		out.Log = &jsonLog{moment(r.Time), r.Service, r.Severity, r.Body, r.SpanID, jsonAttributesOf(r.Attributes), r.Left}
	}
	for _, b := range l.Waterfall {
		out.Trace = append(out.Trace, jsonBarOf(b.TraceSpan, b.Depth))
	}
	return out
}

func jsonBarOf(s result.TraceSpan, depth int) jsonBar {
	return jsonBar{s.ID, s.Parent, depth, s.Service, s.Name, moment(s.Start), inSeconds(s.Took), s.Status, s.Telling, jsonAttributesOf(s.Attributes)}
}

func jsonAttributesOf(attributes map[string]string) []jsonAttribute {
	out := []jsonAttribute{}
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		out = append(out, jsonAttribute{key, attributes[key]})
	}
	return out
}
