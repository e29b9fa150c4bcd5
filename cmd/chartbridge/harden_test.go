package main

import (
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/chartbridge/chartbridge/cmd/chartbridge/schedule"
	"github.com/chartbridge/chartbridge/etl"
	"github.com/sirupsen/logrus"
)

// What a careless line of code would log is taken out of the finished line.
func TestTheLogIsScrubbedAtLast(t *testing.T) {
	t.Parallel()
	const secret = "s3cret/+wren wren"
	s := &shared{logLevel: "info", logFormat: "json"}
	s.scrub.learn(&config.Config{EncryptionKey: config.NewSecret("abc"), DrChrono: config.DrChrono{ClientSecret: config.NewSecret(secret)}})
	for _, format := range []string{"json", "text"} {
		s.logFormat = format
		log, err := newLog(s)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		log.SetOutput(io.Writer(&out))
		log.WithFields(logrus.Fields{"raw": secret, "url": url.QueryEscape(secret), "packed": base64.StdEncoding.EncodeToString([]byte(secret))}).
			WithError(errors.New(`oauth2: "invalid" access_token=wren-token&x=1 "refresh_token":"wren-other"`)).Error("Authorization: Bearer wren-bearer, abc")
		got := out.String()
		for _, word := range []string{"s3cret", url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), "wren-token", "wren-bearer", "wren-other"} {
			if strings.Contains(got, word) {
				t.Errorf("%s: %q is in the log:\n%s", format, word, got)
			}
		}
		if !strings.Contains(got, "abc") {
			t.Errorf("%s: a word as short as that is no secret:\n%s", format, got)
		}
	}
	if n := len(s.scrub.known); n != 8 {
		t.Errorf("%d words are known, want 4 forms of the one secret", n/2)
	}
}

// TestSentencesAboutSecretsKeepTheirWords: what follows a key of the config is
// taken for a secret, but for the words of our own.
func TestSentencesAboutSecretsKeepTheirWords(t *testing.T) {
	var s scrubber
	for line, want := range map[string]string{
		"client_secret: the environment variable X is not set": "client_secret: the environment variable X is not set",
		"api_key: cannot read the file k":                      "api_key: cannot read the file k",
		"password: theropod":                                   "password: [secret]",
		`"password":"the"`:                                     `"password":"[secret]"`,
	} {
		if got := s.text(line); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestAPanicTellsNoValue runs a program that panics with a patient's name.
func TestAPanicTellsNoValue(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	code := func() (code int) {
		defer caughtPanic((&shared{stderr: f}).tell, &code)
		panic("Canaryfirst Canarylast")
	}()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if code != exitFailed || strings.Contains(string(text), "Canary") || !strings.Contains(string(text), "TestAPanicTellsNoValue") {
		t.Errorf("exit code %d, and:\n%s", code, text)
	}
}

// TestAPanicBesideTellsItsPlace, and not only that of who waited for it.
func TestAPanicBesideTellsItsPlace(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var code int
	func() {
		defer caughtPanic((&shared{stderr: f}).tell, &code)
		_ = etl.Together(2, breaksDown)
	}()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if code != exitFailed || strings.Contains(string(text), "Canary") || !strings.Contains(string(text), "breaksDown:") {
		t.Errorf("exit code %d, and:\n%s", code, text)
	}
	end := schedule.Guarded(func() schedule.Ending {
		_ = etl.Together(2, breaksDown)
		return schedule.Ending{}
	})
	if !strings.Contains(end.Note, "breaksDown (harden_test.go:") || !strings.HasSuffix(end.Note, "a string") {
		t.Errorf("the note is %q", end.Note)
	}
}

func breaksDown(int) error { panic("Canaryfirst Canarylast") }

// TestTheProcessDumpsNoCore: neither into a file nor into a handler's pipe,
// for which the limit does not count.
func TestTheProcessDumpsNoCore(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CHARTBRIDGE_TEST_HARDEN=1")
	out, err := cmd.CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != "core 0 0, dumpable 0, umask 77" {
		t.Errorf("limits are %q (%v)", got, err)
	}
}
