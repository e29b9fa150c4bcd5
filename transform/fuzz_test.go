package transform

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/go-json-experiment/json/jsontext"
)

// FuzzDecode reads any bytes as each of the source records: it never panics,
// and what reads at all is strict JSON.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"id":"1","offices":["1",2,null],"primary_insurance":{"insurance_company":""}}`, `{"id":1,"id":2}`,
		`{"custom_demographics":[{"field_type":1,"value":"x"}],"patient_flags_attached":""}`, "{\"first_name\":\"\xff\"}", `[]`, `{"duration":1e9}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := &Case{Source: etl.Source{Raw: raw, Parts: []string{"primary", "tertiary", "else"}}}
		p, patient := c.AsPatient()
		_, doctor := c.AsDoctor()
		_, visit := c.AsAppointment()
		_, user := As[User](c)
		_, medication := As[Medication](c)
		for _, fault := range []string{patient, doctor, visit, user, medication} {
			// null reads as a record without members; numbers keep their form.
			if fault == "" && !jsontext.Value(raw).IsValid() {
				t.Fatal("what is no JSON was read")
			}
		}
		if patient == "" {
			_, _, _ = p.Insurances(), p.FlagNames(), p.Demographic("1")
		}
	})
}

// FuzzLocal: what has no fault is the very wall clock that was asked for.
func FuzzLocal(f *testing.F) {
	for _, naive := range []string{"2026-03-08T02:30:00", "2026-11-01T01:30:00", "2026-02-10 10:00:00", "0000-00-00", "9999-12-31T23:59:59", "2026-02-10T10:00:00.5"} {
		for _, name := range []string{"America/New_York", "Australia/Lord_Howe", "UTC"} {
			f.Add(naive, name)
		}
	}
	f.Fuzz(func(t *testing.T, naive, name string) {
		z, err := time.LoadLocation(name)
		if err != nil || z == time.Local {
			return
		}
		got, fault := Local(naive, z)
		if fault != "" {
			return
		}
		wall, ok := parseWall(naive)
		if !ok || got.Format(time.DateTime) != wall.Format(time.DateTime) {
			t.Fatalf("%q in %s is %s", naive, name, got)
		}
	})
}

// FuzzValues: a value that passes the checks of its type is strict JSON, and
// no absent one is blanked.
func FuzzValues(f *testing.F) {
	for _, text := range []string{"", " ", "007", "1,2", "1 2", "a\x00", "\xff", "1e5", "2026-03-01", "true", "\u2028", `"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for kind, v := range map[Type]Value{Text: String(text), Integer: Raw(text), Number: Raw(text), Boolean: Raw(text), IDs: IDList(text), Date: String(text)} {
			c := newCase(t)
			verdict := Map([]Field[int]{field("f", kind, 0, false, v)}, 0, c)
			if verdict.Outcome != "" {
				continue
			}
			if body := jsontext.Value(verdict.Body); !body.IsValid() || !utf8.Valid(body) || string(body) == `{"f":""}` {
				t.Fatalf("%s %q is sent as %s", kind, text, body)
			}
		}
	})
}
