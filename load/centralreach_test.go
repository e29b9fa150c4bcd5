package load_test

import (
	"net/http/httptest"
	"testing"

	"github.com/chartbridge/chartbridge/load"
	"github.com/chartbridge/chartbridge/load/centralreach"
	"github.com/chartbridge/chartbridge/load/loadtest"
)

// centralReachAt starts a simulated CentralReach. Replacing is how its PUT
// treats what it does not carry, which its documents leave open.
func centralReachAt(replacing bool) func(*testing.T, *clock) account {
	return centralReachWith(replacing, centralreach.Write{Clients: true, Payors: true})
}

func centralReachWith(replacing bool, write centralreach.Write) func(*testing.T, *clock) account {
	return func(t *testing.T, clock *clock) account {
		t.Helper()
		return centralReachOf(t, clock, replacing, write, map[string]string{"801": "51", "802": "52"})
	}
}

// centralReachOf is one whose lookup metadata is as given.
func centralReachOf(t *testing.T, clock *clock, replacing bool, write centralreach.Write, metadata map[string]string) account {
	t.Helper()
	vendor := loadtest.NewCentralReach(loadtest.CentralReachOptions{Now: clock.Now, ClientID: "id", ClientSecret: "secret",
		APIKey: "key", OrgID: 1234, ReplaceOnPut: replacing})
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	options := centralreach.Options{Metadata: metadata, BaseURL: server.URL + "/enterprise/v1", TokenURL: server.URL + "/connect/token", ClientID: "id",
		ClientSecret: "secret", APIKey: "key", OrgID: "1234", InFlight: 4, Clock: clock, GoLive: "2026-01-01", Write: write}
	return account{oracle: vendor, server: server, name: centralreach.Name, shapes: centralreach.Shapes(options),
		ids: lookups{"contactForm": {"client": "Client", "default": "Client"}, "cancelReason": {"Cancelled": "3", "No Show": "4"}, "insurancePlan": {"P1": "1001/2001", "P2": "1002/2002"}},
		open: func(down string) load.Destination {
			o := options
			if down != "" {
				o.BaseURL = down
			}
			return centralreach.New(o)
		}}
}
