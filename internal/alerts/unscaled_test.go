package alerts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Expressions as they stand in rule files, and what of them a time-lapse does not scale.
func TestUnscaled(t *testing.T) {
	amount := func(detail string) string { return noteAmount + ": A (" + detail + ")" }
	seconds := func(detail string) string { return noteTime + ": A (" + detail + ")" }
	clock := func(detail string) string { return noteClock + ": A (" + detail + ")" }
	for _, tt := range []struct{ expr, want string }{
		// Amounts per window, compared with 0 and with other numbers.
		{"increase(x_total[5m]) > 0", ""},
		{"0 < increase(x_total[5m])", ""},
		{"increase(x_total[5m]) > -0", ""},
		{"increase(x_total[5m]) > 5 - 5", ""},
		{"increase(x_total[5m]) > bool 0", ""},
		{"increase(x_total[5m]) == 0 or absent(x_total)", ""},
		{"increase(x_total[5m]) > vector(0)", ""},
		{"increase(x_total[5m]) < +Inf", ""},
		{"increase(x_total[5m]) > 100", amount("100 and increase()")},
		{"100 < bool increase(x_total[5m])", amount("100 and increase()")},
		{"increase(x_total[5m]) > vector(100)", amount("100 and increase()")},
		{"increase(x_total[5m]) > scalar(vector(10 ^ 2))", amount("100 and increase()")},
		{"increase(x_total[5m]) >= 1", amount("1 and increase()")},
		{"sum(increase(x_total[1h])) / 60 > 3", amount("3 and increase()")},
		{"60 * sum by (a) (increase(x_total[1h])) > 3", amount("3 and increase()")},
		{"sum(increase(x_total[1h])) / 1h > 3", amount("3 and increase()")}, // a duration that is a number
		{"-increase(x_total[5m]) < -3", amount("-3 and increase()")},
		{"increase(x_total[5m]) - 3 > 0", amount("3 and increase()")},
		{"3 - increase(x_total[5m]) < 0", amount("3 and increase()")},
		{"1 / increase(x_total[5m]) < 0.1", amount("0.1 and increase()")},
		{"increase(x_total[5m]) * increase(y_total[5m]) > 9", amount("9 and increase()")},
		{"sqrt(increase(x_total[5m])) > 3", amount("3 and increase()")},
		{"increase(x_total[5m]) ^ 2 > 9", amount("9 and increase()")},
		{"increase(x_total[5m]) ^ 0 > 9", ""}, // always 1
		{"(sum(increase(x_total[5m])) or vector(0)) > 10", amount("10 and increase()")},
		{"sum(increase(x_total[5m])) or 0 * sum(increase(y_total[5m])) > 10", ""}, // binds as … or (0 * … > 10)
		{"(increase(x_total[5m]) and on () up == 1) > 10", amount("10 and increase()")},
		{"increase(x_total[5m]) > 10 unless on () y == 1", amount("10 and increase()")},
		{"(y unless increase(x_total[5m])) > 10", ""},
		{"count(increase(x_total[5m]) > 0) > 3", ""}, // so many series
		{"count(increase(x_total[5m]) > 5) > 3", amount("5 and increase()")},
		{"topk(3, increase(x_total[5m])) > 5", amount("5 and increase()")},
		{"stddev(increase(x_total[5m])) > 5", amount("5 and increase()")},
		{"clamp_max(increase(x_total[5m]), 1) > 0", ""},
		{"clamp_min(round(increase(x_total[5m])), 1) > 5", amount("5 and increase()")},
		{"sgn(increase(x_total[5m])) == 1", ""},
		{`label_replace(increase(x_total[5m]), "a", "$1", "b", "(.*)") > 5`, amount("5 and increase()")},
		{"max_over_time(increase(x_total[5m])[1h:1m]) > 5", amount("5 and increase()")},
		{"increase(x_total[5m]) > 5 and increase(x_total[1h]) > 50", noteAmount + ": A (5 and increase(); 50 and increase())"},
		{"increase(x_total[5m]) > b", ""},
		{"delta(x[1h]) < -5", amount("-5 and delta()")},
		{"delta(x[1h]) / x > 0.1", amount("0.1 and delta()")},
		{"changes(x[1h]) > 2", amount("2 and changes()")},
		{"resets(x_total[1h]) != 0", ""},
		{"count_over_time(x[5m]) < 10", amount("10 and count_over_time()")},
		{"count_over_time((x > 5)[1h:1m]) > 30", ""},                               // of 60, lapsed or not
		{"count_over_time((x > 5)[1h:]) > 30", amount("30 and count_over_time()")}, // the step is not divided
		{"sum_over_time((x > bool 5)[1h:1m]) / 60 > 0.5", ""},
		{"sum_over_time(x[1h]) > 30", amount("30 and sum_over_time()")},
		{"avg_over_time(x[1h]) > 30", ""},
		{"x_total - x_total offset 1h > 100", amount("100 and x_total offset")}, // an increase, written out
		{"sum(x) - sum(x offset 1h) > 100", amount("100 and x offset")},
		{"x / x offset 1h > 1.5", ""},
		{"x - y offset 1h > 100", ""},

		// Shares and burn rates.
		{"increase(a_total[5m]) / increase(b_total[5m]) > 0.1", ""},
		{"100 * sum(increase(a_total[5m])) / sum(increase(b_total[5m])) > 5", ""},
		{"1 - sum(increase(a_total[30d])) / sum(increase(b_total[30d])) > 0.001", ""},
		{"increase(a_total[5m]) / clamp_min(increase(b_total[5m]), 1) > 0.1", ""},
		{"(increase(a_total[5m]) + 1) / increase(b_total[5m]) > 0.1", amount("1 and increase()")},
		{"delta(a[1h]) / delta(b[1h]) > 2", ""},
		{"sum_over_time(up[1h]) / count_over_time(up[1h]) < 0.9", ""},
		{"increase(a_total[5m]) / (increase(b_total[5m]) > 0) > 0.1", ""},
		{"increase(a_total[5m]) / (increase(b_total[5m]) > 10) > 0.1", amount("10 and increase()")},
		{`(1 - sum(rate(http_requests_total{code!~"5.."}[1h])) / sum(rate(http_requests_total[1h]))) > (14.4 * 0.001)
			and (1 - sum(rate(http_requests_total{code!~"5.."}[5m])) / sum(rate(http_requests_total[5m]))) > (14.4 * 0.001)`, ""},
		{`max(slo:sli_error:ratio_rate1h{service="a"} > (14.4 * 0.001)) without (sloth_window)`, ""}, // recorded elsewhere
		{`sum(apiserver_request:burnrate1h) > (14.40 * 0.01000)`, ""},
		{`job:requests:increase30d > 1000`, amount("1000 and job:requests:increase30d")},

		// Rates, and cores.
		{"rate(x_total[5m]) > 3", ""},
		{"rate(x_total[5m]) * 60 > 3", ""},
		{"rate(process_cpu_seconds_total[5m]) > 0.8", ""},
		{`1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) > 0.9`, ""},
		{`100 - avg(irate(node_cpu_seconds_total{mode="idle"}[5m])) * 100 > 80`, ""},
		{"rate(node_disk_io_time_weighted_seconds_total[5m]) > 10", ""},
		{"sum(rate(x_seconds_sum[5m])) > 4", ""}, // how many are in flight
		{"increase(process_cpu_seconds_total[5m]) / 300 > 0.8", amount("0.8 and increase()")},
		{"deriv(x[1h]) * 3600 > 100", ""},
		{"rate(x_seconds_count[5m]) > 2", ""},
		{"increase(x_seconds_count[5m]) > 2", amount("2 and increase()")},
		{`instance:node_cpu_seconds:rate5m > 3`, ""},

		// Times.
		{"histogram_quantile(0.99, sum by (le) (rate(x_seconds_bucket[5m]))) > 2", seconds("2 and x_seconds_bucket")},
		{"histogram_quantile(0.99, sum by (le) (increase(x_seconds_bucket[5m]))) > 2", seconds("2 and x_seconds_bucket")},
		{"histogram_quantile(0.99, rate(x_seconds[5m])) > 2", seconds("2 and x_seconds")}, // a native histogram
		{"histogram_avg(rate(x_seconds[5m])) > 2", seconds("2 and x_seconds")},
		{"histogram_count(rate(x_seconds[5m])) > 2", ""},
		{"histogram_sum(rate(x_seconds[5m])) > 2", ""},
		{"histogram_fraction(0, 0.2, rate(x_seconds[5m])) < 0.9", ""},
		{"histogram_quantile(0.99, rate(x_bytes_bucket[5m])) > 1e6", ""},
		{`sum(rate(x_seconds_bucket{le="0.5"}[5m])) / sum(rate(x_seconds_count[5m])) < 0.9`, ""},
		{"rate(x_seconds_sum[5m]) / rate(x_seconds_count[5m]) > 2", seconds("2 and x_seconds_sum")},
		{"increase(x_seconds_sum[5m]) / increase(x_seconds_count[5m]) > 2", seconds("2 and x_seconds_sum")},
		{"0.5 < x_seconds", seconds("0.5 and x_seconds")},
		{"x_seconds > 0", ""},
		{"x_milliseconds / 1000 > 5", seconds("5 and x_milliseconds")},
		{"x_seconds > 2 * y_seconds", ""},
		{"x_seconds / y_seconds > 2", ""},
		{"abs(node_timex_offset_seconds) > 0.05 and deriv(node_timex_offset_seconds[5m]) >= 0", seconds("0.05 and node_timex_offset_seconds")},

		// Points in time.
		{"time() - a > 60", seconds("60 and time()")},
		{"time() - a > 1h", seconds("3600 and time()")},
		{"(time() - last_success_timestamp_seconds) / 3600 > 24", seconds("24 and time()")},
		{"time() - max by (a) (last_success_timestamp_seconds) > 24 * 3600", seconds("86400 and time()")},
		{"cert_not_after - time() < 7 * 86400", seconds("604800 and time()")},
		{"cert_not_after - time() < 0", ""},
		{"last_success_timestamp_seconds < time() - 3600", seconds("3600 and time()")},
		{"last_success_timestamp_seconds + 3600 < time()", seconds("3600 and last_success_timestamp_seconds")},
		{"last_success_timestamp_seconds < time()", ""},
		{"last_success_timestamp_seconds == 0", ""},
		{"time() - a > 3 * interval_seconds", ""},
		{"changes(process_start_time_seconds[1h]) > 3", amount("3 and changes()")},
		{"time() - timestamp(x) > 300", seconds("300 and time()")},
		{"max_over_time(timestamp(x)[1h:1m]) < time() - 60", seconds("60 and time()")},
		{"rate(last_success_timestamp_seconds[5m]) > 0.5", ""},
		{"vector(time() % 86400) > 3600", clock("time()")},
		{"a and on () hour() > 6", clock("hour()")},
		{"a and on () (day_of_week() > 0 and hour() > 8)", clock("day_of_week(); hour()")},
		{"a @ 100 > 1", noteAt + ": A"},
		{"max_over_time(a[1h:] @ end()) > 1", noteAt + ": A"},
		{"predict_linear(node_filesystem_avail_bytes[6h], 24 * 3600) < 0", noteLook + ": A"},

		// The rest of what node-exporter's and Kubernetes' rules are made of.
		{`(node_filesystem_avail_bytes{fstype!=""} / node_filesystem_size_bytes{fstype!=""} * 100 < 5 and node_filesystem_readonly == 0)`, ""},
		{"increase(node_vmstat_oom_kill[5m]) > 0", ""},
		{"rate(node_network_receive_errs_total[2m]) / rate(node_network_receive_packets_total[2m]) > 0.01", ""},
		{"node_load1 / count without (cpu, mode) (node_cpu_seconds_total) > 2", ""},
		{`max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) >= 1`, ""},
		{"increase(kube_pod_container_status_restarts_total[10m]) > 5", amount("5 and increase()")},
		{"kube_deployment_spec_replicas != kube_deployment_status_replicas_available and changes(kube_deployment_status_replicas_updated[10m]) == 0", ""},
		{"sum by (node) ((kube_pod_status_phase == 1) * on (pod) group_left (node) kube_pod_info) > 110", ""},
		{`sum(changes(kube_node_status_condition{condition="Ready"}[15m])) by (node) > 2`, amount("2 and changes()")},
		{"absent(up{job=\"a\"} == 1)", ""},
		{"vector(1)", ""},
		{"avg_over_time(probe_success[5m]) < 0.9", ""},
		{"quantile_over_time(0.9, x_seconds[5m]) > 2", seconds("2 and x_seconds")},
		{"sum(rate(container_cpu_cfs_throttled_periods_total[5m])) / sum(rate(container_cpu_cfs_periods_total[5m])) > 25 / 100", ""},
	} {
		if got := joined(one(t, tt.expr).Lapse(60, 0).Notes); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.expr, got, tt.want)
		}
		if notes := one(t, tt.expr).Lapse(1, 0).Notes; len(notes) > 0 {
			t.Errorf("%s: nothing is divided by 1, but: %q", tt.expr, notes)
		}
	}
}

func joined(notes []result.RuleNote) string {
	var texts []string
	for _, n := range notes {
		texts = append(texts, n.String())
	}
	return strings.Join(texts, "\n")
}

// A recorded name is what the rules that record it say, whatever it is called.
func TestUnscaledRecorded(t *testing.T) {
	for _, tt := range []struct{ record, expr, want string }{
		{"sum(increase(x_total[1h]))", "r > 3", noteAmount + ": A (3 and r)"},
		{"sum(increase(x_total[1h]))", "r > 0", ""},
		{"sum(increase(x_total[1h]))", "r / sum(increase(y_total[1h])) > 0.3", ""},
		{"sum(rate(x_total[1h]))", "r > 3", ""},
		{"histogram_quantile(0.9, rate(x_seconds_bucket[5m]))", "r > 3", noteTime + ": A (3 and r)"},
		{"sum by (le) (rate(x_seconds_bucket[5m]))", "histogram_quantile(0.9, r) > 3", noteTime + ": A (3 and r)"},
		{"vector(3)", "increase(x_total[5m]) > on () r", noteAmount + ": A (3 and increase())"},
		{"increase(x_total[5m]) > 3", "r > 0", noteAmount + ": r (3 and increase())"}, // noted where it stands, once
		{"r + 1", "r > 3", ""}, // of itself
	} {
		p, err := Load("rules.yaml", []byte(fmt.Sprintf("groups: [{name: g, rules: [{record: r, expr: %q}, {alert: A, expr: %q}]}]", tt.record, tt.expr)))
		if err != nil {
			t.Fatal(err)
		}
		if got := joined(p.Lapse(60, 0).Notes); got != tt.want {
			t.Errorf("r = %s, %s:\n got %q\nwant %q", tt.record, tt.expr, got, tt.want)
		}
	}
}

// Every function of Prometheus is one whose result has been thought about.
func TestResultsAreComplete(t *testing.T) {
	keep := strings.Fields(`abs avg_over_time ceil clamp clamp_max clamp_min deg double_exponential_smoothing exp first_over_time floor
		info label_join label_replace last_over_time ln log10 log2 mad_over_time max_of max_over_time min_of min_over_time predict_linear
		quantile_over_time rad range round scalar sort sort_by_label sort_by_label_desc sort_desc stddev_over_time step vector`)
	kept := map[string]bool{}
	for _, name := range keep {
		kept[name] = true
		if _, ok := parser.Functions[name]; !ok {
			t.Errorf("%s is no function", name)
		}
	}
	for name := range parser.Functions {
		if _, ok := results[name]; ok == kept[name] {
			t.Errorf("%s: must either be in results or keep the dimension of its argument", name)
		}
	}
	for name := range results {
		if _, ok := parser.Functions[name]; !ok {
			t.Errorf("results: %s is no function", name)
		}
	}
}
