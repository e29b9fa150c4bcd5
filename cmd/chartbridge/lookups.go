package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/chartbridge/chartbridge/cmd/chartbridge/config"
	"github.com/spf13/cobra"
)

func newLookups(s *shared) *cobra.Command {
	lookups := &cobra.Command{Use: "lookups", Short: "The ids that belong to your accounts: template"}
	only := ""
	template := &cobra.Command{Use: "template", Short: "Print the lookups file with every key that the staged data need; what is not known is \"?\"",
		Long: "Prints the whole lookups file anew, with the ids that it holds. Write it to another file first: a shell empties\n" +
			"the one that it redirects into before this program reads it.",
		Example: "  chartbridge lookups template > lookups.new.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPractice(cmd.Context(), s, func(p *practice) error { return lookupsTemplate(cmd.Context(), s, p, only) })
		}}
	template.Flags().StringVar(&only, "destination", "", "of this `DESTINATION` alone")
	lookups.AddCommand(template)
	return lookups
}

// A needed lookup is one that a destination takes, with its keys.
type neededLookup struct {
	Destination string      `json:"destination"`
	Lookup      string      `json:"lookup"`
	KeyedBy     string      `json:"keyed_by"`
	Optional    string      `json:"optional,omitempty"` // what happens where it holds no id at all; "" = it must hold some
	Keys        []neededKey `json:"keys"`
	asked       bool        // a judged record has a problem for want of one
}

// may reports whether it is no fault that keys have no id.
func (n neededLookup) may() bool {
	return !n.asked && (n.Optional == leftOut || n.Optional != "" && n.empty())
}

// A neededKey is one of DrChrono's values that a lookup turns into an id, or
// one that the lookups file holds.
type neededKey struct {
	Key     string `json:"key"`
	ID      string `json:"id"`   // "" = not known
	Name    string `json:"name"` // of an office, profile, payer or custom demographic; never a person's
	Records int    `json:"records"`
}

// empty reports whether a lookup holds no id at all.
func (n neededLookup) empty() bool {
	return !slices.ContainsFunc(n.Keys, func(k neededKey) bool { return k.ID != "" })
}

// lacking counts the keys without an id.
func (n neededLookup) lacking() int {
	lacking := 0
	for _, k := range n.Keys {
		if k.ID == "" {
			lacking++
		}
	}
	return lacking
}

func lookupsTemplate(ctx context.Context, s *shared, p *practice, only string) error {
	if only != "" && !slices.Contains(p.config.Destinations(), only) {
		return usageError{fmt.Errorf("destination %q is not enabled in the config; enabled are %s", only, inWords(p.config.Destinations()))}
	}
	values, err := p.stagedValues(ctx)
	if err != nil {
		return err
	}
	needed, err := p.neededLookups(ctx, values)
	if err != nil {
		return err
	}
	if only != "" {
		needed = slices.DeleteFunc(needed, func(n neededLookup) bool { return n.Destination != only })
	}
	if s.output == "json" {
		return printJSON(s.stdout, map[string]any{"staged": values.records, "lookups": needed})
	}
	return printTemplate(s.stdout, s, needed, values)
}

// printTemplate prints a lookups file. It can be read back as it is: "?" is
// an id that is not known yet.
func printTemplate(w io.Writer, s *shared, needed []neededLookup, values stagedValues) error {
	var b strings.Builder
	lacking := 0
	for _, n := range needed {
		if !n.may() {
			lacking += n.lacking()
		}
	}
	fmt.Fprintf(&b, "# Lookups: DrChrono's value to the id that your account gives to it.\n")
	switch {
	case len(needed) == 0:
		b.WriteString("# No destination is enabled in the config, so none is needed.\n")
	case values.records == 0:
		b.WriteString(s.typed("# Nothing is staged yet, so the keys are not known: `chartbridge run --only extract`, then print this again.\n"))
	case lacking == 0:
		b.WriteString("# Every key that the staged data need has its id.\n")
	default:
		fmt.Fprintf(&b, "# Not known: %s. Replace each \"?\"; until then the records that need one are invalid.\n", howMany(lacking, "id"))
	}
	if len(values.profiles) > 0 && len(values.profileNames) == 0 {
		b.WriteString(s.typed("# For the names of profiles: `chartbridge run --only extract --endpoints appointment_profiles`, then print this again.\n"))
	}
	destination := ""
	for _, n := range needed {
		if n.Destination != destination {
			destination = n.Destination
			fmt.Fprintf(&b, "\n%s:\n", destination)
		}
		n.print(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (n neededLookup) print(b *strings.Builder) {
	fmt.Fprintf(b, "  # %s: by %s", n.Lookup, n.KeyedBy)
	if n.Optional != "" {
		b.WriteString("; optional: " + n.Optional)
	}
	if len(n.Keys) == 0 {
		fmt.Fprintf(b, "\n  %s: {}\n", n.Lookup)
		return
	}
	fmt.Fprintf(b, "\n  %s:\n", n.Lookup)
	for _, k := range n.Keys {
		id := k.ID
		if id == "" {
			id = "?"
		}
		fmt.Fprintf(b, "    %s: %s", strconv.Quote(k.Key), strconv.Quote(id))
		var notes []string
		if k.Name != "" && k.Name != k.Key {
			notes = append(notes, commentText(k.Name, 400))
		}
		if k.Records > 0 {
			notes = append(notes, howMany(k.Records, "record"))
		}
		if len(notes) > 0 {
			b.WriteString("  # " + strings.Join(notes, ", "))
		}
		b.WriteString("\n")
	}
}

// howMany says how many, in words.
func howMany(n int, thing string) string {
	return fmt.Sprintf("%d %s", n, thing) + pick(n == 1, "", "s")
}

// inWords lists names in a sentence.
func inWords(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return cmp.Or(strings.Join(names, ""), "none")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// commentText makes a name fit for one line of a comment, of so many
// characters at most.
func commentText(name string, most int) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\uFEFF' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most])
	}
	return strings.TrimSpace(name)
}

// neededLookups lists, for each enabled destination, the lookups that it takes
// with the keys that the staged data need, those that judged records lacked,
// and those that the file holds. What the file holds for other destinations
// follows, so that a template loses nothing.
func (p *practice) neededLookups(ctx context.Context, values stagedValues) ([]neededLookup, error) {
	lacked, err := p.store.LackingLookups(ctx)
	if err != nil {
		return nil, err
	}
	var all []neededLookup
	rest := maps.Clone(p.lookups)
	for _, d := range p.destinations() {
		delete(rest, config.Normal(d.name))
		of := lookupKeys{}
		for _, l := range lacked {
			if l.Destination == d.name {
				of.add(l.Lookup, l.Key, l.Records)
			}
		}
		asked := maps.Clone(of)
		taken := takenLookups(d)
		for _, name := range taken {
			for key, records := range kindOf(name).keys(values, d) {
				of.add(name, key, records)
			}
		}
		of.addFile(p.lookups[config.Normal(d.name)])
		list := p.listLookups(d.name, taken, of, values)
		for i := range list {
			list[i].asked = asked[config.Normal(list[i].Lookup)] != nil
		}
		all = append(all, list...)
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		of := lookupKeys{}
		of.addFile(rest[name])
		all = append(all, p.listLookups(spelled(name), nil, of, values)...)
	}
	return all, nil
}

// lookupKeys are keys by the normal name of their lookup, with how many records
// need each.
type lookupKeys map[string]map[string]int

func (of lookupKeys) add(lookup, key string, records int) {
	name := config.Normal(lookup)
	if of[name] == nil {
		of[name] = map[string]int{}
	}
	of[name][key] = max(of[name][key], records)
}

func (of lookupKeys) addFile(lookups map[string]map[string]string) {
	for name, ids := range lookups {
		for key := range ids {
			of.add(name, key, 0)
		}
	}
}

// spelled is a destination's name as the config spells it.
func spelled(normal string) string {
	for _, name := range startOrder {
		if config.Normal(name) == normal {
			return name
		}
	}
	return normal
}

// listLookups puts a destination's lookups in the order of the kinds; those
// that are no kind's stand at the end.
func (p *practice) listLookups(destination string, taken []string, of lookupKeys, values stagedValues) []neededLookup {
	order := slices.Clone(taken)
	for name := range of {
		if !slices.ContainsFunc(order, func(t string) bool { return config.Normal(t) == name }) {
			order = append(order, kindOf(name).name)
		}
	}
	slices.SortFunc(order[len(taken):], strings.Compare)
	list := make([]neededLookup, 0, len(order))
	for _, name := range order {
		kind := kindOf(name)
		n := neededLookup{Destination: destination, Lookup: name, KeyedBy: kind.keyedBy + valued[destination+" "+name], Optional: optional[destination+" "+name], Keys: []neededKey{}}
		for key, records := range of[config.Normal(name)] {
			id, needed := p.knownID(destination, kind, key)
			if needed {
				n.Keys = append(n.Keys, neededKey{key, id, kind.named(values)[key], records})
			}
		}
		slices.SortFunc(n.Keys, func(a, b neededKey) int { return strings.Compare(a.Key, b.Key) })
		list = append(list, n)
	}
	return list
}

// knownID is a key's id. A key that the file spells otherwise, or that its
// default stands for, is not needed.
func (p *practice) knownID(destination string, kind lookupKind, key string) (id string, needed bool) {
	ids := p.lookups[config.Normal(destination)][config.Normal(kind.name)]
	if id, ok := ids[key]; ok {
		return id, true
	}
	for _, other := range kind.spellings(key) {
		if _, ok := ids[other]; ok {
			return "", false
		}
	}
	_, ok := p.lookups.Find(destination, kind.name, key)
	return "", !ok
}
