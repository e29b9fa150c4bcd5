package centralreach

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/go-json-experiment/json"
)

// How often a read is made at most. It changes nothing, so any failure of the
// moment may be repeated: here, or by the engine, which counts the time that a
// delivery takes with what is read before its write.
const (
	reads = 3
	once  = 1
)

// get reads, with so many tries against failures of the moment, and one more
// at once where a new token may be all that it takes. The reply may have any
// status.
func (d *Destination) get(ctx context.Context, path string, query url.Values, most int) (load.Reply, error) {
	target := d.o.BaseURL + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	tries := load.Tries{Most: most}
	for renewed := false; ; {
		reply, err := d.read(ctx, target)
		wait, again := tries.AgainRead(reply, err)
		if err == nil && costsToken[reply.Status] && !renewed {
			wait, again, renewed = 0, true, true
		}
		if !again || errors.Is(err, ErrOrganization) || d.o.Clock.Sleep(ctx, wait) != nil {
			return reply, err
		}
	}
}

// read makes one request that changes nothing.
func (d *Destination) read(ctx context.Context, target string) (reply load.Reply, err error) {
	req, err := load.JSONRequest(http.MethodGet, target, nil)
	if err != nil {
		return reply, err
	}
	p, err := d.admit(ctx, req)
	if err != nil {
		return reply, err
	}
	if reply, err = d.client.Read(ctx, req); err == nil {
		d.learn(p, reply.Status)
	}
	return reply, err
}

// writeJSON is write for a body that is still to be written as JSON.
func (d *Destination) writeJSON(ctx context.Context, del etl.Delivery, method, path string, body contact) load.Answer {
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return unbuilt
	}
	return d.write(ctx, del, method, path, text)
}

// unbuilt is the answer where a request could not be built: nothing left.
var unbuilt = load.Answer{Kind: load.NotSent, Phase: load.PhaseDial}

// write makes one request that may change something. A 401 was not applied, so
// it is tried once more with a new token; a 500 was perhaps, so it never is.
func (d *Destination) write(ctx context.Context, del etl.Delivery, method, path string, body []byte) load.Answer {
	for n := 0; ; n++ {
		req, err := load.JSONRequest(method, d.o.BaseURL+path, body)
		if err != nil {
			return unbuilt
		}
		p, err := d.admit(ctx, req)
		if err != nil {
			return unsent(err)
		}
		reply, err := d.client.Write(ctx, req)
		if err != nil {
			return load.Unanswered(reply)
		}
		d.learn(p, reply.Status)
		if reply.Status != http.StatusUnauthorized || n > 0 {
			return d.classify(ctx, reply, del)
		}
	}
}
