package main

import (
	"io"

	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// writeAll prints tables one after the other.
func writeAll(w io.Writer, tables []*markdown.Table) error {
	for _, t := range tables {
		if err := t.Write(w); err != nil {
			return err
		}
	}
	return nil
}
