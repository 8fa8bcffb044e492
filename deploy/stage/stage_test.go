package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

func entry(kind, target string, more ...string) map[string]any {
	made := map[string]any{"kind": kind, "target": target}
	for i := 0; i < len(more); i += 2 {
		made[more[i]] = more[i+1]
	}
	return made
}

func TestStagePlacesWhatThePlanSays(t *testing.T) {
	p := newPod(t)
	p.objects["ws/a"], p.objects["ws/ü b\n"], p.objects["ws/empty"] = []byte("content"), []byte("odd"), nil
	first := entry("object", p.path("in/inputs/0/a"), "key", "ws/a", "sha256", sum([]byte("content")))
	first["size"] = 7
	writable := entry("literal", p.path("out/work/sub/config"), "contents", "a: 1\n")
	writable["writable"] = true
	p.plan["entries"] = []any{first,
		entry("object", p.path("in/inputs/0/ü b\n.aux"), "key", "ws/empty"),
		entry("hardlink", p.path("in/inputs/1/a"), "to", p.path("in/inputs/0/a")),
		entry("directory", p.path("in/inputs/2/empty")),
		entry("directory", p.path("out/work")),
		writable,
		entry("symlink", p.path("out/work/a"), "to", p.path("in/inputs/0/a")),
		entry("copy", p.path("out/work/edited"), "from", p.path("in/inputs/0/a")),
	}
	// Twice is once.
	for range 2 {
		must(t, stage(t.Context(), p.session()))
	}
	for _, at := range []string{"in/inputs/0/a", "in/inputs/1/a", "out/work/a", "out/work/edited"} {
		wantText(t, p.path(at), "content")
	}
	wantText(t, p.path("in/inputs/0/ü b\n.aux"), "")
	wantText(t, p.path("out/work/sub/config"), "a: 1\n")
	for at, mode := range map[string]os.FileMode{"in/inputs/0/a": 0o444, "out/work/edited": 0o644, "out/work/sub/config": 0o644, "in/runnel-stage": 0o555} {
		if info, err := os.Stat(p.path(at)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", at, info.Mode(), err)
		}
	}
	if to, _ := os.Readlink(p.path("out/work/a")); to != p.path("in/inputs/0/a") {
		t.Errorf("the link leads to %s", to)
	}
	if info, err := os.Stat(p.path("in/end.fifo")); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("no FIFO: %v", err)
	}
}

func TestStageRefusesTargetsElsewhere(t *testing.T) {
	for _, target := range []string{"/etc/x", "in/x", "in/inputs/../../x", "out/work/away/x", "relative"} {
		p := newPod(t)
		must(t, os.Symlink("/etc", p.path("out/work/away")))
		if !strings.HasPrefix(target, "/") && target != "relative" {
			target = p.dir + "/" + target
		}
		p.plan["entries"] = []any{entry("literal", target, "contents", "x")}
		if err := stage(t.Context(), p.session()); report(err) != exitFatal {
			t.Errorf("%s: %v", target, err)
		}
	}
	p := newPod(t)
	p.plan["entries"] = []any{entry("symlink", p.path("out/work/x"), "to", "/etc/passwd")}
	wantFault(t, stage(t.Context(), p.session()), "none of the folders", true)
}

func TestStageRefusesObjectsThatAreNotTheOnesAnnounced(t *testing.T) {
	p := newPod(t)
	p.objects["ws/a"] = []byte("content")
	wrong := entry("object", p.path("in/inputs/a"), "key", "ws/a", "sha256", sum([]byte("other")))
	p.plan["entries"] = []any{wrong}
	wantFault(t, stage(t.Context(), p.session()), "has sha256", true)
	wrong["size"] = 8
	wantFault(t, stage(t.Context(), p.session()), "has 7 bytes, expected were 8", true)
	p.plan["entries"] = []any{entry("object", p.path("in/inputs/a"), "key", "ws/none")}
	wantFault(t, stage(t.Context(), p.session()), "there is no object ws/none", true)
}

func TestStageGetsThroughABadNetwork(t *testing.T) {
	p := newPod(t)
	p.patience = "60"
	body := []byte(strings.Repeat("some megabytes; ", 200_000))
	p.objects["ws/large"] = body
	p.plan["entries"] = []any{entry("object", p.path("in/inputs/large"), "key", "ws/large", "sha256", sum(body))}
	turn := 0
	p.fault = func(w http.ResponseWriter, r *http.Request) bool {
		p.lock.Lock()
		defer p.lock.Unlock()
		turn++
		switch {
		case turn == 1 || turn == 4:
			w.WriteHeader(http.StatusServiceUnavailable)
		case turn == 2 || turn == 5:
			connection, _, _ := w.(http.Hijacker).Hijack()
			connection.Close()
		case turn == 7 || turn == 8:
			// Half of what was asked for, then the connection breaks.
			w.Header().Set("Content-Length", "3200000")
			if from := r.Header.Get("Range"); from != "" {
				w.Header().Set("Content-Range", "bytes "+strings.TrimPrefix(from, "bytes=")+"3199999/3200000")
				w.Header().Set("Content-Length", "2200000")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(body[1_000_000:2_000_000])
				return true
			}
			w.Header().Set("ETag", `"`+sum(body)+`"`)
			_, _ = w.Write(body[:1_000_000])
		case turn == 9:
			p.epoch++
			return false
		default:
			return false
		}
		return true
	}
	must(t, stage(t.Context(), p.session()))
	wantText(t, p.path("in/inputs/large"), string(body))
}

func TestStageGivesUpWhenEverythingStaysAway(t *testing.T) {
	p := newPod(t)
	p.server.Close()
	wantFault(t, stage(t.Context(), p.session()), "given up", false)
}

func TestStageNeverTakesAPartForTheWhole(t *testing.T) {
	p := newPod(t)
	p.objects["ws/a"] = []byte("content")
	p.plan["entries"] = []any{entry("object", p.path("in/inputs/a"), "key", "ws/a")}
	p.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		// Chunked, so that its length is unknown.
		_, _ = w.Write([]byte("con"))
		w.(http.Flusher).Flush()
		return true
	}
	wantFault(t, stage(t.Context(), p.session()), "does not say how long", false)
}

func TestTokensAndSignaturesStayOutOfMessages(t *testing.T) {
	p := newPod(t)
	must(t, os.WriteFile(p.path("token"), []byte("wrong"), 0o600))
	wantFault(t, stage(t.Context(), p.session()), "not the token", true)
	p.server.Close()
	if _, err := p.session().send(t.Context(), http.MethodGet, address{URL: p.server.URL + "/x?X-Amz-Signature=abc"}, nil, 0); err == nil || strings.Contains(err.Error(), "abc") {
		t.Error(err)
	}
}
