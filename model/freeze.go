package model

import (
	"fmt"
	"path"
	"strings"
)

// Frozen returns a function that says whether a parameter is frozen by one of the patterns. A pattern is the
// beginning of a name up to a dot ("features", "features.0", "classifier") or has wildcards as in path.Match
// ("features.?.weight"). A pattern that names no parameter of the network is an error.
func (s Spec) Frozen(patterns []string) (func(name string) bool, error) {
	frozen := map[string]bool{}
	for _, pattern := range patterns {
		found := false
		for _, p := range s.Parameters() {
			ok, err := path.Match(pattern, p.Name)
			if err != nil {
				return nil, fmt.Errorf("freeze pattern %q: %w", pattern, err)
			}
			if ok || strings.HasPrefix(p.Name, strings.TrimSuffix(pattern, ".")+".") {
				frozen[p.Name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("freeze pattern %q names no parameter; they begin with features.N, classifier.0, classifier.3, shallow4, shallow8 and embed", pattern)
		}
	}
	if len(frozen) == len(s.Parameters()) {
		return nil, fmt.Errorf("freeze patterns %q leave nothing to train", patterns)
	}
	return func(name string) bool { return frozen[name] }, nil
}
