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
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	partBytes       = 64 << 20
	partsInParallel = 4
	// Files whose addresses are asked for together.
	maxInGroup    = 100
	maxExitReport = 64 << 10
)

// errPresent is a file that somebody else has brought meanwhile.
var errPresent = fatalf("it is in the store")

type uploadPlan struct {
	Version, Parallel, MaxEntries int
	Outdir, Fifo, ExitFile        string
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
	u := &uploads{session: s, root: root, parallel: max(plan.Parallel, 1), done: map[string]uploaded{}, contents: map[string]string{}}
	if u.listing, err = list(root, cmp.Or(plan.MaxEntries, 200_000)); err != nil {
		return err
	}
	if err := u.collect(ctx, readExitReport(plan.ExitFile)); err != nil {
		return err
	}
	tellDuration("keeping outputs", begun)
	return nil
}

// awaitEnd returns when nobody holds the FIFO any more who once did.
func awaitEnd(ctx context.Context, path string) error {
	fifo, err := openFifo(ctx, path, os.O_RDONLY)
	if err == nil {
		context.AfterFunc(ctx, func() { fifo.Close() })
		_, err = io.Copy(io.Discard, fifo)
	}
	if ctx.Err() != nil {
		return errors.New("stopped before the tool had ended")
	}
	if err != nil {
		return fatalf("%s: %w", path, err)
	}
	return nil
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
	listing  []listedEntry
	parallel int
	contents map[string]string
	lock     sync.Mutex
	done     map[string]uploaded
}

type uploaded struct {
	Sha256 string `json:"sha256"`
	Sha1   string `json:"sha1"`
	Size   int64  `json:"size"`
}

// collect tells the endpoint what there is and does what it answers, until it has what it needs.
func (u *uploads) collect(ctx context.Context, exit *exitReport) error {
	for {
		body := map[string]any{"listing": u.listing, "contents": u.contents, "uploaded": u.done}
		if exit != nil {
			body["exit"] = exit
		}
		var answer struct {
			Next  string
			Files json.RawMessage
		}
		err := u.session.call(ctx, "collect", body, &answer)
		if err != nil || answer.Next == "done" {
			return err
		}
		switch answer.Next {
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

func (u *uploads) read(asked json.RawMessage) error {
	var files []struct {
		Path     string
		MaxBytes int64
	}
	err := json.Unmarshal(asked, &files)
	for i := 0; i < len(files) && err == nil; i++ {
		var text []byte
		if _, err = u.sizeOf(files[i].Path); err == nil {
			text, err = readStart(u.root, files[i].Path, min(files[i].MaxBytes, maxAnswer))
		}
		u.contents[files[i].Path] = base64.StdEncoding.EncodeToString(text)
	}
	if err != nil {
		return fatal{err}
	}
	return nil
}

func (u *uploads) sizeOf(path string) (int64, error) {
	at, found := slices.BinarySearchFunc(u.listing, path, func(entry listedEntry, path string) int { return cmp.Compare(entry.Path, path) })
	if !found || u.listing[at].Type != "file" || u.listing[at].Fault != "" {
		return 0, fatalf("asked for %q, which is no regular file that the tool left", path)
	}
	return u.listing[at].Size, nil
}

// send works on groups of files in parallel: while one is hashed another is on its way.
func (u *uploads) send(ctx context.Context, asked json.RawMessage) error {
	var paths []string
	if err := json.Unmarshal(asked, &paths); err != nil {
		return fatal{err}
	}
	groups := slices.Collect(slices.Chunk(paths, min(len(paths)/(4*u.parallel)+1, maxInGroup)))
	return inParallel(ctx, len(groups), u.parallel, func(ctx context.Context, i int) error { return u.sendGroup(ctx, groups[i]) })
}

// outgoing is a file as the staging endpoint is asked about it.
type outgoing struct {
	path   string
	sum    uploaded
	Sha256 string   `json:"sha256"`
	Size   int64    `json:"size"`
	Parts  []string `json:"parts,omitempty"`
	// Of an upload that was begun, and of one that is complete.
	UploadID string   `json:"uploadId,omitempty"`
	Etags    []string `json:"etags,omitempty"`
}

func (u *uploads) sendGroup(ctx context.Context, paths []string) error {
	group, asked := make([]*outgoing, len(paths)), make([]any, len(paths))
	for i, path := range paths {
		made, err := u.digest(ctx, path)
		if err != nil {
			return fatal{err}
		}
		group[i], asked[i] = made, made
	}
	targets, err := u.session.places(ctx, "put", asked...)
	if err != nil {
		return err
	}
	for i, file := range group {
		if err := u.sendFile(ctx, file, targets[i]); err != nil && !errors.Is(err, errPresent) {
			return err
		}
		u.lock.Lock()
		u.done[file.path] = file.sum
		u.lock.Unlock()
	}
	return nil
}

// digest makes all checksums of a file at a time: each reads it for itself, out of the memory that still holds what the tool wrote.
func (u *uploads) digest(ctx context.Context, path string) (*outgoing, error) {
	size, err := u.sizeOf(path)
	if err != nil {
		return nil, err
	}
	file, err := openRegular(u.root, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() != size {
		return nil, fatalf("%q has not the %d bytes any more that were listed (%v)", path, size, err)
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
	return &outgoing{path: path, sum: uploaded{sums[0], sums[1], size}, Sha256: sums[0], Size: size, Parts: sums[2:]}, err
}

func (u *uploads) sendFile(ctx context.Context, sent *outgoing, to place) error {
	if to.Present {
		return nil
	}
	file, err := openRegular(u.root, sent.path)
	if err != nil {
		return fatal{err}
	}
	defer file.Close()
	sent.UploadID = to.UploadID
	etags := make([]string, max(len(sent.Parts), 1))
	err = inParallel(ctx, len(etags), partsInParallel, func(ctx context.Context, i int) error {
		from, to := int64(i)*partBytes, to
		return u.session.again(ctx, sent.path, func(first bool) (bool, error) {
			if !first {
				found, err := u.session.places(ctx, "put", sent)
				if err != nil {
					return false, err
				}
				if to = found[0]; to.Present {
					return false, errPresent
				}
			}
			target := to.address
			if len(to.Parts) != len(sent.Parts) {
				return false, fatalf("the staging endpoint answered %d addresses for %d parts", len(to.Parts), len(sent.Parts))
			} else if len(to.Parts) > 0 {
				target = to.Parts[i]
			}
			body := io.NewSectionReader(file, from, min(partBytes, sent.Size-from))
			response, err := u.session.send(ctx, http.MethodPut, target, body, body.Size())
			if err != nil {
				return false, err
			}
			etags[i] = response.Header.Get("ETag")
			return true, response.Body.Close()
		})
	})
	if err != nil || len(sent.Parts) == 0 {
		return err
	}
	sent.Etags = etags
	return u.session.call(ctx, "urls", map[string]any{"complete": []any{sent}}, &struct{}{})
}
