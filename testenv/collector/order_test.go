package collector

import (
	"strings"
	"testing"
	"time"
)

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		order Order
		want  string // in the error; "": none
	}{
		{Order{}, ""},
		{Order{Change: Change{Queue: 1}, Latency: "3s"}, ""},
		{Order{Latency: "1h"}, `latency must be a duration from 1ms to 1m0s, got "1h"`},
		{Order{Latency: "-1s"}, "latency must be a duration"},
		{Order{Latency: "soon"}, "latency must be a duration"},
		{Order{Change: Change{Queue: -1}}, "queue must be from 0 to 1000, got -1"},
		{Order{MostSeries: -1}, "most_series must not be negative, got -1"},
	} {
		if err := c.order.Check(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.order, err, c.want)
		}
	}
	if d, err := (Order{Latency: "250ms"}).Delay(); d != 250*time.Millisecond || err != nil {
		t.Errorf("delay %v: %v", d, err)
	}
	if selector, limited := (Order{Change: Change{CountBy: "session.id"}, MostSeries: 7}).Counted(); selector != `{session_id!=""}` || !limited {
		t.Errorf("counted %s, limited %t", selector, limited)
	}
	if _, limited := (Order{Change: Change{CountBy: "session.id"}}).Counted(); limited {
		t.Error("no number of series, and yet a limit")
	}
}

func TestVolume(t *testing.T) {
	a, b := Volume{1, 2, 3, 4, 5, 6}, Volume{10, 20, 30, 40, 50, 60}
	if got := a.Plus(b); got != (Volume{11, 22, 33, 44, 55, 66}) {
		t.Errorf("sum %+v", got)
	}
	if !a.Less(b) || b.Less(a) || a.Less(a) {
		t.Error("the order of amounts is wrong")
	}
	for _, one := range []Volume{{Spans: 1}, {LogRecords: 1}, {DataPoints: 1}, {Bytes: 1}, {MetricBytes: 1}, {Refused: 1}} {
		if !(Volume{}).Less(one) {
			t.Errorf("%+v is not seen to begin again", one)
		}
	}
}
