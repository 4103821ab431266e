package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

func (a *app) journeysCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "journeys",
		Short: "Files of recorded sessions: check one before a run",
		Args:  cobra.NoArgs,
	}
	check := a.checkCommand()
	wrapArgs(check)
	c.AddCommand(check)
	return c
}

func (a *app) checkCommand() *cobra.Command {
	how := journey.Reading{LeaveOut: true, Names: journey.Options{Format: "--format %s", Columns: "--columns %s"}}
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "What is read of a file of recorded sessions, and what is left out",
		Long: "Reads a file of recorded sessions to its end and says what a replay would have of it: lines, sessions, times, users on several\n" +
			"channels, and what is left out, with the numbers of the first lines and why. The file may be larger than memory.\n\n" +
			"Exit codes: 0 a run takes it, 5 a line is damaged, and a run refuses the file, 64 the file cannot be read at all.\n\nLayouts for --columns:\n" + layouts(),
		Example: "  tollgate journeys check clicks.tsv\n  tollgate journeys check --columns rees46 2019-Oct.csv.gz\n" +
			"  tollgate journeys check --columns 'SessionId=visit,ItemId=sku,Time=ts,time=ms' log.csv",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := journey.ReadFile(args[0], how)
			if err != nil {
				return usage(err)
			}
			if f.Damaged() > 0 {
				a.code = exitFail
			}
			return a.table(checked(f.Report))
		},
	}
	flags := c.Flags()
	flags.StringVar(&how.Columns, "columns", "", journey.ColumnsHelp())
	flags.StringVar(&how.Format, "format", "", strings.Join(journey.Formats(), ", ")+" (default: by the name of the file, or its first line)")
	flags.DurationVar(&how.From, "from", 0, "leave out sessions that begin earlier than this after the first one")
	return c
}

// layouts are the presets, a line each.
func layouts() string {
	var out strings.Builder
	for _, p := range journey.ListPresets() {
		fmt.Fprintf(&out, "  %-15s %s\n", p.Name, p.Title)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// checked is what was read of a file, as rows of a table.
func checked(r journey.Report) [][]string {
	layout := r.Layout
	if layout == "" {
		layout = "no preset"
	}
	rows := [][]string{
		{"file", fmt.Sprintf("%s: %s, %s", r.Name, r.Format, layout)},
		{"read", fmt.Sprintf("%d lines: %d sessions with %d events", r.Lines, r.Sessions, r.Events)},
		{"times", fmt.Sprintf("%s to %s", r.Begin.Format(time.RFC3339), r.End.Format(time.RFC3339))},
		{"users", who(r)},
	}
	if r.Resorted > 0 {
		rows = append(rows, []string{"order", fmt.Sprintf("%d lines came before an earlier one of their session, and were put into the order of time", r.Resorted)})
	}
	if r.Early > 0 {
		rows = append(rows, []string{"left out", fmt.Sprintf("%d sessions begin earlier than --from", r.Early)})
	}
	for _, l := range r.Left {
		what := "passed over"
		if l.Damaged {
			what = "damaged"
		}
		text := fmt.Sprintf("%d lines, %s: %s (%s)", l.Lines, what, l.Why, first(l))
		if l.Damaged {
			text += ": " + l.Example
		}
		rows = append(rows, []string{"left out", text})
	}
	for _, note := range r.Notes {
		rows = append(rows, []string{"note", note})
	}
	return rows
}

// first names the first lines that were left out for a reason.
func first(l journey.Left) string {
	text := strings.Trim(fmt.Sprint(l.First), "[]")
	text = "line " + strings.ReplaceAll(text, " ", ", ")
	if l.Lines > len(l.First) {
		text += ", …"
	}
	return text
}

// who says what is known of the users.
func who(r journey.Report) string {
	i := r.Identity
	if i.WithoutColumn {
		return "no column of users: a replay logs every session in, as a user of its own"
	}
	return fmt.Sprintf("%d; %d sessions are of users with several, and %d users are on several channels: in a replay each stays one person. "+
		"%d sessions log in on the way, %d never; %d change the channel", i.Users, i.Stitched, i.Across, i.Late, i.Anonymous, i.Several)
}
