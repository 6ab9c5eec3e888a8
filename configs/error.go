package configs

import (
	"fmt"
	"strings"
)

// Error is every refusal of this package: flags or a config file that cannot be used. It lists all
// problems that were found, not only the first.
type Error struct {
	Problems []Problem
}

// Problem is one thing that is wrong with a setting.
type Problem struct {
	Where  string // "--gap", or "shop.yaml:12: gap"
	Reason string // what is wrong, with the value: "is -1"
	Remedy string // what would be right: "allowed: at least 0"; may be empty
}

func (p Problem) String() string {
	s := p.Where + ": " + p.Reason
	if p.Where == "" {
		s = p.Reason
	}
	if p.Remedy != "" {
		s += "; " + p.Remedy
	}
	return s
}

// Error returns one line for one problem, else a heading and a line for each.
func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return e.Problems[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d problems with the settings:", len(e.Problems))
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// refuse returns an Error with one problem.
func refuse(where, reason, remedy string) *Error {
	return &Error{Problems: []Problem{{where, reason, remedy}}}
}
