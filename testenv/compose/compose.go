// Package compose runs the user's own Compose on the user's own file, once per arm. It resolves the file, makes a copy of it
// that can run beside other copies, and starts and ends the copy.
package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/core/secret"
)

// Tool is the Compose of this machine.
type Tool struct {
	command []string // docker compose, or docker-compose
	Version string
}

// Find looks for Compose: the plugin of the docker command if it answers, else the program docker-compose.
func Find(ctx context.Context) (*Tool, error) {
	for _, command := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		t := &Tool{command: command}
		text, err := t.run(ctx, "", nil, io.Discard, "version", "--short")
		if err == nil {
			t.Version = strings.TrimSpace(string(text))
			return t, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return nil, errors.New("compose: neither `docker compose` nor `docker-compose` answers: install one of them, " +
		"or start the system yourself and name its addresses (external.urls)")
}

// String returns the command as a user types it.
func (t *Tool) String() string { return strings.Join(t.command, " ") }

// run runs Compose in a directory and returns its stdout; an error quotes the last lines of its stderr. If file is not nil,
// Compose reads it as "-f -": a resolved file may hold secrets, so it is never written to a disk.
func (t *Tool) run(ctx context.Context, dir string, file []byte, log io.Writer, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, t.command[0], append(t.command[1:len(t.command):len(t.command)], args...)...)
	cmd.Dir = dir
	if file != nil {
		cmd.Stdin = bytes.NewReader(file)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, io.MultiWriter(&stderr, log)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("compose: %s %s: %w%s", t, verb(args), err, quote(secret.Hide(stderr.String())))
	}
	return stdout.Bytes(), nil
}

// verb returns the command among the arguments of Compose: the first argument that does not belong to an option.
func verb(args []string) string {
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-f", "-p":
			i++
		default:
			return args[i]
		}
	}
	return ""
}

// quoted is how many lines an error quotes.
const quoted = 8

func quote(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return ":\n    " + strings.Join(lines[max(0, len(lines)-quoted):], "\n    ")
}

// mapping is a mapping of a Compose file.
type mapping = map[string]any

// File is the user's file after everything in it is resolved: variables, relative paths, files of variables, extensions.
type File struct {
	tool *Tool
	dir  string // of the first file: relative paths begin there
	name string // of all files, for messages
	doc  mapping
}

// resolving is the project name under which a file is resolved. A newer Compose puts it before every name that it makes.
const resolving = "tollgate-resolve"

// Load resolves files as Compose does, each laid over those before it.
func (t *Tool) Load(ctx context.Context, paths ...string) (*File, error) {
	var args, full []string
	for _, path := range paths {
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("compose: %w", err)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("compose: %w", err)
		}
		args, full = append(args, "-f", path), append(full, path)
	}
	dir := filepath.Dir(full[0])
	text, err := t.run(ctx, dir, nil, io.Discard, append(args, "-p", resolving, "config")...)
	if err != nil {
		return nil, err
	}
	return t.parse(dir, strings.Join(full, ", "), text)
}

// parse reads the resolved file that Compose prints.
func (t *Tool) parse(dir, name string, text []byte) (*File, error) {
	f := &File{tool: t, dir: dir, name: name}
	if err := yaml.Unmarshal(text, &f.doc); err != nil {
		return nil, fmt.Errorf("compose: %s: %w", name, err)
	}
	if len(f.Services()) == 0 {
		return nil, fmt.Errorf("compose: %s has no services", name)
	}
	f.nameImages()
	return f, nil
}

// Services are the names of the file's services, sorted.
func (f *File) Services() []string { return keys(section(f.doc, "services")) }

// Env returns the variables that the file gives a service. One that is named without a value is not among them.
func (f *File) Env(service string) map[string]string {
	return variables(section(section(f.doc, "services"), service))
}

// variables returns the environment of a service; Compose resolves it into a mapping. A dollar sign is written twice in a file.
func variables(service mapping) map[string]string {
	out := map[string]string{}
	for name, value := range section(service, "environment") {
		if value != nil {
			out[name] = strings.ReplaceAll(fmt.Sprint(value), "$$", "$")
		}
	}
	return out
}

// nameImages sets the name of the image of a service that only has a build. All arms use that image.
func (f *File) nameImages() {
	project := plain(filepath.Base(f.dir))
	for name, s := range section(f.doc, "services") {
		service, ok := s.(mapping)
		if ok && service["build"] != nil && service["image"] == nil {
			service["image"] = fmt.Sprintf("tollgate-build/%s-%s:latest", project, plain(name))
		}
	}
}

// plain returns a name with only the characters that the name of an image may have.
func plain(name string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	if out = strings.Trim(out, "-"); out == "" {
		return "project"
	}
	return out
}

// Builds reports whether the file has services with images that are built from source.
func (f *File) Builds() bool {
	for _, s := range section(f.doc, "services") {
		if service, ok := s.(mapping); ok && service["build"] != nil {
			return true
		}
	}
	return false
}

// Build builds the images of the services that have a build; all arms use them.
func (f *File) Build(ctx context.Context, log io.Writer) error {
	if !f.Builds() {
		return nil
	}
	text, err := yaml.Marshal(f.doc)
	if err != nil {
		return fmt.Errorf("compose: %w", err)
	}
	_, err = f.tool.run(ctx, f.dir, text, log, "-f", "-", "-p", resolving, "build")
	return err
}

// Project is a running copy of the file.
type Project struct {
	Name string
	tool *Tool
	dir  string // of the user's file
	text []byte // the copy
}

// Up starts a copy of the file under a project name and returns when Compose says that it is up; its containers may still be
// starting. If Up returns a project and an error, Down must end what was started.
func (f *File) Up(ctx context.Context, name string, o Overlay, log io.Writer) (*Project, error) {
	copied, err := f.Copy(o)
	if err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(copied.doc)
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	p := &Project{Name: name, tool: f.tool, dir: f.dir, text: text}
	_, err = p.run(ctx, log, "up", "-d", "--no-build")
	return p, err
}

// Down ends the copy and removes its containers, networks and volumes.
func (p *Project) Down(ctx context.Context, log io.Writer) error {
	_, err := p.run(ctx, log, "down", "-v", "--remove-orphans", "-t", "5")
	return err
}

func (p *Project) run(ctx context.Context, log io.Writer, args ...string) ([]byte, error) {
	return p.tool.run(ctx, p.dir, p.text, log, append([]string{"-f", "-", "-p", p.Name}, args...)...)
}
