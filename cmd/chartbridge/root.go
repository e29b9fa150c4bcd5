package main

import (
	"os"

	"github.com/spf13/cobra"
)

// version is set at release by -ldflags "-X main.version=...".
var version = "dev"

// shared are the flags of every verb.
type shared struct {
	config    string
	output    string // text or json
	logLevel  string
	logFormat string
	stdout    *os.File
	stderr    *os.File
}

func newRoot(stdout, stderr *os.File) *cobra.Command {
	s := &shared{stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:           "chartbridge",
		Short:         "Carry a practice's records from DrChrono to Rethink, CentralReach and the Central Registry, each once",
		Long:          "Chartbridge pulls what changed in DrChrono, stages it in SQLite, maps it, sends each record once,\nand leaves load results and a reconciliation workbook.\n\n" + exitTable,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
		Args:          cobra.NoArgs,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&s.config, "config", fromEnv("CHARTBRIDGE_CONFIG", "./config.yaml"), "config `FILE`")
	flags.StringVar(&s.output, "output", fromEnv("CHARTBRIDGE_OUTPUT", "text"), "data on stdout as `text|json`")
	flags.StringVar(&s.logLevel, "log-level", fromEnv("CHARTBRIDGE_LOG_LEVEL", "info"), "`debug|info|warn|error`, on stderr")
	flags.StringVar(&s.logFormat, "log-format", fromEnv("CHARTBRIDGE_LOG_FORMAT", "text"), "`text|json`")
	for _, verb := range verbs {
		root.AddCommand(asUsage(verb(s)))
	}
	return root
}

// verbs lists the commands in the order of the help.
var verbs = []func(*shared) *cobra.Command{
	newDemo, newSimulate,
	newInit, newAuth, newCheck, newLookups,
	newRun, newPlan, newPush, newServe, newSchedule,
	newReport, newDecide, newDischarges, newUncertain, newRejects, newCrosswalk, newTrace,
	newRuns, newState, newBudget, newEndpoints, newShapes, newAudit, newBackup, newVersion,
}

// asUsage makes a wrong argument a usage error, here and in what is below.
func asUsage(cmd *cobra.Command) *cobra.Command {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		asUsage(sub)
	}
	return cmd
}

func fromEnv(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
