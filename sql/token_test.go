package sql

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/chartbridge/chartbridge/etl"
	"github.com/chartbridge/chartbridge/extract/drchrono"
	"github.com/chartbridge/chartbridge/extract/drchronotest"
)

func tokensOf(s *Store, c etl.Clock, seed string) *Tokens {
	return &Tokens{Store: s, Clock: c, Seed: seed}
}

func loaded(t *testing.T, tk *Tokens) drchrono.Token {
	t.Helper()
	token, err := tk.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func begin(t *testing.T, tk *Tokens, generation int64, want bool) {
	t.Helper()
	ok, err := tk.Begin(context.Background(), generation)
	if err != nil || ok != want {
		t.Fatalf("claim of generation %d: %v, %v; want %v", generation, ok, err, want)
	}
}

// pair is what a refresh brings.
func pair(generation int64, name string, at time.Time) drchrono.Token {
	return drchrono.Token{Generation: generation, Access: "access " + name, Refresh: "refresh " + name, ObtainedAt: at,
		ExpiresAt: at.Add(48 * time.Hour), Scope: "patients:read"}
}

// rotate carries a refresh out from the token in store to a pair of that name.
func rotate(t *testing.T, tk *Tokens, name string) {
	t.Helper()
	from := loaded(t, tk)
	begin(t, tk, from.Generation, true)
	if err := tk.Save(context.Background(), pair(from.Generation+1, name, tk.Clock.Now())); err != nil {
		t.Fatal(err)
	}
}

func TestNoToken(t *testing.T) {
	tk := tokensOf(openAt(t, t.TempDir(), "a"), &clock{now: noon}, "")
	if _, err := tk.Load(context.Background()); !errors.Is(err, drchrono.ErrNoToken) {
		t.Errorf("an empty journal without a seed gives %v, want ErrNoToken", err)
	}
	if h, err := tk.Health(context.Background()); err != nil || h.State != "none" {
		t.Errorf("health %+v (%v), want none", h, err)
	}
}

func TestTokenRotates(t *testing.T) {
	dir, c := t.TempDir(), &clock{now: noon}
	tk := tokensOf(openAt(t, dir, "a"), c, "seed 1")
	if got := loaded(t, tk); got.Refresh != "seed 1" || got.Access != "" || got.Generation != 0 {
		t.Errorf("seed: %q, generation %d; want the config's, generation 0", got.Refresh, got.Generation)
	}
	rotate(t, tk, "one")
	rotate(t, tk, "two")
	got := loaded(t, tokensOf(openAt(t, dir, "b"), c, "seed 1")) // another process, the same seed
	if got.Access != "access two" || got.Refresh != "refresh two" || got.Generation != 2 || got.Refreshing || got.Scope != "patients:read" ||
		!got.ObtainedAt.Equal(noon) || !got.ExpiresAt.Equal(noon.Add(48*time.Hour)) {
		t.Errorf("after two refreshes: generation %d, obtained %s, expires %s", got.Generation, got.ObtainedAt, got.ExpiresAt)
	}
	var spent int
	if err := tk.Store.db.Get(&spent, "SELECT count(*) FROM token WHERE state = 'spent' AND access = x'00' AND refresh = x'00'"); err != nil || spent != 2 {
		t.Errorf("%d spent generations without their secrets (%v), want 2", spent, err)
	}
}

// The config's token counts again only where it differs from the one that the
// journal descends from, also if it was left out of the config for a while.
func TestNewSeed(t *testing.T) {
	s, c := openAt(t, t.TempDir(), "a"), &clock{now: noon}
	rotate(t, tokensOf(s, c, "seed 1"), "one")
	rotate(t, tokensOf(s, c, ""), "two")
	if got := loaded(t, tokensOf(s, c, "seed 1")); got.Refresh != "refresh two" {
		t.Error("the old seed, written back into the config, counts again")
	}
	other := tokensOf(s, c, "seed 2")
	got := loaded(t, other)
	if got.Refresh != "seed 2" || got.Generation != 3 {
		t.Errorf("a new seed: generation %d, want it as generation 3", got.Generation)
	}
	if h, err := other.Health(context.Background()); err != nil || h.State != "seed" {
		t.Errorf("health %+v (%v), want a seed", h, err)
	}
	rotate(t, other, "three")
	if got := loaded(t, other); got.Refresh != "refresh three" || got.Generation != 4 {
		t.Errorf("after the new seed's first refresh: generation %d, want 4", got.Generation)
	}
}

// A seed that was used before does not end a consent that lives; where that is
// dead, it is worth a try.
func TestAnEarlierSeed(t *testing.T) {
	s, c, ctx := openAt(t, t.TempDir(), "a"), &clock{now: noon}, context.Background()
	rotate(t, tokensOf(s, c, "seed 1"), "one")
	rotate(t, tokensOf(s, c, "seed 2"), "two")
	old := tokensOf(s, c, "seed 1")
	got := loaded(t, old)
	if got.Refresh != "refresh two" {
		t.Fatalf("an earlier seed counts again, as generation %d", got.Generation)
	}
	rotate(t, old, "three")
	if got := loaded(t, tokensOf(s, c, "seed 2")); got.Refresh != "refresh three" {
		t.Errorf("generation %d, want the one that descends from the second seed", got.Generation)
	}
	if err := old.Abandon(ctx, got.Generation+1, "refused"); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, old); got.Refresh != "seed 1" {
		t.Errorf("where the consent is dead, an earlier seed is not tried: generation %d", got.Generation)
	}
}

// A process with an old config cannot make a new seed's pair collide with its
// own: each generation is written once.
func TestSeedPlantedWhileAnotherRefreshes(t *testing.T) {
	dir, c := t.TempDir(), &clock{now: noon}
	old, fresh := tokensOf(openAt(t, dir, "a"), c, "seed 1"), tokensOf(openAt(t, dir, "b"), c, "seed 2")
	rotate(t, old, "one")
	looked := loaded(t, fresh)
	rotate(t, old, "two")
	begin(t, fresh, looked.Generation, false) // the journal has moved on: look again
	rotate(t, fresh, "three")
	if got := loaded(t, fresh); got.Refresh != "refresh three" {
		t.Errorf("the new seed's pair is not the newest: generation %d", got.Generation)
	}
}

func TestTokenClaim(t *testing.T) {
	dir, c, ctx := t.TempDir(), &clock{now: noon}, context.Background()
	a, b := tokensOf(openAt(t, dir, "a"), c, "seed 1"), tokensOf(openAt(t, dir, "b"), c, "seed 1")
	begin(t, a, 0, true)
	begin(t, b, 0, false) // one refresher across processes
	begin(t, a, 0, true)  // one's own claim can be claimed again
	if got := loaded(t, b); !got.Refreshing {
		t.Error("the other process does not see that a refresh was begun")
	}
	c.set(noon.Add(claimLife - time.Second))
	begin(t, b, 0, false)
	c.set(noon.Add(claimLife + time.Second))
	begin(t, b, 0, true) // its owner is gone
	if err := b.Release(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, a); got.Refreshing || got.Refresh != "seed 1" {
		t.Error("a claim given back leaves something behind")
	}
	begin(t, a, 7, false) // no such generation
}

// What a process that is gone has begun need not be waited for.
func TestAClaimOfAProcessThatIsGone(t *testing.T) {
	dir, c := t.TempDir(), &clock{now: noon}
	a, b := tokensOf(openAt(t, dir, "a"), c, "seed 1"), tokensOf(openAt(t, dir, "b"), c, "seed 1")
	begin(t, a, 0, true)
	b.Gone = func(holder string) bool { return holder == "c" }
	begin(t, b, 0, false)
	b.Gone = func(holder string) bool { return holder == "a" }
	begin(t, b, 0, true)
	a.Gone = func(string) bool { return false }
	begin(t, a, 0, false)
}

func TestTokenDead(t *testing.T) {
	s, c, ctx := openAt(t, t.TempDir(), "a"), &clock{now: noon}, context.Background()
	tk := tokensOf(s, c, "seed 1")
	rotate(t, tk, "one")
	if err := tk.Abandon(ctx, 1, "refused"); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, tk); got.Refresh != "" || got.Access != "" || got.Generation != 1 {
		t.Errorf("an abandoned token still has its secrets: generation %d", got.Generation)
	}
	if h, err := tk.Health(ctx); err != nil || h.State != "dead" || h.Note != "refused" {
		t.Errorf("health %+v (%v), want dead and why", h, err)
	}
	begin(t, tk, 1, false)
	if err := tk.Save(ctx, pair(2, "two", noon)); err != nil { // a new consent
		t.Fatal(err)
	}
	if got := loaded(t, tk); got.Refresh != "refresh two" {
		t.Error("a new consent does not count")
	}
}

// Revoking a seed that was never used ends it too.
func TestAbandonSeed(t *testing.T) {
	tk := tokensOf(openAt(t, t.TempDir(), "a"), &clock{now: noon}, "seed 1")
	if err := tk.Abandon(context.Background(), 0, "revoked"); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, tk); got.Refresh != "" {
		t.Error("the seed still counts")
	}
}

func TestTokensLieSealed(t *testing.T) {
	s := openAt(t, t.TempDir(), "a")
	rotate(t, tokensOf(s, &clock{now: noon}, "seed 1"), "one")
	if _, err := s.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"seed 1", "refresh one", "access one"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%q lies open in the database", secret)
		}
	}
}

// refresher is one process that uses the simulated vendor's token endpoint.
func refresher(t *testing.T, dir, holder, url string, c etl.Clock) (*drchrono.Client, *Tokens) {
	t.Helper()
	s := openAt(t, dir, holder)
	tk := tokensOf(s, c, "seed 1")
	client, err := drchrono.New(drchrono.Options{BaseURL: url, ClientID: "id", ClientSecret: "secret", Clock: c, Tokens: tk,
		Ledger: &Ledger{Store: s, Clock: c, Limits: Limits{PerWindow: 1000, Window: time.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	return client, tk
}

func tokenVendor(t *testing.T, c *clock) (*drchronotest.Server, string) {
	t.Helper()
	vendor := drchronotest.New(drchronotest.NewPractice(1, drchronotest.MinSize, noon),
		drchronotest.Options{Now: c.Now, ClientID: "id", ClientSecret: "secret", RefreshToken: "seed 1"})
	web := httptest.NewServer(vendor)
	t.Cleanup(web.Close)
	return vendor, web.URL
}

// A refresh whose reply is lost is recognised across a restart: the stored
// token is tried once more, and what to do is said.
func TestLostReply(t *testing.T) {
	dir, c, ctx := t.TempDir(), &clock{now: noon}, context.Background()
	vendor, url := tokenVendor(t, c)
	vendor.Inject(drchronotest.LostReply(drchronotest.OnToken, 1))
	client, _ := refresher(t, dir, "a", url, c)
	if err := client.Refresh(ctx); !errors.Is(err, drchrono.ErrRefreshLost) {
		t.Fatalf("a lost reply is %v, want ErrRefreshLost", err)
	}
	c.set(noon.Add(claimLife + time.Second))
	client, tk := refresher(t, dir, "b", url, c)
	if got := loaded(t, tk); !got.Refreshing {
		t.Error("the journal does not tell of the refresh that was begun")
	}
	if err := client.Refresh(ctx); !errors.Is(err, drchrono.ErrConsent) {
		t.Fatalf("the next try ends with %v, want ErrConsent", err)
	}
	if h, err := tk.Health(ctx); err != nil || h.State != "dead" || h.Note == "" {
		t.Errorf("health %+v (%v), want dead and why", h, err)
	}
	if got := vendor.Refreshes(); got != 1 {
		t.Errorf("%d refreshes at the vendor, want 1", got)
	}
}

// standing is a clock that stands while one sleeps: the other process really
// gets the time to do its work.
type standing struct{ *clock }

func (standing) Sleep(ctx context.Context, _ time.Duration) error {
	time.Sleep(10 * time.Millisecond)
	return ctx.Err()
}

// Two processes that both find the token due refresh it once.
func TestTwoProcessesRefreshOnce(t *testing.T) {
	dir, c, ctx := t.TempDir(), &clock{now: noon}, context.Background()
	vendor, url := tokenVendor(t, c)
	a, _ := refresher(t, dir, "a", url, standing{c})
	b, _ := refresher(t, dir, "b", url, standing{c})
	errs := make(chan error, 2)
	for _, client := range []*drchrono.Client{a, b} {
		go func() {
			_, _, err := client.Get(ctx, "doctors", "/api/doctors")
			errs <- err
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := vendor.Refreshes(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
}
