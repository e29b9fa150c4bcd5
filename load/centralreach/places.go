package centralreach

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// places is the table of centralreach.txt, Places of Service: CMS code and
// CentralReach's own id, which differ. The codes 27 and 66 are not in it.
var places = table(`
	01:1 02:45 03:2 04:3 05:4 06:5 07:6 08:7 09:8 10:50 11:9 12:10 13:11 14:12
	15:13 16:14 17:46 18:51 19:52 20:15 21:16 22:17 23:18 24:19 25:20 26:21 31:22 32:23
	33:24 34:25 41:26 42:27 49:28 50:29 51:30 52:31 53:32 54:33 55:34 56:35 57:36 58:49
	60:37 61:38 62:39 65:40 71:41 72:42 81:43 99:44`)

func table(text string) map[string]int {
	m := map[string]int{}
	for pair := range strings.FieldsSeq(text) {
		code, id, _ := strings.Cut(pair, ":")
		m[code], _ = strconv.Atoi(id) // digits: a test reads every pair
	}
	return m
}

// placeID reads what the lookup placeOfService holds: a CMS code, or "id" and
// CentralReach's own. A number alone could be either, and is a code.
func placeID(text string) (id int, ok bool) {
	word, number, own := strings.Cut(strings.TrimSpace(text), " ")
	if !own || !strings.EqualFold(word, "id") {
		return PlaceOfServiceID(text)
	}
	id, err := strconv.Atoi(strings.TrimSpace(number))
	return id, err == nil && slices.Contains(slices.Collect(maps.Values(places)), id)
}

// PlaceOfServiceID is CentralReach's id for a CMS place-of-service code, which
// may lack its leading 0; ok is false for a code that CentralReach does not
// have.
func PlaceOfServiceID(code string) (id int, ok bool) {
	if len(code) == 1 {
		code = "0" + code
	}
	id, ok = places[code]
	return id, ok
}
