package centralreach

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"golang.org/x/sync/errgroup"
)

// Events reads the schedule of providers and of clients, given by their
// contact ids, from one instant to another, both inclusive. An event that both
// show comes once; they are in order of their start. A list that cannot be
// read whole is an error: what it hides would look missing.
func (d *Destination) Events(ctx context.Context, providers, clients []string, from, to time.Time) ([]Event, error) {
	var questions []question
	for _, id := range providers {
		questions = append(questions, question{byProvider, "providerId", id, from, to, false})
	}
	for _, id := range clients {
		questions = append(questions, question{"/schedule/events/by-appointment-with", "clientId", id, from, to, false})
	}
	return d.ask(ctx, questions)
}

// A question is for the events of one person from one instant to another.
type question struct {
	path, param, id string
	from, to        time.Time
	past            bool // has no visit any more, and may not be there any more
}

const byProvider = "/schedule/events/by-provider"

// ask reads them all, or says which it cannot read.
func (d *Destination) ask(ctx context.Context, questions []question) ([]Event, error) {
	events, unread, err := d.askEach(ctx, questions, 0)
	if err == nil && len(unread) > 0 {
		return nil, errors.Join(slices.Collect(maps.Values(unread))...)
	}
	return events, err
}

// askEach reads what can be read of them. Up to so many people whose schedule
// cannot be read are given with the reason; more of them are an error, since
// then it is hardly the people.
func (d *Destination) askEach(ctx context.Context, questions []question, most int) (events []Event, unread map[string]error, err error) {
	answers, unread := make([][]Event, len(questions)), map[string]error{}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, d.o.InFlight))
	for i, q := range questions {
		g.Go(func() error {
			answer, err := d.answer(ctx, q)
			if err == nil || q.past && isAway(err) {
				answers[i] = answer
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if unread[q.id] = err; len(unread) > most || ctx.Err() != nil {
				return err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	all := slices.Concat(answers...)
	slices.SortFunc(all, byStart)
	return slices.CompactFunc(all, func(a, b Event) bool { return a.ID == b.ID }), unread, nil
}

// isAway reports whether CentralReach says that there is nobody, or nobody who
// is shown to us: what fails otherwise says nothing of the person.
func isAway(err error) bool {
	var read *readError
	return errors.As(err, &read) && slices.Contains([]int{http.StatusNotFound, http.StatusGone, http.StatusForbidden}, read.reply.Status)
}

func (d *Destination) answer(ctx context.Context, q question) ([]Event, error) {
	items, err := d.items(ctx, q.path, url.Values{q.param: {q.id}, "startDate": {instant(q.from)}, "endDate": {instant(q.to)}}, "eventId", reads)
	var events []Event
	if err == nil {
		events, err = eventsIn(items)
	}
	if err != nil {
		return nil, fmt.Errorf("read the schedule of %s %s: %w", q.param, q.id, err)
	}
	return events, nil
}

// apart is how far two visits of a provider lie apart at most that are asked
// about together: an old one does not cost all that lies between.
const apart = 31 * 24 * time.Hour

// eventsOf reads the schedule of the providers that deliveries of visits name,
// around the instants at which these begin. A few that cannot be read are given
// with the reason.
func (d *Destination) eventsOf(ctx context.Context, ds []etl.Delivery) (bodies []contact, events []Event, unread map[string]error, err error) {
	starts := map[string][]time.Time{}
	for _, del := range ds {
		body, err := parseContact(del.Body)
		if err != nil {
			return nil, nil, nil, err
		}
		at, _ := utc(body.text("startDate")) // it is our own
		bodies, starts[body.text("providerId")] = append(bodies, body), append(starts[body.text("providerId")], at)
	}
	var questions []question
	for _, provider := range slices.Sorted(maps.Keys(starts)) {
		list := starts[provider]
		slices.SortFunc(list, time.Time.Compare)
		for i, at := range list {
			if i == 0 || at.Sub(list[i-1]) > apart {
				questions = append(questions, question{byProvider, "providerId", provider, at.Add(-around), at, false})
			}
			questions[len(questions)-1].to = at.Add(around)
		}
	}
	events, unread, err = d.askEach(ctx, questions, unreadMost)
	return bodies, events, unread, err
}

func eventsIn(items []contact) ([]Event, error) {
	events := make([]Event, len(items))
	for i, item := range items {
		start, okStart := utc(item.text("startDate"))
		end, okEnd := utc(item.text("endDate"))
		if !okStart || !okEnd {
			return nil, fmt.Errorf("event %s has no startDate and endDate that can be read", item.text("eventId"))
		}
		place, _ := strconv.Atoi(item.text("placeOfServiceId")) // absent is not known
		events[i] = Event{ID: item.text("eventId"), Client: item.text("clientId"), Provider: item.text("providerId"),
			Start: start, End: end, Canceled: item.text("isCanceled") == "true", Converted: item.text("isConverted") == "true",
			PlaceOfService: place, Reason: item.text("cancelReasonId")}
	}
	return events, nil
}

// utc reads an ISO 8601 stamp: with seconds or without, with any fraction of
// them, and with an offset in any of its forms. It is UTC also where it does not
// say so (centralreach.txt, Protocol).
func utc(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	for _, clock := range []string{"15:04:05", "15:04"} {
		for _, offset := range []string{"", "Z07:00", "Z0700", "Z07"} {
			for _, between := range []string{"T", " "} {
				if t, err := time.Parse(time.DateOnly+between+clock+offset, text); err == nil {
					return t.UTC(), true
				}
			}
		}
	}
	return time.Time{}, false
}
