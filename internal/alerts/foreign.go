package alerts

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// foreign says what a document without groups of Prometheus is, and what to do; "" if it is not known.
func foreign(root *yaml.Node) (what, remedy string) {
	has := func(keys ...string) bool {
		for _, key := range keys {
			if child(root, key) != nil {
				return true
			}
		}
		return false
	}
	version := value(root, "apiVersion")
	switch {
	case has("tests") && has("rule_files", "evaluation_interval"):
		return "a file of unit tests for `promtool test rules`", "name the rule files that it tests" + ruleFiles(root)
	case has("scrape_configs", "scrape_config_files", "rule_files", "remote_write", "remote_read", "alerting"), has("global") && !has("route", "receivers"):
		return "a configuration of Prometheus (prometheus.yml)", "name the files of its rule_files" + ruleFiles(root)
	case has("route", "receivers", "inhibit_rules", "mute_time_intervals", "time_intervals"):
		return "a configuration of Alertmanager", "alerts are delivered by it, not defined; " + reads
	case version == "1", grafana(root):
		return "a file of Grafana-managed alerts (provisioning)", "Grafana evaluates these, and Prometheus cannot; write the query of each as an expression, with groups in the form of Prometheus"
	case value(root, "version") == "prometheus/v1" && has("slos"):
		return "an SLO specification of Sloth", "name the rules that are made from it: sloth generate -i SLO.yaml -o rules.yaml"
	case has("groups"):
		return "", ""
	case strings.HasPrefix(version, "openslo"):
		return "a document of OpenSLO", "name the Prometheus rules that are made from it, for instance by sloth generate"
	case has("additionalPrometheusRulesMap", "additionalPrometheusRules", "serverFiles", "prometheusRule", "defaultRules"):
		return "a file of values for a Helm chart", "render the chart first with helm template, and name the file that comes out"
	case has("services") && !has("slos"):
		return "a Compose file", reads
	case namespaces(root):
		return "what the rules API of Mimir, Cortex or Loki answers, groups by namespace", "write the groups of one namespace under the key groups"
	}
	return "", ""
}

// ruleFiles lists the rule files that a document names.
func ruleFiles(root *yaml.Node) string {
	list := child(root, "rule_files")
	if list == nil {
		return ""
	}
	var names []string
	for _, n := range list.Content {
		names = append(names, resolved(n).Value)
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// grafana says that a rule has what only Grafana's own alerts have.
func grafana(root *yaml.Node) bool {
	for _, rule := range rulesOf(root) {
		if child(rule, "data") != nil || child(rule, "grafana_alert") != nil || child(rule, "condition") != nil {
			return true
		}
	}
	return false
}

// namespaces says that every key holds a list of groups.
func namespaces(root *yaml.Node) bool {
	for _, key := range keysOf(root) {
		groups := child(root, key)
		if groups.Kind != yaml.SequenceNode || len(groups.Content) == 0 || child(groups.Content[0], "rules") == nil {
			return false
		}
	}
	return len(root.Content) > 0
}

// rulesOf are the rules of all groups of a document, as far as it has any.
func rulesOf(root *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	if groups := child(root, "groups"); groups != nil {
		for _, g := range groups.Content {
			if rules := child(g, "rules"); rules != nil {
				for _, r := range rules.Content {
					out = append(out, resolved(r))
				}
			}
		}
	}
	return out
}

// foreignKinds are Kubernetes resources that have to do with rules and are no PrometheusRule, by kind.
var foreignKinds = map[string]struct{ what, remedy string }{
	"VMRule": {"rules of VictoriaMetrics", "save what stands under spec as a rule file, if its expressions are PromQL"},

	"Rules":        {"rules of Google Cloud's Prometheus", "save what stands under spec as a rule file"},
	"ClusterRules": {"rules of Google Cloud's Prometheus", "save what stands under spec as a rule file"},
	"GlobalRules":  {"rules of Google Cloud's Prometheus", "save what stands under spec as a rule file"},

	"AlertingRule":  {"rules of Loki", "no Prometheus can evaluate LogQL"},
	"RecordingRule": {"rules of Loki", "no Prometheus can evaluate LogQL"},

	"PrometheusServiceLevel": {"an SLO specification of Sloth", "name the rules that are made from it: sloth generate -i SLO.yaml -o rules.yaml"},
	"ServiceLevelObjective":  {"an SLO specification of Pyrra", "name the rules that are made from it: pyrra generate, or the PrometheusRule in the cluster"},
	"SLO":                    {"a document of OpenSLO", "name the Prometheus rules that are made from it, for instance by sloth generate"},

	"AlertmanagerConfig":    {"a configuration of Alertmanager", "alerts are delivered by it, not defined"},
	"GrafanaAlertRuleGroup": {"a group of Grafana-managed alerts", "Grafana evaluates these, and Prometheus cannot"},
	"Prometheus":            {"a deployment of Prometheus", "name the PrometheusRule resources that its ruleSelector selects"},
}

// foreignKind says what a resource is that is no PrometheusRule, and what to do; "" for one that has nothing to do with rules.
func foreignKind(root *yaml.Node, kind string) (what, remedy string) {
	if kind == "ConfigMap" {
		data := child(root, "data")
		if data == nil {
			return "", ""
		}
		for _, key := range keysOf(data) {
			if strings.Contains(value(data, key), "groups:") {
				return "with rules in its data", fmt.Sprintf("save the text under data, %q, as a file and name that", key)
			}
		}
		return "", ""
	}
	k := foreignKinds[kind]
	return k.what, k.remedy
}
