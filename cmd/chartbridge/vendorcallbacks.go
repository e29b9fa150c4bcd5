package main

import (
	"context"
	"time"
)

// Rethink's callbacks, as the simulated vendor posts them.

// callbackBase is the public_url of the receiver, to which the secret is
// appended.
func (v *vendors) callbackBase() string { return "http://" + v.callback + "/callbacks/rethink" }

// callbackDelay is how long the simulated Rethink takes over an answer.
const callbackDelay = 200 * time.Millisecond

// answerLater lets Rethink answer by callbacks from now on, if it is to.
func (v *vendors) answerLater(ctx context.Context) {
	if v.callback == "" {
		return
	}
	v.Rethink.SetAsync(true, v.callbackBase()+"/"+simSecret)
	go v.Rethink.DeliverAlways(ctx, callbackDelay)
}

// callbackText is the part of the config that the callbacks need.
func (v *vendors) callbackText() (rethink, serve string) {
	if v.callback == "" {
		return "", ""
	}
	return "  callback: {enabled: true, public_url: \"" + v.callbackBase() + "\", secret: \"${file:callback-secret}\", wait: 1m}\n",
		"serve: {listen: \"" + v.callback + "\"}\n"
}
