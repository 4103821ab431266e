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
	Children []*Node // the largest first

	named map[string]*Node // the children, while the tree grows
}

// mostDepth is how many boxes stand above each other.
const mostDepth = 24

// Tree collects the samples of services.
type Tree struct{ root Node }

// Add adds the samples of a service.
func (t *Tree) Add(service string, samples []Sample) {
	for _, s := range samples {
		at := &t.root
		at.add(s)
		at = at.child(service, "", "")
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
			at = at.child(name, f.Function, f.Group)
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

func (n *Node) add(s Sample) {
	n.Count += s.Count
	n.CPU += s.CPU
}

func (n *Node) child(name, call, group string) *Node {
	if c := n.named[name]; c != nil {
		return c
	}
	c := &Node{Name: name, Call: call, Group: group}
	if n.named == nil {
		n.named = map[string]*Node{}
	}
	n.Children, n.named[name] = append(n.Children, c), c
	return c
}

// Root is the tree with at most so many boxes below its root, the largest, and none of fewer samples than least.
func (t *Tree) Root(most int, least int64) *Node {
	var sizes []time.Duration
	t.root.walk(func(n *Node) {
		if n.Count >= least {
			sizes = append(sizes, n.CPU)
		}
	})
	var smallest time.Duration
	if len(sizes) > most+1 {
		slices.SortFunc(sizes, func(a, b time.Duration) int { return cmp.Compare(b, a) })
		smallest = sizes[most] + 1 // with several of that size, all are left out
	}
	return t.root.pruned(func(n *Node) bool { return n.Count >= least && n.CPU >= smallest })
}

func (n *Node) walk(visit func(*Node)) {
	visit(n)
	for _, c := range n.Children {
		c.walk(visit)
	}
}

// pruned is a copy of the tree without the boxes that do not stay. None is larger than the one below which it stands.
func (n *Node) pruned(stays func(*Node) bool) *Node {
	out := *n
	out.Children, out.named = nil, nil
	for _, c := range n.Children {
		if stays(c) {
			out.Children = append(out.Children, c.pruned(stays))
		}
	}
	slices.SortFunc(out.Children, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(b.CPU, a.CPU), strings.Compare(a.Name, b.Name))
	})
	return &out
}
