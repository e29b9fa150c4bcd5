package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// A callback is a finished object on its way to the caller (assumptions,
// Rethink, asynchronous mode).
type callback struct {
	object, transaction string
	body                []byte
}

// postpone answers at once and keeps the outcome for Deliver.
func (s *Rethink) postpone(sh *shape, sent map[string]any) reply {
	body, _ := json.Marshal(sent) // came from JSON
	transaction := fmt.Sprintf("tx-%06d", len(s.journal)+1)
	s.waiting = append(s.waiting, callback{sh.object, transaction, body})
	return reply{http.StatusOK, map[string]any{"transactionId": transaction, "status": "Accepted"}}
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
		next, to := s.waiting[0], s.o.CallbackURL
		s.mu.Unlock()
		if err := s.deliver(next, to); err != nil {
			return fmt.Errorf("deliver %s %s: %w", next.object, next.transaction, err)
		}
		s.mu.Lock()
		s.waiting = s.waiting[1:]
		s.mu.Unlock()
	}
}

func (s *Rethink) deliver(c callback, to string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, to, bytes.NewReader(c.body))
	if err != nil {
		return fmt.Errorf("make callback: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Rethink-Type", c.object)
	req.Header.Set("X-Rethink-Transaction", c.transaction)
	resp, err := s.o.Client.Do(req)
	if err != nil {
		return fmt.Errorf("post callback: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("post callback: status %d", resp.StatusCode)
	}
	return nil
}
