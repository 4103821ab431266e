package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/images"
	"github.com/tollgate-dev/tollgate/testenv/images/recipe"
)

// imageFlags are the flags that choose container images.
type imageFlags struct {
	registry string
	images   []string
}

func (f *imageFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.registry, "registry", "", "prefix of every standard image, e.g. mirror.example.com/hub")
	flags.StringArrayVar(&f.images, "image", nil, "another image, e.g. 'redis=mirror.example.com/redis:7.2' (repeatable; see: tollgate images list)")
}

// lay puts the flags that were given over an experiment's choice.
func (f *imageFlags) lay(c *experiment.Containers) error {
	choice, err := f.choice()
	if f.registry != "" {
		c.Registry = f.registry
	}
	for name, ref := range choice.Refs {
		if c.Images == nil {
			c.Images = map[string]string{}
		}
		c.Images[name] = ref
	}
	return err
}

// choice is the choice of the flags; the zero value if no flag was given.
func (f *imageFlags) choice() (images.Choice, error) {
	c := images.Choice{Registry: f.registry}
	for _, given := range f.images {
		name, ref, ok := strings.Cut(given, "=")
		if !ok {
			return c, fmt.Errorf("--image: want NAME=REFERENCE, e.g. redis=%s, got %q", images.Choice{}.Ref("redis"), given)
		}
		if c.Refs == nil {
			c.Refs = map[string]string{}
		}
		c.Refs[name] = ref
	}
	return c, c.Check()
}

func (a *app) imagesCommand() *cobra.Command {
	var f imageFlags
	c := &cobra.Command{
		Use:   "images",
		Short: "Container images: what is there, and three ways to have what is missing",
		Long: `The images of --env containers. They are pulled when they are needed; where no registry answers they can be loaded from
archives of docker save, and some can be built here.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	f.register(c.PersistentFlags())
	c.AddCommand(a.imagesListCommand(&f), a.imagesPullCommand(&f), a.imagesLoadCommand(&f), a.imagesBuildCommand(&f), a.imagesPruneCommand())
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
	return c
}

// withEngine runs a function that needs the engine and the choice of images.
func (f *imageFlags) withEngine(ctx context.Context, do func(*engine.Engine, images.Choice) error) error {
	choice, err := f.choice()
	if err != nil {
		return usage(err)
	}
	e, err := engine.Open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(e, choice), e.Close())
}

// tell prints a line of progress.
func (a *app) tell(line string) { fmt.Fprintln(a.stderr, line) }

// refs are the references of all images of a choice.
func refs(choice images.Choice) []string {
	var out []string
	for _, s := range images.List(choice) {
		out = append(out, s.Ref)
	}
	return out
}

func (a *app) imagesListCommand(f *imageFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Every image: its reference, whether it is there, how it can be had",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			choice, err := f.choice()
			if err != nil {
				return usage(err)
			}
			status, unknown := images.List(choice), ""
			if e, err := engine.Open(c.Context()); err != nil { // the references are printed even so
				a.tell("note: " + err.Error())
				unknown = "unknown"
			} else {
				status, err = images.Inspect(c.Context(), e, choice)
				if err := errors.Join(err, e.Close()); err != nil {
					return err
				}
			}
			rows := [][]string{{"image", "reference", "there", "to be had by", "what it is"}}
			for _, s := range status {
				there := unknown
				switch {
				case s.Size > 0:
					there = fmt.Sprintf("%.1f MB", float64(s.Size)/1e6)
				case there == "":
					there = "missing"
				}
				rows = append(rows, []string{s.Name, s.Ref, there, strings.Join(s.Sources, ", "), s.Title})
			}
			return a.table(rows)
		},
	}
}

func (a *app) imagesPullCommand(f *imageFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "pull",
		Short: "Pull what is missing",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.withEngine(c.Context(), func(e *engine.Engine, choice images.Choice) error {
				if err := images.Ensure(c.Context(), e, refs(choice), a.tell); err != nil {
					return err
				}
				a.tell("all images are there")
				return nil
			})
		},
	}
}

func (a *app) imagesLoadCommand(f *imageFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "load PATH",
		Short: "Load archives of docker save: a file, or every one in a directory (.tar, .tar.gz, .tar.xz)",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.withEngine(c.Context(), func(e *engine.Engine, choice images.Choice) error {
				loaded, err := images.Load(c.Context(), e, args[0], a.tell)
				for _, ref := range loaded {
					fmt.Fprintln(a.stdout, ref)
				}
				if err != nil {
					return err
				}
				missing, err := images.Missing(c.Context(), e, refs(choice))
				switch {
				case err != nil:
					return err
				case len(missing) > 0:
					a.tell("still missing: " + strings.Join(missing, ", "))
				default:
					a.tell("all images are there")
				}
				return nil
			})
		},
	}
}

func (a *app) imagesBuildCommand(f *imageFlags) *cobra.Command {
	var out string
	var names []string
	for _, r := range recipe.All() {
		names = append(names, r.Name)
	}
	c := &cobra.Command{
		Use:   "build [NAME…]",
		Short: "Build images from Go modules and Debian packages, without a registry",
		Long: `Builds the named images, or those that are missing, from scratch: ` + strings.Join(names, ", ") + `. They are the real programs,
without web pages. Kafka and Zipkin cannot be built: pull or load them.`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := images.CheckBuild(args); err != nil {
				return usage(err)
			}
			return f.withEngine(c.Context(), func(e *engine.Engine, choice images.Choice) error {
				return a.buildImages(c.Context(), e, choice, args, out)
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "also write an archive of each into this directory, for tollgate images load elsewhere")
	return c
}

// buildImages builds the named images, or those that are missing and can be built.
func (a *app) buildImages(ctx context.Context, e *engine.Engine, choice images.Choice, names []string, out string) error {
	if len(names) == 0 {
		missing, err := images.Missing(ctx, e, refs(choice))
		if err != nil {
			return err
		}
		for _, s := range images.List(choice) {
			switch {
			case !slices.Contains(missing, s.Ref):
			case slices.Contains(s.Sources, "build"):
				names = append(names, s.Name)
			default:
				a.tell(s.Ref + " is missing and cannot be built: it can be had by " + strings.Join(s.Sources, " or "))
			}
		}
		if len(names) == 0 {
			a.tell("nothing to build: what can be built is there (name an image to build it anew)")
			return nil
		}
	}
	built, err := images.Build(ctx, e, choice, names, out, a.tell)
	for _, ref := range built {
		fmt.Fprintln(a.stdout, ref)
	}
	return err
}

func (a *app) imagesPruneCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "prune",
		Short: "Remove the services' images of other builds of tollgate",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return fmt.Errorf("cannot find my own binary: %w", err)
			}
			if other := os.Getenv(envStackBinary); other != "" {
				binary = other
			}
			e, err := engine.Open(c.Context())
			if err != nil {
				return err
			}
			removed, used, err := images.Prune(c.Context(), e, binary)
			for _, ref := range removed {
				fmt.Fprintln(a.stdout, ref)
			}
			if len(used) > 0 {
				a.tell("left alone, since containers use them: " + strings.Join(used, ", "))
			}
			return errors.Join(err, e.Close())
		},
	}
}
