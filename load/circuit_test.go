package load

import "testing"

// TestOneThatFindsNothing there gives up no destination that answers others;
// nothing but such answers do, and so do several in a row.
func TestOneThatFindsNothing(t *testing.T) {
	astray, taken := Answer{Kind: Astray}, Answer{Kind: Acknowledged}
	astray.Problem.Message = "nothing is there"
	for name, want := range map[string]struct {
		answers   []Answer
		isGivenUp bool
	}{
		"alone":              {[]Answer{astray}, true},
		"first":              {[]Answer{astray, taken}, false},
		"last":               {[]Answer{taken, astray}, false},
		"three among others": {[]Answer{astray, taken, astray, taken, astray}, false},
		"three in a row":     {[]Answer{taken, astray, astray, astray}, true},
	} {
		var c circuit
		for _, a := range want.answers {
			c.note(a)
		}
		if got := c.isOpen() || c.isAstray(); got != want.isGivenUp {
			t.Errorf("%s: given up %v, want %v", name, got, want.isGivenUp)
		}
	}
}
