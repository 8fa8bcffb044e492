//go:debug execerrdot=0

// Command runnel-stage brings the inputs of a step into its pod (stage), starts the tool (wrap) and keeps its outputs (upload): README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Exit codes of stage and upload: whoever started the pod decides by them whether another attempt is worth it.
const (
	exitAway  = 10
	exitFatal = 11
	exitWrap  = 125
)

// fatal is a fault that no other attempt mends.
type fatal struct{ error }

func fatalf(format string, args ...any) error { return fatal{fmt.Errorf(format, args...)} }

func (f fatal) Unwrap() error { return f.error }

func isFatal(err error) bool {
	_, is := errors.AsType[fatal](err)
	return is
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	s, err := newSession(os.Getenv)
	switch {
	case len(args) == 2 && args[0] == "wrap":
		return wrap(ctx, args[1])
	case len(args) == 2 && args[0] == "probe":
		return report(probe(args[1]))
	case len(args) == 1 && args[0] == "stage" && err == nil:
		return report(stage(ctx, s))
	case len(args) == 2 && args[0] == "upload" && err == nil:
		return report(upload(ctx, s, args[1]))
	case err != nil:
		return report(err)
	}
	return report(fatalf("usage: runnel-stage stage | upload PLAN | wrap PLAN | probe TARGETS"))
}

func report(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "runnel-stage:", err)
	if isFatal(err) {
		return exitFatal
	}
	return exitAway
}

// tellDuration leaves a line in the container's log: `kubectl logs` shows how long a part of a step took.
func tellDuration(what string, begun time.Time) {
	fmt.Fprintf(os.Stderr, "runnel-stage: %s took %.3f s\n", what, time.Since(begun).Seconds())
}

func seconds(count float64) time.Duration { return time.Duration(count * float64(time.Second)) }
