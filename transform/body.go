package transform

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/chartbridge/chartbridge/etl"
)

// A body is a JSON object in the order of its field table, so that equal
// records have equal bytes.
type body struct {
	names []string
	text  []byte // from its first brace on
}

func (b *body) has(name string) bool {
	for _, n := range b.names {
		if n == name {
			return true
		}
	}
	return false
}

func (b *body) add(name string, v Value) {
	if v.Absent() {
		return
	}
	if len(b.names) > 0 {
		b.text = append(b.text, ',')
	}
	b.names = append(b.names, name)
	b.text = append(b.text, '"')
	b.text = append(b.text, name...)
	b.text = v.appendTo(append(b.text, '"', ':'))
}

func (b *body) bytes() []byte { return append(b.text, '}') }

// slots are the arrays in which objects of other shapes travel inside the shape's.
func (s *Stage) slots(shape Shape) (slots []string) {
	for _, other := range s.Shapes {
		if other.Inside == shape.Object {
			slots = append(slots, other.Slot)
		}
	}
	return slots
}

// carry adds the objects that travel inside a parent to its body, slot by
// slot, and their needs with the path at which they now stand.
func carry(v *Verdict, inside []etl.Target) {
	if len(inside) == 0 || v.Body == nil {
		return
	}
	out := bytes.NewBuffer(v.Body[:len(v.Body)-1])
	for i := 0; i < len(inside); {
		slot, n := inside[i].Slot, 0
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		fmt.Fprintf(out, "%q:[", slot)
		for ; i < len(inside) && inside[i].Slot == slot; i, n = i+1, n+1 {
			if n > 0 {
				out.WriteByte(',')
			}
			out.Write(inside[i].Payload)
			for _, need := range inside[i].Needs {
				need.Path = fmt.Sprintf("%s.%d.%s", slot, n, need.Path)
				v.Needs = append(v.Needs, need)
			}
		}
		out.WriteByte(']')
	}
	out.WriteByte('}')
	v.Body = out.Bytes()
}

// hashOf is what tells whether two mapped payloads are the same: the body, and
// which records' ids it will carry. Ids themselves stay out, so that a record
// does not differ from itself once it has one.
func hashOf(v Verdict) []byte {
	text := append(make([]byte, 0, 1024), v.Body...)
	for _, n := range v.Needs {
		if !n.Optional {
			text = append(text, "\x00"+n.Path+"="+n.Object+"/"+n.ID...)
		}
	}
	sum := sha256.Sum256(text)
	return sum[:16:16]
}
