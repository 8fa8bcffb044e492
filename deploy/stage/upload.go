package main

import (
	"cmp"
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
	"time"
)

const (
	partBytes = 64 << 20
	// Files whose addresses are asked for together.
	groupFiles      = 100
	partsInParallel = 4
	maxExitReport   = 64 << 10
)

// errPresent is a file that somebody else has brought meanwhile.
var errPresent = fatalf("it is in the store")

type collectedFile struct {
	Path     string
	MaxBytes int64
}

// UnmarshalJSON takes a bare path too: what is to be uploaded is a list of those.
func (c *collectedFile) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		return json.Unmarshal(text, &c.Path)
	}
	type plain collectedFile
	return json.Unmarshal(text, (*plain)(c))
}

// upload waits for the tool's end and keeps what the staging endpoint asks for.
func upload(ctx context.Context, s *session, planFile string) error {
	var plan uploadPlan
	text, err := os.ReadFile(planFile)
	if err := errors.Join(err, json.Unmarshal(text, &plan)); err != nil || plan.Version != 1 {
		return fatalf("%s is no plan of version 1 (%v)", planFile, err)
	}
	if err := awaitEnd(ctx, plan.Fifo); err != nil {
		return err
	}
	begun := time.Now()
	root, err := os.OpenRoot(plan.Outdir)
	if err != nil {
		return fatal{err}
	}
	listing, err := list(root, cmp.Or(plan.MaxEntries, 200_000))
	if err != nil {
		return err
	}
	u := &uploads{session: s, root: root, files: map[string]int64{}, parallel: plan.Parallel, done: map[string]uploaded{}, contents: map[string]string{}}
	for _, entry := range listing {
		if entry.Type == "file" && entry.Fault == "" {
			u.files[entry.Path] = entry.Size
		}
	}
	return told("keeping outputs", begun, u.collect(ctx, readExitReport(plan.ExitFile), listing))
}

// awaitEnd returns when nobody holds the FIFO any more who once did.
func awaitEnd(ctx context.Context, path string) error {
	ended := make(chan error, 1)
	go func() {
		file, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		for n := 1; n > 0 && err == nil || errors.Is(err, syscall.EINTR); {
			n, err = syscall.Read(file, make([]byte, 4096))
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
	var report exitReport
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil
	}
	defer folder.Close()
	text, err := readStart(folder, filepath.Base(path), maxExitReport)
	if err != nil || json.Unmarshal(text, &report) != nil {
		return nil
	}
	return &report
}

func readStart(root *os.Root, name string, most int64) ([]byte, error) {
	file, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most))
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
		var answer struct {
			Next  string
			Files []collectedFile
		}
		if err := u.session.call(ctx, "collect", body, &answer); err != nil || answer.Next == "done" {
			return err
		}
		for _, file := range answer.Files {
			if _, known := u.files[file.Path]; !known {
				return fatalf("asked for %q, which is no regular file that the tool left", file.Path)
			}
		}
		err := fatalf("the staging endpoint answered %q, which this program does not know", answer.Next)
		switch answer.Next {
		case "read":
			err = u.read(answer.Files)
		case "upload":
			err = u.send(ctx, answer.Files)
		}
		if err != nil {
			return err
		}
	}
}

func (u *uploads) read(files []collectedFile) error {
	for _, wanted := range files {
		text, err := readStart(u.root, wanted.Path, min(wanted.MaxBytes, maxAnswer))
		if err != nil {
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
	var bytes int64
	for _, file := range files {
		size, last := u.files[file.Path], len(groups)-1
		if bytes += size; last < 0 || bytes > partBytes || len(groups[last]) == groupFiles {
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
		var err error
		if group[i], err = u.digest(ctx, path); err != nil {
			return fatal{err}
		}
		asks[i] = group[i].ask
	}
	answers, err := u.targets(ctx, asks)
	if err != nil {
		return err
	}
	for i, file := range group {
		if err := u.sendFile(ctx, file, answers[i]); err != nil && !errors.Is(err, errPresent) {
			return err
		}
		u.lock.Lock()
		u.done[file.path] = file.sum
		u.lock.Unlock()
	}
	return nil
}

// digest makes all checksums of a file at a time: each reads it for itself, out of the memory that still holds what the tool wrote.
func (u *uploads) digest(ctx context.Context, path string) (outgoing, error) {
	file, err := openRegular(u.root, path)
	if err != nil {
		return outgoing{}, err
	}
	defer file.Close()
	size := u.files[path]
	if info, err := file.Stat(); err != nil || info.Size() != size {
		return outgoing{}, fmt.Errorf("%q has not the %d bytes any more that were listed (%v)", path, size, err)
	}
	parts := 0
	if size > partBytes {
		parts = int((size + partBytes - 1) / partBytes)
	}
	sums := make([]string, parts+2)
	err = inParallel(ctx, len(sums), partsInParallel, func(_ context.Context, i int) error {
		from, length, sum := int64(i-2)*partBytes, int64(partBytes), sha256.New()
		if i < 2 {
			from, length = 0, size
		}
		if i == 1 {
			sum = sha1.New()
		}
		_, err := io.CopyBuffer(sum, io.NewSectionReader(file, from, length), make([]byte, min(size+1, 1<<20)))
		sums[i] = hex.EncodeToString(sum.Sum(nil))
		return err
	})
	return outgoing{path, uploaded{sums[0], sums[1], size}, putQuestion{Sha256: sums[0], Size: size, Parts: sums[2:]}}, err
}

// targets asks where files are to be sent.
func (u *uploads) targets(ctx context.Context, asks []putQuestion) ([]putAnswer, error) {
	var answer struct{ Put []putAnswer }
	if err := u.session.call(ctx, "urls", map[string]any{"put": asks}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Put) != len(asks) {
		return nil, fatalf("the staging endpoint answered %d addresses for %d files", len(answer.Put), len(asks))
	}
	for i := range answer.Put {
		one := &answer.Put[i]
		if one.UploadID == "" {
			one.Parts = []signed{one.signed}
		} else if len(one.Parts) != len(asks[i].Parts) {
			return nil, fatalf("the staging endpoint answered %d addresses for %d parts", len(one.Parts), len(asks[i].Parts))
		}
	}
	return answer.Put, nil
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
	sent.ask.UploadID, sent.ask.Etags = to.UploadID, make([]string, len(to.Parts))
	err = inParallel(ctx, len(to.Parts), partsInParallel, func(ctx context.Context, i int) error {
		from, length := int64(i)*partBytes, sent.sum.Size
		if to.UploadID != "" {
			length = min(partBytes, length-from)
		}
		target := to.Parts[i]
		return u.session.again(ctx, sent.path, func(first bool) (bool, error) {
			if !first {
				ask := sent.ask
				ask.Etags = nil
				answers, err := u.targets(ctx, []putQuestion{ask})
				if err != nil {
					return false, err
				}
				if answers[0].Present {
					return false, errPresent
				}
				target = answers[0].Parts[i]
			}
			response, err := u.session.send(ctx, http.MethodPut, target, io.NewSectionReader(file, from, length), length)
			if err != nil {
				return false, err
			}
			sent.ask.Etags[i] = response.Header.Get("ETag")
			return true, response.Body.Close()
		})
	})
	if err != nil || to.UploadID == "" {
		return err
	}
	return u.session.call(ctx, "urls", map[string]any{"complete": []putQuestion{sent.ask}}, &struct{}{})
}
