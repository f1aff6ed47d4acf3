package main

import "sync/atomic"

// times counts how often something is to happen; without a limit, always.
type times struct {
	limit    int64
	happened atomic.Int64
}

func (t *times) again() bool { return t.limit == 0 || t.happened.Add(1) <= t.limit }
