package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// The command of alerts.command.

// alertCommand is the program and its arguments, split at blanks: no shell and
// no quotes take part.
func (p *practice) alertCommand() []string { return strings.Fields(p.config.Alerts.Command) }

// execute runs a command without a shell. It gets the alert as JSON on its
// input and as CHARTBRIDGE_ALERT_*, and nothing else of our environment, which
// may hold secrets.
func execute(ctx context.Context, command []string, a alert) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write the alert: %w", err)
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin = bytes.NewReader(body)
	said := &firstBytes{left: 4 << 10}
	cmd.Stderr = said
	cmd.WaitDelay = time.Second // what it leaves running must not hold us
	for _, name := range []string{"PATH", "HOME", "LANG", "TZ"} {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	for name, value := range map[string]string{"EVENT": a.Event, "PRACTICE": a.Practice, "CAUSE": a.Cause, "RUN": a.Run,
		"EXIT_CODE": strconv.Itoa(a.ExitCode), "LAST_GOOD": a.LastGood, "AT": a.At, "VERSION": a.Version} {
		cmd.Env = append(cmd.Env, "CHARTBRIDGE_ALERT_"+name+"="+value)
	}
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("run alerts.command: %w%s", err, suffix("; it said: ", said.line()))
	}
	return nil
}

// firstBytes keeps the first bytes that are written to it, and takes the rest.
type firstBytes struct {
	kept []byte
	left int
}

func (f *firstBytes) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	f.kept, f.left = append(f.kept, b[:n]...), f.left-n
	return len(b), nil
}

// line is the first line that is not blank, fit for a log.
func (f *firstBytes) line() string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(f.kept)), "\n")
	return commentText(line, 200)
}
