package build

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// machines are the architectures of programs, as ELF and Go name them.
func machines() []machine {
	return []machine{
		{elf.EM_X86_64, "amd64", "x86_64-linux-gnu"},
		{elf.EM_AARCH64, "arm64", "aarch64-linux-gnu"},
		{elf.EM_RISCV, "riscv64", "riscv64-linux-gnu"},
		{elf.EM_PPC64, "ppc64le", "powerpc64le-linux-gnu"},
		{elf.EM_S390, "s390x", "s390x-linux-gnu"},
	}
}

type machine struct {
	elf     elf.Machine
	goarch  string
	triplet string // as in the names of Debian's library directories
}

// program is what the headers of a program or a library say.
type program struct {
	goarch      string
	interpreter string // the dynamic loader; "" for a static program
	libraries   []string
	runpath     []string
}

// readProgram reads the headers of an ELF file, program or library.
func readProgram(file string) (program, error) {
	f, err := elf.Open(file)
	if err != nil {
		return program{}, err
	}
	defer f.Close()
	p := program{goarch: f.Machine.String()}
	for _, m := range machines() {
		if m.elf == f.Machine {
			p.goarch = m.goarch
		}
	}
	for _, part := range f.Progs {
		if part.Type == elf.PT_INTERP {
			text := make([]byte, part.Filesz)
			if _, err := part.ReadAt(text, 0); err != nil {
				return program{}, fmt.Errorf("name of its loader: %w", err)
			}
			p.interpreter = strings.TrimRight(string(text), "\x00")
		}
	}
	if p.libraries, err = f.ImportedLibraries(); err != nil {
		return program{}, fmt.Errorf("names of its libraries: %w", err)
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		values, _ := f.DynString(tag) // none in a static program
		for _, value := range values {
			p.runpath = append(p.runpath, strings.Split(value, ":")...)
		}
	}
	return p, nil
}

// Libraries returns the entries of the dynamic loader and of the shared libraries that a program needs; none for a static
// program. It looks below root ("/" for this machine's own) in the directories where the loader looks by default. The
// entries have the same paths in the container, without root, so that the loader finds them there.
func Libraries(root, file string) ([]Entry, error) {
	p, err := readProgram(file)
	if err != nil || p.interpreter == "" {
		return nil, err
	}
	loader, ok := Resolve(root, p.interpreter)
	if !ok {
		return nil, fmt.Errorf("its loader %s is not there", p.interpreter)
	}
	entries := []Entry{{Path: p.interpreter, Mode: 0o755, From: loader}}
	type need struct{ name, by string }
	var queue []need
	add := func(of string, p program) {
		for _, name := range p.libraries {
			if !slices.ContainsFunc(queue, func(n need) bool { return n.name == name }) {
				queue = append(queue, need{name, of})
			}
		}
	}
	add(filepath.Base(file), p)
	for i := 0; i < len(queue); i++ {
		name := queue[i].name
		if name == path.Base(p.interpreter) { // the loader is there already: musl's is its C library, and glibc's C library names it
			continue
		}
		at, from, ok := findLibrary(root, name, p)
		if !ok {
			return nil, fmt.Errorf("library %s, which %s needs, is not there", name, queue[i].by)
		}
		entries = append(entries, Entry{Path: at, Mode: 0o755, From: from})
		library, err := readProgram(from)
		if err != nil {
			return nil, fmt.Errorf("library %s: %w", from, err)
		}
		add(name, library)
	}
	return entries, nil
}

// findLibrary finds a library of the program's architecture. At is its path as the loader sees it, from the file below root.
func findLibrary(root, name string, p program) (at, from string, ok bool) {
	dirs := slices.Clone(p.runpath)
	for _, m := range machines() {
		if m.goarch == p.goarch {
			dirs = append(dirs, "/lib/"+m.triplet, "/usr/lib/"+m.triplet)
		}
	}
	for _, dir := range append(dirs, "/lib64", "/usr/lib64", "/lib", "/usr/lib") {
		if !path.IsAbs(dir) { // relative to the program, which has another path in the container
			continue
		}
		at = path.Join(dir, name)
		if from, ok = Resolve(root, at); !ok {
			continue
		}
		if found, err := readProgram(from); err == nil && found.goarch == p.goarch {
			return at, from, true
		}
	}
	return "", "", false
}

// Resolve follows the symbolic links of a path below root to a regular file. A link to an absolute path begins at root,
// too. It reports false if there is no such file.
func Resolve(root, at string) (string, bool) {
	for range 16 { // more links than that are a circle
		file := filepath.Join(root, filepath.FromSlash(at))
		info, err := os.Lstat(file)
		if err != nil {
			return "", false
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return file, info.Mode().IsRegular()
		}
		to, err := os.Readlink(file)
		if err != nil {
			return "", false
		}
		if path.IsAbs(to) {
			at = path.Clean(to)
		} else {
			at = path.Join(path.Dir(at), to)
		}
	}
	return "", false
}

// errNoELF says that a file is no Linux program.
var errNoELF = errors.New("it is no Linux program (ELF)")

// CheckProgram refuses a file that is no Linux program for an architecture, which is named as Go does.
func CheckProgram(file, goarch string) error {
	p, err := readProgram(file)
	switch format := new(elf.FormatError); {
	case errors.As(err, &format), errors.Is(err, io.EOF):
		return errNoELF
	case err != nil:
		return err
	case p.goarch != goarch:
		return fmt.Errorf("it is a program for %s", p.goarch)
	}
	return nil
}
