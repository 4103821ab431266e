package replay_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/backtest/replay"
	"github.com/tollgate-dev/tollgate/internal/backtest/replaytest"
	"github.com/tollgate-dev/tollgate/internal/catch"
)

// longRules have windows of days. In the clean windows 1 % of the requests fail; under the fault, a fifth more for 11 s, which are
// 11 minutes of the rules' own time. Over the 47 s of the run alone 7 % fail, over three days with a past hardly more than 1 %.
const longRules = `groups:
  - name: long
    rules:
      - {record: 'shop:failed:share5m', expr: 'sum(rate(shop_failures_total[5m])) / sum(rate(shop_requests_total[5m]))'}
      - {alert: Burnt, expr: 'sum(rate(shop_failures_total[3d])) / sum(rate(shop_requests_total[3d])) > 0.05'}
      - {alert: Burning, expr: 'sum(rate(shop_failures_total[3d])) / sum(rate(shop_requests_total[3d])) > 0.005 and shop:failed:share5m > 0.1'}
      - {alert: LagOften, expr: 'avg_over_time(kafka_consumergroup_lag[3d]) > 50'}
      - {alert: ShareOften, expr: 'avg_over_time(shop:failed:share5m[3d]) > 0.03'}
      - {alert: LagAsLastWeek, expr: 'kafka_consumergroup_lag > 100 and kafka_consumergroup_lag > 10 * kafka_consumergroup_lag offset 1w'}
`

func firedIn(of *replay.Replay) []string {
	var out []string
	for _, e := range of.Data.Alerts {
		if e.To == "firing" && e.Arm == "full" && !slices.Contains(out, e.Alert) {
			out = append(out, e.Alert)
		}
	}
	slices.Sort(out)
	return out
}

// Without history a window of three days is as long as the run, and an offset of a week has no data; the notes say so. With history
// windows have the past that they are written for.
func TestHistory(t *testing.T) {
	_, r := write(t, replaytest.Options{})
	rules := load(t, r, longRules, "consumer-lag=Burning")
	without := replayed(t, r, rules)
	if got := fmt.Sprint(firedIn(without)); got != "[Burning Burnt LagOften ShareOften]" {
		t.Errorf("without history %s fired", got)
	}
	if notes := strings.Join(without.Notes, "\n"); !strings.Contains(notes, "look back farther than the run is long (45m") ||
		!strings.Contains(notes, "Burnt (3d)") || !strings.Contains(notes, "LagAsLastWeek (1w)") {
		t.Errorf("notes:\n%s", notes)
	}
	r.History = 30 * 24 * time.Hour
	with := replayed(t, r, rules)
	if got := fmt.Sprint(firedIn(with)); got != "[Burning LagAsLastWeek]" {
		t.Errorf("with history %s fired", got)
	}
	h := with.Data.Run.History
	if h == nil || len(h.Levels) != 2 || h.Of("full").Windows != 2 || h.Of("full").Block != 6*time.Second || !h.Judged("Burnt") {
		t.Errorf("history %+v", h)
	}
	for _, note := range with.Notes {
		if strings.Contains(note, "look back") {
			t.Errorf("note: %s", note)
		}
	}
	cell := sides(t, r, with).Rows[1].Cells[1].Second
	if cell.State != catch.Detected || !slices.Equal(cell.Synthetic, []string{"Burning", "LagAsLastWeek"}) ||
		!strings.Contains(cell.Note, "Burning was judged on synthetic history: it looks back 72h") {
		t.Errorf("consumer-lag at full: %s, on history %v, note %q", cell.State, cell.Synthetic, cell.Note)
	}
	again := replayed(t, r, rules)
	compareEvents(t, again.Data.Alerts, with.Data.Alerts)
}

// A history that is shorter than the rules look back is said to be so, by name.
func TestShortHistory(t *testing.T) {
	_, r := write(t, replaytest.Options{})
	r.History = 12 * time.Hour
	of := replayed(t, r, load(t, r, longRules, "consumer-lag=Burning"))
	if notes := strings.Join(of.Notes, "\n"); !strings.Contains(notes, "the history of 12h and the run of 45m") || !strings.Contains(notes, "Burnt (3d)") {
		t.Errorf("notes:\n%s", notes)
	}
}

// History does not change what short rules do.
func TestHistoryOfShortRules(t *testing.T) {
	_, r := write(t, replaytest.Options{})
	r.History = 3 * 24 * time.Hour
	of := replayed(t, r, own(t, r))
	compareEvents(t, of.Data.Alerts, replaytest.AlertEvents())
	if got := of.Data.Run.History.Alerts; len(got) > 0 {
		t.Errorf("judged on history: %v", got)
	}
}

// Judge gives what the alerts of a run did that look back farther than its series, and nothing of the others.
func TestJudge(t *testing.T) {
	dir, _ := write(t, replaytest.Options{Rules: replaytest.Rules + "  - name: long\n    rules:\n" +
		"      - {alert: LagOften, expr: 'avg_over_time(kafka_consumergroup_lag[3d]) > 1', labels: {severity: ticket}}\n"})
	judged, err := replay.Judge(context.Background(), dir, 30*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got := judged.History.Alerts; !slices.Equal(got, []string{"LagOften"}) || len(judged.History.Levels) != 2 {
		t.Errorf("judged on history: %+v", judged.History)
	}
	// 400 for 10.75 s are 1 in the mean of 72 min, of which the one at 39.25 is the first after
	for _, e := range judged.Events {
		if at := e.Time.Sub(replaytest.Start).Seconds(); e.Alert != "LagOften" || !e.History || e.To != "firing" || at < 39 || at > 40 {
			t.Errorf("%+v after %.1f s", e, at)
		}
	}
	if len(judged.Events) != 2 {
		t.Errorf("%d events", len(judged.Events))
	}
}
