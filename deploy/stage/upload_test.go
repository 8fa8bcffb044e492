package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// uploaded runs a tool under the wrapper and the uploader beside it.
func (p *pod) upload(argv ...string) error {
	text, err := json.Marshal(p.plan["upload"])
	must(p.t, err)
	must(p.t, os.WriteFile(p.path("in/upload.json"), text, 0o644))
	plan, err := json.Marshal(p.wrapPlan(argv...))
	must(p.t, err)
	must(p.t, os.WriteFile(p.path("in/wrap.json"), plan, 0o644))
	must(p.t, syscall.Mkfifo(p.path("in/end.fifo"), 0o600))
	wrapper := p.program("wrap", p.path("in/wrap.json"))
	must(p.t, wrapper.Start())
	err = upload(p.t.Context(), p.session(), p.path("in/upload.json"))
	_ = wrapper.Wait()
	return err
}

func (p *pod) asks(next string, files ...any) {
	p.answers = append(p.answers, map[string]any{"next": next, "files": files})
}

func TestUploadKeepsAnEmptyFile(t *testing.T) {
	p := newPod(t)
	p.asks("upload", "empty", "full")
	must(t, p.upload("sh", "-c", ": >empty; printf x >full"))
	for _, body := range []string{"", "x"} {
		if found, there := p.objects[sum([]byte(body))]; !there || string(found) != body {
			t.Errorf("%q is not kept", body)
		}
	}
}

func TestUploadKeepsWhatIsAskedFor(t *testing.T) {
	p := newPod(t)
	p.asks("read", map[string]any{"path": "cwl.output.json", "maxBytes": 4})
	p.asks("upload", "a b", "sub/ü\n", "empty", "there", "locked/x")
	p.objects[sum([]byte("there"))] = []byte("there")
	must(t, p.upload("sh", "-c", `printf '{"x":1}' >cwl.output.json; printf content >'a b'; mkdir sub; printf odd >"sub/ü
"; : >empty; printf there >there; mkdir locked; printf x >locked/x; chmod 000 locked/x locked; ln -s /etc/passwd link; ln -s .. up; mkfifo pipe; exit 4`))
	for _, body := range []string{"content", "odd", "", "x"} {
		if found, there := p.objects[sum([]byte(body))]; !there || string(found) != body {
			t.Errorf("%q is not kept", body)
		}
	}
	last := p.collects[2]
	listing := map[string]map[string]any{}
	previous := ""
	for _, one := range items(last["listing"]) {
		listing[one["path"].(string)] = one
		if one["path"].(string) < previous {
			t.Errorf("%q comes after %q", one["path"], previous)
		}
		previous = one["path"].(string)
	}
	for path, kind := range map[string]string{"a b": "file", "sub": "directory", "sub/ü\n": "file", "link": "symlink", "up": "symlink", "pipe": "other", "locked/x": "file"} {
		if listing[path]["type"] != kind {
			t.Errorf("%q is listed as %v", path, listing[path])
		}
	}
	if listing["link"]["target"] != "/etc/passwd" || listing["up/x"] != nil || last["exit"].(map[string]any)["exitCode"] != 4.0 {
		t.Errorf("%v %v", listing["link"], last["exit"])
	}
	if contents := last["contents"].(map[string]any); contents["cwl.output.json"] != "eyJ4Ig==" {
		t.Errorf("%v", contents)
	}
	short := sha1.Sum([]byte("content"))
	kept := last["uploaded"].(map[string]any)["a b"].(map[string]any)
	if kept["sha1"] != hex.EncodeToString(short[:]) || kept["sha256"] != sum([]byte("content")) || kept["size"] != 7.0 || len(last["uploaded"].(map[string]any)) != 5 {
		t.Errorf("%v", kept)
	}
}

func TestUploadNeverOpensOrNamesWhatTheToolMeansToHideOrForce(t *testing.T) {
	for _, path := range []string{"link", "pipe", "sub", "../../token", "none", "to/passwd"} {
		p := newPod(t)
		p.asks("upload", path)
		wantFault(t, p.upload("sh", "-c", "ln -s /etc/passwd link; mkfifo pipe; mkdir sub; ln -s /etc to"), "no regular file", true)
	}
	p := newPod(t)
	must(t, p.upload("sh", "-c", `printf x >"$(printf 'bad\377')"`))
	if one := items(p.collects[0]["listing"])[0]; one["path"] != `bad\xff` || one["fault"] != "the name is not UTF-8" {
		t.Errorf("%v", one)
	}
	p = newPod(t)
	p.plan["upload"].(map[string]any)["maxEntries"] = 10
	wantFault(t, p.upload("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11; do : >$i; done"), "more than 10", true)
}

func TestUploadSendsLargeFilesInParts(t *testing.T) {
	p := newPod(t)
	body := bytes.Repeat([]byte("0123456789abcde\n"), (partBytes+partBytes/2)/16)
	must(t, os.WriteFile(p.path("out/work/large"), body, 0o644))
	p.asks("upload", "large")
	expired := false
	p.fault = func(w http.ResponseWriter, r *http.Request) bool {
		p.lock.Lock()
		defer p.lock.Unlock()
		if strings.HasPrefix(r.URL.Path, "/part/") && !expired {
			expired, p.epoch = true, p.epoch+1
		}
		return false
	}
	must(t, p.upload("true"))
	if !bytes.Equal(p.objects[sum(body)], body) || len(p.uploads[sum(body)]) != 2 {
		t.Error("the parts are not the whole")
	}
}

func TestUploadGetsThroughABadNetworkWithManyFiles(t *testing.T) {
	p := newPod(t)
	p.patience = "60"
	var files []any
	for i := range 250 {
		files = append(files, fmt.Sprintf("f%d", i))
	}
	p.asks("upload", files...)
	turn := 0
	p.fault = func(w http.ResponseWriter, r *http.Request) bool {
		p.lock.Lock()
		turn++
		now := turn
		p.lock.Unlock()
		if now%40 == 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		if now%40 == 5 {
			connection, _, _ := w.(http.Hijacker).Hijack()
			connection.Close()
			return true
		}
		return false
	}
	must(t, p.upload("sh", "-c", "i=0; while [ $i -lt 250 ]; do echo $i >f$i; i=$((i+1)); done"))
	if len(p.objects) != 250 || len(p.collects[1]["uploaded"].(map[string]any)) != 250 {
		t.Errorf("%d objects", len(p.objects))
	}
}

func TestUploadSaysThatTheStoreRefuses(t *testing.T) {
	p := newPod(t)
	p.asks("upload", "a")
	p.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			http.Error(w, "bad digest", http.StatusBadRequest)
		}
		return r.Method == http.MethodPut
	}
	wantFault(t, p.upload("sh", "-c", "echo a >a"), "bad digest", true)
}
