package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain lets the test's own binary stand for the program, so that tests start and kill real processes.
func TestMain(m *testing.M) {
	if os.Getenv("RUNNEL_STAGE_AS_PROGRAM") != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// pod has the folders of one, a staging endpoint and a store on the other end of a network that a test can make bad.
type pod struct {
	t       *testing.T
	dir     string
	server  *httptest.Server
	lock    sync.Mutex
	objects map[string][]byte
	plan    map[string]any
	// Answers to collect, in turn; then done.
	answers  []map[string]any
	collects []map[string]any
	// fault may answer a request in place of the server.
	fault func(w http.ResponseWriter, r *http.Request) bool
	seen  []string
	// Missing from addresses: the program has to ask again.
	epoch   int
	uploads map[string]map[int][]byte
	// Of programs; nil: nowhere.
	stdout io.Writer
	// Seconds; long where faults pass, short where they stay.
	patience string
}

func newPod(t *testing.T) *pod {
	p := &pod{t: t, patience: "1", dir: t.TempDir(), objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}}
	for _, folder := range []string{"in", "out/work", "out/tmp", "out/exit"} {
		must(t, os.MkdirAll(filepath.Join(p.dir, folder), 0o755))
	}
	must(t, os.WriteFile(p.path("token"), []byte("the token\n"), 0o600))
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	p.plan = map[string]any{
		"version": 1, "parallel": 4,
		"roots":   []string{p.path("in/inputs"), p.path("out/work"), p.path("out/tmp"), p.path("out/exit")},
		"entries": []any{},
		"files":   map[string]string{"program": p.path("in/runnel-stage"), "wrap": p.path("in/wrap.json"), "upload": p.path("in/upload.json")},
		"wrap":    p.wrapPlan("true"),
		"upload":  map[string]any{"version": 1, "outdir": p.path("out/work"), "fifo": p.path("in/end.fifo"), "exitFile": p.path("out/exit/exit.json"), "parallel": 4},
	}
	return p
}

func (p *pod) path(within string) string { return filepath.Join(p.dir, within) }

func (p *pod) wrapPlan(argv ...string) map[string]any {
	return map[string]any{"version": 1, "argv": argv, "env": map[string]string{"HOME": p.path("out/work")}, "cwd": p.path("out/work"),
		"fifo": p.path("in/end.fifo"), "exitFile": p.path("out/exit/exit.json"), "graceSeconds": 10}
}

func (p *pod) session() *session {
	env := map[string]string{"RUNNEL_STAGING_URL": p.server.URL, "RUNNEL_STAGING_TOKEN_FILE": p.path("token"), "RUNNEL_ATTEMPT": `{"step":"s"}`, "RUNNEL_PATIENCE": p.patience}
	s, err := newSession(func(name string) string { return env[name] })
	must(p.t, err)
	return s
}

// program is a process of ours with a pod's environment.
func (p *pod) program(args ...string) *exec.Cmd {
	self, err := os.Executable()
	must(p.t, err)
	command := exec.Command(self, args...)
	command.Env = append(os.Environ(), "RUNNEL_STAGE_AS_PROGRAM=1", "KUBERNETES_SERVICE_HOST=10.0.0.1", "RUNNEL_STAGING_URL="+p.server.URL,
		"RUNNEL_STAGING_TOKEN_FILE="+p.path("token"), `RUNNEL_ATTEMPT={"step":"s"}`)
	command.Stdout, command.Stderr = p.stdout, os.Stderr
	return command
}

func (p *pod) serve(w http.ResponseWriter, r *http.Request) {
	p.lock.Lock()
	p.seen = append(p.seen, r.Method+" "+r.URL.Path)
	fault := p.fault
	p.lock.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/staging/v1/") {
		p.store(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer the token" {
		http.Error(w, `{"detail":"not the token"}`, http.StatusUnauthorized)
		return
	}
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body["version"] != 1.0 || body["attempt"] == nil {
		http.Error(w, `{"detail":"not a call"}`, http.StatusBadRequest)
		return
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	switch strings.TrimPrefix(r.URL.Path, "/staging/v1/") {
	case "plan":
		reply(w, p.plan)
	case "urls":
		reply(w, p.urls(body))
	case "collect":
		p.collects = append(p.collects, body)
		if len(p.answers) == 0 {
			reply(w, map[string]any{"next": "done"})
			return
		}
		reply(w, p.answers[0])
		p.answers = p.answers[1:]
	}
}

func reply(w http.ResponseWriter, body any) { _ = json.NewEncoder(w).Encode(body) }

func (p *pod) address(path string) map[string]any {
	return map[string]any{"url": fmt.Sprintf("%s/%s?epoch=%d", p.server.URL, path, p.epoch), "headers": map[string]string{}}
}

func (p *pod) urls(body map[string]any) map[string]any {
	get, put := []any{}, []any{}
	for _, asked := range items(body["get"]) {
		key := asked["key"].(string)
		if _, there := p.objects[key]; there {
			get = append(get, p.address("store/"+key))
		} else {
			get = append(get, map[string]any{"missing": true})
		}
	}
	for _, asked := range items(body["put"]) {
		key := asked["sha256"].(string)
		parts := []any{}
		for i, sum := range list2(asked["parts"]) {
			part := p.address(fmt.Sprintf("part/%s/%d", key, i))
			part["headers"] = map[string]string{"x-sum": sum.(string)}
			parts = append(parts, part)
		}
		if _, there := p.objects[key]; there {
			put = append(put, map[string]any{"present": true})
		} else if len(parts) > 0 {
			put = append(put, map[string]any{"uploadId": "u1", "parts": parts})
		} else {
			one := p.address("store/" + key)
			one["headers"] = map[string]string{"x-sum": key}
			put = append(put, one)
		}
	}
	for _, asked := range items(body["complete"]) {
		var whole []byte
		key := asked["sha256"].(string)
		for i, etag := range list2(asked["etags"]) {
			if etag != fmt.Sprintf(`"%d"`, i) || asked["uploadId"] != "u1" {
				p.t.Errorf("part %d has etag %v", i, etag)
			}
			whole = append(whole, p.uploads[key][i]...)
		}
		p.objects[key] = whole
	}
	return map[string]any{"version": 1, "get": get, "put": put}
}

func list2(value any) []any { found, _ := value.([]any); return found }

func items(value any) []map[string]any {
	var found []map[string]any
	for _, one := range list2(value) {
		found = append(found, one.(map[string]any))
	}
	return found
}

func (p *pod) store(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("epoch") != strconv.Itoa(p.epoch) {
		http.Error(w, "expired", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodPut {
		if r.ContentLength < 0 {
			http.Error(w, "MissingContentLength", http.StatusLengthRequired)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || sum(body) != r.Header.Get("x-sum") {
			http.Error(w, "bad digest", http.StatusBadRequest)
			return
		}
		p.lock.Lock()
		defer p.lock.Unlock()
		names := strings.Split(r.URL.Path, "/")
		if names[1] == "store" {
			p.objects[names[2]] = body
			return
		}
		number, _ := strconv.Atoi(names[3])
		if p.uploads[names[2]] == nil {
			p.uploads[names[2]] = map[int][]byte{}
		}
		p.uploads[names[2]][number] = body
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, number))
		return
	}
	p.lock.Lock()
	object := p.objects[strings.TrimPrefix(r.URL.Path, "/store/")]
	p.lock.Unlock()
	w.Header().Set("ETag", `"`+sum(object)+`"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(object)))
}

func sum(body []byte) string {
	found := sha256.Sum256(body)
	return hex.EncodeToString(found[:])
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantText(t *testing.T, path, text string) {
	t.Helper()
	found, err := os.ReadFile(path)
	must(t, err)
	if string(found) != text {
		t.Errorf("%s has %.80q, expected was %.80q", path, found, text)
	}
}

func wantFault(t *testing.T, err error, text string, isFatal bool) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Fatalf("the fault is %v, expected was %q", err, text)
	}
	if code := report(err); (code == exitFatal) != isFatal {
		t.Errorf("the exit code is %d", code)
	}
}
