package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/sql"
)

// leastFree is the space below which a night may not find room, in bytes: a
// database of some years and its log, and a workbook beside it.
const leastFree = 1 << 30

// checkFiles looks at the files and folders of the config.
func (c *preflight) checkFiles(path string) {
	c.checkSecrets(path)
	c.checkMode("config", path, 0o022, "others may change it")
	c.checkMode("lookups", c.config.Lookups, 0o022, "others may change it")
	c.checkFolder("data_dir", c.config.DataDir, 0o077)
	c.checkFolder("output_dir", c.config.OutputDir, 0o007)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		c.checkMode("data_dir", filepath.Join(c.config.DataDir, sql.FileName+suffix), 0o077, "others may read it")
	}
}

// checkAlerts looks for the program of alerts.command.
func (c *preflight) checkAlerts() {
	command := c.alertCommand()
	if len(command) == 0 {
		return
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		c.fail("alerts", errConfig, "write the path of a program or script; it is run without a shell, so pipes, quotes and > belong into the script", "alerts.command cannot be run: %v", err)
		return
	}
	c.ok("alerts", "alerts.command runs %s; whether it arrives, it has to show itself", path)
}

// checkMode warns of permissions that should not be; a file that is not there
// is another check's matter.
func (c *preflight) checkMode(check, path string, unwanted os.FileMode, why string) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&unwanted == 0 {
		return
	}
	c.warn(check, fmt.Sprintf("chmod %o %s", info.Mode().Perm()&^unwanted, path), "%s has mode %04o: %s", path, info.Mode().Perm(), why)
}

// checkFolder makes the folder, as a run would, and writes into it.
func (c *preflight) checkFolder(name, dir string, unwanted os.FileMode) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		c.fail(name, errBroken, "make the folder, or correct "+name, "cannot be made: %v", err)
		return
	}
	if err := tryWrite(dir); err != nil {
		c.fail(name, errBroken, "give this user the right to write there, or correct "+name, "cannot be written: %v", err)
		return
	}
	c.checkMode(name, dir, unwanted, "others may look into it")
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		c.warn(name, "", "%s can be written; how much room is left cannot be told: %v", dir, err)
		return
	}
	free := disk.Bavail * uint64(max(0, int64(disk.Bsize)))
	if free < leastFree {
		c.warn(name, "make room", "%s can be written, but only %d MiB are left", dir, free>>20)
		return
	}
	c.ok(name, "%s can be written, %d GiB are left", dir, free>>30)
}

func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".check-")
	if err != nil {
		return err
	}
	_, err = f.WriteString("chartbridge check\n")
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// secretKeys are the config's secrets by the last part of their path.
var secretKeys = []string{"encryption_key", "passphrase", "client_secret", "refresh_token", "api_key", "password", "hash_key", "secret"}

var secretFromEnv = regexp.MustCompile(`\b(` + strings.Join(secretKeys, "|") + `)\s*:\s*["']?\$\{([A-Za-z_][A-Za-z0-9_]*)[:}]`)

// checkSecrets names the secrets that come from the environment. That is
// allowed, and worth a warning: what this program starts inherits them, and
// they stand in /proc for as long as it runs.
func (c *preflight) checkSecrets(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		c.warn("secrets", "", "the config cannot be read again to look where its secrets come from: %v", err)
		return
	}
	var found []string
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, m := range secretFromEnv.FindAllStringSubmatch(line, -1) {
			if os.Getenv(m[2]) != "" {
				found = append(found, m[2])
			}
		}
	}
	found = append(found, secretOverrides()...)
	slices.Sort(found)
	if found = slices.Compact(found); len(found) > 0 {
		c.warn("secrets", "put each into a file that its owner alone can read, and write ${file:/path}",
			"from the environment, which every process started by this one inherits: %s", strings.Join(found, ", "))
		return
	}
	c.ok("secrets", "none comes from the environment")
}

// secretOverrides names the CHARTBRIDGE_ variables that are set and override a
// secret.
func secretOverrides() []string {
	var list []string
	for _, block := range []string{"", "workbook.", "drchrono.", "rethink.", "rethink.callback.", "centralreach.", "central_registry."} {
		for _, key := range secretKeys {
			if name := config.EnvName(block + key); os.Getenv(name) != "" {
				list = append(list, name)
			}
		}
	}
	return list
}
