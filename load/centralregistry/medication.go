package centralregistry

import (
	"slices"
	"strings"
	"unicode"

	"github.com/chartbridge/chartbridge/transform"
)

// medicationLookup maps what a medication's name leaves open to a code of the
// registry: by the name as it stands in DrChrono, or by the key that a problem
// gives. Its key "none" says what to send where no medication was given.
const medicationLookup = "medication"

// noneKey is that lookup's key for a patient without a medication.
const noneKey = "none"

// Codes without a dose: 7, no medication given; 12, no medication administered
// during treatment.
const noneGiven, noneAdministered = 7, 12

// codes of medications that were given (central-registry.txt, medication);
// there is no 11.
var givenCodes = []int{1, 2, 3, 4, 5, 6, 8, 9, 10}

// A brand is one of the document's trade names.
type brand struct {
	code     int
	contains []string // substances that may stand beside it in a name
	depot    bool     // it is an injection or an implant, so its name may say so
}

var brands = map[string]brand{
	"suboxone":   {code: 2, contains: []string{"buprenorphine", "naloxone"}},
	"subutex":    {code: 3, contains: []string{"buprenorphine"}},
	"vivitrol":   {code: 6, contains: []string{"naltrexone"}, depot: true},
	"probuphine": {code: 8, contains: []string{"buprenorphine"}, depot: true},
	"sublocade":  {code: 9, contains: []string{"buprenorphine"}, depot: true},
	"zubsolv":    {code: 10, contains: []string{"buprenorphine", "naloxone"}},
}

// substances are the document's other names: a code each, where nothing else
// stands in the name.
var substances = map[string]int{"methadone": 1, "naltrexone": 4, "buprenorphine": 5}

// others are trade names of the same substances that the document does not
// list: which code they go under is for the practice to say.
var others = []string{"methadose", "dolophine", "diskets", "brixadi", "bunavail", "revia", "depade"}

// partners and forms turn a substance into something that several codes could
// mean: buprenorphine with naloxone is Suboxone or Zubsolv, a depot of it
// Sublocade or Probuphine.
var (
	partners = []string{"naloxone", "bupropion", "samidorphan"}
	forms    = []string{"extended", "er", "xr", "depot", "implant", "injection", "injectable", "monthly", "weekly"}
)

// A drug is what a medication's name says of its code.
type drug struct {
	kind bool   // one of those that the registry asks after
	code int    // 0 = open
	key  string // what the lookup medication has to say, where it is open
}

// identify reads a name: brand before substance, and only what leaves no doubt.
// Naloxone alone is a rescue kit, not a treatment.
func identify(name string) drug {
	var trade, unlisted, plain, partner, form []string
	for _, w := range wordsOf(name) {
		switch {
		case brands[w].code != 0:
			trade = append(trade, w)
		case slices.Contains(others, w):
			unlisted = append(unlisted, w)
		case substances[w] != 0:
			plain = append(plain, w)
		case slices.Contains(partners, w):
			partner = append(partner, w)
		case slices.Contains(forms, w):
			form = append(form, w)
		}
	}
	d := drug{kind: len(trade)+len(unlisted)+len(plain) > 0}
	switch {
	case !d.kind:
	case len(trade) == 1 && len(unlisted) == 0 && brands[trade[0]].covers(slices.Concat(plain, partner), form):
		d.code = brands[trade[0]].code
	case len(plain) == 1 && len(trade)+len(unlisted)+len(partner)+len(form) == 0:
		d.code = substances[plain[0]]
	default:
		d.key = strings.Join(slices.Concat(trade, unlisted, plain, partner, form), "/")
	}
	return d
}

// covers reports whether everything else in a name belongs to the brand.
func (b brand) covers(substances, form []string) bool {
	foreign := slices.ContainsFunc(substances, func(w string) bool { return !slices.Contains(b.contains, w) })
	return !foreign && (b.depot || len(form) == 0)
}

// wordsOf are the words of a name in order of the alphabet, each once, so that
// the same medication has the same key however it is written.
func wordsOf(name string) []string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) })
	slices.Sort(words)
	return slices.Compact(words)
}

// drugOf identifies a medication with the lookup's help: what the lookup says
// of the exact name goes before everything else. bad: it gives a code that is
// not the registry's.
func drugOf(c *transform.Case, name string) (d drug, bad bool) {
	d = identify(name)
	code, found, bad := mapped(c, name, givenCodes)
	if !found && d.key != "" {
		code, found, bad = mapped(c, d.key, givenCodes)
	}
	if found {
		return drug{kind: true, code: code}, bad
	}
	return d, false
}
