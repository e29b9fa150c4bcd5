package schedule

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Guarded makes a failed ending of a panic. Its note tells the kind and the
// place and not the value, which may hold anything, a patient's name too; the
// runtime's own errors hold only numbers and types.
func Guarded(run func() Ending) (end Ending) {
	defer func() {
		if v := recover(); v != nil {
			what := fmt.Sprintf("a %T", v)
			if fault, ok := v.(runtime.Error); ok {
				what = fault.Error()
			}
			end = Ending{State: Failed, Exit: 1, Note: "the run panicked in " + place() + ": " + what, Panicked: true}
		}
	}()
	return run()
}

// place is where the panic that is being recovered began: function, file, line.
func place() string {
	var at [64]uintptr
	frames := runtime.CallersFrames(at[:runtime.Callers(3, at[:])])
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
