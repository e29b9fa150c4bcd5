package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chartbridge/chartbridge/sql"
	"github.com/chartbridge/chartbridge/transform"
)

// checkAge holds the database against the journal of what was sent.
func (c *preflight) checkAge(ctx context.Context) {
	sent, err := c.store.Anew(ctx)
	if err == nil {
		err = c.store.Older(ctx)
	}
	older := new(sql.OlderError)
	switch {
	case errors.As(err, &older):
		c.fail("database", err, "", "%v", err)
	case err != nil:
		c.fail("database", errBroken, doDatabase, "%v", err)
	case sent > 0:
		c.warn("database", "correct data_dir or journal_dir if this practice has a database already; if it was lost, go on: the first run asks each destination before it sends",
			"%s holds nothing, and journal_dir %s tells of %s that were sent", c.store.Path(), c.config.JournalDir, howMany(int(sent), "group")+" of requests")
	}
}

// checkLookups names what the staged data need and the lookups lack.
func (c *preflight) checkLookups(ctx context.Context) error {
	enabled := c.destinations()
	if len(enabled) == 0 {
		return nil
	}
	needed, err := c.neededLookups(ctx, c.seen.values)
	if err != nil {
		return err
	}
	if c.seen.values.records == 0 {
		c.warn("lookups", "`chartbridge run --only extract`, then check again", "nothing is staged yet, so what they must hold is not known")
		return nil
	}
	if id, ok := c.lookups.Find("rethink", "appointmentStatus", "Complete"); ok && id == completedThere {
		c.warn("lookups", "give Complete the id of Needs Verification", "rethink appointmentStatus gives Complete the id %s, which elsewhere means Completed: "+
			"that is the staff's own signature, and releases billing", id)
	}
	lacking, without := 0, []string{}
	for _, n := range needed {
		for _, k := range n.Keys {
			if fault := enabled.wrongValue(n.Destination, n.Lookup, k.ID); k.ID != "" && fault != "" {
				lacking++
				c.warn("lookups", "correct it in the lookups file", "%s, key %q: %s", n.Destination, k.Key, fault)
			}
		}
		switch {
		case n.lacking() == 0:
		case n.may():
			without = append(without, n.Destination+" "+n.Lookup)
		default:
			lacking += n.lacking()
			c.warn("lookups", "fill them in; `chartbridge lookups template` prints all", "%s", n.sentence())
		}
	}
	if lacking == 0 {
		c.ok("lookups", "they hold all that the staged data need")
	}
	if len(without) > 0 {
		c.ok("lookups", "optional, and not filled in: %s", strings.Join(without, ", "))
	}
	return nil
}

// completedThere is Completed at the accounts that were seen; Needs
// Verification was 2 (destinations-facts, A7 and D).
const completedThere = "3"

// sentence names the keys that a lookup lacks, up to a handful.
func (n neededLookup) sentence() string {
	const most = 6
	var keys []string
	records := 0
	for _, k := range n.Keys {
		if k.ID == "" {
			keys = append(keys, fmt.Sprintf("%q", k.Key))
			records += k.Records
		}
	}
	text := strings.Join(keys[:min(most, len(keys))], ", ")
	if len(keys) > most {
		text += fmt.Sprintf(" and %d more", len(keys)-most)
	}
	if n.empty() {
		return fmt.Sprintf("%s %s holds no id at all; needed for %s (%s)", n.Destination, n.Lookup, text, howMany(records, "record"))
	}
	return fmt.Sprintf("%s %s lacks %s (%s)", n.Destination, n.Lookup, text, howMany(records, "record"))
}

// checkDoctorZones looks at the zones in which the visits' times are read.
func (c *preflight) checkDoctorZones(ctx context.Context) error {
	var unknown, others []string
	_, err := c.each(ctx, "doctors", func(record *transform.Case) {
		d, fault := record.AsDoctor()
		name := d.Timezone.String()
		if fault != "" || name == "" {
			return
		}
		if _, err := time.LoadLocation(name); err != nil {
			unknown = append(unknown, record.Source.ID)
		} else if name != c.config.Timezone.String() {
			others = append(others, record.Source.ID)
		}
	})
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		c.warn("zone", "correct it in DrChrono; their visits are invalid until then", "these doctors have a time zone that nobody knows: %s", strings.Join(unknown, ", "))
	}
	if len(others) > 0 {
		c.ok("zone", "%s in another zone than the practice's; visits are read in their doctor's", pick(len(others) == 1, "1 doctor works", fmt.Sprintf("%d doctors work", len(others))))
	}
	return nil
}

func (c *preflight) checkZone() {
	now := c.clock.Now().In(c.config.Timezone)
	text := fmt.Sprintf("%s, where it is %s", c.config.Timezone, now.Format("2006-01-02 15:04 MST"))
	if _, change := now.ZoneBounds(); !change.IsZero() {
		text += "; its clocks change next on " + change.In(c.config.Timezone).Format(time.DateOnly)
	}
	c.ok("zone", "%s", text)
}

// checkOverlap warns of an overlap in which a day's corrections get lost.
func (c *preflight) checkOverlap() {
	if c.config.Overlap < 24*time.Hour {
		c.warn("overlap", "write 25h, or leave the key out", "overlap is %s: a record that DrChrono shows late, or stamps in the hour that the clocks repeat, can be missed",
			c.config.Overlap)
	}
}

// checkSchedules names the schedules that fall due at a time that the clocks
// skip or show twice.
func (c *preflight) checkSchedules() {
	entries, err := entriesOf(c.config)
	if err != nil {
		c.fail("schedules", errConfig, `write five fields, for example "30 3 * * *"`, "%v", err)
		return
	}
	for _, e := range entries {
		o, risky := e.Risky(c.clock.Now())
		if !risky {
			c.ok("schedules", "%s (%s)", e.Name, e.Spec)
			continue
		}
		c.warn("schedules", `move it out of the hours that change, for example to "30 3 * * *"`, "%s (%s) falls at %s where %s", e.Name, e.Spec, o.Local, o.Risk)
	}
}

// An assumption is a point on which a vendor's documents are silent.
type assumption struct{ destination, text, do string }

// assumptions are those that a practice can have confirmed. They are worded
// for the people who would ask.
var assumptions = []assumption{
	{"drchrono", "a visit's status is the one of its row: status_transitions, which may tell of a cancellation where that is blank, are not read", "compare some visits that were called off with what was sent; set their status in DrChrono where it is blank"},
	{"drchrono", "a bulk list takes the plain list's filters: show_inactive, show_archived and ignore_virtual", "look whether an inactive patient and a deleted visit were staged; drchrono.bulk: never reads plain lists alone"},
	{"rethink", "the paths below base_url, one object a POST, and the scopes api.read and api.write", "ask Rethink at implementation; rethink.paths sets other paths"},
	{"rethink", "a GET with datetimestamp shows what it holds, so that an unanswered create can be asked after", "try it with the account; set readback: false if it cannot"},
	{"rethink", "asynchronous answers: {transactionId, status} to the POST, and the finished object to our callback URL", "ask Rethink whether the account answers so; rethink.callback receives them"},
	{"rethink", "our ids travel as companyStaffId and clientExternalId, whose published name is cut off", "ask Rethink for the full name; rethink.names sets another one"},
	{"rethink", "status, location, place of service and cancellation travel under their likely names", "ask Rethink; rethink.names sets other ones; leave their lookups empty to do without"},
	{"centralreach", "the envelopes of lists, and how they are paged", "compare with the account's first answers"},
	{"centralreach", "a task has a title and a description, and tasks are listed with them", "try write.tasks with one visit, or leave it off"},
	{"centralreach", "an insurance is found by its type and plan, and a payor's body has the members that clients of the API were seen to send", "try write.payors with one client, or leave it off"},
	{"centralreach", "the schedule is asked by providerId, startDate and endDate, and its events are named by eventId, with times in UTC", "compare a day of the account's schedule with the sheet of visits"},
	{"centralreach", "an event is cancelled by {cancelReasonId}", "try write.cancel with one visit, or leave it off"},
	{"centralreach", "a client's labels are replaced by those sent, and claim settings hold a list of identifierId and value", "try write.labels and write.claim_settings with one contact, or leave them off"},
	{"centralreach", "a 404 to byExternalSystemId means that there is no such client", "try it with the account"},
	{"central_registry", "the paths of login and discharge, and the codes of its errors", "ask the registry; central_registry.paths sets other paths"},
	{"central_registry", "the algorithm of the identification hash", "ask the registry; hash_algorithm sets another one"},
}

func (c *preflight) checkAssumptions() {
	concerned := c.config.Destinations()
	if slices.Contains(c.endpoints(), "appointments") {
		concerned = append([]string{"drchrono"}, concerned...)
	}
	for _, a := range assumptions {
		if slices.Contains(concerned, a.destination) {
			c.warn("unconfirmed", a.do, "%s: %s", a.destination, a.text)
		}
	}
}
