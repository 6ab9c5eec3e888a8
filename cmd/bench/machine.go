package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// cpuName is the processor's name as the system gives it, or its architecture.
func cpuName() string {
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if name := field(text, "model name"); name != "" {
			return name
		}
	}
	return runtime.GOARCH
}

// peakMemory is the largest resident memory of this process so far in bytes; 0 where the system does not tell.
func peakMemory() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	kib, err := strconv.ParseInt(strings.TrimSuffix(field(text, "VmHWM"), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// field is the value of the first "name : value" line.
func field(text []byte, name string) string {
	for line := range bytes.Lines(text) {
		if key, value, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
