package payments

import "time"

// Limits of a call whose outcome is not known, in real time.
const (
	KeyLife   = 23 * time.Hour // how long it may be asked again under its key: the provider keeps keys for at least 24 hours
	QuietTime = time.Minute    // from the last call to a look-up that finds nothing: lists may lag behind what was done
)

// KeyAlive says whether a call first made at that real time may still be made again under the same key.
func KeyAlive(first *time.Time, now time.Time) bool { return first == nil || now.Sub(*first) < KeyLife }

// Quiet says whether long enough has passed since the last call for a list to be complete: what it does not show was not done.
func Quiet(tried *time.Time, now time.Time) bool { return tried == nil || now.Sub(*tried) >= QuietTime }
