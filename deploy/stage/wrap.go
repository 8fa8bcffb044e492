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
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	usualPath   = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	instantForm = "2006-01-02T15:04:05.000Z"
)

type wrapPlan struct {
	Version                                           int
	Argv, Hidden                                      []string
	Env                                               map[string]string
	Cwd, Stdin, Stdout, Stderr, Umask, Fifo, ExitFile string
	TimeLimitSeconds, GraceSeconds                    float64
}

type exitReport struct {
	Version        int     `json:"version"`
	ExitCode       int     `json:"exitCode"`
	Signal         string  `json:"signal,omitempty"`
	Limit          string  `json:"limit,omitempty"`
	Cancelled      bool    `json:"cancelled,omitempty"`
	Fault          string  `json:"fault,omitempty"`
	StartedAt      string  `json:"startedAt"`
	FinishedAt     string  `json:"finishedAt"`
	WallSeconds    float64 `json:"wallSeconds"`
	CpuSeconds     float64 `json:"cpuSeconds"`
	MaxMemoryBytes int64   `json:"maxMemoryBytes"`
}

// wrap runs the tool and returns its exit code, or says why it could not do its own work.
func wrap(ctx context.Context, planFile string) int {
	var plan wrapPlan
	report := exitReport{Version: 1}
	text, err := os.ReadFile(planFile)
	if err = errors.Join(err, json.Unmarshal(text, &plan)); err == nil && (plan.Version != 1 || len(plan.Argv) == 0) {
		err = errors.New("version 1 and argv are needed")
	}
	if err == nil {
		err = attend(ctx, plan, &report)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "runnel-stage: %s: %v\n", planFile, err)
		return exitWrap
	}
	return report.ExitCode
}

// attend runs the tool when the uploader is there, which reads the report at the end of the FIFO.
func attend(ctx context.Context, plan wrapPlan, report *exitReport) error {
	fifo, err := openFifo(ctx, plan.Fifo, os.O_WRONLY)
	if err != nil && ctx.Err() == nil {
		return err
	}
	defer fifo.Close()
	begun := time.Now()
	if ctx.Err() != nil {
		report.ExitCode, report.Cancelled = 128+int(syscall.SIGTERM), true
	} else if err := runTool(ctx, plan, report); err != nil {
		// What a shell would exit with.
		report.ExitCode, report.Fault = 126, fmt.Sprintf("%q cannot be started: %v", plan.Argv[0], err)
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			report.ExitCode = 127
		}
		fmt.Fprintln(os.Stderr, "runnel-stage:", report.Fault)
	}
	ended := time.Now()
	report.StartedAt, report.FinishedAt = begun.UTC().Format(instantForm), ended.UTC().Format(instantForm)
	report.WallSeconds = ended.Sub(begun).Seconds()
	text, _ := json.Marshal(report)
	return replaceFile(plan.ExitFile, text, 0o644)
}

// openFifo waits for whoever opens the other end.
func openFifo(ctx context.Context, path string, flag int) (*os.File, error) {
	var file *os.File
	var err error
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		file, err = os.OpenFile(path, flag, 0)
	}()
	select {
	case <-opened:
		return file, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// runTool fills the report; its error is why the tool could not be started.
func runTool(stopped context.Context, plan wrapPlan, report *exitReport) error {
	// The tool dies with the thread that started it.
	runtime.LockOSThread()
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
	tool.Env, tool.SysProcAttr = environment(plan.Env), &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	tool.Cancel = func() error {
		if report.Cancelled = stopped.Err() != nil; !report.Cancelled {
			report.Limit = "time"
		}
		return syscall.Kill(-tool.Process.Pid, syscall.SIGTERM)
	}
	tool.WaitDelay = seconds(max(plan.GraceSeconds, 0.001))
	logs := []*veil{{log: os.Stdout, hidden: plan.Hidden}, {log: os.Stderr, hidden: plan.Hidden}}
	if tool.Stdout, tool.Stderr = os.Stdout, os.Stderr; len(plan.Hidden) > 0 {
		tool.Stdout, tool.Stderr = logs[0], logs[1]
	}
	if err := redirect(tool, plan); err != nil {
		return err
	}
	if err := tool.Start(); err != nil {
		return err
	}
	_ = tool.Wait()
	// What it left in its group would still write into its outputs.
	_ = syscall.Kill(-tool.Process.Pid, syscall.SIGKILL)
	for _, log := range logs {
		log.end()
	}
	describeEnd(tool.ProcessState, report)
	return nil
}

// environment is the image's, without what the kubelet adds of the cluster, and then the plan's: of two values the last one counts.
func environment(planned map[string]string) []string {
	env := slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "KUBERNETES_") })
	for name, value := range planned {
		env = append(env, name+"="+value)
	}
	return env
}

func redirect(tool *exec.Cmd, plan wrapPlan) (err error) {
	if tool.Stdin, err = os.Open(cmp.Or(plan.Stdin, os.DevNull)); err != nil {
		return err
	}
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

// By number, from 1.
var signalNames = strings.Fields("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ")

func describeEnd(ended *os.ProcessState, report *exitReport) {
	report.ExitCode = ended.ExitCode()
	if status := ended.Sys().(syscall.WaitStatus); status.Signaled() {
		number := int(status.Signal())
		report.ExitCode, report.Signal = 128+number, fmt.Sprintf("signal %d", number)
		if number <= len(signalNames) {
			report.Signal = "SIG" + signalNames[number-1]
		}
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
