package centralreach

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/load"
	"github.com/go-json-experiment/json"
)

// reads is how often a read is made at most where nobody above tries again; it
// changes nothing, so any failure of the moment may be repeated.
const reads = 3

// get reads, with so many tries against failures of the moment, and one more
// for a token that has run out. The reply may have any status.
func (d *Destination) get(ctx context.Context, path string, query url.Values, tries int) (reply load.Reply, err error) {
	target := d.o.BaseURL + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	renewed := false
	for n, busy := 0, 0; ; n++ {
		req, err := load.JSONRequest(http.MethodGet, target, nil)
		if err != nil {
			return reply, err
		}
		p, err := d.admit(ctx, req)
		if err != nil {
			return reply, err
		}
		reply, err = d.client.Read(ctx, req)
		if err == nil {
			d.learn(p, reply.Status)
		}
		wait, again := repeat(reply, err, n, tries, renewed)
		if rest, unsaid := reply.Unsaid(busy); err == nil && unsaid && tries > 1 { // with one, whoever asked is patient
			wait, again, n, busy = rest, true, n-1, busy+1
		}
		renewed = renewed || costsToken[reply.Status]
		if !again || ctx.Err() != nil {
			return reply, err
		}
		if d.o.Clock.Sleep(ctx, wait) != nil {
			return reply, err
		}
	}
}

// repeat says whether a read is worth another try, and after which wait: once
// at once where a new token may be all that it takes and was not tried, else with
// backoff.
func repeat(reply load.Reply, err error, n, tries int, renewed bool) (wait time.Duration, again bool) {
	backoff := 250*time.Millisecond<<n + rand.N(250*time.Millisecond)
	if err != nil {
		return backoff, n+1 < tries
	}
	if costsToken[reply.Status] && !renewed {
		return 0, true
	}
	switch reply.Status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		asked := reply.RetryAfter()
		return max(backoff, asked), n+1 < tries && asked <= load.MaxWait
	}
	return 0, false
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
