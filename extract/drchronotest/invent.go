package drchronotest

import (
	"fmt"
	"strings"
)

// Invented words: no list of people stands behind them.
var (
	heads = []string{"bra", "cel", "dro", "fim", "gul", "hes", "jov", "kel", "lur", "mox", "nev", "pil", "quo", "rix", "sev", "tov", "ulm", "vak", "wex", "yul", "zim"}
	tails = []string{"bo", "dan", "fex", "gar", "hul", "jin", "kra", "lo", "mir", "nok", "pa", "rul", "zox", "tiv", "ux", "vo", "wen", "zel"}
	towns = []place{{"Springfield", "NY", "1250"}, {"Testville", "NJ", "0780"}, {"Sampleton", "CT", "0690"}, {"Mockbury", "PA", "1910"}, {"Exampleton", "IL", "6060"}}
	ways  = []string{"Example Way", "Test Street", "Sample Avenue", "Mock Road", "Invented Lane"}
)

type place struct{ city, state, zip string } // zip: the first four digits

func (p *Practice) word(parts int) string {
	w := pick(p, heads)
	for range parts - 1 {
		w += pick(p, tails)
	}
	return strings.ToUpper(w[:1]) + w[1:]
}

func (p *Practice) phone() string {
	return fmt.Sprintf("(555) 01%d-%04d", p.rnd.IntN(10), p.rnd.IntN(10000))
}

func (p *Practice) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + p.rnd.IntN(10))
	}
	return string(b)
}

// address fills the address keys.
func (p *Practice) address(m fields) {
	t := pick(p, towns)
	m["address"] = fmt.Sprintf("%d %s", 1+p.rnd.IntN(999), pick(p, ways))
	m["city"], m["state"] = t.city, t.state
	m["zip_code"] = fmt.Sprintf("%s%d", t.zip, p.rnd.IntN(10))
}

// npi makes a provider number with the check digit of CMS: Luhn over 80840 and
// the first nine digits.
func (p *Practice) npi() string {
	nine := "1" + p.digits(8)
	sum := 0
	for i, c := range "80840" + nine {
		d := int(c - '0')
		if i%2 == 1 { // every second digit, counted from the check digit
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return nine + string(rune('0'+(10-sum%10)%10))
}

// badNPI has another check digit than npi would.
func badNPI(good string) string {
	return good[:9] + string(rune('0'+(good[9]-'0'+1)%10))
}
