package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/testenv/backends"
	"github.com/tollgate-dev/tollgate/testenv/collector"
)

func (a *app) backendsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backends",
		Short: "Telemetry back ends that the Collectors can send to besides (docs/backends.md)",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		&cobra.Command{
			Use:   "list",
			Short: "Every back end: what it is sent, where it is expected, what it needs",
			Args:  cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				rows := [][]string{{"BACK END", "WHAT IT IS", "SIGNALS", "ADDRESS", "VARIABLES"}}
				for _, b := range collector.Backends() {
					rows = append(rows, []string{b.Name, b.Title, strings.Join(b.Signals, ", "), b.Address, strings.Join(b.Env, ", ")})
				}
				return a.table(rows)
			},
		},
		&cobra.Command{
			Use:   "write DIR",
			Short: "Write a compose file with a profile for each, and what belongs to it",
			Long: "Writes a compose file into a directory, with the profiles " + strings.Join(backends.Profiles(), ", ") +
				", and what their programs read.\nCollectors reach what it starts in the network " + backends.Network + " (containers.networks in an experiment file).",
			Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				if err := backends.Write(args[0]); err != nil {
					return err
				}
				fmt.Fprintf(a.stderr, "written to %s: docker compose -f %s/compose.yaml --profile NAME up -d\n", args[0], args[0])
				return nil
			},
		},
	)
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
	return c
}
