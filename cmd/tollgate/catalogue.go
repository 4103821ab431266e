package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/reports"
	"github.com/tollgate-dev/tollgate/testenv/containers"
	"github.com/tollgate-dev/tollgate/testenv/external"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/process"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// environmentsOf are the environments that have all these levers.
func environmentsOf(levers ...string) []string {
	var names []string
	for _, env := range []struct {
		name   string
		levers []string
	}{{"process", process.Levers()}, {"containers", containers.Levers()}, {"external", external.Levers()}} {
		if !slices.ContainsFunc(levers, func(name string) bool { return !slices.Contains(env.levers, name) }) {
			names = append(names, env.name)
		}
	}
	return names
}

// environmentsThat are the environments that have all levers of a fault, as it is injected there.
func environmentsThat(f faults.Fault) []string {
	names := slices.DeleteFunc(environmentsOf(f.Levers...), isExternal)
	return append(names, slices.DeleteFunc(environmentsOf(f.InTheirs().Levers...), func(name string) bool { return !isExternal(name) })...)
}

func isExternal(name string) bool { return name == (&external.Environment{}).Name() }

// fact is one thing that is to be known of a fault.
type fact struct{ name, text string }

// factsOf is all that there is to know of an entry of the catalogue.
func factsOf(f faults.Fault) []fact {
	var levers, params []string
	for _, use := range f.Uses("") {
		service, name := lever.Split(use)
		levers = append(levers, name+" of "+cmp.Or(service, "the service"))
	}
	for _, p := range f.Params {
		params = append(params, fmt.Sprintf("%s, %s: %s; %s if not given", p.Name, p.Title, p.Range(), p.Usual()))
	}
	facts := []fact{
		{"what happens", f.Title},
		{"felt as", f.Felt},
		{"parameters", strings.Join(params, ". ")},
		{"levers", strings.Join(levers, ", ")},
		{"environments", strings.Join(environmentsThat(f), ", ")},
		{"in a system of your own", inTheirs(f)},
		{"least level", f.Least},
		{"expected alerts", cmp.Or(strings.Join(f.Expect, ", "), "none: any is false")},
		{"may fire too", strings.Join(f.Allow, ", ")},
		{"evidence", f.Evidence.String()},
		{"runbook", f.Runbook},
	}
	if f.Unseen {
		facts = append(facts, fact{"unseen", "nobody looked at this fault while the rules were written and tuned"})
	}
	return slices.DeleteFunc(facts, func(f fact) bool { return f.text == "" })
}

// inTheirs is what another system than ours gets of a fault; "" where that is no different.
func inTheirs(f faults.Fault) string {
	if f.Theirs == nil {
		return ""
	}
	return f.InTheirs().Title
}

// showFaults prints all that there is to know of some faults.
func (a *app) showFaults(ids []string) error {
	for i, id := range ids {
		f, err := faults.Lookup(id)
		if err != nil {
			return usageError{err}
		}
		columns := cmp.Or(width(a.stdout), 120)
		text := f.ID + " (" + f.Group + ")\n"
		for _, fact := range factsOf(f) {
			text += reports.Wrap(columns, "  ", "    ", fact.name+": "+fact.text)
		}
		if i > 0 {
			text = "\n" + text
		}
		if _, err := fmt.Fprint(a.stdout, text); err != nil {
			return err
		}
	}
	return nil
}

// cataloguePage is docs/faults/README.md.
func cataloguePage() string {
	var b strings.Builder
	b.WriteString("# The catalogue of faults\n\n<!-- written by go test ./cmd/tollgate -run Catalogue -update -->\n\n" +
		"Every fault is injected where such a thing really happens, its effect is confirmed without the telemetry of the stack, it is held, " +
		"reverted,\nand the end of its effect is confirmed. `tollgate list faults ID` prints an entry. Parameters are given in an experiment, " +
		"as in\n`faults: [{id: consumer-lag, bytes: 4096}]`, or as a flag, as in `--fault 'consumer-lag: bytes=4096'`. [writing.md](writing.md) " +
		"says how to\nadd a fault.\n")
	for _, group := range faults.Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n| fault | what happens | least level | environments |\n|---|---|---|---|\n", title(group))
		for _, f := range faults.All() {
			if f.Group == group {
				fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s |\n", f.ID, f.ID, f.Title, f.Least, strings.Join(environmentsThat(f), ", "))
			}
		}
		for _, f := range faults.All() {
			if f.Group != group {
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n", f.ID)
			for _, fact := range factsOf(f) {
				b.WriteString(reports.Wrap(120, "- ", "  ", "**"+fact.name+"**: "+fact.text))
			}
		}
	}
	return b.String()
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// alertsPage is docs/alerts.md.
func alertsPage() (string, error) {
	file, errs := rulefmt.Parse(rules.Pack, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if errs != nil {
		return "", errors.Join(errs...)
	}
	var b strings.Builder
	b.WriteString("# The shipped alerts\n\n<!-- written by go test ./cmd/tollgate -run AlertsPage -update -->\n\n" +
		"The pack is an ordinary Prometheus rule file, [perso.yaml](../testenv/rules/perso.yaml), written for minutes as in production. Its\n" +
		"comments say how every threshold follows from the sample size. A run divides the durations ([how](catch.md)).\n")
	for _, g := range file.Groups {
		fmt.Fprintf(&b, "\n## %s\n", title(g.Name))
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n", r.Alert)
			b.WriteString(reports.Wrap(120, "", "", r.Annotations["description"]) + "\n")
			for _, fact := range []fact{
				{"summary", r.Annotations["summary"]},
				{"severity", r.Labels["severity"]},
				{"needs", r.Annotations["needs"]},
				{"for", r.For.String()},
				{"expected of", strings.Join(expectedOf(r.Alert), ", ")},
			} {
				if fact.text != "" {
					b.WriteString(reports.Wrap(120, "- ", "  ", "**"+fact.name+"**: "+fact.text))
				}
			}
			fmt.Fprintf(&b, "\n```promql\n%s\n```\n", strings.TrimSpace(r.Expr))
		}
	}
	return b.String(), nil
}

// expectedOf are the faults that an alert should notice, as links into the catalogue.
func expectedOf(alert string) []string {
	var links []string
	for _, f := range faults.All() {
		if slices.Contains(f.Expect, alert) {
			links = append(links, fmt.Sprintf("[`%s`](faults/README.md#%s)", f.ID, f.ID))
		}
	}
	return links
}
