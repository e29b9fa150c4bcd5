package config

import "strings"

// A vocabulary is the names that may stand in one place of the lookups file:
// by Normal, what each is called.
type vocabulary struct {
	thing string
	names map[string]string
	hint  string // where no name is near
}

func newVocabulary(thing, hint, names string) vocabulary {
	v := vocabulary{thing, map[string]string{}, hint}
	for _, name := range strings.Fields(names) {
		v.names[Normal(name)] = name
	}
	return v
}

var (
	destinationNames = newVocabulary("destination", "write rethink, centralreach or central_registry", "rethink centralreach central_registry")

	// lookupNames may stand under any destination: an account may keep more
	// than it needs.
	lookupNames = newVocabulary("lookup", "`chartbridge lookups template` prints those that there are",
		"clientStatus staffStatus gender state funder insurancePlan appointmentType service payCode location placeOfService "+
			"appointmentStatus cancellationType cancelReason tag caseManager serviceLine contactForm customDemographics medication label metadata customIdentifier")
)

// sameLookup are further spellings that Normal does not make one.
var sameLookup = map[string]string{"customdemographic": "customdemographics", "demographics": "customdemographics"}

// normals are the names that the program itself uses, as Normal gives them:
// lookups are asked several times for each record.
var normals = func() map[string]string {
	all := map[string]string{}
	for _, v := range []vocabulary{destinationNames, lookupNames} {
		for normal, name := range v.names {
			all[name] = normal
		}
	}
	return all
}()

func normal(name string) string {
	if known, ok := normals[name]; ok {
		return known
	}
	return Normal(name)
}

// lookupName is Normal for the name of a lookup.
func lookupName(name string) string {
	name = normal(name)
	if same, ok := sameLookup[name]; ok {
		return same
	}
	return name
}

// fault is what is wrong with a name that is not in the vocabulary: an id
// under a name that nothing asks for would never be used.
func (v vocabulary) fault(name string) *Fault {
	known := make([]string, 0, len(v.names))
	for k := range v.names {
		known = append(known, k)
	}
	hint := v.hint
	if near := suggest(Normal(name), known); near != "" {
		hint = `did you mean "` + v.names[near] + `"?`
	}
	return bad("no "+v.thing+" has this name", hint)
}
