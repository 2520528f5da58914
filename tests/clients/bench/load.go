package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A call is one request of one caller; turn counts from 0.
type call func(ctx context.Context, caller, turn int) error

// underLoad lets callers call again and again for a while, and says how many a second that were and how long they took.
func underLoad(ctx context.Context, callers int, duration time.Duration, do call) (string, error) {
	taken := make([][]time.Duration, callers)
	errs := make([]error, callers)
	begun := time.Now()
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for turn := 0; time.Since(begun) < duration; turn++ {
				before := time.Now()
				if errs[caller] = do(ctx, caller, turn); errs[caller] != nil {
					return
				}
				taken[caller] = append(taken[caller], time.Since(before))
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return "", err
		}
	}
	times := slices.Concat(taken...)
	rate := float64(len(times)) / time.Since(begun).Seconds()
	return fmt.Sprintf("%.0f/s  %s", rate, percentiles(times)), nil
}

// each does the call once for every number below count, with so many callers at once.
func each(ctx context.Context, callers, count int, do call) error {
	errs := make(chan error, callers)
	for caller := range callers {
		go func() {
			var err error
			for i := caller; i < count && err == nil; i += callers {
				err = do(ctx, caller, i)
			}
			errs <- err
		}()
	}
	var first error
	for range callers {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func percentiles(times []time.Duration) string {
	return fmt.Sprintf("p50 %.1f ms  p99 %.1f ms", percentile(times, 0.5), percentile(times, 0.99))
}

// In milliseconds.
func percentile(times []time.Duration, share float64) float64 {
	sorted := slices.Sorted(slices.Values(times))
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(len(sorted)-1, int(float64(len(sorted))*share))].Microseconds()) / 1000
}
