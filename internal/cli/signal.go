package cli

import (
	"context"
	"os"
	"os/signal"
)

// StopSignal is the cause of a context that a signal ended.
type StopSignal struct{ os.Signal }

func (s StopSignal) Error() string { return "stopped by signal " + s.String() }

// Context returns a context that SIGINT, SIGTERM and, where there is one, SIGUSR1 end, with a StopSignal as its cause. On a SIGINT after that, again
// is called, which may end the program at once; further SIGTERMs and SIGUSR1s do nothing. Without again the second signal, of
// any kind, has the system's effect and ends the program. stop ends all this.
func Context(again func()) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, append(terminating(), os.Interrupt)...)
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
