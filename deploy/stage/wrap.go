package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	usualPath   = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	instantForm = "2006-01-02T15:04:05.000Z"
)

// wrap runs the tool and returns its exit code, or says why it could not do its own work.
func wrap(planFile string) int {
	// The tool dies with the thread that started it.
	runtime.LockOSThread()
	var plan wrapPlan
	text, err := os.ReadFile(planFile)
	if err = errors.Join(err, json.Unmarshal(text, &plan)); err == nil && (plan.Version != 1 || len(plan.Argv) == 0) {
		err = errors.New("version 1 and argv are needed")
	}
	report := exitReport{Version: 1, StartedAt: now()}
	if err == nil {
		err = attend(plan, &report)
	}
	report.FinishedAt = now()
	if err == nil {
		text, _ = json.Marshal(report)
		err = writeWhole(plan.ExitFile, text, 0o644)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "runnel-stage: %s: %v\n", planFile, err)
		return exitWrap
	}
	return report.ExitCode
}

func now() string { return time.Now().UTC().Format(instantForm) }

func seconds(count float64) time.Duration { return time.Duration(count * float64(time.Second)) }

// attend runs the tool when the uploader is there.
func attend(plan wrapPlan, report *exitReport) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	opened := make(chan error, 1)
	go func() { opened <- holdFifo(plan.Fifo) }()
	select {
	case err := <-opened:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		report.ExitCode, report.Cancelled = 128+int(syscall.SIGTERM), true
		return nil
	}
	begun := time.Now()
	report.StartedAt = now()
	err := runTool(ctx, plan, report)
	report.WallSeconds = time.Since(begun).Seconds()
	if err != nil {
		// What a shell would exit with.
		report.ExitCode, report.Fault = 126, fmt.Sprintf("%q cannot be started: %v", plan.Argv[0], err)
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			report.ExitCode = 127
		}
		fmt.Fprintln(os.Stderr, "runnel-stage:", report.Fault)
	}
	return nil
}

// holdFifo waits for the uploader. The file is never closed: its end is the end of this process.
func holdFifo(path string) error {
	_, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	for errors.Is(err, syscall.EINTR) {
		_, err = syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	}
	return err
}

// runTool fills the report; its error is why the tool could not be started.
func runTool(stopped context.Context, plan wrapPlan, report *exitReport) error {
	mask, err := strconv.ParseUint(cmp.Or(plan.Umask, "022"), 8, 12)
	if err = errors.Join(err, os.Chdir(plan.Cwd)); err != nil {
		return err
	}
	syscall.Umask(int(mask))
	os.Setenv("PATH", cmp.Or(plan.Env["PATH"], os.Getenv("PATH"), usualPath))
	const noLimit = 1e9
	limited, cancel := context.WithTimeout(stopped, seconds(cmp.Or(plan.TimeLimitSeconds, noLimit)))
	defer cancel()
	tool := exec.CommandContext(limited, plan.Argv[0], plan.Argv[1:]...)
	if errors.Is(tool.Err, exec.ErrDot) {
		tool.Err = nil
	}
	tool.Env, tool.SysProcAttr = environment(plan.Env), &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := redirect(tool, plan); err != nil {
		return err
	}
	tool.Cancel = func() error {
		if report.Cancelled = stopped.Err() != nil; !report.Cancelled {
			report.Limit = "time"
		}
		return syscall.Kill(-tool.Process.Pid, syscall.SIGTERM)
	}
	tool.WaitDelay = 10 * time.Second
	if plan.GraceSeconds != nil {
		tool.WaitDelay = seconds(max(*plan.GraceSeconds, 0.001))
	}
	if err := tool.Start(); err != nil {
		return err
	}
	_ = tool.Wait()
	// What it left in its group would still write into its outputs.
	_ = syscall.Kill(-tool.Process.Pid, syscall.SIGKILL)
	describe(tool.ProcessState, report)
	return nil
}

// environment is the image's with the plan's on top, without what the kubelet adds of the cluster.
func environment(planned map[string]string) []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if _, given := planned[name]; !given && !strings.HasPrefix(name, "KUBERNETES_") {
			env = append(env, pair)
		}
	}
	for name, value := range planned {
		env = append(env, name+"="+value)
	}
	return env
}

func redirect(tool *exec.Cmd, plan wrapPlan) (err error) {
	if tool.Stdin, err = os.Open(cmp.Or(plan.Stdin, os.DevNull)); err != nil {
		return err
	}
	tool.Stdout, tool.Stderr = os.Stdout, os.Stderr
	if plan.Stdout != "" {
		tool.Stdout, err = create(plan.Stdout)
	}
	if plan.Stderr != "" && plan.Stderr == plan.Stdout {
		tool.Stderr = tool.Stdout
	} else if plan.Stderr != "" && err == nil {
		tool.Stderr, err = create(plan.Stderr)
	}
	return err
}

func create(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC|syscall.O_NOFOLLOW, 0o666)
}

func describe(ended *os.ProcessState, report *exitReport) {
	report.ExitCode = ended.ExitCode()
	if status := ended.Sys().(syscall.WaitStatus); status.Signaled() {
		report.ExitCode, report.Signal = 128+int(status.Signal()), signalName(int(status.Signal()))
	}
	report.CpuSeconds = (ended.UserTime() + ended.SystemTime()).Seconds()
	report.MaxMemoryBytes = max(ended.SysUsage().(*syscall.Rusage).Maxrss*1024, containerPeak())
}

// containerPeak is the most memory of this container's control group (v2, v1); 0 where it cannot be known.
func containerPeak() int64 {
	for _, path := range []string{"/sys/fs/cgroup/memory.peak", "/sys/fs/cgroup/memory/memory.max_usage_in_bytes"} {
		text, _ := os.ReadFile(path)
		if peak, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && os.Getpid() == 1 {
			return peak
		}
	}
	return 0
}

// By number, from 1.
var signalNames = strings.Fields("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ")

func signalName(number int) string {
	if number <= len(signalNames) {
		return "SIG" + signalNames[number-1]
	}
	return fmt.Sprintf("signal %d", number)
}
