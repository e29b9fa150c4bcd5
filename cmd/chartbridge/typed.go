package main

import (
	"regexp"
	"strings"
)

// quoted are the commands in a sentence.
var quoted = regexp.MustCompile("`chartbridge ([^`]+)`")

// typed gives the commands in a hint the config that was named on the command
// line, so that they can be typed as they stand.
func (s *shared) typed(text string) string {
	if !s.named {
		return text
	}
	return quoted.ReplaceAllStringFunc(text, func(command string) string {
		if strings.Contains(command, "--config") {
			return command
		}
		return strings.TrimSuffix(command, "`") + s.configFlag() + "`"
	})
}

// configFlag is the flag that names the config again; "" where none was named.
func (s *shared) configFlag() string {
	if !s.named {
		return ""
	}
	if strings.ContainsAny(s.config, " \t'\"$\\") {
		return " --config '" + strings.ReplaceAll(s.config, "'", `'\''`) + "'"
	}
	return " --config " + s.config
}
