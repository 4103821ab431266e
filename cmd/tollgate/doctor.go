package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/machine"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/containers"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

// finding is what the doctor reports about one thing.
type finding struct {
	what string
	ok   bool
	says string
}

func (a *app) doctorCommand() *cobra.Command {
	var measureNoise bool
	var length time.Duration
	c := &cobra.Command{
		Use:   "doctor",
		Short: "What this machine can do",
		Long: `Looks at the machine. With --noise it also puts steady load on one copy of the stack and says how far apart two identical copies
would seem to be if they alternated every 50 ms, 100 ms and so on (docs/resolution.md).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if measureNoise {
				return a.noise(c.Context(), length)
			}
			if c.Flags().Changed("for") {
				return usage(errors.New("--for is how long --noise measures: give both"))
			}
			var rows [][]string
			for _, f := range append([]finding{cores(), room(), loopback(), timers(), noise(), instructions()}, append(containerEngine(c.Context()), composeTool(c.Context()))...) {
				mark := "ok"
				if !f.ok {
					mark = "note"
				}
				rows = append(rows, []string{mark, f.what, f.says})
			}
			return a.table(rows)
		},
	}
	c.Flags().BoolVar(&measureNoise, "noise", false, "measure how the noise of this machine depends on how fast arms alternate")
	c.Flags().DurationVar(&length, "for", defaultNoise, "how long --noise measures")
	return c
}

func cores() finding {
	n := runtime.NumCPU()
	return finding{"cores", n >= 2, fmt.Sprintf("%d; the load generator and the arm under load share them", n)}
}

// room asks the environment itself whether the largest profile fits.
func room() finding {
	e, err := experiment.Profile("nightly")
	if err == nil {
		err = testenv.Room(len(e.Levels) + 2)
	}
	if err != nil {
		return finding{"memory and files", false, err.Error()}
	}
	return finding{"memory and files", true, "enough for every profile"}
}

func loopback() finding {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return finding{"loopback", false, err.Error()}
	}
	_ = l.Close()
	return finding{"loopback", true, "listens on 127.0.0.1"}
}

// timers measures how late a sleep returns, which bounds how punctual plain timers could be.
func timers() finding {
	const ask = 200 * time.Microsecond
	var late []time.Duration
	for range 200 {
		begin := time.Now()
		time.Sleep(ask)
		late = append(late, time.Since(begin)-ask)
	}
	slices.Sort(late)
	return finding{"timers", true, fmt.Sprintf("a sleep of %v is late by %v at the median, %v at p99; the load driver does not use them",
		ask, late[100].Round(time.Microsecond), late[198].Round(time.Microsecond))}
}

// noise times the same piece of work again and again: a difference comes from the machine.
func noise() finding {
	var took []time.Duration
	sum := uint64(1)
	for range 300 {
		begin := time.Now()
		for i := range 200_000 {
			sum = sum*6364136223846793005 + uint64(i)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	spread := float64(took[285])/float64(took[150]) - 1
	_ = sum
	return finding{"noise", spread < 0.25, fmt.Sprintf("the same work takes %.0f %% longer at p95 than at the median", 100*spread)}
}

// instructions asks whether the instructions of a process can be counted, a figure of cost that the moods of a machine do not change. No run
// uses them yet (docs/cost.md).
func instructions() finding {
	if err := machine.Instructions(); err != nil {
		return finding{"instructions", true, "cannot be counted: " + err.Error()}
	}
	return finding{"instructions", true, "can be counted"}
}

// containerEngine checks what could stop `run --env containers`: the engine, its disk, the images.
func containerEngine(ctx context.Context) []finding {
	e, err := engine.Open(ctx)
	if err != nil {
		return []finding{{"container engine", false, strings.TrimPrefix(err.Error(), "engine: ")}}
	}
	defer e.Close()
	at := "ports at " + e.Host
	if e.Direct {
		at = "containers answer at their own addresses"
	}
	out := []finding{{"container engine", true, fmt.Sprintf("%s, API %s, cgroup v%s; %s", e.Info.ServerVersion, e.Client.ClientVersion(), e.Info.CgroupVersion, at)}}
	if err := e.DiskRoom(); err != nil {
		out = append(out, finding{"container disk", false, err.Error()})
	} else {
		out = append(out, finding{"container disk", true, "enough is free"})
	}
	missing, err := images.Missing(ctx, e, (&containers.Environment{}).Refs())
	switch {
	case err != nil:
		out = append(out, finding{"container images", false, err.Error()})
	case len(missing) > 0:
		out = append(out, finding{"container images", false, "to be pulled, loaded or built (tollgate images): " + strings.Join(missing, ", ")})
	default:
		out = append(out, finding{"container images", true, "all are there"})
	}
	sweeper := "the guard process of each launch"
	if os.Getenv("TESTCONTAINERS_RYUK_DISABLED") == "" {
		sweeper += ", and testcontainers' reaper"
	}
	return append(out, finding{"container sweep", true, sweeper})
}

// composeTool looks for Compose, which external.compose needs.
func composeTool(ctx context.Context) finding {
	tool, err := compose.Find(ctx)
	if err != nil {
		return finding{"compose", true, strings.TrimPrefix(err.Error(), "compose: ") + "; only external.compose needs it"}
	}
	return finding{"compose", true, tool.String() + " " + tool.Version}
}
