package main

import (
	"fmt"
	"os"
	"os/user"
)

// operator is who runs the program, for the audit log: the system's user.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
