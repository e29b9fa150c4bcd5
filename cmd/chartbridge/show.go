package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/sirupsen/logrus"
)

// A show tells a person how the work goes on: one line, rewritten, on a
// terminal; nothing where nobody looks. It goes to stderr; data goes to stdout.
type show struct {
	out  io.Writer
	live bool

	mu      sync.Mutex // destinations are sent to side by side
	width   int
	sending []sending // of each of them, the object that goes
}

type sending struct {
	destination, object string
	sent, due           int
}

func newShow(s *shared) *show {
	return &show{out: s.stderr, live: isTerminal(s.stderr) && s.output != "json"}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

func (s *show) line(format string, args ...any) {
	if !s.live {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rewrite(fmt.Sprintf("  "+format, args...))
}

// rewrite keeps to one row: of two, the next line would leave the first behind.
func (s *show) rewrite(text string) {
	room := s.room()
	line := []rune(text)
	line = line[:min(len(line), room)]
	fmt.Fprintf(s.out, "\r%-*s", min(s.width, room), string(line))
	s.width = len(line)
}

// room is what a row holds without moving on to the next.
func (s *show) room() int { return cmp.Or(widthOf(s.out), usualWidth) - 1 }

// usualWidth is that of a terminal which does not say its own.
const usualWidth = 80

// done ends the line that was rewritten.
func (s *show) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = nil
	if s.live && s.width > 0 {
		fmt.Fprintf(s.out, "\r%*s\r", min(s.width, s.room()), "")
		s.width = 0
	}
}

func (s *show) page(c etl.Cursor) {
	s.line("extract %-24s page %d, %d rows, %d changed", c.Endpoint, c.Page, c.Rows, c.Changed)
}

func (s *show) judged(destination, object string, judged, of int) {
	s.line("map %s %-16s %d of %d", destination, object, judged, of)
}

func (s *show) sent(destination, object string, sent, due int) {
	if !s.live {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.sending, func(o sending) bool { return o.destination == destination })
	if at < 0 {
		at, s.sending = len(s.sending), append(s.sending, sending{destination: destination})
	}
	s.sending[at] = sending{destination, object, sent, due}
	s.sends()
}

// ended takes a destination that is through off the line.
func (s *show) ended(destination string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.sending)
	s.sending = slices.DeleteFunc(s.sending, func(o sending) bool { return o.destination == destination })
	if len(s.sending) < before {
		s.sends()
	}
}

func (s *show) sends() {
	text := "  send"
	for _, o := range s.sending {
		text += fmt.Sprintf(" %s %s %d%s ", o.destination, o.object, o.sent, pick(o.sent <= o.due, fmt.Sprintf(" of %d", o.due), ""))
	}
	s.rewrite(text)
}

func (s *show) waiting(reason string, until time.Time) {
	s.line("waiting until %s: %s", until.Local().Format("15:04:05 MST"), reason)
}

// newLog makes the log: on stderr, without anything of a patient's.
func newLog(s *shared) (*logrus.Logger, error) {
	log := logrus.New()
	log.SetOutput(s.stderr)
	level, err := logrus.ParseLevel(s.logLevel)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s %q: write debug, info, warn or error", givenBy("--log-level", "CHARTBRIDGE_LOG_LEVEL", s.logLevel), s.logLevel)}
	}
	log.SetLevel(level)
	switch s.logFormat {
	case "text":
		log.SetFormatter(&logrus.TextFormatter{FullTimestamp: true, DisableColors: os.Getenv("NO_COLOR") != ""})
	case "json":
		log.SetFormatter(&logrus.JSONFormatter{})
	default:
		return nil, usageError{fmt.Errorf("%s %q: write text or json", givenBy("--log-format", "CHARTBRIDGE_LOG_FORMAT", s.logFormat), s.logFormat)}
	}
	log.SetFormatter(scrubbing{log.Formatter, &s.scrub})
	return log, nil
}

// tell writes the program's last word to stderr, whatever the level of the log:
// a line of the log where that is JSON, else as a person reads it.
func (s *shared) tell(text string) {
	if s.logFormat != "json" {
		fmt.Fprintln(s.stderr, "chartbridge: "+s.scrub.text(text))
		return
	}
	last := *s
	last.logLevel = "error"
	if log, err := newLog(&last); err == nil {
		log.Error(text)
	}
}

// quieter leaves a person's screen to the show: warnings stand in the table.
func quieter(level logrus.Level) logrus.Level { return min(level, logrus.ErrorLevel) }
