package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// version is set at release by -ldflags "-X main.version=...".
var version = "dev"

// defaultConfig is the config that is looked for where none is named.
const defaultConfig = "./config.yaml"

// shared are the flags of every verb.
type shared struct {
	config    string
	named     bool   // config was named on the command line
	output    string // text or json
	logLevel  string
	logFormat string
	stdout    *os.File
	stderr    *os.File
	scrub     scrubber // the last net below errors and logs
}

func newRoot(stdout, stderr *os.File) (*cobra.Command, *shared) {
	s := &shared{stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:           "chartbridge",
		Short:         "Carry a practice's records from DrChrono to Rethink, CentralReach and the Central Registry, each once",
		Long:          "Chartbridge pulls what changed in DrChrono, stages it in SQLite, maps it, sends each record once,\nand leaves load results and a reconciliation workbook.\n\n" + exitTable,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
		Args:          cobra.ArbitraryArgs, // an unknown verb is told by whichVerb
		RunE:          whichVerb,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			s.named = cmd.Flags().Changed("config")
			if s.output != "text" && s.output != "json" {
				return usageError{fmt.Errorf("%s %q: write text or json", givenBy("--output", "CHARTBRIDGE_OUTPUT", s.output), s.output)}
			}
			_, err := newLog(s) // of flags that fit, whether or not the verb logs
			return err
		},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())}
	})
	flags := root.PersistentFlags()
	flags.StringVar(&s.config, "config", fromEnv("CHARTBRIDGE_CONFIG", defaultConfig), "config `FILE`")
	flags.StringVar(&s.output, "output", fromEnv("CHARTBRIDGE_OUTPUT", "text"), "data on stdout as `text|json`")
	flags.StringVar(&s.logLevel, "log-level", fromEnv("CHARTBRIDGE_LOG_LEVEL", "info"), "`debug|info|warn|error`, on stderr")
	flags.StringVar(&s.logFormat, "log-format", fromEnv("CHARTBRIDGE_LOG_FORMAT", "text"), "`text|json`")
	for _, verb := range verbs {
		root.AddCommand(asUsage(verb(s)))
	}
	root.InitDefaultCompletionCmd() // which cobra adds later otherwise
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args = cobra.ArbitraryArgs // an unknown shell is told by whichVerb
		asUsage(completion)
	}
	return root, s
}

// verbs lists the commands in the order of the help.
var verbs = []func(*shared) *cobra.Command{
	newDemo, newSimulate,
	newInit, newAuth, newCheck, newLookups,
	newRun, newPlan, newPush, newServe, newSchedule, newBackfill,
	newReport, newDecide, newDischarges, newUncertain, newRejects, newCrosswalk, newExport, newTrace,
	newRuns, newState, newBudget, newEndpoints, newShapes, newAudit, newBackup, newRekey, newVersion,
}

// asUsage makes a wrong argument a usage error, here and in what is below.
func asUsage(cmd *cobra.Command) *cobra.Command {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if err == nil {
				return nil
			}
			return usageError{fmt.Errorf("%s: it is `%s`; see its --help", argumentFault(cmd, args, err), cmd.UseLine())}
		}
	}
	if cmd.HasSubCommands() && cmd.RunE == nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return whichVerb(cmd, args) }
	}
	for _, sub := range cmd.Commands() {
		asUsage(sub)
	}
	return cmd
}

// argumentFault names the argument that is missing or too much, by the words of
// the verb's usage line.
func argumentFault(cmd *cobra.Command, args []string, err error) string {
	var names []string
	most := 0
	for _, word := range strings.Fields(cmd.Use)[1:] {
		if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "(") || strings.HasPrefix(word, "[-") || word == "|" {
			break
		}
		if most++; !strings.HasPrefix(word, "[") {
			names = append(names, strings.TrimSuffix(word, "..."))
		}
	}
	switch {
	case len(args) < len(names):
		return strings.Join(names[len(args):], " and ") + pick(len(names)-len(args) == 1, " is missing", " are missing")
	case len(args) > most:
		return fmt.Sprintf("%q is too much", args[most])
	}
	return err.Error()
}

// whichVerb answers a command that needs another word.
func whichVerb(cmd *cobra.Command, args []string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if len(args) > 0 {
		cmd.SuggestionsMinimumDistance = 2
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return usageError{fmt.Errorf("%s has no %q; did you mean %s? --help lists what it has", cmd.CommandPath(), args[0], strings.Join(near, " or "))}
		}
		return usageError{fmt.Errorf("%s has no %q; it has %s", cmd.CommandPath(), args[0], strings.Join(names, ", "))}
	}
	return usageError{fmt.Errorf("%s needs one of %s; --help says what they do", cmd.CommandPath(), strings.Join(names, ", "))}
}

// givenBy names what gave a value: the variable, where it holds just that.
func givenBy(flag, variable, value string) string {
	return pick(os.Getenv(variable) == value, variable, flag)
}

func fromEnv(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
