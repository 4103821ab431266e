package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// The directory of a bench holds, by the name of the subcommand:
// COMMAND.cmd the command lines that made it, one per line
//	identical-NNN-DELAY/    a run directory; DELAY is 25us, or 5pct for +5 % of the baseline's p50
//	slots-LENGTH/           a run directory
//	copies-LEVEL/           a run directory
//	NAME.yaml, NAME.log     the experiment of a run directory, and what the run said
//	NAME.partial-N          a run directory that was not finished, put aside
//	usual-NNN/              usual.json, and what k6 wrote

// recordCommand keeps the command line, once.
func (b *bench) recordCommand(dir, command string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	line := "bench-verdict " + strings.Join(markdown.Collect(b.args, quoted), " ")
	lines, err := commands(dir, command)
	if err != nil || slices.Contains(lines, line) {
		return err
	}
	return files.Write(filepath.Join(dir, command+".cmd"), []byte(strings.Join(append(lines, line), "\n")+"\n"))
}

// commands returns the command lines that made what is in dir; none if they were not recorded.
func commands(dir, command string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, command+".cmd"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n"), nil
}

// createLog makes the file of a log, in place of an older one. The directory may be one that somebody else made: a link is replaced.
func createLog(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return files.New(path)
}

// quoted returns an argument as it must be written in a shell.
func quoted(arg string) string {
	if arg != "" && !strings.ContainsFunc(arg, func(r rune) bool { return strings.ContainsRune(" \t\n'\"\\$`&|;<>()*?[]{}~#!", r) }) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// complete reports whether a directory holds a run that was measured to its end. It is false if the directory does not exist or
// was left by a killed run. A directory that cannot be read is an error.
func complete(dir string) (bool, error) {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if _, err := os.Stat(filepath.Join(dir, result.RunFile)); errors.Is(err, os.ErrNotExist) {
		return false, nil // killed before it wrote anything
	}
	data, err := result.Read(dir)
	if err != nil {
		return false, err
	}
	return data.Run.Status == result.Complete, nil
}

// completeRuns are the names, in their order, of the complete runs in dir that begin with a prefix.
func completeRuns(dir, prefix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), prefix) || strings.Contains(entry.Name(), asideMark) {
			continue
		}
		done, err := complete(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		if done {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// asideMark is in the names of unfinished directories that were put aside.
const asideMark = ".partial-"

// putAside renames an unfinished directory, if there is one, so that its name is free and its contents are kept.
func putAside(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s%s%d", dir, asideMark, n)
		if _, err := os.Stat(aside); errors.Is(err, os.ErrNotExist) {
			return os.Rename(dir, aside)
		}
	}
}

// aside counts the unfinished directories of a kind that were put aside.
func aside(dir, kind string) (int, error) {
	found, err := filepath.Glob(filepath.Join(dir, kind+"-*.partial-*"))
	return len(found), err
}
