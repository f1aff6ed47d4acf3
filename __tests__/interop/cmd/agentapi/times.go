package main

import "sync/atomic"

// times limits how often something happens. Without a limit, it always happens.
type times struct {
	limit    int64
	happened atomic.Int64
}

func (t *times) again() bool { return t.limit == 0 || t.happened.Add(1) <= t.limit }
