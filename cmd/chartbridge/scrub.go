package main

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/sirupsen/logrus"
)

// A scrubber is the last net below logs and errors: it takes the config's
// secrets, and what is written as a token is, out of a finished line. Nothing
// should ever fall into it.
type scrubber struct {
	known   []string // secrets, each with what stands in its place
	secrets *strings.Replacer
}

const scrubbed = "[secret]"

// shortest is the length below which a secret is no secret, and would take
// words out of sentences.
const shortest = 6

var tokenText = regexp.MustCompile(`(?i)(bearer\s+|(?:access_token|refresh_token|client_secret|api_key|password)["'\\]*\s*[=:]\s*["'\\]*)([^\s"'\\&,;]+)`)

// ownWords are those that a sentence of ours goes on with after a key of the
// config and a colon, and the end of ${NAME:}: no secret, and the sentence needs
// them.
var ownWords = regexp.MustCompile(`: (a|the|is|must|cannot|unknown|given)$|:\}$`)

// learn takes a config's secrets in; it is called before anything is logged
// that could hold one.
func (s *scrubber) learn(c *config.Config) {
	for _, secret := range secretsOf(reflect.ValueOf(c)) {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
			s.known = append(s.known, form, scrubbed)
		}
	}
	s.secrets = strings.NewReplacer(s.known...)
}

// secretsOf finds every secret of the config, also those of fields to come.
func secretsOf(v reflect.Value) (list []string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && v.Elem().Kind() == reflect.Struct {
			return secretsOf(v.Elem())
		}
	case reflect.Struct:
		if secret, ok := v.Interface().(config.Secret); ok {
			if text := secret.Reveal(); len(text) >= shortest {
				return []string{text}
			}
			return nil
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				list = append(list, secretsOf(v.Field(i))...)
			}
		}
	}
	return list
}

func (s *scrubber) text(line string) string {
	if s.secrets != nil {
		line = s.secrets.Replace(line)
	}
	return tokenText.ReplaceAllStringFunc(line, func(found string) string {
		if ownWords.MatchString(found) {
			return found
		}
		return tokenText.ReplaceAllString(found, "${1}"+scrubbed)
	})
}

// A scrubbing formatter scrubs what another one made. Each line names a run; one
// that belongs to none says so.
type scrubbing struct {
	logrus.Formatter
	*scrubber
}

// Format gives the line without what must not stand in it.
func (f scrubbing) Format(e *logrus.Entry) ([]byte, error) {
	if _, named := e.Data["run"]; !named {
		e.Data["run"] = "-"
	}
	line, err := f.Formatter.Format(e)
	return []byte(f.text(string(line))), err
}
