package main

import (
	"cmp"
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
	"slices"
	"strings"
	"syscall"
	"time"
)

// stage brings what the plan names into the pod's volumes. Twice is once: what stands at a target is replaced.
func stage(ctx context.Context, s *session) error {
	syscall.Umask(0)
	begun := time.Now()
	var plan stagePlan
	if err := s.call(ctx, "plan", map[string]any{}, &plan); err != nil {
		return err
	}
	if plan.Version != 1 {
		return fatalf("the plan has version %d, this program knows 1", plan.Version)
	}
	folders, err := openPlaces(plan.Roots)
	if err != nil {
		return fatal{err}
	}
	var objects, others []stageEntry
	for _, entry := range plan.Entries {
		if entry.Kind == "object" {
			objects = append(objects, entry)
		} else {
			others = append(others, entry)
		}
	}
	// Addresses expire: each batch is asked for when the one before is done.
	for batch := range slices.Chunk(objects, maxInBatch) {
		addresses, err := s.sources(ctx, batch)
		if err == nil {
			err = inParallel(ctx, len(batch), plan.Parallel, func(ctx context.Context, i int) error {
				return folders.bring(ctx, s, batch[i], addresses[i])
			})
		}
		if err != nil {
			return err
		}
	}
	for _, entry := range others {
		if err := folders.place(entry); err != nil {
			return fatalf("%s: %w", entry.Target, err)
		}
	}
	return told("staging", begun, prepareOthers(plan))
}

// prepareOthers leaves what wrapper and uploader need.
func prepareOthers(plan stagePlan) error {
	var tool wrapPlan
	program, err := os.ReadFile("/proc/self/exe")
	if err := errors.Join(err, json.Unmarshal(plan.Wrap, &tool)); err != nil {
		return fatal{err}
	}
	if err := syscall.Mkfifo(tool.Fifo, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", tool.Fifo, err)
	}
	return errors.Join(
		writeWhole(plan.Files.Program, program, 0o555), writeWhole(plan.Files.Wrap, plan.Wrap, 0o444), writeWhole(plan.Files.Upload, plan.Upload, 0o444))
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
type places []*os.Root

func openPlaces(paths []string) (opened places, err error) {
	for _, path := range paths {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, err
		}
		root, err := os.OpenRoot(path)
		if err != nil {
			return nil, err
		}
		opened = append(opened, root)
	}
	return opened, nil
}

// find returns the place of a path and the path within it.
func (p places) find(path string) (*os.Root, string, error) {
	for _, root := range p {
		if within, inside := strings.CutPrefix(path+"/", root.Name()+"/"); inside && filepath.Clean(path) == path {
			return root, cmp.Or(strings.TrimSuffix(within, "/"), "."), nil
		}
	}
	return nil, "", fatalf("%q lies in none of the folders of the plan", path)
}

// free finds a target, makes the folders above it and removes what stands there.
func (p places) free(target string) (*os.Root, string, error) {
	root, within, err := p.find(target)
	if err == nil {
		err = root.MkdirAll(filepath.Dir(within), 0o755)
	}
	if err == nil {
		err = root.Remove(within)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", fatal{err}
	}
	return root, within, nil
}

func (p places) place(entry stageEntry) error {
	if entry.Kind == "directory" {
		root, within, err := p.find(entry.Target)
		if err != nil {
			return err
		}
		return root.MkdirAll(within, 0o755)
	}
	root, within, err := p.free(entry.Target)
	if err != nil {
		return err
	}
	if entry.Kind == "literal" {
		return write(root, within, strings.NewReader(entry.Contents), fileMode(entry.Writable))
	}
	source, from, err := p.find(cmp.Or(entry.To, entry.From))
	switch {
	case err != nil:
		return err
	case entry.Kind == "symlink":
		return root.Symlink(entry.To, within)
	case entry.Kind == "hardlink" && source == root:
		return root.Link(from, within)
	case entry.Kind == "copy":
		file, err := openRegular(source, from)
		if err != nil {
			return err
		}
		defer file.Close()
		return write(root, within, file, fileMode(true))
	}
	return fatalf("this program knows no %q to %s", entry.Kind, entry.To)
}

func write(root *os.Root, within string, content io.Reader, mode os.FileMode) error {
	file, err := root.OpenFile(within, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Chmod(mode), file.Close())
}

func fileMode(writable bool) os.FileMode {
	if writable {
		return 0o644
	}
	return 0o444
}

// sources asks for the addresses of objects.
func (s *session) sources(ctx context.Context, entries []stageEntry) ([]signed, error) {
	questions := make([]getQuestion, len(entries))
	for i, entry := range entries {
		questions[i] = getQuestion{entry.Key}
	}
	var answer struct{ Get []getAnswer }
	if err := s.call(ctx, "urls", map[string]any{"get": questions}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Get) != len(entries) {
		return nil, fatalf("the staging endpoint answered %d addresses for %d objects", len(answer.Get), len(entries))
	}
	addresses := make([]signed, len(entries))
	for i, one := range answer.Get {
		if addresses[i] = one.signed; one.Missing {
			return nil, fatalf("there is no object %s", entries[i].Key)
		}
	}
	return addresses, nil
}

// download is an object on its way; hash, file and at agree after every byte.
type download struct {
	entry stageEntry
	file  *os.File
	hash  hash.Hash
	at    int64
	etag  string
}

func (p places) bring(ctx context.Context, s *session, entry stageEntry, from signed) error {
	root, within, err := p.free(entry.Target)
	if err != nil {
		return err
	}
	file, err := root.OpenFile(within, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fatal{err}
	}
	defer file.Close()
	d := &download{entry: entry, file: file, hash: sha256.New()}
	err = s.again(ctx, entry.Key, func(first bool) (bool, error) {
		if !first {
			addresses, err := s.sources(ctx, []stageEntry{entry})
			if err != nil {
				return false, err
			}
			from = addresses[0]
		}
		before := d.at
		err := d.read(ctx, s, from)
		return d.at > before, err
	})
	if err != nil {
		return err
	}
	return file.Chmod(fileMode(entry.Writable))
}

// read goes on where the object broke off.
func (d *download) read(ctx context.Context, s *session, from signed) error {
	to := signed{from.URL, map[string]string{}}
	for name, value := range from.Headers {
		to.Headers[name] = value
	}
	if d.at > 0 {
		to.Headers["Range"], to.Headers["If-Match"] = fmt.Sprintf("bytes=%d-", d.at), d.etag
	}
	response, err := s.send(ctx, http.MethodGet, to, nil, 0)
	if answer, _ := errors.AsType[answered](err); answer.status == http.StatusPreconditionFailed {
		return d.restart("it was replaced while it was brought")
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if continued := fmt.Sprintf("bytes %d-", d.at); d.at > 0 && !strings.HasPrefix(response.Header.Get("Content-Range"), continued) {
		return d.restart("the store does not continue an object")
	}
	size := d.at + response.ContentLength
	if d.etag = response.Header.Get("ETag"); response.ContentLength < 0 {
		return errors.New("the store does not say how long the object is")
	}
	if d.entry.Size != nil && size != *d.entry.Size {
		return fatalf("%s has %d bytes, expected were %d", d.entry.Key, size, *d.entry.Size)
	}
	into := io.Writer(disk{d.file})
	if d.entry.Sha256 != "" {
		into = io.MultiWriter(into, d.hash)
	}
	n, err := io.CopyBuffer(into, response.Body, make([]byte, 1<<20))
	if d.at += n; err != nil || d.at != size {
		return fmt.Errorf("%d of %d bytes came: %w", d.at, size, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	if found := hex.EncodeToString(d.hash.Sum(nil)); d.entry.Sha256 != "" && found != d.entry.Sha256 {
		return fatalf("%s has sha256 %s, expected was %s", d.entry.Key, found, d.entry.Sha256)
	}
	return nil
}

// disk is a file whose faults no other answer of the store mends.
type disk struct{ file *os.File }

func (d disk) Write(piece []byte) (int, error) {
	n, err := d.file.Write(piece)
	if err != nil {
		err = fatal{err}
	}
	return n, err
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
