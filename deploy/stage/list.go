package main

import (
	"cmp"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"
)

type listedEntry struct {
	Path   string `json:"path"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	Target string `json:"target,omitempty"`
	Fault  string `json:"fault,omitempty"`
}

// list tells what the tool left, sorted in C order, following nothing.
func list(root *os.Root, most int) ([]listedEntry, error) {
	entries := []listedEntry{}
	err := fs.WalkDir(root.FS(), ".", func(name string, found fs.DirEntry, err error) error {
		switch last := len(entries) - 1; {
		case err != nil && name == ".":
			return err
		case err != nil:
			// It was told of before it turned out that it cannot be read.
			entries[last].Fault = err.Error()
			return fs.SkipDir
		case name != "." && len(entries) == most:
			return fatalf("the tool left more than %d files and folders", most)
		case name != ".":
			entries = append(entries, describeEntry(root, name, found))
		}
		if found.IsDir() {
			// What the tool has locked to itself is opened: the uid is ours too.
			_ = root.Chmod(name, 0o700)
		}
		return nil
	})
	slices.SortFunc(entries, func(a, b listedEntry) int { return cmp.Compare(a.Path, b.Path) })
	return entries, err
}

func describeEntry(root *os.Root, name string, found fs.DirEntry) listedEntry {
	entry := listedEntry{Path: name, Type: "other"}
	info, err := found.Info()
	switch {
	case err != nil:
	case info.IsDir():
		entry.Type = "directory"
	case info.Mode().IsRegular():
		entry.Type, entry.Size = "file", info.Size()
	case info.Mode()&fs.ModeSymlink != 0:
		entry.Type = "symlink"
		entry.Target, err = root.Readlink(name)
	}
	if err != nil {
		entry.Fault = err.Error()
	}
	for what, text := range map[string]*string{"the name": &entry.Path, "the link's target": &entry.Target} {
		if !utf8.ValidString(*text) {
			quoted := strconv.Quote(*text)
			*text, entry.Fault = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), what+" is not UTF-8"
		}
	}
	return entry
}

// openRegular opens a regular file and nothing else: never through a link, never waiting for the other end of a FIFO.
func openRegular(root *os.Root, name string) (*os.File, error) {
	seen, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, fatalf("%q is no regular file", name)
	}
	if seen.Mode()&0o400 == 0 {
		_ = root.Chmod(name, 0o600)
	}
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if opened, err := file.Stat(); err != nil || !os.SameFile(seen, opened) {
		file.Close()
		return nil, fatalf("%q was replaced while it was opened", name)
	}
	return file, nil
}
