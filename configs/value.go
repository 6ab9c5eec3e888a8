package configs

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// kindOf names the type of a field (given as a pointer to it) for messages: "expected a whole number".
func kindOf(field any) string {
	switch field.(type) {
	case *string:
		return "text"
	case *[]string:
		return "a list of texts"
	case *bool:
		return "true or false"
	case *int:
		return "a whole number"
	case *Parts:
		return "a whole number or auto"
	case *uint64:
		return "a whole number of at least 0"
	case *float64:
		return "a number"
	case *time.Duration:
		return "a time such as 2h30m"
	}
	panic(fmt.Sprintf("configs: no kind for a %T", field))
}

// parseInto sets the field that is pointed to from text, as it stands after a flag or in a file.
func parseInto(field any, text string) error {
	wrong := fmt.Errorf("is %q, expected %s", text, kindOf(field))
	switch f := field.(type) {
	case *string:
		*f = text
	case *[]string:
		*f = splitList(text)
	case *bool:
		switch text {
		case "true":
			*f = true
		case "false":
			*f = false
		default:
			return wrong
		}
	case *int:
		v, err := strconv.ParseInt(text, 10, 0)
		if err != nil {
			return outOfRange(err, text, wrong)
		}
		*f = int(v)
	case *Parts:
		if text == "auto" {
			*f = Auto
			break
		}
		v, err := strconv.ParseInt(text, 10, 0)
		if err != nil {
			return outOfRange(err, text, wrong)
		}
		*f = Parts(v)
	case *uint64:
		v, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return outOfRange(err, text, wrong)
		}
		*f = v
	case *float64:
		v, err := parseFloat(text)
		if err != nil {
			return outOfRange(err, text, wrong)
		}
		*f = v
	case *time.Duration:
		v, err := time.ParseDuration(text)
		if err != nil {
			return wrong
		}
		*f = v
	}
	return nil
}

// parseFloat reads a decimal number, or YAML's .nan and .inf (which Validate refuses by name).
func parseFloat(text string) (float64, error) {
	switch strings.ToLower(text) {
	case ".nan":
		return math.NaN(), nil
	case ".inf", "+.inf":
		return math.Inf(1), nil
	case "-.inf":
		return math.Inf(-1), nil
	}
	if strings.ContainsAny(text, "_xXpP") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

func outOfRange(err error, text string, wrong error) error {
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("is %s, which is too large", text)
	}
	return wrong
}

// formatValue writes a field so that parseInto reads the same value back. Texts and lists come as they
// are; YAML quotes them.
func formatValue(field any) string {
	switch f := field.(type) {
	case *string:
		return *f
	case *[]string:
		return strings.Join(*f, ",")
	case *bool:
		return strconv.FormatBool(*f)
	case *int:
		return strconv.Itoa(*f)
	case *Parts:
		if *f == Auto {
			return "auto"
		}
		return strconv.Itoa(int(*f))
	case *uint64:
		return strconv.FormatUint(*f, 10)
	case *float64:
		return formatFloat(*f)
	case *time.Duration:
		return formatDuration(*f)
	}
	panic(fmt.Sprintf("configs: no format for a %T", field))
}

// formatFloat writes the shortest number that reads back to the same bits (all NaNs are one).
func formatFloat(v float64) string {
	switch {
	case math.IsNaN(v):
		return ".nan"
	case math.IsInf(v, 1):
		return ".inf"
	case math.IsInf(v, -1):
		return "-.inf"
	}
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// formatDuration writes 2h30m rather than 2h30m0s.
func formatDuration(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// units of ParseSize, the longer names first.
var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// ParseSize reads an amount of bytes: 8GiB, 500MB, 1.5 TiB, 1048576. Powers of 1024 have an i.
func ParseSize(text string) (int64, error) {
	number, factor := strings.TrimSpace(text), 1.0
	for _, u := range units {
		if n := len(number) - len(u.name); n > 0 && strings.EqualFold(number[n:], u.name) {
			number, factor = strings.TrimSpace(number[:n]), u.bytes
			break
		}
	}
	v, err := parseFloat(number)
	if err != nil || !(v >= 0) || v*factor >= 1<<62 {
		return 0, fmt.Errorf("%q is not an amount of bytes such as 8GiB or 500MB", text)
	}
	return int64(v * factor), nil
}
