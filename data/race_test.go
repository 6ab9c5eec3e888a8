//go:build race

package data

// underRace says that the race detector runs, under which a sync.Pool forgets at random.
const underRace = true
