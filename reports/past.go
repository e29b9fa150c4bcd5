package reports

import (
	"encoding/json"
	"os"
)

// readPast takes from the summary.json of a run that later ones came after what
// the database no longer knows of it: how its lists were read, and what was
// staged. That file is then left as the run wrote it.
func (f *facts) readPast(path string, o Options) {
	if !f.past || o.Range.Since != "" {
		return
	}
	var told summary
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &told) != nil || told.Run != o.Run.ID {
		return // it is written anew, of what there is
	}
	calls := map[string]int{}
	for _, e := range f.endpoints {
		calls[e.name] = e.callsOfRun
	}
	f.ownWords, f.endpoints = true, nil
	for _, e := range told.Endpoints {
		f.endpoints = append(f.endpoints, endpointFacts{name: e.Endpoint, state: e.State, note: e.Note, pages: e.Pages, rows: e.Rows, changed: e.Changed,
			callsOfRun: calls[e.Endpoint], stored: e.stored})
	}
}

// pastWords says what of a run is as it was, and what as it stands today.
func (b *book) pastWords() string {
	text := "Later runs came after this one. Outcomes, counts and messages are as it left them; names, dates and what else is shown of a record are as they stand today"
	if !b.facts.ownWords {
		text += ", and so is Endpoints"
	}
	return text + "."
}
