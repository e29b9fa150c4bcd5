package config

import (
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on what the machine has installed
	"unicode"

	"github.com/robfig/cron/v3"
)

const (
	off      = "off"
	keyBytes = 32
)

func anySecret(string) *Fault { return nil }

// checkKey wants 32 bytes in base64, or the word off.
func checkKey(text string) *Fault {
	if text == off {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != keyBytes {
		return bad("must be 32 bytes in base64, or the word off", "make one with: openssl rand -base64 32")
	}
	return nil
}

// checkBase is for URLs to which paths are added.
func checkBase(text string) *Fault {
	if fault := checkURL(text); fault != nil {
		return fault
	}
	if strings.ContainsAny(text, "?#") {
		return bad("must not have a query or a fragment", "end it with the path")
	}
	return nil
}

// checkURL wants https, or http on loopback, since everything that we send is
// about patients or opens the door to them.
func checkURL(text string) *Fault {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || !goodPort(u) || strings.ContainsFunc(text, unicode.IsSpace):
		return bad("must be a URL with a host", "write for example https://host.example/path")
	case u.User != nil:
		return bad("must not hold a user name or password", "remove what stands before the @")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return bad("must not be http: it would travel in the clear", "write https://")
	case u.Scheme != "https" && u.Scheme != "http":
		return bad("must begin with https://", "")
	}
	return nil
}

func goodPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// loopback reports localhost, 127.0.0.0/8 and ::1, spelled so.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() && !ip.Is4In6()
}

func checkPath(text string) *Fault {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "?# \t\r\n") {
		return bad("must be a path that begins with one slash", "write for example /api/client")
	}
	return nil
}

func checkListen(text string) *Fault {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return bad("must be host:port", "write for example 127.0.0.1:8080")
	}
	return nil
}

func checkDate(text string) *Fault {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return bad("must be a date, year-month-day", "write for example 2026-01-01")
	}
	return nil
}

// parseZone takes an IANA name. Local is refused: it is the machine's zone,
// which nobody chose.
func parseZone(l leaf) (*time.Location, *Fault) {
	zone, err := time.LoadLocation(l.text)
	if err != nil || l.text == "Local" {
		return nil, bad("must be a time zone of the IANA list", "write for example America/New_York")
	}
	return zone, nil
}

var siteID = regexp.MustCompile(`^[A-Z]{2}[0-9]{6}$`)

func checkSite(text string) *Fault {
	if !siteID.MatchString(text) {
		return bad("must be two capital letters and six digits", "write for example DE434055")
	}
	return nil
}

func checkCron(text string) *Fault {
	_, fault := parseCron(text)
	return fault
}

// ParseCron reads five fields or a descriptor such as @daily. A zone in the
// spec is refused, since there is one zone, the practice's; so is a spec that
// never falls due.
func ParseCron(spec string) (cron.Schedule, error) {
	schedule, fault := parseCron(spec)
	if fault != nil {
		return nil, errors.New("the cron spec " + fault.Message + "; " + fault.Hint)
	}
	return schedule, nil
}

func parseCron(spec string) (schedule cron.Schedule, fault *Fault) {
	unreadable := bad("must be five cron fields", `write for example "30 3 * * *"`)
	// The library panics on some specs, such as a zone with nothing after it.
	defer func() {
		if recover() != nil {
			schedule, fault = nil, unreadable
		}
	}()
	spec = strings.TrimSpace(spec)
	if strings.HasPrefix(spec, "TZ=") || strings.HasPrefix(spec, "CRON_TZ=") {
		return nil, bad("must not name a zone: schedules are in the practice's", "remove TZ= and set timezone")
	}
	if every, ok := strings.CutPrefix(spec, "@every "); ok {
		if d, err := time.ParseDuration(every); err != nil || d <= 0 {
			return nil, unreadable
		}
	}
	schedule, err := cron.ParseStandard(spec)
	if err != nil && len(strings.Fields(spec)) == 5 {
		return nil, bad("is no cron spec: "+err.Error(), unreadable.Hint)
	}
	if err != nil {
		return nil, unreadable
	}
	// The library looks five years ahead: from here that spans 29 February 2028.
	if schedule.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, bad("never falls due", "name a day that exists")
	}
	return schedule, nil
}
