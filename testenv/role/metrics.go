package role

import "slices"

// PipelineMetrics lists the metrics of an arm's pipeline about itself that its Prometheus scrapes: those that a rule about the
// health of a pipeline may need. The other 300 series can be read at /metrics; to scrape them twice a second would cost more
// than all rules.
func PipelineMetrics() []string {
	return []string{
		"otelcol_receiver_accepted_spans_total",
		"otelcol_receiver_accepted_log_records_total",
		"otelcol_receiver_accepted_metric_points_total",
		"otelcol_receiver_refused_spans_total",
		"otelcol_receiver_refused_log_records_total",
		"otelcol_receiver_refused_metric_points_total",
		"otelcol_exporter_sent_metric_points_total",
		"otelcol_exporter_send_failed_metric_points_total",
		"otelcol_exporter_enqueue_failed_metric_points_total",
		"otelcol_exporter_queue_size",
		"otelcol_exporter_queue_capacity",
		"http_server_request_body_size_bytes_total",
		"prometheus_tsdb_head_series",
		"prometheus_tsdb_head_samples_appended_total",
		"prometheus_tsdb_out_of_order_samples_total",
		"prometheus_tsdb_too_old_samples_total",
		"prometheus_rule_evaluation_failures_total",
		"prometheus_rule_group_iterations_missed_total",
		"alertmanager_notifications_total",
		"alertmanager_notifications_suppressed_total",
		"alertmanager_silences",
		"tollgate_log_age_seconds_count",
		"tollgate_log_age_seconds_sum",
	}
}

// Metrics lists the metrics that the Prometheus of an arm of our own stack can have in an environment: what is seen from
// outside, what the services export at the levels that have the most, and what is counted from their logs and spans. It returns
// false for a stack of the user's own, whose metrics nobody knows before it runs.
func Metrics(environment string) ([]string, bool) {
	if environment != "process" && environment != "containers" {
		return nil, false
	}
	out := []string{
		"kafka_consumergroup_current_offset", "kafka_consumergroup_lag", "kafka_consumergroup_members", "kafka_topic_partition_current_offset",
		"loadgen_dropped_total", "loadgen_failed_total", "loadgen_requests_total", "probe_success",
		"process_cpu_seconds_total", "process_resident_memory_bytes", // from outside
		"go_config_gogc_percent", "go_goroutine_count", "go_memory_allocated_bytes_total", "go_memory_allocations_total",
		"go_memory_gc_goal_bytes", "go_memory_limit_bytes", "go_memory_used_bytes", "go_processor_limit",
		"messaging_client_consumed_messages_total", "messaging_client_sent_messages_total",
		"perso_clicks_total", "perso_decisions_total", "perso_identity_lookups_total", "perso_feature_missing_total",
		"perso_feature_psi", "perso_impressions_total", "perso_item_impressions_total", "perso_model_info",
		"perso_model_top_item_share", "perso_profile_updates_total", "perso_purchases_total", "perso_log_records_total",
		"perso_span_errors_total", "perso_span_fallbacks_total", "perso_span_roots_total", "perso_spans_total",
		"trace_span_event_count_total", "perso_content_items_total", "perso_feature_impossible_total",
		"perso_profile_fields_unknown_total", "perso_redactions_total", "perso_update_age_seconds", "perso_log_redacted_total",
		"perso_event_duplicates_total", "perso_cache_lookups_total",
		"target_info",
	}
	for _, histogram := range []string{
		"loadgen_request_duration_seconds", // from outside
		"db_client_operation_duration_seconds", "messaging_client_operation_duration_seconds",
		"http_client_request_body_size_bytes", "http_client_request_duration_seconds", "http_server_request_body_size_bytes",
		"http_server_request_duration_seconds", "http_server_response_body_size_bytes", "messaging_process_duration_seconds",
		"perso_dwell_seconds", "perso_event_age_seconds", "perso_model_confidence", "perso_model_score_spread",
	} {
		out = append(out, histogram+"_bucket", histogram+"_count", histogram+"_sum")
	}
	if environment == "containers" { // processes have no quota
		out = append(out, "container_cpu_cfs_throttled_periods_total")
	}
	out = slices.Concat(out, PipelineMetrics(), []string{
		"up", "scrape_duration_seconds", "scrape_samples_post_metric_relabeling", "scrape_samples_scraped", "scrape_series_added",
	})
	return out, true
}
