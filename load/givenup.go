package load

import (
	"errors"
	"fmt"
)

// Why an object or a destination is left before everything went that was due.

// ErrBrake says that the brake stopped an object; its records are held.
var ErrBrake = errors.New("stopped by the brake: far more would change than on other nights; look at the workbook, then release it with `chartbridge push --plan`")

// ErrGivenUp says that a destination was given up for this run.
var ErrGivenUp = errors.New("given up for this run: it does not answer, refuses our credentials, or asks us to wait; what was not sent goes with the next run")

// ErrSlowDown says that a destination turned a read away by a rate limit, after
// all tries, or asked for a wait longer than MaxWait: none of it is asked or
// sent in this run.
var ErrSlowDown = fmt.Errorf("it asks us to slow down: %w", ErrGivenUp)

// errAstray is how a destination is given up where nothing is at an address.
var errAstray = givenUp("given up for this run, and what was not sent goes with the next")

type givenUp string

func (g givenUp) Error() string { return string(g) }

// Is makes it ErrGivenUp, whose text would look for the cause elsewhere.
func (g givenUp) Is(target error) bool { return target == ErrGivenUp }

// errBlind says that an object cannot be looked for: none of it is created in
// this run, while the other objects go on.
var errBlind = fmt.Errorf("what is there already cannot be seen: %w", ErrGivenUp)

// blind is errBlind with what is not done for it, and why. One who asks us to
// slow down is not asked about the other objects either.
func blind(notDone string, why error) error {
	err := fmt.Errorf("%s: %w", notDone, why)
	if errors.Is(why, ErrSlowDown) {
		return err
	}
	return blindError{err}
}

type blindError struct{ error }

func (b blindError) Unwrap() []error { return []error{b.error, errBlind} }
