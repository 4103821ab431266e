package flame

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// mostName is how many bytes of a function's name are kept.
const mostName = 200

// Frame is a function of a stack.
type Frame struct {
	Package  string // import path; "" where the name has none, as in most other languages than Go
	Function string // without the package's path: otlptracehttp.(*client).UploadTraces
	Group    string // that the frame by itself stands for: see Groups

	caller bool // its callers say which group it belongs to, where there are any
}

// frameOf takes the name of a function apart, as the Go linker writes it: github.com/x/y.(*T).Method, and y%2ev2 for a path that ends
// in y.v2.
func frameOf(name string) Frame {
	if name = strings.ToValidUTF8(name, "�"); len(name) > mostName {
		name = name[:mostName]
		for !utf8.ValidString(name) {
			name = name[:len(name)-1]
		}
		name += "…"
	}
	path, _, _ := strings.Cut(name, "[") // type parameters have paths of their own
	slash := strings.LastIndexByte(path, '/') + 1
	dot := strings.IndexByte(path[slash:], '.')
	if dot <= 0 || strings.Contains(path, "::") || strings.ContainsAny(path[:slash+dot], " <>") {
		return Frame{Function: name, Group: app}
	}
	pkg := path[:slash+dot]
	if unescaped, err := url.PathUnescape(pkg); err == nil {
		pkg = unescaped
	}
	f := Frame{Package: pkg, Function: name[slash:]}
	f.Group, f.caller = f.group()
	return f
}

// within reports whether the frame is in a package or in one below it.
func (f Frame) within(path string) bool {
	rest, ok := strings.CutPrefix(f.Package, path)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(path, "/"))
}

// standard reports whether the frame is in Go's standard library, which works for whoever calls it.
func (f Frame) standard() bool {
	if f.within("golang.org/x") {
		return true
	}
	first, _, _ := strings.Cut(f.Package, "/")
	return first != "" && strings.Contains(standardPaths, " "+first+" ")
}

// standardPaths are the first elements of the import paths of the standard library.
const standardPaths = " archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash " +
	"html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings structs " +
	"sync syscall testing text time type unicode unique unsafe vendor weak "
