package centralreach

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/transform"
)

// task asks CentralReach's people to enter a visit that their schedule lacks,
// since the API cannot (destinations-facts, B2). It hangs on the client.
const task = "task"

// taskFields find the visit's event, and say what is to be done. The title
// names the visit by DrChrono's id, so that a task is found again by it.
var taskFields = []transform.Field[transform.Visit]{
	{Name: "clientId", Type: transform.Theirs, Required: true, From: "appointments.patient; in the path",
		Get: func(v transform.Visit, c *transform.Case) transform.Value { return c.Need(client, v.Patient.String()) }},
	{Name: "providerId", Type: transform.Theirs, Required: true, From: "appointments.doctor; finds the event",
		Get: func(v transform.Visit, c *transform.Case) transform.Value { return c.Need(employee, v.Doctor.String()) }},
	{Name: "startDate", Type: transform.Stamp, Required: true, From: "appointments.scheduled_time, in UTC; finds the event",
		Get: func(v transform.Visit, _ *transform.Case) transform.Value { return stamped(v.Start) }},
	{Name: "endDate", Type: transform.Stamp, Required: true, From: "appointments.scheduled_time and appointments.duration, in UTC; finds the event",
		Get: func(v transform.Visit, _ *transform.Case) transform.Value { return stamped(v.End) }},
	{Name: "title", Type: transform.Text, Required: true, From: "a sentence with appointments.id",
		Get: func(_ transform.Visit, c *transform.Case) transform.Value {
			return transform.String("DrChrono visit " + c.Source.ID + " is not on the schedule")
		}},
	{Name: "description", Type: transform.Text, Required: true, From: "a sentence with appointments.scheduled_time and appointments.duration",
		Get: func(v transform.Visit, _ *transform.Case) transform.Value {
			return transform.String(fmt.Sprintf("Enter it: %s, %d minutes.", v.Start.Format("2006-01-02 15:04 MST"), int(v.End.Sub(v.Start).Minutes())))
		}},
}

func judgeTask(c *transform.Case) []transform.Verdict {
	v, decided := c.Visit(func(a transform.Appointment) string {
		if a.Off() {
			return etl.CauseCalledOff
		}
		return ""
	})
	if decided != nil {
		return one(*decided)
	}
	return one(transform.Map(taskFields, v, c))
}

// findTasks says of each visit that is missing whether it has a task: by the id
// that we know, else by its title.
func (d *Destination) findTasks(ctx context.Context, ds []etl.Delivery) ([]load.Finding, error) {
	tasks, err := d.tasks(ctx)
	if err != nil {
		return nil, err
	}
	findings := make([]load.Finding, len(ds))
	known := tasksBy(tasks)
	for i, del := range ds {
		ours, err := parseContact(del.Body)
		if err != nil {
			return nil, fmt.Errorf("read our own task %s: %w", del.SourceID, err)
		}
		theirs := known[taskKey{"taskId", del.TargetID}]
		if theirs == nil {
			theirs = known[taskKey{"title", ours.text("title")}]
		}
		findings[i] = findTask(ours, theirs, len(tasks) > 0)
	}
	return findings, nil
}

// tasks reads the list of tasks once a run: what we create after it is known by
// the ledger.
func (d *Destination) tasks(ctx context.Context) ([]contact, error) {
	d.listing.Lock()
	defer d.listing.Unlock()
	if d.taskList == nil {
		list, err := d.items(ctx, "/tasks", nil, "taskId", reads)
		if err != nil {
			return nil, err
		}
		d.taskList = append([]contact{}, list...)
	}
	return d.taskList, nil
}

// A taskKey is a member by which a task is found, and its value.
type taskKey struct{ member, value string }

func tasksBy(tasks []contact) map[taskKey]contact {
	m := map[taskKey]contact{}
	for _, t := range tasks {
		for _, member := range []string{"taskId", "title"} {
			m[taskKey{member, t.text(member)}] = t
		}
	}
	return m
}

// findTask judges one visit. A list without any task may be one that the API
// user may not see: it proves nothing of a task whose answer was lost.
func findTask(ours, theirs contact, shown bool) load.Finding {
	if theirs == nil {
		return load.Finding{Proved: shown}
	}
	return load.Finding{TargetID: theirs.text("taskId"), How: load.ByExternalID, Differs: compareTasks(ours, theirs)}
}

// taskWords are the members of a task that we write; whom it is given to, and
// whether it is done, is theirs.
var taskWords = []string{"title", "description"}

func compareTasks(ours, theirs contact) (differs []load.Difference) {
	for _, name := range taskWords {
		if a, b := ours.text(name), theirs.text(name); a != b {
			differs = append(differs, load.Difference{Field: name, Ours: a, Theirs: b})
		}
	}
	return differs
}

// sendTask creates a task with the client, or puts its words right over what
// they hold: a PUT may well blank what it does not carry.
func (d *Destination) sendTask(ctx context.Context, del etl.Delivery) load.Answer {
	ours, err := parseContact(del.Body)
	if err != nil {
		return unbuilt
	}
	whole, path, method := contact{}, "/contacts/"+url.PathEscape(ours.text("clientId"))+"/tasks", http.MethodPost
	if del.TargetID != "" {
		path, method = "/tasks/"+url.PathEscape(del.TargetID), http.MethodPut
		reply, err := d.get(ctx, path, nil, once)
		if err != nil {
			return unsent(err)
		}
		whole, err = objectIn(reply, task, "taskId", del.TargetID)
		if reply.Status != http.StatusOK || err != nil {
			return d.unread(ctx, del, reply)
		}
		if len(compareTasks(ours, whole)) == 0 {
			return load.Answer{Kind: load.Acknowledged, TargetID: del.TargetID, Status: reply.Status, Phase: load.PhaseAnswer}
		}
		whole.drop("taskId")
	}
	for _, name := range taskWords {
		whole.set(name, ours[name])
	}
	return d.writeJSON(ctx, del, method, path, whole)
}
