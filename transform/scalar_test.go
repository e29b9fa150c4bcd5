package transform

import (
	"strings"
	"testing"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract"
)

func TestScalar(t *testing.T) {
	for _, c := range []struct{ json, want string }{
		{`"90001"`, "90001"}, {`90001`, "90001"}, {`9007199254740993`, "9007199254740993"}, {`12345678901234567890123`, "12345678901234567890123"},
		{`"00012"`, "00012"}, {`""`, ""}, {`null`, ""}, {`"  "`, ""}, {`" a "`, "a"}, {`12.50`, "12.50"}, {`1e400`, "1e400"},
		{`true`, "true"}, {`false`, "false"}, {`"null"`, "null"}, {`"é🙂\u0061"`, "é🙂a"},
	} {
		got, fault := decode[User]([]byte(`{"id":` + c.json + `}`))
		if fault != "" || got.ID.String() != c.want {
			t.Errorf("%s is %q (%s), want %q", c.json, got.ID, fault, c.want)
		}
	}
}

func TestTrue(t *testing.T) {
	for text, want := range map[Scalar]bool{"true": true, "True": true, "1": true, "false": false, "0": false, "": false, "yes": false} {
		if got := text.True(); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestDecodeFaultsNameMembersOnly(t *testing.T) {
	for name, record := range map[string]string{
		"list":      `{"first_name":["canary"]}`,
		"object":    `{"first_name":{"canary":"canary"}}`,
		"twice":     `{"first_name":"canary","first_name":"canary"}`,
		"bad UTF-8": "{\"first_name\":\"canary\xff\"}",
		"cut":       `{"first_name":"canary`,
		"no object": `"canary"`,
		"more":      `{"first_name":"canary"} canary`,
		"a text":    `{"primary_insurance":"canary"}`,
		"offices":   `{"offices":"canary"}`,
		"a list":    `{"offices":[["canary"]]}`,
	} {
		_, fault := decode[Patient]([]byte(record))
		if fault == "" || strings.Contains(fault, "canary") {
			t.Errorf("%s: fault %q, want one that does not hold the value", name, fault)
		}
	}
}

func TestBlankStandsForListsAndObjectsToo(t *testing.T) {
	for _, blank := range []string{`""`, "null"} {
		p, fault := decode[Patient]([]byte(`{"id":1,"offices":` + blank + `,"custom_demographics":` + blank +
			`,"patient_flags_attached":` + blank + `,"primary_insurance":` + blank + `,"last_name":"Lin"}`))
		if fault != "" || p.LastName != "Lin" || len(p.Offices)+len(p.Insurances()) != 0 {
			t.Errorf("%s: %s, %d offices, %d insurances; want none", blank, fault, len(p.Offices), len(p.Insurances()))
		}
	}
}

// The law of the balance: as many parts as staging counted.
func TestInsurancesAreAsManyAsStaged(t *testing.T) {
	e, ok := extract.Find("patients")
	if !ok {
		t.Fatal("patients is in no catalogue")
	}
	for _, insurance := range []string{`null`, `""`, `{}`, `{"insurance_company":""}`, `{"insurance_company":null}`, `{"insurance_company":"M"}`,
		`{"insurance_company":" "}`, `{"insurance_company":false}`, `{"insurance_company":true,"insurance_id_number":""}`, `{"insurance_id_number":0}`, `{"insurance_id_number":"X","insurance_company":""}`, `{"insurance_plan_name":"P"}`} {
		raw := []byte(`{"id":1,"primary_insurance":{"insurance_company":"M"},"tertiary_insurance":` + insurance + `}`)
		staged := extract.ReadRow(e, raw, "")
		p, fault := patient(etl.Source{Raw: raw, Parts: staged.Parts})
		if got := len(p.Insurances()); fault != "" || staged.Fault != "" || got != len(staged.Parts) {
			t.Errorf("%s: %d insurances, staging counted %d (%s%s)", insurance, got, len(staged.Parts), fault, staged.Fault)
		}
	}
}

func TestStringValues(t *testing.T) {
	for _, c := range []struct{ text, json string }{
		{"", ""}, {" \n\t ", ""}, {" a ", `"a"`}, {"a\nb", `"a b"`}, {"a\r\nb", `"a b"`}, {`a"b\`, `"a\"b\\"`},
		{"<&>", `"<&>"`}, {"=1+1", `"=1+1"`}, {"ש🙂é", `"ש🙂é"`}, {"O'Neil", `"O'Neil"`},
	} {
		if got := string(String(c.text).appendTo(nil)); got != c.json {
			t.Errorf("%q is sent as %s, want %s", c.text, got, c.json)
		}
	}
	if got := TextList([]string{"a", "", `b"`}).json; got != `["a","b\""]` {
		t.Errorf("a list of texts is sent as %s", got)
	}
	if !TextList([]string{"", " "}).Absent() || !IDList("").Absent() || Int(0).Absent() || Bool(false).Absent() {
		t.Error("empty lists must be absent; 0 and false must not")
	}
}
