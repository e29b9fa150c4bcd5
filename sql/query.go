package sql

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed query/*.sql
var queryFiles embed.FS

// queries holds every query by its name: a file holds several, each after a
// line "-- name: NAME". A test prepares each against the migrated schema.
var queries = readQueries(queryFiles, "query")

func readQueries(fs embed.FS, dir string) map[string]string {
	all := map[string]string{}
	entries, err := fs.ReadDir(dir)
	if err != nil {
		panic(fmt.Sprintf("embedded queries: %v", err))
	}
	for _, e := range entries {
		text, err := fs.ReadFile(dir + "/" + e.Name())
		if err != nil {
			panic(fmt.Sprintf("embedded query file %s: %v", e.Name(), err))
		}
		for _, part := range strings.Split(string(text), "-- name: ")[1:] {
			name, body, _ := strings.Cut(part, "\n")
			all[strings.TrimSpace(name)] = strings.TrimSpace(body)
		}
	}
	return all
}

// query gives the query of that name. A name that no file holds is a mistake
// in the program, which the first test that runs it shows.
func query(name string) string {
	q, ok := queries[name]
	if !ok {
		panic("no query is named " + name)
	}
	return q
}
