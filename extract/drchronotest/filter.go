package drchronotest

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A filter says which rows of an endpoint a query asks for.
type filter struct {
	key                     string // tells filters apart, for the cache
	since, from, to         int64  // 0 = no bound; to is exclusive
	patient, doctor, office int64
	equal                   [][2]string // further documented filters: key, value
	hidden, noVirtual       bool
	orderBy                 string
}

// needsBound are the endpoints that refuse an unbounded list.
var needsBound = []string{"appointments", "clinical_notes", "audit_log"}

// newFilter reads a query. A message means that the vendor would answer 400
// for that field.
func newFilter(sp *spec, q url.Values, now time.Time, bulk bool) (f *filter, field, message string) {
	f = &filter{orderBy: q.Get("order_by"), noVirtual: q.Get("ignore_virtual") == "true"}
	bounded := bulk || q.Has("since") || q.Has("date") || q.Has("date_range") || q.Has("occurred_since")
	if slices.Contains(needsBound, sp.name) && !bounded {
		return f, "non_field_errors", "Either since, date or date_range parameter must be specified."
	}
	if sp.name == "insurances" && !slices.Contains([]string{"emdeon", "gateway", "ihcfa"}, q.Get("payer_type")) {
		return f, "payer_type", "This field is required: one of emdeon, gateway or ihcfa."
	}
	for _, name := range sp.filters {
		if v := q.Get(name); v != "" {
			if message := f.set(name, v, now); message != "" {
				return f, name, message
			}
		}
	}
	f.key = cacheKey(sp, q)
	return f, "", ""
}

// cacheKey tells filters apart: all of the query but how it is paged and shown.
func cacheKey(sp *spec, q url.Values) string {
	q = maps.Clone(q)
	for _, k := range []string{"page", "cursor", "page_size", "verbose"} {
		q.Del(k)
	}
	return sp.name + "?" + q.Encode()
}

// set takes one documented filter.
func (f *filter) set(name, v string, now time.Time) string {
	switch name {
	case "since", "updated_since", "received_since":
		t, ok := parseStamp(v)
		if !ok {
			return "Enter a valid date/time without a time zone."
		}
		f.since = t.Unix()
	case "date", "service_date", "appointment_date":
		return f.between(v+"/"+v, now)
	case "date_range", "appointment_date_range":
		return f.between(v, now)
	case "show_archived", "show_inactive":
		f.hidden = f.hidden || v == "true" || v == "1"
	case "patient", "doctor", "office":
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return "Enter a whole number."
		}
		*map[string]*int64{"patient": &f.patient, "doctor": &f.doctor, "office": &f.office}[name] = n
	case "payer_type":
	default:
		f.equal = append(f.equal, [2]string{name, v})
	}
	return ""
}

// maxRangeDays is the longest date_range that is not wholly in the past; one
// that ends today or yesterday does not count as past (facts, section 2).
const maxRangeDays = 190

func (f *filter) between(v string, now time.Time) string {
	a, b, ok := strings.Cut(v, "/")
	from, err := time.Parse(dateLayout, a)
	to, err2 := time.Parse(dateLayout, b)
	if !ok || err != nil || err2 != nil || to.Before(from) {
		return "Enter a valid date range."
	}
	today := now.UTC().Truncate(24 * time.Hour)
	past := to.Before(today.AddDate(0, 0, -1))
	if to.Sub(from) > maxRangeDays*24*time.Hour && !past {
		return "Date range cannot be longer than 190 days."
	}
	f.from, f.to = from.Unix(), to.AddDate(0, 0, 1).Unix()
	return ""
}

func (f *filter) match(t *table, r *row) bool {
	switch {
	case r.hidden && !f.hidden,
		f.since != 0 && r.updated < f.since,
		f.to != 0 && (r.when < f.from || r.when >= f.to),
		f.patient != 0 && r.patient != f.patient,
		f.doctor != 0 && r.doctor != f.doctor,
		f.office != 0 && r.office != f.office,
		f.noVirtual && !digitsOnly(r.id):
		return false
	}
	for _, kv := range f.equal {
		if !matches(t, r, kv[0], kv[1]) {
			return false
		}
	}
	return true
}

// matches compares a documented filter with the key of its name. Names match
// by their beginning, in any case (facts, section 11.5).
func matches(t *table, r *row, key, want string) bool {
	switch key {
	case "status":
		return r.status == want
	case "term":
		in := string(t.value(r, "payer_name")) + " " + string(t.value(r, "payer_id")) + " " + string(t.value(r, "state"))
		return strings.Contains(strings.ToLower(in), strings.ToLower(want))
	case "offices":
		list := strings.Trim(string(t.value(r, key)), "[]")
		return slices.Contains(strings.Split(list, ","), want)
	}
	raw := t.value(r, key)
	if raw == nil { // a filter that has no key of its name, such as query_date_range
		return true
	}
	got := text(raw)
	if key == "first_name" || key == "last_name" {
		return strings.HasPrefix(strings.ToLower(got), strings.ToLower(want))
	}
	if strings.HasSuffix(key, "_date") { // posted_date is a stamp that is asked for by its day
		return strings.HasPrefix(got, want)
	}
	return got == want
}

func digitsOnly(s string) bool { return strings.Trim(s, "0123456789") == "" }
