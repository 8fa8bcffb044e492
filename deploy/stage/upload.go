package main

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

const (
	partBytes = 64 << 20
	// Files whose addresses are asked for together.
	groupFiles      = 100
	partsInParallel = 4
	maxExitReport   = 64 << 10
)

type collectedFile struct {
	Path     string `json:"path"`
	MaxBytes int64  `json:"maxBytes"`
}

// UnmarshalJSON takes a bare path too: what is to be uploaded is a list of those.
func (c *collectedFile) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, &c.Path)
	}
	type plain collectedFile
	return json.Unmarshal(text, (*plain)(c))
}

// upload waits for the tool's end and keeps what the staging endpoint asks for.
func upload(ctx context.Context, s *session, planFile string) error {
	text, err := os.ReadFile(planFile)
	if err != nil {
		return fatal{err}
	}
	var plan uploadPlan
	if err := json.Unmarshal(text, &plan); err != nil || plan.Version != 1 {
		return fatalf("%s is no plan of version 1 (%v)", planFile, err)
	}
	if err := awaitEnd(ctx, plan.Fifo); err != nil {
		return err
	}
	root, err := os.OpenRoot(plan.Outdir)
	if err != nil {
		return fatal{err}
	}
	if plan.MaxEntries == 0 {
		plan.MaxEntries = 200_000
	}
	listing, err := list(root, plan.MaxEntries)
	if err != nil {
		return err
	}
	u := &uploads{session: s, root: root, files: map[string]int64{}, parallel: plan.Parallel, done: map[string]uploaded{}, contents: map[string]string{}}
	for _, entry := range listing {
		if entry.Type == "file" && entry.Fault == "" {
			u.files[entry.Path] = entry.Size
		}
	}
	return u.collect(ctx, readExitReport(plan.ExitFile), listing)
}

// awaitEnd returns when nobody holds the FIFO any more who once did.
func awaitEnd(ctx context.Context, path string) error {
	ended := make(chan error, 1)
	go func() {
		file, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		for buffer := make([]byte, 4096); err == nil; {
			var n int
			if n, err = syscall.Read(file, buffer); n == 0 && err == nil {
				break
			}
			if errors.Is(err, syscall.EINTR) {
				err = nil
			}
		}
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			return fatalf("%s: %w", path, err)
		}
		return nil
	case <-ctx.Done():
		return errors.New("stopped before the tool had ended")
	}
}

// readExitReport returns nil where the wrapper could not write one; the tool might have put anything in its place.
func readExitReport(path string) *exitReport {
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil
	}
	defer folder.Close()
	file, err := openRegular(folder, filepath.Base(path))
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxExitReport))
	var report exitReport
	if err != nil || json.Unmarshal(text, &report) != nil {
		return nil
	}
	return &report
}

type uploads struct {
	session  *session
	root     *os.Root
	files    map[string]int64
	parallel int
	contents map[string]string
	lock     sync.Mutex
	done     map[string]uploaded
}

// collect tells the endpoint what there is and does what it answers, until it has what it needs.
func (u *uploads) collect(ctx context.Context, exit *exitReport, listing []listedEntry) error {
	for {
		body := map[string]any{"listing": listing, "contents": u.contents, "uploaded": u.done}
		if exit != nil {
			body["exit"] = exit
		}
		var answer collectAnswer
		if err := u.session.call(ctx, "collect", body, &answer); err != nil {
			return err
		}
		for _, file := range answer.Files {
			if _, known := u.files[file.Path]; !known {
				return fatalf("asked for %q, which is no regular file that the tool left", file.Path)
			}
		}
		var err error
		switch answer.Next {
		case "done":
			return nil
		case "read":
			err = u.read(answer.Files)
		case "upload":
			err = u.send(ctx, answer.Files)
		default:
			err = fatalf("the staging endpoint answered %q, which this program does not know", answer.Next)
		}
		if err != nil {
			return err
		}
	}
}

func (u *uploads) read(files []collectedFile) error {
	for _, wanted := range files {
		file, err := openRegular(u.root, wanted.Path)
		if err != nil {
			return fatal{err}
		}
		text, err := io.ReadAll(io.LimitReader(file, min(wanted.MaxBytes, maxAnswer)))
		if err := errors.Join(err, file.Close()); err != nil {
			return fatal{err}
		}
		u.contents[wanted.Path] = base64.StdEncoding.EncodeToString(text)
	}
	return nil
}

// outgoing is a file with its checksums.
type outgoing struct {
	path string
	sum  uploaded
	ask  putQuestion
}

// send works on groups of files in parallel: while one is hashed another is on its way.
func (u *uploads) send(ctx context.Context, files []collectedFile) error {
	var groups [][]string
	bytes := int64(partBytes)
	for _, file := range files {
		size := u.files[file.Path]
		last := len(groups) - 1
		if bytes += size; bytes > partBytes || len(groups[last]) == groupFiles {
			groups, bytes, last = append(groups, nil), size, last+1
		}
		groups[last] = append(groups[last], file.Path)
	}
	return inParallel(ctx, len(groups), u.parallel, func(ctx context.Context, i int) error { return u.sendGroup(ctx, groups[i]) })
}

func (u *uploads) sendGroup(ctx context.Context, paths []string) error {
	group := make([]outgoing, len(paths))
	asks := make([]putQuestion, len(paths))
	for i, path := range paths {
		sum, parts, err := u.digest(path)
		if err != nil {
			return fatal{err}
		}
		group[i] = outgoing{path, sum, putQuestion{Sha256: sum.Sha256, Size: sum.Size, Parts: parts}}
		asks[i] = group[i].ask
	}
	answer, err := u.session.urls(ctx, map[string]any{"put": asks}, 0, len(asks))
	if err != nil {
		return err
	}
	for i, file := range group {
		if err := u.sendFile(ctx, file, answer.Put[i]); err != nil {
			return err
		}
		u.lock.Lock()
		u.done[file.path] = file.sum
		u.lock.Unlock()
	}
	return nil
}

// digest reads a file once for all its checksums.
func (u *uploads) digest(path string) (uploaded, []string, error) {
	file, err := openRegular(u.root, path)
	if err != nil {
		return uploaded{}, nil, err
	}
	defer file.Close()
	long, short := sha256.New(), sha1.New()
	var parts []string
	var size int64
	buffer := make([]byte, 1<<20)
	for {
		part := sha256.New()
		into := io.MultiWriter(long, short)
		if u.files[path] > partBytes {
			into = io.MultiWriter(long, short, part)
		}
		n, err := io.CopyBuffer(into, io.LimitReader(file, partBytes), buffer)
		if err != nil {
			return uploaded{}, nil, err
		}
		if size += n; n > 0 && u.files[path] > partBytes {
			parts = append(parts, hex.EncodeToString(part.Sum(nil)))
		}
		if n < partBytes {
			break
		}
	}
	if size != u.files[path] {
		return uploaded{}, nil, fmt.Errorf("%q has %d bytes, listed were %d", path, size, u.files[path])
	}
	return uploaded{hex.EncodeToString(long.Sum(nil)), hex.EncodeToString(short.Sum(nil)), size}, parts, nil
}

func (u *uploads) sendFile(ctx context.Context, sent outgoing, to putAnswer) error {
	if to.Present {
		return nil
	}
	file, err := openRegular(u.root, sent.path)
	if err != nil {
		return fatal{err}
	}
	defer file.Close()
	if to.UploadID == "" {
		_, err := u.put(ctx, sent, file, 0, sent.sum.Size, to, func(a putAnswer) signed { return a.signed })
		return err
	}
	sent.ask.UploadID = to.UploadID
	etags := make([]string, len(sent.ask.Parts))
	if len(to.Parts) != len(etags) {
		return fatalf("the staging endpoint answered %d addresses for %d parts", len(to.Parts), len(etags))
	}
	err = inParallel(ctx, len(etags), partsInParallel, func(ctx context.Context, i int) error {
		from := int64(i) * partBytes
		etag, err := u.put(ctx, sent, file, from, min(partBytes, sent.sum.Size-from), to, func(a putAnswer) signed {
			if i < len(a.Parts) {
				return a.Parts[i]
			}
			return signed{}
		})
		etags[i] = etag
		return err
	})
	if err != nil {
		return err
	}
	_, err = u.session.urls(ctx, map[string]any{"complete": []completion{{sent.ask, etags}}}, 0, 0)
	return err
}

// put sends a piece of a file and returns its ETag; an address that has expired is asked for anew.
func (u *uploads) put(ctx context.Context, sent outgoing, file *os.File, from, size int64, to putAnswer, pick func(putAnswer) signed) (string, error) {
	etag, refusals := "", 0
	err := u.session.again(ctx, sent.path, func(func()) error {
		if to.Present {
			return nil
		}
		response, stop, err := u.session.send(ctx, http.MethodPut, pick(to), io.NewSectionReader(file, from, size), size, nil)
		if err != nil {
			return err
		}
		defer stop()
		defer response.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		if response.StatusCode == http.StatusForbidden && refusals < maxRefused {
			refusals++
			answer, err := u.session.urls(ctx, map[string]any{"put": []putQuestion{sent.ask}}, 0, 1)
			if err != nil {
				return err
			}
			to = answer.Put[0]
			return errors.New("its address had expired")
		}
		etag = response.Header.Get("ETag")
		return statusFault(response, body)
	})
	return etag, err
}
