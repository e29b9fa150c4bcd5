package main

import (
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/chartbridge/chartbridge/extract/drchronotest"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// Faults on request: --fault VENDOR:NAME[:TIMES].

// listFaults are DrChrono's, of its lists.
var listFaults = map[string]func(match func(*http.Request) bool, times int) drchronotest.Fault{
	"broken-json": drchronotest.BrokenJSON, "html": drchronotest.HTML200, "no-results": drchronotest.NoResults,
	"truncated": drchronotest.Truncated, "reset": drchronotest.Reset, "repeated-page": drchronotest.RepeatedPage,
	"drift": drchronotest.Drift,
}

// writeFaults are the destinations', of what is written there.
var writeFaults = map[string]func() loadtest.Fault{
	"reset-before": loadtest.ResetBefore, "reset-after": loadtest.ResetAfter, "truncate-after": loadtest.TruncateAfter,
	"500-after": func() loadtest.Fault { return loadtest.StatusAfter(http.StatusInternalServerError) },
	"503":       func() loadtest.Fault { return loadtest.Status(http.StatusServiceUnavailable, "") },
	"429":       func() loadtest.Fault { return loadtest.TooMany("1") },
	"token":     loadtest.TokenDeath, "html": loadtest.HTML200,
}

// callbackFaults are Rethink's, of the answers that it posts later.
var callbackFaults = map[string]func() loadtest.CallbackFault{
	"callback-lost": loadtest.LoseCallback, "callback-twice": loadtest.RepeatCallback, "callback-early": loadtest.EarlyCallback,
	"callback-secret": loadtest.StrangerCallback, "callback-transaction": loadtest.StrayCallback,
	"callback-refused": func() loadtest.CallbackFault { return loadtest.RefusingCallback("lastName is required.") },
}

// inject makes the vendors misbehave as asked.
func (v *vendors) inject(spec string) error {
	parts := strings.Split(spec, ":")
	times := 1
	if len(parts) == 3 {
		n, err := strconv.Atoi(parts[2])
		if err != nil || n < 1 {
			return badFault(spec, "TIMES must be a whole number above 0")
		}
		times, parts = n, parts[:2]
	}
	if len(parts) != 2 {
		return badFault(spec, "write VENDOR:NAME or VENDOR:NAME:TIMES")
	}
	if parts[0] == "drchrono" {
		fault, ok := listFaults[parts[1]]
		if !ok {
			return badFault(spec, "DrChrono's are "+faultNames(listFaults))
		}
		v.DrChrono.Inject(fault(isList, times))
		return nil
	}
	if fault, ok := callbackFaults[parts[1]]; ok && parts[0] == "rethink" {
		for range times {
			v.Rethink.InjectCallback(fault())
		}
		return nil
	}
	servers := map[string]*loadtest.Server{"rethink": v.Rethink.Server, "centralreach": v.CentralReach.Server, "registry": v.Registry.Server}
	server, ok := servers[parts[0]]
	if !ok {
		return badFault(spec, "the vendors are drchrono, rethink, centralreach, registry")
	}
	fault, ok := writeFaults[parts[1]]
	if !ok {
		return badFault(spec, "the destinations' are "+faultNames(writeFaults)+"; Rethink's callbacks have "+faultNames(callbackFaults))
	}
	f := fault().Repeat(times)
	f.Match = isWrite
	server.Inject(f)
	return nil
}

func isList(r *http.Request) bool { return strings.Contains(r.URL.Path, "/api/") }

// isWrite reports whether a request asks a destination to change something.
func isWrite(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/token") && !strings.HasSuffix(r.URL.Path, "/login")
}

func badFault(spec, why string) error { return usageError{fmt.Errorf("--fault %q: %s", spec, why)} }

func faultNames[T any](m map[string]T) string {
	var list []string
	for name := range m {
		list = append(list, name)
	}
	sort.Strings(list)
	return strings.Join(slices.Compact(list), ", ")
}
