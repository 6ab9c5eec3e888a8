package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// freeMemory is the memory that programs can still take: of the machine, or of the control group that the program runs in where
// that is less. Only Linux says.
func freeMemory() (bytes int64, ok bool) {
	bytes, ok = available("/proc/meminfo")
	if !ok {
		return 0, false
	}
	limit, err := numberIn("/sys/fs/cgroup/memory.max")
	used, err2 := numberIn("/sys/fs/cgroup/memory.current")
	if err == nil && err2 == nil {
		bytes = min(bytes, max(0, limit-used))
	}
	return bytes - bytes/16, true // some for the rest
}

// available reads MemAvailable.
func available(path string) (bytes int64, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if text, found := strings.CutPrefix(s.Text(), "MemAvailable:"); found {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}

func numberIn(path string) (int64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}
