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
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Objects whose addresses are asked for together.
const maxInBatch = 500

// The plans of README.md, version 1. What is only read needs no names: JSON finds a field whatever the case of its letters.
type stagePlan struct {
	Version, Parallel int
	Roots             []string
	Entries           []stageEntry
	Files             struct{ Program, Wrap, Upload string }
	// For the other two containers, as they are.
	Wrap, Upload json.RawMessage
}

type stageEntry struct {
	Kind, Key, Target, Sha256, Contents, To, From string
	Size                                          *int64
	Writable                                      bool
}

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
	places, err := openTree(plan.Roots)
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
				return places.bring(ctx, s, batch[i], addresses[i])
			})
		}
		if err != nil {
			return err
		}
	}
	for _, entry := range others {
		if err := places.place(entry); err != nil {
			return fatalf("%s: %w", entry.Target, err)
		}
	}
	if err := prepareOthers(plan); err != nil {
		return err
	}
	tellDuration("staging", begun)
	return nil
}

// prepareOthers leaves what wrapper and uploader need.
func prepareOthers(plan stagePlan) error {
	var tool wrapPlan
	program, err := os.ReadFile("/proc/self/exe")
	if err := errors.Join(err, json.Unmarshal(plan.Wrap, &tool)); err != nil {
		return fatal{err}
	}
	_ = os.Remove(tool.Fifo)
	return errors.Join(
		syscall.Mkfifo(tool.Fifo, 0o600),
		replaceFile(plan.Files.Program, program, 0o555),
		replaceFile(plan.Files.Wrap, plan.Wrap, 0o444),
		replaceFile(plan.Files.Upload, plan.Upload, 0o444))
}

// replaceFile writes no existing file, which might be a link, a FIFO or read-only.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	_ = os.Remove(path)
	return os.WriteFile(path, content, mode)
}

// tree is the pod's file system below the folders of the plan; os.Root follows no absolute link, and the stager makes no other.
type tree struct {
	root    *os.Root
	folders []string
}

func openTree(folders []string) (tree, error) {
	root, err := os.OpenRoot("/")
	for _, folder := range folders {
		err = errors.Join(err, os.MkdirAll(folder, 0o755))
	}
	return tree{root, folders}, err
}

// find returns a path as the root knows it.
func (t tree) find(path string) (string, error) {
	inside := func(folder string) bool { return strings.HasPrefix(path+"/", folder+"/") }
	if filepath.Clean(path) != path || !slices.ContainsFunc(t.folders, inside) {
		return "", fatalf("%q lies in none of the folders of the plan", path)
	}
	return path[1:], nil
}

// free finds a target, makes the folders above it and removes what stands there.
func (t tree) free(target string) (string, error) {
	within, err := t.find(target)
	if err == nil {
		err = t.root.MkdirAll(filepath.Dir(within), 0o755)
	}
	if err == nil {
		err = t.root.Remove(within)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fatal{err}
	}
	return within, nil
}

func (t tree) place(entry stageEntry) error {
	if entry.Kind == "directory" {
		within, err := t.find(entry.Target)
		if err != nil {
			return err
		}
		return t.root.MkdirAll(within, 0o755)
	}
	within, err := t.free(entry.Target)
	if err != nil {
		return err
	}
	if entry.Kind == "literal" {
		return t.write(within, strings.NewReader(entry.Contents), fileMode(entry.Writable))
	}
	from, err := t.find(cmp.Or(entry.To, entry.From))
	if err != nil {
		return err
	}
	switch entry.Kind {
	case "symlink":
		return t.root.Symlink(entry.To, within)
	case "hardlink":
		return t.root.Link(from, within)
	case "copy":
		file, err := openRegular(t.root, from)
		if err != nil {
			return err
		}
		defer file.Close()
		return t.write(within, file, fileMode(true))
	}
	return fatalf("this program knows no %q", entry.Kind)
}

func (t tree) write(within string, content io.Reader, mode os.FileMode) error {
	file, err := t.root.OpenFile(within, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

func fileMode(writable bool) os.FileMode {
	if writable {
		return 0o644
	}
	return 0o444
}

// sources asks for the addresses of objects.
func (s *session) sources(ctx context.Context, entries []stageEntry) ([]place, error) {
	asked := make([]any, len(entries))
	for i, entry := range entries {
		asked[i] = map[string]string{"key": entry.Key}
	}
	found, err := s.places(ctx, "get", asked...)
	if missing := slices.IndexFunc(found, func(one place) bool { return one.Missing }); missing >= 0 {
		return nil, fatalf("there is no object %s", entries[missing].Key)
	}
	return found, err
}

// download is an object on its way; hash, file and at agree after every byte.
type download struct {
	entry stageEntry
	file  *os.File
	hash  hash.Hash
	at    int64
	etag  string
}

func (t tree) bring(ctx context.Context, s *session, entry stageEntry, from place) error {
	within, err := t.free(entry.Target)
	if err != nil {
		return err
	}
	file, err := t.root.OpenFile(within, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode(entry.Writable))
	if err != nil {
		return fatal{err}
	}
	defer file.Close()
	d := &download{entry: entry, file: file, hash: sha256.New()}
	return s.again(ctx, entry.Key, func(first bool) (bool, error) {
		if !first {
			found, err := s.sources(ctx, []stageEntry{entry})
			if err != nil {
				return false, err
			}
			from = found[0]
		}
		before := d.at
		err := d.read(ctx, s, from.address)
		return d.at > before, err
	})
}

// read goes on where the object broke off.
func (d *download) read(ctx context.Context, s *session, from address) error {
	headers := map[string]string{}
	maps.Copy(headers, from.Headers)
	if d.at > 0 {
		headers["Range"], headers["If-Match"] = fmt.Sprintf("bytes=%d-", d.at), d.etag
	}
	response, err := s.send(ctx, http.MethodGet, address{from.URL, headers}, nil, 0)
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
	into := io.Writer(d.file)
	if d.entry.Sha256 != "" {
		into = io.MultiWriter(into, d.hash)
	}
	// By our own buffer: a file that reads for itself takes small pieces.
	n, err := io.CopyBuffer(struct{ io.Writer }{into}, response.Body, make([]byte, 1<<20))
	if _, isDisk := errors.AsType[*fs.PathError](err); isDisk {
		return fatal{err}
	}
	if d.at += n; err != nil || d.at != size {
		return fmt.Errorf("%d of %d bytes came: %w", d.at, size, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	if found := hex.EncodeToString(d.hash.Sum(nil)); d.entry.Sha256 != "" && found != d.entry.Sha256 {
		return fatalf("%s has sha256 %s, expected was %s", d.entry.Key, found, d.entry.Sha256)
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
