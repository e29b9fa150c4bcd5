package reports

import (
	"fmt"
	"time"
)

// about is the run and this file.
func (s *starter) about() error {
	if err := s.head("About this run"); err != nil {
		return err
	}
	b := s.b
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return "not yet"
		}
		return t.In(b.o.Zone).Format("2006-01-02 15:04:05 MST")
	}
	lines := [][2]string{{"Started", stamp(b.o.Run.At)}, {"Finished", stamp(b.o.Finished)},
		{"Times", "in " + b.o.Zone.String() + " unless a column says otherwise"},
		{"Asked for by", b.facts.run.trigger}, {"Exit code", fmt.Sprintf("%d: %s", b.o.ExitCode, exitMeanings[b.o.ExitCode])},
		{"Compared with", b.facts.before}, {"Note", b.facts.run.note}, {"Program", b.facts.run.version}, {"Patients", b.phiWords()},
		{"Signs", "✓ holds · ✗ does not hold · – none. A yellow cell in which signs stand for characters that no cell can hold, or with an end in brackets, was altered to fit: " + fmt.Sprintf("%d of them here.", b.marked)}}
	for _, l := range lines {
		if l[1] == "" {
			continue
		}
		if err := s.line(l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) phiWords() string {
	switch {
	case b.public:
		return "This file holds counts only and nothing of any patient; it may be mailed."
	case b.o.Level == LevelNone:
		return "This file shows records by their ids only (phi: none)."
	case b.o.Level == LevelFull:
		return "This file shows names, birth dates and ids as they are (phi: full). Keep it where patients' charts are kept."
	}
	return "This file shows initials, year of birth and the end of personal ids (phi: masked). It still is PHI."
}
