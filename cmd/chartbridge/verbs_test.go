package main

import (
	"slices"

	"github.com/spf13/cobra"
)

// The verbs that these tests run are in the program's list.
func init() {
	have := map[string]bool{}
	for _, verb := range verbs {
		have[verb(&shared{}).Name()] = true
	}
	for _, verb := range verbsUnderTest {
		if !have[verb(&shared{}).Name()] {
			verbs = append(slices.Clip(verbs), verb)
		}
	}
}

var verbsUnderTest = []func(*shared) *cobra.Command{newInit, newCheck, newLookups, newTrace, newAudit, newBackup}
