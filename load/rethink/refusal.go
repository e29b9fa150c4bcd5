package rethink

import (
	"regexp"
	"strings"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/transform"
)

var alreadyExists = regexp.MustCompile(`(?i)already exists`)

// exists reports whether an error text says that the record is there already.
func exists(text string) bool { return alreadyExists.MatchString(text) }

// unknownID is the code of an id that the account does not have.
const unknownID = "unknown_id"

// patterns turn Rethink's error texts into a cause (destinations-facts, A9).
// They are matched by pattern, since the seed document and the pages word the
// same error differently.
var patterns = []struct {
	form    *regexp.Regexp
	code    string
	meaning string
}{
	{regexp.MustCompile(`(?i)is required`), etl.CodeRequired, "Rethink says that it is required"},
	{regexp.MustCompile(`(?i)length exceeded|exceeds max length`), etl.CodeTooLong, "Rethink says that it is too long"},
	{alreadyExists, "duplicate", "Rethink says that it exists already"},
	{regexp.MustCompile(`(?i)valid range of values`), etl.CodeRange, "Rethink says that it is out of range"},
	{regexp.MustCompile(`(?i)does not exist under|does match any ids|does not match any ids|for this authorization|for the client`),
		unknownID, "Rethink does not know this id in the account; correct the lookups file"},
	{regexp.MustCompile(`(?i)invalid .*\bid\b`), unknownID, "Rethink does not know this id; correct the lookups file"},
	{regexp.MustCompile(`(?i)invalid format|must be|not supported|not valid|does not match system`), etl.CodeFormat, "Rethink says that its form is wrong"},
}

// refusal parses an error text into field and cause. The text itself is left
// behind: it may quote a patient.
func (n Names) refusal(text, object string) etl.Problem {
	field := n.fieldIn(text, object)
	p := etl.Problem{Field: field.Name, Code: "refused", Message: "Rethink refused it without a reason that we know; look it up there"}
	for _, pattern := range patterns {
		if pattern.form.MatchString(text) {
			p.Code, p.Message = pattern.code, pattern.meaning
			break
		}
	}
	if p.Code == unknownID && (field.Type == transform.Own || field.Type == transform.Theirs) {
		p.Message = "Rethink does not know this id, which is the crosswalk's; look there for the record, and correct the id with `chartbridge crosswalk import --replace`"
	}
	if p.Field != "" {
		p.Message = p.Field + ": " + p.Message
	}
	return p
}

// fieldIn finds the field that an error text speaks of, among those that we
// send: "Client Id", "clientId" and "ClientID" are one. The longest name that
// occurs wins.
func (n Names) fieldIn(text, object string) transform.Column {
	squeezed := squeeze(text)
	var best transform.Column
	for _, s := range Shapes(n) {
		if s.Object != object {
			continue
		}
		for _, c := range s.Columns {
			if names(squeezed, c) && len(c.Name) > len(best.Name) {
				best = c
			}
		}
	}
	return best
}

// names reports whether a text names a field, with or without the Id at its
// end.
func names(squeezed string, c transform.Column) bool {
	name := strings.ToLower(c.Name)
	return strings.Contains(squeezed, name) ||
		len(name) > 6 && strings.Contains(squeezed, strings.TrimSuffix(name, "id"))
}

func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '_' || r == '-' || r == '[' || r == ']' {
			return -1
		}
		return r
	}, strings.ToLower(text))
}
