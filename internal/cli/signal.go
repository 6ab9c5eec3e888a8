package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// StopSignal is the cause of a context that a signal ended.
type StopSignal struct{ os.Signal }

func (s StopSignal) Error() string { return "stopped by signal " + s.String() }

// Context returns a context that SIGINT and SIGTERM end, with a StopSignal as its cause. On a SIGINT after that, again
// is called, which may end the program at once; further SIGTERMs do nothing. Without again the second signal, of
// either kind, has the system's effect and ends the program. stop ends all this.
func Context(again func()) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for first := true; ; first = false {
			select {
			case s := <-signals:
				if first && again == nil {
					signal.Stop(signals)
				}
				if !first && s == os.Interrupt {
					again()
				}
				cancel(StopSignal{s}) // the first one stays the cause
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}
