package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// set fills one scalar: the default where no value is given, else what parse
// makes of it.
func set[T any](b *block, key string, to *T, byDefault T, parse func(leaf) (T, *Fault)) {
	*to = byDefault
	l, ok := b.leaf(key, false)
	if !ok {
		return
	}
	value, fault := parse(l)
	if fault != nil {
		l.fault(fault)
		return
	}
	*to = value
}

// text takes any scalar as it is written, so that an id keeps its zeros.
func (b *block) text(key string, to *string, byDefault string) {
	b.checked(key, to, byDefault, func(string) *Fault { return nil })
}

// checked takes a text that passes a check.
func (b *block) checked(key string, to *string, byDefault string, check func(string) *Fault) {
	set(b, key, to, byDefault, func(l leaf) (string, *Fault) { return l.text, check(l.text) })
}

// choice takes one of a few words.
func (b *block) choice(key string, to *string, byDefault string, words ...string) {
	b.checked(key, to, byDefault, func(text string) *Fault {
		if slices.Contains(words, text) {
			return nil
		}
		return bad("must be one of "+strings.Join(words, ", "), "")
	})
}

// location takes a file or folder, relative to the config file's folder.
func (b *block) location(key string, to *string, byDefault string) {
	b.text(key, to, byDefault)
	*to = b.r.absolute(*to)
}

// beside takes a location whose default is a place found already, which is not
// to be found a second time.
func (b *block) beside(key string, to *string, place string) {
	b.text(key, to, "")
	if *to == "" {
		*to = place
		return
	}
	*to = b.r.absolute(*to)
}

func (b *block) flag(key string, to *bool, byDefault bool) {
	set(b, key, to, byDefault, func(l leaf) (bool, *Fault) {
		word := strings.ToLower(l.text)
		if l.kind != "!!bool" && !l.expanded || word != "true" && word != "false" {
			return false, bad("must be true or false", "write it without quotes")
		}
		return word == "true", nil
	})
}

// wholeNumber leaves out what YAML would read otherwise than a person: 010,
// 1_000, 0x10, 1e3. Nine digits keep it within an int anywhere.
var wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)

// number takes a whole number within bounds; no upper bound where most is 0.
func (b *block) number(key string, to *int, byDefault, least, most int) {
	set(b, key, to, byDefault, func(l leaf) (int, *Fault) {
		n, err := strconv.Atoi(l.text)
		fits := err == nil && n >= least && (most == 0 || n <= most)
		if l.kind != "!!int" && !l.expanded || !wholeNumber.MatchString(l.text) || !fits {
			return 0, bad("must be a whole number "+bounds(least, most), "write for example "+strconv.Itoa(byDefault))
		}
		return n, nil
	})
}

func bounds(least, most int) string {
	if most > 0 {
		return "from " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
	}
	if least == 1 {
		return "above 0"
	}
	return "from " + strconv.Itoa(least) + " up"
}

// duration takes a Go duration above zero, or from zero up where zero is true.
func (b *block) duration(key string, to *time.Duration, byDefault time.Duration, zero bool) {
	set(b, key, to, byDefault, func(l leaf) (time.Duration, *Fault) {
		d, err := time.ParseDuration(l.text)
		if err != nil || d < 0 || d == 0 && !zero {
			return 0, bad("must be a duration above 0 with its unit: h, m or s", "write for example "+short(byDefault))
		}
		return d, nil
	})
}

// short writes 25h0m0s as 25h.
func short(d time.Duration) string {
	text := d.String()
	if d%time.Minute == 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d%time.Hour == 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

var wholePercent = regexp.MustCompile(`^(100|[1-9]?[0-9])%$`)

func (b *block) percent(key string, to *Percent, byDefault Percent) {
	set(b, key, to, byDefault, func(l leaf) (Percent, *Fault) {
		m := wholePercent.FindStringSubmatch(l.text)
		if m == nil {
			return 0, bad("must be a whole percentage from 0% to 100%", "write for example "+strconv.Itoa(int(byDefault))+"%")
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, bad("must be a whole percentage", "")
		}
		return Percent(n), nil
	})
}

// secret takes a reference and nothing else; check sees the revealed text.
func (b *block) secret(key string, to *Secret, check func(string) *Fault) {
	l, ok := b.leaf(key, true)
	if !ok {
		return
	}
	if fault := check(l.text); fault != nil {
		l.fault(fault)
		return
	}
	*to = NewSecret(l.text)
}
