package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// listing is something that can be listed.
type listing struct {
	name string
	rows func() ([][]string, error) // the first row is the head
}

// listings returns everything that can be listed, in display order.
func listings() []listing {
	return []listing{
		{"faults", listFaults},
		{"levels", listLevels},
		{"levers", listLevers},
		{"alerts", listAlerts},
		{"profiles", listProfiles},
	}
}

func (a *app) listCommand() *cobra.Command {
	var names []string
	for _, l := range listings() {
		names = append(names, l.name)
	}
	return &cobra.Command{
		Use:       "list " + strings.Join(names, "|") + " [FAULT ...]",
		Short:     "What there is to run",
		ValidArgs: names,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 && args[0] == "faults" {
				return nil
			}
			return cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs)(c, args)
		},
		Long: "Lists what there is to run. With ids, list faults prints all that there is to know of these faults: their parameters, what is\n" +
			"felt, the expected alerts, the evidence of the cause, and a runbook.",
		Example: "tollgate list faults\ntollgate list faults consumer-lag model-drift",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return a.showFaults(args[1:])
			}
			i := slices.IndexFunc(listings(), func(l listing) bool { return l.name == args[0] })
			rows, err := listings()[i].rows()
			if err != nil {
				return err
			}
			return a.table(rows)
		},
	}
}

func listFaults() ([][]string, error) {
	rows := [][]string{{"FAULT", "GROUP", "WHAT HAPPENS", "PARAMETERS", "LEAST LEVEL", "EXPECTED ALERTS"}}
	for _, f := range faults.All() {
		var params []string
		for _, p := range f.Params {
			params = append(params, p.Name+"="+strings.ReplaceAll(p.Usual(), " ", ""))
		}
		rows = append(rows, []string{f.ID, f.Group, f.Title, strings.Join(params, " "), f.Least, strings.Join(f.Expect, ", ")})
	}
	return rows, nil
}

func listLevers() ([][]string, error) {
	rows := [][]string{{"LEVER", "AT", "WHAT IT DOES", "PARAMETERS", "ENVIRONMENTS"}}
	for _, l := range lever.All() {
		where := strings.Join(environmentsOf(l.Name), ", ")
		rows = append(rows, []string{l.Name, cmp.Or(l.Service, "any service"), l.Title, cmp.Or(l.Params, "none"), where})
	}
	return rows, nil
}

func listLevels() ([][]string, error) {
	rows := [][]string{{"LEVEL", "WHAT IS ON", "ENVIRONMENT"}}
	for _, l := range testenv.Levels() {
		var env []string
		for _, key := range slices.Sorted(maps.Keys(l.Env)) {
			env = append(env, key+"="+l.Env[key])
		}
		rows = append(rows, []string{l.Name, l.Title, strings.Join(env, " ")})
	}
	return rows, nil
}

func listAlerts() ([][]string, error) {
	pack, err := alerts.Load("the shipped rules", rules.Pack)
	if err != nil {
		return nil, err
	}
	rows := [][]string{{"ALERT", "NEEDS", "FOR", "SUMMARY"}}
	for _, r := range pack.Alerts() {
		rows = append(rows, []string{r.Name, r.Needs, r.For.String(), r.Summary})
	}
	return rows, nil
}

func listProfiles() ([][]string, error) {
	rows := [][]string{{"PROFILE", "LEVELS", "FAULTS", "TOLL"}}
	for _, name := range scenarios.Profiles() {
		e, err := experiment.Profile(name)
		if err != nil {
			return nil, err
		}
		var levels []string
		for _, l := range e.Levels {
			levels = append(levels, l.Name)
		}
		rows = append(rows, []string{
			name, strings.Join(levels, ","), fmt.Sprint(len(e.Faults)),
			fmt.Sprintf("%d launches × %d rounds of %v", e.Toll.Launches, e.Toll.Rounds, e.Toll.Slot),
		})
	}
	return rows, nil
}
