package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// A Callback is a finished object on its way to the caller (assumptions,
// Rethink, asynchronous mode).
type Callback struct {
	Object, Transaction string
	URL                 string // "" = the account's
	Body                []byte
	Times               int  // how often it is posted; 0 = it is lost
	Early               bool // posted before the POST that it answers has its own answer
	Once                bool // not posted again where the receiver refuses it
}

// A CallbackFault changes a callback before it leaves. Each is spent by the
// next one.
type CallbackFault func(*Callback)

// LoseCallback never posts it.
func LoseCallback() CallbackFault { return func(c *Callback) { c.Times = 0 } }

// RepeatCallback posts it twice.
func RepeatCallback() CallbackFault { return func(c *Callback) { c.Times = 2 } }

// EarlyCallback posts it before the POST has its own answer.
func EarlyCallback() CallbackFault { return func(c *Callback) { c.Early = true } }

// StrangerCallback posts it with another secret.
func StrangerCallback() CallbackFault {
	return func(c *Callback) { c.URL, c.Once = c.URL+"-wrong", true }
}

// StrayCallback posts it under a transaction that nobody began.
func StrayCallback() CallbackFault {
	return func(c *Callback) { c.Transaction += "-stray" }
}

// RefusingCallback posts that the object was refused, although it is kept: what
// the vendor says counts.
func RefusingCallback(message string) CallbackFault {
	return func(c *Callback) {
		var fields map[string]any
		_ = json.Unmarshal(c.Body, &fields) // came from our own JSON
		fields[c.Object+"Id"], fields["ErrorMessage"] = nil, message
		c.Body, _ = json.Marshal(fields)
	}
}

// InjectCallback puts a fault in the way of the next callbacks.
func (s *Rethink) InjectCallback(faults ...CallbackFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callbackFaults = append(s.callbackFaults, faults...)
}

// postpone answers at once and keeps the outcome for Deliver.
func (s *Rethink) postpone(sh *shape, sent map[string]any) reply {
	body, _ := json.Marshal(sent) // came from JSON
	c := Callback{Object: sh.object, Transaction: fmt.Sprintf("tx-%06d", len(s.journal)+1), URL: s.o.CallbackURL, Body: body, Times: 1}
	answer := reply{http.StatusOK, map[string]any{"transactionId": c.Transaction, "status": "Accepted"}}
	if len(s.callbackFaults) > 0 {
		s.callbackFaults[0](&c)
		s.callbackFaults = s.callbackFaults[1:]
	}
	switch {
	case c.Times == 0:
	case c.Early:
		_ = s.deliver(c) // under the lock: the receiver asks nothing back
	default:
		s.waiting = append(s.waiting, c)
	}
	return answer
}

// SetAsync says whether a POST is only accepted, and where its result goes.
func (s *Rethink) SetAsync(on bool, url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Async, s.o.CallbackURL = on, url
}

// SetCallback says where Deliver posts.
func (s *Rethink) SetCallback(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.CallbackURL = url
}

// Waiting says how many results wait for Deliver.
func (s *Rethink) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// Deliver posts what waits, in order, to the callback URL. What the receiver
// does not take with 2xx stays, and ends the delivery.
func (s *Rethink) Deliver() error {
	s.delivering.Lock()
	defer s.delivering.Unlock()
	for {
		s.mu.Lock()
		if len(s.waiting) == 0 {
			s.mu.Unlock()
			return nil
		}
		next := s.waiting[0]
		if next.URL == "" {
			next.URL = s.o.CallbackURL
		}
		s.mu.Unlock()
		if err := s.deliver(next); err != nil && !next.Once {
			return fmt.Errorf("deliver %s %s: %w", next.Object, next.Transaction, err)
		}
		s.mu.Lock()
		s.waiting = s.waiting[1:]
		s.mu.Unlock()
	}
}

// DeliverAlways posts results as they come, each some time after its
// acceptance, until ctx is done. What is not taken is posted again later.
func (s *Rethink) DeliverAlways(ctx context.Context, after time.Duration) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(after):
			_ = s.Deliver() // what was not taken stays and is tried again
		}
	}
}

func (s *Rethink) deliver(c Callback) error {
	for range c.Times {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.URL, bytes.NewReader(c.Body))
		if err != nil {
			return fmt.Errorf("make callback: %w", err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Rethink-Type", c.Object)
		req.Header.Set("X-Rethink-Transaction", c.Transaction)
		resp, err := s.o.Client.Do(req)
		if err != nil {
			return fmt.Errorf("post callback: %w", err)
		}
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("post callback: status %d", resp.StatusCode)
		}
	}
	return nil
}
