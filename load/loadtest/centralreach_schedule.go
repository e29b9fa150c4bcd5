package loadtest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// An Event is a visit on the schedule. The API cannot create one, only show
// and cancel it (destinations-facts B2; names after assumptions, CentralReach).
type Event struct {
	ID             int64     `json:"eventId"` // 0 in Seed: the next free one
	ProviderID     int64     `json:"providerId"`
	ProviderName   string    `json:"providerName,omitempty"`
	ClientID       int64     `json:"clientId"`
	ClientName     string    `json:"clientName,omitempty"`
	Start          time.Time `json:"startDate"` // UTC
	End            time.Time `json:"endDate"`
	Canceled       bool      `json:"isCanceled"`
	Converted      bool      `json:"isConverted"` // to a timesheet
	PlaceOfService int       `json:"placeOfServiceId,omitempty"`
	CancelReason   int64     `json:"cancelReasonId,omitempty"`
}

// Seed puts events on the schedule and returns their ids.
func (s *CentralReach) Seed(events ...Event) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []int64
	for _, e := range events {
		if e.ID == 0 {
			e.ID, _ = whole(s.next())
		}
		e.Start, e.End = e.Start.UTC(), e.End.UTC()
		s.events = append(s.events, &e)
		ids = append(ids, e.ID)
	}
	return ids
}

// RemoveEvents takes events off the schedule, as one of their people would; all
// of them where none is named.
func (s *CentralReach) RemoveEvents(ids ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = slices.DeleteFunc(s.events, func(e *Event) bool { return len(ids) == 0 || slices.Contains(ids, e.ID) })
}

// Events returns what is on the schedule.
func (s *CentralReach) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.eventsWhere(func(*Event) bool { return true })
}

func (s *CentralReach) eventsWhere(want func(*Event) bool) []Event {
	var list []Event
	for _, e := range s.events {
		if want(e) {
			list = append(list, *e)
		}
	}
	return list
}

func (s *CentralReach) scheduleRoutes() []route {
	list := func(path string, do func(*call) reply) route {
		return route{method: "GET", pattern: "schedule/" + path, object: "event", op: "list", do: do}
	}
	return []route{
		list("events/by-provider", s.listEvents("providerId", func(e *Event) int64 { return e.ProviderID })),
		list("events/by-appointment-with", s.listEvents("clientId", func(e *Event) int64 { return e.ClientID })),
		list("events/services/unconverted", func(c *call) reply {
			return page(c, s.eventsWhere(func(e *Event) bool { return !e.Converted && !e.Canceled }))
		}),
		{method: "POST", pattern: "schedule/events/{id}/cancel", object: "event", op: "cancel", do: s.cancel},
		{method: "GET", pattern: "schedule/settings/cancel-reasons", object: "cancel-reason", op: "list", do: func(c *call) reply { return page(c, s.o.Account.CancelReasons) }},
	}
}

// listEvents answers those of one person that begin within startDate and
// endDate, both inclusive; a bare day lasts to its end in UTC.
func (s *CentralReach) listEvents(param string, of func(*Event) int64) func(*call) reply {
	return func(c *call) reply {
		q := c.URL.Query()
		id, err := strconv.ParseInt(q.Get(param), 10, 64)
		if err != nil {
			return wrongField(upper(param), "'"+upper(param)+"' must not be empty.")
		}
		from, okFrom := instant(q.Get("startDate"), 0)
		to, okTo := instant(q.Get("endDate"), 24*time.Hour-1)
		if !okFrom || !okTo {
			return wrongField("StartDate", "'Start Date' and 'End Date' must be ISO-8601 dates.")
		}
		return page(c, s.eventsWhere(func(e *Event) bool {
			return of(e) == id && !e.Start.Before(from) && !e.Start.After(to)
		}))
	}
}

func instant(text string, rest time.Duration) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Add(rest), true
	}
	return stamp(text)
}

func (s *CentralReach) cancel(c *call) reply {
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	reason, _ := whole(sent["cancelReasonId"])
	known := false
	for _, r := range s.o.Account.CancelReasons {
		known = known || int64(r.ID) == reason
	}
	if !known {
		return wrongField("CancelReasonId", "Cancel reason not found.")
	}
	for _, e := range s.events {
		if strconv.FormatInt(e.ID, 10) == c.ids[0] {
			e.Canceled, e.CancelReason, c.entry.Applied = true, reason, true
			return fine("event", *e)
		}
	}
	return notFound()
}

func (s *CentralReach) taskRoutes() []route {
	return []route{
		{method: "POST", pattern: "tasks/bulk-create", object: "task", op: "create", do: s.createTasks},
		{method: "POST", pattern: "contacts/{id}/tasks", object: "task", op: "create", do: s.with("", s.createTask)},
		{method: "GET", pattern: "tasks", object: "task", op: "list", do: func(c *call) reply { return page(c, s.tasks) }},
		{method: "GET", pattern: "tasks/{id}", object: "task", op: "find", do: s.withTask(func(_ *call, t map[string]any) reply { return fine("task", t) })},
		{method: "PUT", pattern: "tasks/{id}", object: "task", op: "update", do: s.withTask(s.updateTask)},
	}
}

// createTasks takes {"tasks": [{title, contactId, ...}]}, all of them or none.
func (s *CentralReach) createTasks(c *call) reply {
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	list := sent["tasks"]
	if blank(list) || !allObjects(list) {
		return wrongField("Tasks", "'Tasks' must not be empty.")
	}
	var made []map[string]any
	for _, item := range list.([]any) {
		task := item.(map[string]any)
		if blank(task["title"]) {
			return invalid(required(task, "title"))
		}
		if id := task["contactId"]; id != nil && s.contacts[fmt.Sprint(id)] == nil {
			return notFound()
		}
		made = append(made, task)
	}
	for _, task := range made {
		s.addTask(task)
	}
	c.entry.Applied = true
	return fine("tasks", made)
}

func (s *CentralReach) createTask(c *call, held *contact) reply {
	task, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	if blank(task["title"]) {
		return invalid(required(task, "title"))
	}
	task["contactId"] = held.fields["contactId"]
	s.addTask(task)
	c.entry.Applied, c.entry.ID = true, fmt.Sprint(task["taskId"])
	return fine("task", task)
}

// addTask counts for Duplicates by contact and title, the latter unreadable.
func (s *CentralReach) addTask(task map[string]any) {
	task["taskId"] = s.next()
	s.created[fmt.Sprint("task ", task["contactId"], "|", digest(fmt.Sprint(task["title"]))[:16])]++
	s.tasks = append(s.tasks, task)
}

func (s *CentralReach) withTask(do func(*call, map[string]any) reply) func(*call) reply {
	return func(c *call) reply {
		for _, t := range s.tasks {
			if fmt.Sprint(t["taskId"]) == c.ids[0] {
				return do(c, t)
			}
		}
		return notFound()
	}
}

func (s *CentralReach) updateTask(c *call, task map[string]any) reply {
	sent, err := c.object()
	if err != nil {
		return s.unreadable()
	}
	merged := s.put(task, sent, "taskId", "contactId")
	if blank(merged["title"]) {
		return invalid(required(merged, "title"))
	}
	replace(task, merged)
	c.entry.Applied = true
	return fine("task", task)
}

// put is what becomes of something when it is written over, but for what is
// fixed: what is not sent stays, or is blanked with ReplaceOnPut.
func (s *CentralReach) put(held, sent map[string]any, fixed ...string) map[string]any {
	out := map[string]any{}
	if !s.o.ReplaceOnPut {
		out = copied(held)
	}
	for name, v := range sent {
		out[name] = v
	}
	for _, name := range fixed {
		out[name] = held[name]
	}
	return out
}

func replace(held, by map[string]any) {
	clear(held)
	for name, v := range by {
		held[name] = v
	}
}

// SeedTask adds a task of their own.
func (s *CentralReach) SeedTask(task map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	task["taskId"] = s.next()
	s.tasks = append(s.tasks, task)
}

// SetTask changes a task as one of their people would.
func (s *CentralReach) SetTask(id, member string, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		if fmt.Sprint(t["taskId"]) == id {
			t[member] = v
		}
	}
}

// Objects returns copies of what is held of "client", "employee", "payor",
// "claim-setting" or "task", in order of ids; numbers are json.Number. A
// payor bears its contactId.
func (s *CentralReach) Objects(object string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []map[string]any
	switch object {
	case "client", "employee":
		list = s.contactsOf(object)
	case "task":
		list = s.tasks
	case "claim-setting":
		for id := range s.contacts {
			list = append(list, s.settingsOf(id)...)
		}
		byID(list, "claimSettingsId")
	case "payor":
		for _, held := range s.contactsOf("client") {
			for _, p := range s.contacts[fmt.Sprint(held["contactId"])].payors {
				p = copied(p)
				p["contactId"] = held["contactId"]
				list = append(list, p)
			}
		}
	}
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i] = copied(list[i])
	}
	return out
}
