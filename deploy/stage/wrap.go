package main

import (
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

// wrap runs the tool and returns its exit code; its error is one of the wrapper's own work.
func wrap(planFile string) (int, error) {
	// The tool dies with the thread that started it.
	runtime.LockOSThread()
	text, err := os.ReadFile(planFile)
	if err != nil {
		return 0, err
	}
	var plan wrapPlan
	if err := json.Unmarshal(text, &plan); err != nil {
		return 0, fmt.Errorf("%s: %w", planFile, err)
	}
	if plan.Version != 1 || len(plan.Argv) == 0 {
		return 0, fmt.Errorf("%s: version 1 and argv are needed", planFile)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	opened := make(chan error, 1)
	go func() { opened <- holdFifo(plan.Fifo) }()
	report := exitReport{Version: 1, StartedAt: now()}
	select {
	case err := <-opened:
		if err != nil {
			return 0, err
		}
		runTool(plan, signals, &report)
	case <-signals:
		report.ExitCode, report.Cancelled = 128+int(syscall.SIGTERM), true
	}
	report.FinishedAt = now()
	if report.Fault != "" {
		fmt.Fprintln(os.Stderr, "runnel-stage:", report.Fault)
	}
	written, err := json.Marshal(report)
	if err != nil {
		return 0, err
	}
	return report.ExitCode, writeWhole(plan.ExitFile, written, 0o644)
}

func now() string { return time.Now().UTC().Format(instantForm) }

// holdFifo waits for the uploader. The file is never closed: its end is the end of this process.
func holdFifo(path string) error {
	for {
		_, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
		if err == nil || !errors.Is(err, syscall.EINTR) {
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return nil
		}
	}
}

// runTool fills the report.
func runTool(plan wrapPlan, signals <-chan os.Signal, report *exitReport) {
	begun := time.Now()
	report.StartedAt = now()
	process, code, err := start(plan)
	if err != nil {
		report.ExitCode, report.Fault = code, fmt.Sprintf("%s cannot be started: %v", strconv.Quote(plan.Argv[0]), err)
		return
	}
	ended := make(chan syscall.WaitStatus, 1)
	go func() { ended <- reap(process.Pid) }()
	var limit, kill <-chan time.Time
	if plan.TimeLimitSeconds > 0 {
		limit = time.After(seconds(plan.TimeLimitSeconds))
	}
	grace := 10.0
	if plan.GraceSeconds != nil {
		grace = *plan.GraceSeconds
	}
	end := func() {
		_ = syscall.Kill(-process.Pid, syscall.SIGTERM)
		if kill == nil {
			kill = time.After(seconds(grace))
		}
	}
	for {
		select {
		case status := <-ended:
			// What it left in its group would still write into its outputs.
			_ = syscall.Kill(-process.Pid, syscall.SIGKILL)
			report.WallSeconds = time.Since(begun).Seconds()
			describe(status, report)
			return
		case <-limit:
			report.Limit = "time"
			end()
		case <-signals:
			report.Cancelled = true
			end()
		case <-kill:
			_ = syscall.Kill(-process.Pid, syscall.SIGKILL)
		}
	}
}

func seconds(count float64) time.Duration { return time.Duration(count * float64(time.Second)) }

// start also returns what a shell would exit with where the tool cannot be started.
func start(plan wrapPlan) (*os.Process, int, error) {
	const notFound, notStarted = 127, 126
	mask, err := strconv.ParseUint(plan.Umask, 8, 12)
	if plan.Umask == "" {
		mask, err = 0o022, nil
	}
	if err != nil {
		return nil, notStarted, err
	}
	syscall.Umask(int(mask))
	if err := os.Chdir(plan.Cwd); err != nil {
		return nil, notStarted, err
	}
	for _, name := range []string{"PATH"} {
		if path, given := plan.Env[name]; given {
			os.Setenv(name, path)
		} else if os.Getenv(name) == "" {
			os.Setenv(name, usualPath)
		}
	}
	path, err := exec.LookPath(plan.Argv[0])
	if errors.Is(err, exec.ErrDot) {
		err = nil
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, notFound, err
	}
	if err != nil {
		return nil, notStarted, err
	}
	files, err := redirects(plan)
	if err != nil {
		return nil, notStarted, err
	}
	process, err := os.StartProcess(path, plan.Argv, &os.ProcAttr{
		Env:   environment(plan.Env),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	return process, notStarted, err
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

func redirects(plan wrapPlan) ([]*os.File, error) {
	stdin := plan.Stdin
	if stdin == "" {
		stdin = os.DevNull
	}
	in, err := os.Open(stdin)
	if err != nil {
		return nil, err
	}
	files := []*os.File{in, os.Stdout, os.Stderr}
	for i, path := range []string{plan.Stdout, plan.Stderr} {
		if path == "" {
			continue
		}
		if i == 1 && path == plan.Stdout {
			files[2] = files[1]
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, err
		}
		if files[i+1], err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC|syscall.O_NOFOLLOW, 0o666); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// reap waits for the tool and, as the first process of the container, for whatever is left to it.
func reap(tool int) syscall.WaitStatus {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return status
		}
		if pid == tool && err == nil {
			return status
		}
	}
}

func describe(status syscall.WaitStatus, report *exitReport) {
	report.ExitCode = status.ExitStatus()
	if status.Signaled() {
		report.ExitCode = 128 + int(status.Signal())
		report.Signal = signalName(status.Signal())
	}
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage) == nil {
		report.CpuSeconds = float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
		report.MaxMemoryBytes = max(usage.Maxrss*1024, containerPeak())
	}
}

// containerPeak is the most memory of this container's control group (v2, v1); 0 where it cannot be known.
func containerPeak() int64 {
	if os.Getpid() != 1 {
		return 0
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.peak", "/sys/fs/cgroup/memory/memory.max_usage_in_bytes"} {
		if text, err := os.ReadFile(path); err == nil {
			if peak, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				return peak
			}
		}
	}
	return 0
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGHUP: "SIGHUP", syscall.SIGINT: "SIGINT", syscall.SIGQUIT: "SIGQUIT", syscall.SIGILL: "SIGILL", syscall.SIGTRAP: "SIGTRAP",
	syscall.SIGABRT: "SIGABRT", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE", syscall.SIGKILL: "SIGKILL", syscall.SIGUSR1: "SIGUSR1",
	syscall.SIGSEGV: "SIGSEGV", syscall.SIGUSR2: "SIGUSR2", syscall.SIGPIPE: "SIGPIPE", syscall.SIGALRM: "SIGALRM", syscall.SIGTERM: "SIGTERM",
	syscall.SIGXCPU: "SIGXCPU", syscall.SIGXFSZ: "SIGXFSZ",
}

func signalName(number syscall.Signal) string {
	if name, known := signalNames[number]; known {
		return name
	}
	return fmt.Sprintf("signal %d", int(number))
}
