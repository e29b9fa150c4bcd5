//go:build deep && amd64

package main

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A disk follows the files below a folder as a power cut would leave them:
// what was synced stands, and of the rest nothing, or some of it by chance, to
// the sector. It is as hard as POSIX allows: a new or renamed file stands only
// once its folder was synced.
type disk struct {
	t     *testing.T
	root  string
	now   map[string]*node // as the program sees it
	kept  map[string]*node // as it lies on the disk
	links []link           // of the folders, not synced, in their order
}

// A node is a file, a folder, or a symbolic link.
type node struct {
	folder    bool
	target    string // of a link
	now, kept []byte
	changes   []*change // not synced
}

// A change is a write, or a new length.
type change struct {
	data []byte // nil: it is cut, or grown, to the length
	at   int64
	done bool
}

// A link puts a node at a path, or takes it away (nil).
type link struct {
	path string
	node *node
}

const sector = 512

// newDisk takes what lies below a folder for synced.
func newDisk(t *testing.T, root string) *disk {
	t.Helper()
	d := &disk{t: t, root: root, now: map[string]*node{}, kept: map[string]*node{}}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		n := &node{folder: e.IsDir()}
		switch {
		case n.folder:
		case e.Type() == fs.ModeSymlink:
			n.target, err = os.Readlink(path)
		default:
			n.kept, err = os.ReadFile(path)
			n.now = slices.Clone(n.kept)
		}
		d.now[path], d.kept[path] = n, n
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// begins notes what an act may do from now on.
func (d *disk) begins(a *act) {
	n := d.now[a.path]
	switch a.name {
	case "write", "pwrite", "ftruncate", "truncate":
		if n == nil {
			return // deleted while it is open, or no file of ours
		}
		if a.at < 0 {
			a.at = int64(len(n.now))
		}
		a.change = &change{data: a.data, at: a.at}
		n.changes = append(n.changes, a.change)
	case "fsync", "fdatasync":
		if n == nil {
			return
		}
		a.covered = len(n.changes)
		if n.folder {
			a.covered = len(d.links)
		}
	}
}

// ended notes what it did.
func (d *disk) ended(a *act, result int64) {
	n := d.now[a.path]
	if a.change != nil {
		d.changed(n, a.change, result)
		return
	}
	if result < 0 {
		return
	}
	switch a.name {
	case "fsync", "fdatasync":
		d.synced(n, a)
	case "open", "openat":
		d.openedFile(n, a)
	case "mkdir", "mkdirat":
		d.put(a.path, &node{folder: true})
	case "symlink", "symlinkat":
		d.put(a.path, &node{target: a.to})
	case "unlink", "unlinkat", "rmdir":
		d.put(a.path, nil)
	case "rename", "renameat", "renameat2":
		for path, moved := range d.now {
			if rest, below := strings.CutPrefix(path, a.path+"/"); below {
				d.put(filepath.Join(a.to, rest), moved)
				d.put(path, nil)
			}
		}
		d.put(a.to, n)
		d.put(a.path, nil)
	}
}

func (d *disk) changed(n *node, c *change, result int64) {
	if n == nil {
		return
	}
	if result < 0 {
		n.changes = slices.DeleteFunc(n.changes, func(other *change) bool { return other == c })
		return
	}
	if c.data != nil {
		c.data = c.data[:result]
	}
	c.done = true
	n.now = c.apply(n.now)
}

func (d *disk) synced(n *node, a *act) {
	switch {
	case n == nil:
	case n.folder:
		var rest []link
		for i, l := range d.links {
			if i < a.covered && filepath.Dir(l.path) == a.path {
				l.apply(d.kept)
			} else {
				rest = append(rest, l)
			}
		}
		d.links = rest
	default:
		var rest []*change
		for i, c := range n.changes {
			if i < a.covered && c.done {
				n.kept = c.apply(n.kept)
			} else {
				rest = append(rest, c)
			}
		}
		n.changes = rest
	}
}

func (d *disk) openedFile(n *node, a *act) {
	switch {
	case n == nil:
		d.put(a.path, &node{})
	case a.flags&uint64(os.O_TRUNC) != 0 && len(n.now) > 0:
		c := &change{done: true}
		n.changes, n.now = append(n.changes, c), nil
	}
}

func (d *disk) put(path string, n *node) {
	l := link{path: path, node: n}
	l.apply(d.now)
	d.links = append(d.links, l)
}

func (l link) apply(to map[string]*node) {
	if l.node == nil {
		delete(to, l.path)
		return
	}
	to[l.path] = l.node
}

func (c *change) apply(text []byte) []byte {
	end := int(c.at) + len(c.data)
	if c.data == nil && end < len(text) {
		return text[:end]
	}
	if end > len(text) {
		text = append(text, make([]byte, end-len(text))...)
	}
	copy(text[c.at:], c.data)
	return text
}

// cut brings the folder into the state after a power cut. Without dice all
// that was not synced is gone; with them each sector of it stands or does not,
// and the folders lose the last of their changes.
func (d *disk) cut(dice *rand.Rand) {
	d.t.Helper()
	if dice != nil {
		for _, l := range d.links[:dice.IntN(len(d.links)+1)] {
			l.apply(d.kept)
		}
	}
	if err := os.RemoveAll(d.root); err != nil {
		d.t.Fatal(err)
	}
	paths := make([]string, 0, len(d.kept))
	for path := range d.kept {
		paths = append(paths, path)
	}
	slices.Sort(paths) // a folder comes before what is in it
	for _, path := range paths {
		n := d.kept[path]
		if up := d.kept[filepath.Dir(path)]; path != d.root && (up == nil || !up.folder) {
			delete(d.kept, path) // its folder did not last
			continue
		}
		var err error
		switch {
		case n.folder:
			err = os.Mkdir(path, 0o700)
		case n.target != "":
			err = os.Symlink(n.target, path)
		default:
			err = os.WriteFile(path, n.after(dice), 0o600)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

// after is a file's text after a power cut.
func (n *node) after(dice *rand.Rand) []byte {
	text := slices.Clone(n.kept)
	if dice == nil {
		return text
	}
	chance := []int{50, 95, 100}[dice.IntN(3)] // of a hundred sectors, that stand
	for _, c := range n.changes {
		if c.data == nil && dice.IntN(100) < chance {
			text = c.apply(text)
		}
		for from := 0; from < len(c.data); {
			to := min(len(c.data), from+sector-int((c.at+int64(from))%sector))
			if dice.IntN(100) < chance {
				text = (&change{data: c.data[from:to], at: c.at + int64(from)}).apply(text)
			}
			from = to
		}
	}
	return text
}
