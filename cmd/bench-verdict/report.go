package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/markdown"
)

func (b *bench) reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "Print the tables of what was measured before",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var all []*markdown.Table
			for _, tables := range []func(string) ([]*markdown.Table, error){identicalTables, slotTables, copiesTables, usualTables} {
				some, err := tables(args[0])
				if err != nil {
					return err
				}
				all = append(all, some...)
			}
			if len(all) == 0 {
				return fmt.Errorf("%s holds nothing that was measured to its end: run bench-verdict identical, slots, copies or usual with --out %s", args[0], args[0])
			}
			return writeAll(b.stdout, all)
		},
	}
}
