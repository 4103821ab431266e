package flame

import (
	"testing"

	"github.com/tollgate-dev/tollgate/internal/flame/flametest"
)

// FuzzRead: whatever is read has times that add up to no overflow, and every stack has a group.
func FuzzRead(f *testing.F) {
	good := flametest.Profile(flametest.Stack{Calls: "main.main;runtime.mallocgc", Samples: 3}, flametest.Stack{Calls: "a/b.(*C[d/e.F]).G", Samples: 1})
	plain, err := unzip(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(plain)
	f.Add([]byte("<html>"))
	known := map[string]bool{}
	for _, g := range Groups() {
		known[g.ID] = true
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := Read(text)
		if err != nil {
			return
		}
		var tree Tree
		tree.Add("s", read)
		root := tree.Root(50, 1)
		var sum int64
		for _, s := range read {
			if s.Count < 0 || s.CPU <= 0 || len(s.Frames) > mostFrames || !known[GroupOf(s.Frames)] {
				t.Fatalf("%+v", s)
			}
			sum += int64(s.CPU)
		}
		if sum < 0 || int64(root.CPU) != sum {
			t.Errorf("the tree has %d of %d ns", root.CPU, sum)
		}
		boxes := 0
		var walk func(n *Node)
		walk = func(n *Node) {
			for _, c := range n.Children {
				if boxes++; c.CPU > n.CPU {
					t.Errorf("%s has %v within %v", c.Name, c.CPU, n.CPU)
				}
				walk(c)
			}
		}
		if walk(root); boxes > 50 {
			t.Errorf("%d boxes", boxes)
		}
	})
}
