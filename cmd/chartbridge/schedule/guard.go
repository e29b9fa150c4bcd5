package schedule

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
)

// Guarded makes a failed ending of a panic. Its note tells the kind and the
// place and not the value, which may hold anything, a patient's name too; the
// runtime's own errors hold only numbers and types.
func Guarded(run func() Ending) (end Ending) {
	defer func() {
		if v := recover(); v != nil {
			at := make([]uintptr, 64)
			at = at[:runtime.Callers(2, at)]
			if p, other := v.(*etl.Panic); other {
				v, at = p.Value, p.Stack
			}
			what := fmt.Sprintf("a %T", v)
			if fault, ok := v.(runtime.Error); ok {
				what = fault.Error()
			}
			end = Ending{State: Failed, Exit: 1, Note: "the run panicked in " + place(at) + ": " + what, Panicked: true}
		}
	}()
	return run()
}

// place is where a panic began, by the stack from who recovered it: function,
// file, line.
func place(stack []uintptr) string {
	frames := runtime.CallersFrames(stack)
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			name := f.Function[strings.LastIndex(f.Function, "/")+1:]
			return fmt.Sprintf("%s (%s:%d)", name, filepath.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}
