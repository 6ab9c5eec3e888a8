// Package cli is the frame that the programs share: commands and their flags, help, what a signal does, the exit code
// of an error, and the JSON object that ends stdout.
//
//	main ── Context ──> run ── Program.Run ──> Command.Run ──> result, error
//	          │                    │                              │
//	     StopSignal            help, usage                     Finish ──> message on stderr, JSON line on stdout, exit code
//
// Exit codes: 0 done, 1 failed, 2 flags or config, 3 data refused, 130 stopped by SIGINT, 143 by SIGTERM or SIGUSR1.
//
// A program's main is
//
//	ctx, stop := cli.Context(nil)
//	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
//	stop()
//	os.Exit(code)
//
// Start with exit.go; program.go and flags.go are for programs with commands.
package cli
