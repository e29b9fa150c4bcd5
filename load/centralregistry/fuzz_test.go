package centralregistry

import (
	"math/big"
	"regexp"
	"testing"

	"github.com/chartbridge/chartbridge/transform"
)

// FuzzDosage: what is sent is the same number, in the document's form.
func FuzzDosage(f *testing.F) {
	for _, seed := range []string{"8", "080", "16.0000", "1000", "1.234", ".5", "1e2", "0"} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^(0|[1-9]\d{0,2})(\.\d{1,2})?$`)
	f.Fuzz(func(t *testing.T, quantity string) {
		v := milligramsOf(quantity, &transform.Case{})
		if v.Absent() {
			return
		}
		given, ok := new(big.Rat).SetString(quantity)
		sent, _ := new(big.Rat).SetString(v.Text())
		if !ok || !form.MatchString(v.Text()) || given.Cmp(sent) != 0 {
			t.Errorf("%q is sent as %s", quantity, v.Text())
		}
	})
}

// FuzzIdentify: a name gives a code or a key to ask for, never both, and a key
// holds nothing but words of ours.
func FuzzIdentify(f *testing.F) {
	f.Add("Buprenorphine-naloxone 8 mg-2 mg sublingual film")
	f.Add("Suboxone methadose ER")
	known := regexp.MustCompile(`^[a-z]+(/[a-z]+)*$`)
	f.Fuzz(func(t *testing.T, name string) {
		d := identify(name)
		if d.kind != (d.code != 0 || d.key != "") || d.code != 0 && d.key != "" || d.key != "" && !known.MatchString(d.key) {
			t.Errorf("%q: got %+v", name, d)
		}
	})
}
