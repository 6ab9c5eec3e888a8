package data

import "strconv"

// Refused says that data given by the user cannot be used: which file, where in it, what was found, and what to do.
// The programs end with exit code 3 on it; find it with errors.As.
type Refused struct {
	Path   string // the file or folder
	Line   int    // 1-based line in it; 0 means the whole file
	Reason string // what was found
	Remedy string // what to do about it; may be empty
	Err    error  // the cause, where there is one
}

// Error gives one line: "path:line: reason: cause; remedy".
func (r *Refused) Error() string {
	s := r.Path
	if r.Line > 0 {
		s += ":" + strconv.Itoa(r.Line)
	}
	if s != "" {
		s += ": "
	}
	s += r.Reason
	if r.Err != nil {
		s += ": " + r.Err.Error()
	}
	if r.Remedy != "" {
		s += "; " + r.Remedy
	}
	return s
}

// Unwrap gives the cause.
func (r *Refused) Unwrap() error { return r.Err }
