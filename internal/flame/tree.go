package flame

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Node is a box of a flame picture: a stretch of calls within one package, which were on the stack for this much CPU time.
type Node struct {
	Name     string // a service, or a package
	Call     string // the outermost function of the stretch; "" for a service
	Group    string // of the package; "" for a service
	Count    int64  // samples
	CPU      time.Duration
	Children []*Node // by name, so that two pictures can be compared
}

// mostDepth is how many boxes stand above each other.
const mostDepth = 24

// Tree collects the samples of services.
type Tree struct{ root branch }

// branch is a box that grows.
type branch struct {
	Node
	named map[string]*branch // the children
}

// Add adds the samples of a service.
func (t *Tree) Add(service string, samples []Sample) {
	for _, s := range samples {
		t.root.add(s)
		at := t.root.child(service, Frame{})
		at.add(s)
		depth, before := 1, ""
		for _, f := range slices.Backward(s.Frames) {
			name := f.label()
			if name == before { // further calls within the package
				continue
			}
			if depth++; depth > mostDepth {
				break
			}
			before = name
			at = at.child(name, f)
			at.add(s)
		}
	}
}

// label is what a box says about a frame: its package, or the function where there is none.
func (f Frame) label() string {
	if f.Package == "" {
		return f.Function
	}
	return f.Package
}

func (b *branch) add(s Sample) {
	b.Count += s.Count
	b.CPU += s.CPU
}

func (b *branch) child(name string, f Frame) *branch {
	if c := b.named[name]; c != nil {
		return c
	}
	if b.named == nil {
		b.named = map[string]*branch{}
	}
	c := &branch{Node: Node{Name: name, Call: f.Function, Group: f.Group}}
	b.named[name] = c
	return c
}

// Root is the tree with at most so many boxes below its root, the largest, and none of fewer samples than least.
func (t *Tree) Root(most int, least int64) *Node {
	var sizes []time.Duration
	t.root.walk(func(b *branch) {
		if b.Count >= least {
			sizes = append(sizes, b.CPU)
		}
	})
	var smallest time.Duration
	if len(sizes) > most+1 {
		slices.SortFunc(sizes, func(a, b time.Duration) int { return cmp.Compare(b, a) })
		smallest = sizes[most+1] + 1 // with several of that size, all are left out
	}
	return t.root.pruned(func(b *branch) bool { return b.Count >= least && b.CPU >= smallest })
}

func (b *branch) walk(visit func(*branch)) {
	visit(b)
	for _, c := range b.named {
		c.walk(visit)
	}
}

// pruned is the tree without the boxes that do not stay. None is larger than the one that it stands in.
func (b *branch) pruned(stays func(*branch) bool) *Node {
	out := b.Node
	for _, c := range b.named {
		if stays(c) {
			out.Children = append(out.Children, c.pruned(stays))
		}
	}
	slices.SortFunc(out.Children, func(a, b *Node) int {
		return strings.Compare(a.Name, b.Name)
	})
	return &out
}
