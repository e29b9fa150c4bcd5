package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// reference is ${NAME}, ${NAME:default} or ${file:/path}.
type reference struct {
	variable   string // empty for a file
	path       string // empty for a variable
	fallback   string
	hasDefault bool
}

// piece is a literal stretch of a value, or a reference in it.
type piece struct {
	literal string
	ref     *reference
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// split cuts a value at its references.
func split(text string) ([]piece, *Fault) {
	var pieces []piece
	for text != "" {
		before, rest, found := strings.Cut(text, "${")
		if before != "" {
			pieces = append(pieces, piece{literal: before})
		}
		if !found {
			break
		}
		inner, after, closed := strings.Cut(rest, "}")
		ref := parseReference(inner)
		if !closed || ref == nil {
			return nil, bad("has a reference that cannot be read", "write ${NAME}, ${NAME:default} or ${file:/path}")
		}
		pieces = append(pieces, piece{ref: ref})
		text = after
	}
	return pieces, nil
}

// parseReference reads what stands between the braces; nil if it is none. A
// default with a reference in it is none: nothing is expanded twice.
func parseReference(inner string) *reference {
	name, rest, colon := strings.Cut(inner, ":")
	switch {
	case strings.Contains(inner, "${"):
		return nil
	case name == "file" && colon:
		if rest == "" {
			return nil
		}
		return &reference{path: rest}
	case !variableName.MatchString(name):
		return nil
	}
	return &reference{variable: name, fallback: rest, hasDefault: colon}
}

// expand puts the references' values in place.
func (r *reader) expand(text string, secret bool) (string, *Fault) {
	pieces, fault := split(text)
	if fault != nil {
		return "", fault
	}
	var b strings.Builder
	for _, p := range pieces {
		value := p.literal
		if p.ref != nil {
			if value, fault = r.resolve(p.ref, secret); fault != nil {
				return "", fault
			}
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// checkSecret refuses a secret that is anything but one reference. A default of
// its own is taken, and told: whoever reads the file, or a copy of it, has it.
func (b *block) checkSecret(key, text string) *Fault {
	const hint = "write ${NAME} or ${file:/path}"
	pieces, fault := split(text)
	if fault != nil || len(pieces) != 1 || pieces[0].ref == nil {
		return bad("a secret must not stand in the file", hint)
	}
	switch pieces[0].ref.fallback {
	case "":
	case off:
		return bad("off must not be a default: a variable that is missing would turn it off", "write off itself, or ${NAME}")
	default:
		b.r.warn(join(b.path, key) + ": a secret stands in the file, as the default of a variable; " + hint)
	}
	return nil
}

const setIt = "set it"

// resolve looks one reference up.
func (r *reader) resolve(ref *reference, secret bool) (string, *Fault) {
	if ref.path != "" {
		return r.fileValue(ref.path, secret)
	}
	r.asked[ref.variable] = true
	value, ok := r.env(ref.variable)
	switch {
	case !ok && !ref.hasDefault:
		return "", bad("the environment variable "+ref.variable+" is not set",
			setIt+", or write ${"+ref.variable+":} to do without")
	case !ok:
		return ref.fallback, nil
	case !utf8.ValidString(value):
		return "", bad("the environment variable "+ref.variable+" is not UTF-8 text", "")
	}
	return value, nil
}

// fileValue reads a file, without the newline at its end.
func (r *reader) fileValue(path string, secret bool) (string, *Fault) {
	path = r.absolute(path)
	text, err := r.readFile(path)
	if err != nil {
		return "", bad("cannot read the file "+path+": "+cause(err), "")
	}
	if !utf8.Valid(text) {
		return "", bad("the file "+path+" is not UTF-8 text", "store a key in base64")
	}
	if secret {
		r.secretFiles = append(r.secretFiles, path)
	}
	if mode, err := r.mode(path); secret && err == nil && mode&0o044 != 0 {
		r.warn("other users may read the secret in " + path + "; chmod 600 it")
	}
	value, ended := strings.CutSuffix(string(text), "\n")
	if ended {
		value = strings.TrimSuffix(value, "\r")
	}
	if secret && value == "" { // as if there were none, which turns encryption off
		return "", bad("the file "+path+" is empty", "write the secret into it, or leave the setting out")
	}
	return value, nil
}

// cause is the reason alone: the error around it names the path again.
func cause(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// absolute resolves a path against the config file's folder.
func (r *reader) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(r.dir, path)
}
