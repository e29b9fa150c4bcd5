package main

import (
	"os"
	"os/user"
	"strings"
)

// operator is who runs the program, for the audit log.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strings.TrimSpace(os.Getenv("UID"))
}
