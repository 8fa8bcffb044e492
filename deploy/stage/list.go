package main

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"
)

// list tells what the tool left, sorted in C order, following nothing.
func list(root *os.Root, most int) ([]listedEntry, error) {
	entries := []listedEntry{}
	if err := walk(root, ".", most, &entries); err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b listedEntry) int { return cmp.Compare(a.Path, b.Path) })
	return entries, nil
}

func walk(root *os.Root, folder string, most int, entries *[]listedEntry) error {
	// What the tool has locked to itself is opened: the uid is ours too.
	_ = root.Chmod(folder, 0o700)
	opened, err := root.OpenFile(folder, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer opened.Close()
	children, err := opened.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, child := range children {
		if len(*entries) >= most {
			return fatalf("the tool left more than %d files and folders", most)
		}
		at, name := len(*entries), path.Join(folder, child.Name())
		*entries = append(*entries, describeEntry(root, name))
		if entry := (*entries)[at]; entry.Type == "directory" && entry.Fault == "" {
			if err := walk(root, name, most, entries); isFatal(err) {
				return err
			} else if err != nil {
				(*entries)[at].Fault = err.Error()
			}
		}
	}
	return nil
}

func describeEntry(root *os.Root, name string) listedEntry {
	entry := listedEntry{Path: name, Type: "other"}
	info, err := root.Lstat(name)
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
