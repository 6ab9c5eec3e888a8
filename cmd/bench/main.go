package main

import (
	"os"

	"deeprank/internal/cli"
)

func main() {
	ctx, stop := cli.Context(nil)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
