package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// stage brings what the plan names into the pod's volumes. Twice is once: what stands at a target is replaced.
func stage(ctx context.Context, s *session) error {
	syscall.Umask(0)
	var plan stagePlan
	if err := s.call(ctx, "plan", map[string]any{}, &plan); err != nil {
		return err
	}
	if plan.Version != 1 {
		return fatalf("the plan has version %d, this program knows 1", plan.Version)
	}
	places, err := openPlaces(plan.Roots)
	if err != nil {
		return err
	}
	if err := bringObjects(ctx, s, places, plan); err != nil {
		return err
	}
	for _, entry := range plan.Entries {
		if err := places.place(entry); err != nil {
			return fatalf("%s: %w", entry.Target, err)
		}
	}
	return prepareOthers(plan)
}

// prepareOthers leaves what wrapper and uploader need.
func prepareOthers(plan stagePlan) error {
	if err := syscall.Mkfifo(plan.Wrap.Fifo, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", plan.Wrap.Fifo, err)
	}
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	if err := writeWhole(plan.Files.Program, program, 0o555); err != nil {
		return err
	}
	for path, other := range map[string]any{plan.Files.Wrap: plan.Wrap, plan.Files.Upload: plan.Upload} {
		text, err := json.Marshal(other)
		if err != nil {
			return err
		}
		if err := writeWhole(path, text, 0o444); err != nil {
			return err
		}
	}
	return nil
}

// writeWhole makes a file that is seen with all of its content or not at all.
func writeWhole(path string, content []byte, mode os.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err := errors.Join(err, file.Chmod(mode), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// places are the folders that targets lie in; os.Root lets no link lead out of one.
type places map[string]*os.Root

func openPlaces(paths []string) (places, error) {
	opened := places{}
	for _, path := range paths {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, fatal{err}
		}
		root, err := os.OpenRoot(path)
		if err != nil {
			return nil, fatal{err}
		}
		opened[path] = root
	}
	return opened, nil
}

// find returns the innermost place of a path and the path within it.
func (p places) find(path string) (*os.Root, string, error) {
	for at := filepath.Dir(path); ; at = filepath.Dir(at) {
		if root, known := p[at]; known {
			if within, err := filepath.Rel(at, path); err == nil && filepath.Clean(path) == path && filepath.IsLocal(within) {
				return root, within, nil
			}
		}
		if at == "/" || at == "." {
			return nil, "", fatalf("%q lies in none of the folders of the plan", path)
		}
	}
}

// free finds a target, makes the folders above it and removes what stands there.
func (p places) free(target string) (*os.Root, string, error) {
	root, within, err := p.find(target)
	if err != nil {
		return nil, "", err
	}
	if err := root.MkdirAll(filepath.Dir(within), 0o755); err != nil {
		return nil, "", fatal{err}
	}
	if err := root.Remove(within); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", fatal{err}
	}
	return root, within, nil
}

func (p places) place(entry stageEntry) error {
	switch entry.Kind {
	case "object":
		return nil
	case "directory":
		if root, known := p[entry.Target]; known {
			return root.Chmod(".", 0o755)
		}
		root, within, err := p.find(entry.Target)
		if err != nil {
			return err
		}
		return root.MkdirAll(within, 0o755)
	case "literal":
		return p.write(entry.Target, strings.NewReader(entry.Contents), entry.Writable)
	case "copy":
		from, within, err := p.find(entry.From)
		if err != nil {
			return err
		}
		file, err := openRegular(from, within)
		if err != nil {
			return err
		}
		defer file.Close()
		return p.write(entry.Target, file, true)
	case "symlink", "hardlink":
		return p.link(entry)
	}
	return fatalf("%q is no kind of entry that this program knows", entry.Kind)
}

func (p places) link(entry stageEntry) error {
	from, to, err := p.find(entry.To)
	if err != nil {
		return err
	}
	root, within, err := p.free(entry.Target)
	if err != nil {
		return err
	}
	if entry.Kind == "symlink" {
		return root.Symlink(entry.To, within)
	}
	if root != from {
		return fatalf("a hard link to %s would lead from one folder of the plan to another", entry.To)
	}
	return root.Link(to, within)
}

func (p places) write(target string, content io.Reader, writable bool) error {
	root, within, err := p.free(target)
	if err != nil {
		return err
	}
	file, err := root.OpenFile(within, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Chmod(fileMode(writable)), file.Close())
}

func fileMode(writable bool) os.FileMode {
	if writable {
		return 0o644
	}
	return 0o444
}

// bringObjects asks for addresses in batches, each when the one before is done: addresses expire.
func bringObjects(ctx context.Context, s *session, p places, plan stagePlan) error {
	var wanted []stageEntry
	for _, entry := range plan.Entries {
		if entry.Kind == "object" {
			wanted = append(wanted, entry)
		}
	}
	for len(wanted) > 0 {
		batch := wanted[:min(len(wanted), maxInBatch)]
		wanted = wanted[len(batch):]
		questions := make([]getQuestion, len(batch))
		for i, entry := range batch {
			questions[i] = getQuestion{entry.Key}
		}
		answer, err := s.urls(ctx, map[string]any{"get": questions}, len(batch), 0)
		if err != nil {
			return err
		}
		err = inParallel(ctx, len(batch), plan.Parallel, func(ctx context.Context, i int) error {
			return bring(ctx, s, p, batch[i], answer.Get[i])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// download is an object on its way; hash, file and at agree after every byte.
type download struct {
	entry stageEntry
	from  getAnswer
	file  *os.File
	hash  hash.Hash
	at    int64
	size  int64
	etag  string
}

func bring(ctx context.Context, s *session, p places, entry stageEntry, from getAnswer) error {
	root, within, err := p.free(entry.Target)
	if err != nil {
		return err
	}
	file, err := root.OpenFile(within, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fatal{err}
	}
	defer file.Close()
	d := &download{entry: entry, from: from, file: file, hash: sha256.New(), size: -1}
	refusals := 0
	err = s.again(ctx, entry.Key, func(headway func()) error {
		before := d.at
		err := d.read(ctx, s)
		if d.at > before {
			headway()
			refusals = 0
		}
		var r refused
		if errors.As(err, &r) && r.status == http.StatusForbidden && refusals < maxRefused {
			refusals++
			return d.newAddress(ctx, s)
		}
		return err
	})
	if err != nil {
		return err
	}
	return file.Chmod(fileMode(entry.Writable))
}

// newAddress replaces one that has expired; the object is asked for again at once.
func (d *download) newAddress(ctx context.Context, s *session) error {
	answer, err := s.urls(ctx, map[string]any{"get": []getQuestion{{d.entry.Key}}}, 1, 0)
	if err != nil {
		return err
	}
	d.from = answer.Get[0]
	return d.read(ctx, s)
}

func (d *download) read(ctx context.Context, s *session) error {
	if d.from.Missing {
		return fatalf("there is no object %s", d.entry.Key)
	}
	header := http.Header{}
	if d.at > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.at))
		header.Set("If-Match", d.etag)
	}
	response, stop, err := s.send(ctx, http.MethodGet, d.from.signed, nil, 0, header)
	if err != nil {
		return err
	}
	defer stop()
	defer response.Body.Close()
	if response.StatusCode == http.StatusPreconditionFailed {
		return d.restart("it was replaced while it was brought")
	}
	if response.StatusCode >= 300 {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return statusFault(response, body)
	}
	if err := d.begin(response); err != nil {
		return err
	}
	n, err := io.CopyBuffer(io.MultiWriter(disk{d.file}, d.hash), response.Body, make([]byte, 1<<20))
	d.at += n
	var f fatal
	if errors.As(err, &f) {
		return err
	}
	if err != nil {
		return withoutURL(err)
	}
	if d.at != d.size {
		return fmt.Errorf("%d of %d bytes came", d.at, d.size)
	}
	return d.check()
}

// disk is a file whose faults no other answer of the store mends.
type disk struct{ *os.File }

func (d disk) Write(piece []byte) (int, error) {
	n, err := d.File.Write(piece)
	if err != nil {
		return n, fatal{err}
	}
	return n, nil
}

// begin checks that an answer continues what is there.
func (d *download) begin(response *http.Response) error {
	if response.ContentLength < 0 {
		return errors.New("the store does not say how long the object is")
	}
	if d.at > 0 && response.StatusCode != http.StatusPartialContent {
		return d.restart("the store does not continue an object")
	}
	if d.at > 0 && !strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.at)) {
		return errors.New("the store answered another range than was asked for")
	}
	d.size, d.etag = d.at+response.ContentLength, response.Header.Get("ETag")
	if d.entry.Size != nil && d.size != *d.entry.Size {
		return fatalf("%s has %d bytes, expected were %d", d.entry.Key, d.size, *d.entry.Size)
	}
	return nil
}

// restart forgets what has come; its fault is tried again.
func (d *download) restart(reason string) error {
	_, err := d.file.Seek(0, io.SeekStart)
	if err := errors.Join(err, d.file.Truncate(0)); err != nil {
		return fatal{err}
	}
	d.hash.Reset()
	d.at, d.etag = 0, ""
	return errors.New(reason)
}

func (d *download) check() error {
	found := hex.EncodeToString(d.hash.Sum(nil))
	if d.entry.Sha256 == "" || found == d.entry.Sha256 {
		return nil
	}
	return fatalf("%s has sha256 %s, expected was %s", d.entry.Key, found, d.entry.Sha256)
}
