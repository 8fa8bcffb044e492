package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// started is a wrapper and the reader that stands for the uploader; ended is closed at the end of the FIFO.
type started struct {
	command *exec.Cmd
	ended   chan error
}

func (p *pod) start(plan map[string]any) started {
	text, err := json.Marshal(plan)
	must(p.t, err)
	must(p.t, os.WriteFile(p.path("in/wrap.json"), text, 0o644))
	if err := syscall.Mkfifo(p.path("in/end.fifo"), 0o600); err != nil && !os.IsExist(err) {
		p.t.Fatal(err)
	}
	s := started{p.program("wrap", p.path("in/wrap.json")), make(chan error, 1)}
	must(p.t, s.command.Start())
	go func() { s.ended <- awaitEnd(p.t.Context(), p.path("in/end.fifo")) }()
	return s
}

func (p *pod) finish(s started) exitReport {
	must(p.t, <-s.ended)
	_ = s.command.Wait()
	report := readExitReport(p.path("out/exit/exit.json"))
	if report == nil {
		p.t.Fatal("no report")
	}
	if code := s.command.ProcessState.ExitCode(); code != report.ExitCode {
		p.t.Errorf("it exits with %d and reports %d", code, report.ExitCode)
	}
	return *report
}

func (p *pod) wrapped(change map[string]any, argv ...string) exitReport {
	plan := p.wrapPlan(argv...)
	for name, value := range change {
		plan[name] = value
	}
	return p.finish(p.start(plan))
}

func TestWrapRedirectsAndReports(t *testing.T) {
	p := newPod(t)
	must(t, os.WriteFile(p.path("in/text"), []byte("from stdin"), 0o444))
	report := p.wrapped(map[string]any{"stdin": p.path("in/text"), "stdout": p.path("out/work/o"), "stderr": p.path("out/work/e"), "umask": "027",
		"env": map[string]string{"GREETING": "hello $(HOME)\n", "PATH": "/usr/bin:/bin"}},
		"sh", "-c", `cat; printf '|%s|%s|' "$GREETING" "$KUBERNETES_SERVICE_HOST"; pwd >&2; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3`)
	wantText(t, p.path("out/work/o"), "from stdin|hello $(HOME)\n||")
	wantText(t, p.path("out/work/e"), p.path("out/work")+"\n")
	if info, _ := os.Stat(p.path("out/work/o")); info.Mode().Perm() != 0o640 {
		t.Error(info.Mode())
	}
	if report.ExitCode != 3 || report.Signal != "" || report.CpuSeconds <= 0 || report.MaxMemoryBytes < 100_000 || report.WallSeconds <= 0 {
		t.Errorf("%+v", report)
	}
}

func TestWrapSendsBothStreamsToOneFile(t *testing.T) {
	p := newPod(t)
	p.wrapped(map[string]any{"stdout": p.path("out/work/both"), "stderr": p.path("out/work/both")}, "sh", "-c", "echo one; echo two >&2; echo three")
	wantText(t, p.path("out/work/both"), "one\ntwo\nthree\n")
}

func TestWrapKeepsSecretsOutOfTheLog(t *testing.T) {
	p := newPod(t)
	var log bytes.Buffer
	p.stdout = &log
	p.wrapped(map[string]any{"hidden": []string{"hunter2", "unused"}, "env": map[string]string{"KEY": "hunter2"}},
		"sh", "-c", `printf "it is $KEY, or hun"; sleep 0.05; printf 'ter2. '; printf "$KEY" >kept; printf 'A hunter'`)
	if log.String() != "it is ***, or ***. A hunter" {
		t.Errorf("%q", log.String())
	}
	wantText(t, p.path("out/work/kept"), "hunter2")
}

func TestWrapSaysWhyAToolCannotStart(t *testing.T) {
	p := newPod(t)
	must(t, os.WriteFile(p.path("out/work/plain"), []byte("x"), 0o644))
	for argv, code := range map[string]int{"no-such-program": 127, "./none": 127, "./plain": 126} {
		if report := p.wrapped(nil, argv); report.ExitCode != code || !strings.Contains(report.Fault, argv) {
			t.Errorf("%s: %+v", argv, report)
		}
	}
	if report := p.wrapped(nil, "true", strings.Repeat("x", 200_000)); report.ExitCode != 126 || !strings.Contains(report.Fault, "argument list too long") {
		t.Errorf("%d %s", report.ExitCode, report.Fault)
	}
}

func TestWrapEndsAToolAtItsTimeLimit(t *testing.T) {
	p := newPod(t)
	report := p.wrapped(map[string]any{"timeLimitSeconds": 0.2}, "sleep", "600")
	if report.ExitCode != 143 || report.Signal != "SIGTERM" || report.Limit != "time" {
		t.Errorf("%+v", report)
	}
	// One that does not listen, and its children.
	report = p.wrapped(map[string]any{"timeLimitSeconds": 0.2, "graceSeconds": 0.2}, "sh", "-c", "trap '' TERM; sleep 600 & while :; do wait; done")
	if report.ExitCode != 137 || report.Signal != "SIGKILL" || report.Limit != "time" {
		t.Errorf("%+v", report)
	}
	if report = p.wrapped(map[string]any{"timeLimitSeconds": 60}, "true"); report.Limit != "" || report.ExitCode != 0 {
		t.Errorf("%+v", report)
	}
}

func TestWrapPassesOnAStop(t *testing.T) {
	p := newPod(t)
	s := p.start(p.wrapPlan("sh", "-c", "trap 'exit 7' TERM; touch ready; while :; do sleep 0.01; done"))
	awaitFile(t, p.path("out/work/ready"))
	must(t, s.command.Process.Signal(syscall.SIGTERM))
	if report := p.finish(s); !report.Cancelled || report.ExitCode != 7 {
		t.Errorf("%+v", report)
	}
}

func TestTheFifoEndsWithTheToolAndWithTheWrapper(t *testing.T) {
	p := newPod(t)
	report := p.wrapped(nil, "sh", "-c", "kill -KILL $$")
	if report.ExitCode != 137 || report.Signal != "SIGKILL" {
		t.Errorf("%+v", report)
	}
	// The whole container: first the wrapper, so that it reports nothing.
	must(t, os.Remove(p.path("out/exit/exit.json")))
	s := p.start(p.wrapPlan("sh", "-c", "touch ready; exec sleep 600"))
	awaitFile(t, p.path("out/work/ready"))
	select {
	case <-s.ended:
		t.Fatal("the end came too early")
	default:
	}
	must(t, s.command.Process.Kill())
	must(t, <-s.ended)
	_ = s.command.Wait()
	if report := readExitReport(p.path("out/exit/exit.json")); report != nil {
		t.Errorf("%+v", report)
	}
}

func TestTheToolDoesNotHoldTheFifo(t *testing.T) {
	p := newPod(t)
	report := p.wrapped(map[string]any{"stdout": p.path("out/work/o")}, "sh", "-c", "ls -l /proc/self/fd")
	text, err := os.ReadFile(p.path("out/work/o"))
	must(t, err)
	if report.ExitCode != 0 || strings.Contains(string(text), "end.fifo") {
		t.Errorf("%s", text)
	}
}

func TestAForgedReportIsNotFollowed(t *testing.T) {
	p := newPod(t)
	at := p.path("out/exit/exit.json")
	must(t, syscall.Mkfifo(at, 0o600))
	if readExitReport(at) != nil {
		t.Error("a FIFO was read")
	}
	must(t, os.Remove(at))
	must(t, os.Symlink(filepath.Join(p.dir, "token"), at))
	if readExitReport(at) != nil {
		t.Error("a link was followed")
	}
}

// awaitFile returns when the file is there: a tool says so that it has started.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for t.Context().Err() == nil {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
}
