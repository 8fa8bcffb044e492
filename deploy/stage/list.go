package main

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sort"
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
	sort.Slice(entries, func(i, j int) bool { return entries[i].Path < entries[j].Path })
	return entries, nil
}

func walk(root *os.Root, folder string, most int, entries *[]listedEntry) error {
	found, err := readFolder(root, folder)
	if err != nil {
		return err
	}
	for _, child := range found {
		name := path.Join(folder, child.Name())
		if len(*entries) >= most {
			return fatalf("the tool left more than %d files and folders", most)
		}
		entry := describeEntry(root, name)
		at := len(*entries)
		*entries = append(*entries, entry)
		if entry.Type == "directory" && entry.Fault == "" {
			var f fatal
			if err := walk(root, name, most, entries); errors.As(err, &f) {
				return err
			} else if err != nil {
				(*entries)[at].Fault = err.Error()
			}
		}
	}
	return nil
}

// readFolder opens what the tool has locked to itself: the uid is ours too.
func readFolder(root *os.Root, folder string) ([]os.DirEntry, error) {
	file, err := root.OpenFile(folder, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrPermission) && root.Chmod(folder, 0o700) == nil {
		file, err = root.OpenFile(folder, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found, err := file.ReadDir(-1)
	if errors.Is(err, fs.ErrPermission) && root.Chmod(folder, 0o700) == nil {
		return file.ReadDir(-1)
	}
	return found, err
}

func describeEntry(root *os.Root, name string) listedEntry {
	entry := listedEntry{Path: name, Type: "other"}
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrPermission) && root.Chmod(path.Dir(name), 0o700) == nil {
		info, err = root.Lstat(name)
	}
	switch {
	case err != nil:
		entry.Fault = err.Error()
	case info.IsDir():
		entry.Type = "directory"
	case info.Mode()&fs.ModeSymlink != 0:
		entry.Type = "symlink"
		if entry.Target, err = root.Readlink(name); err != nil {
			entry.Fault = err.Error()
		} else if !utf8.ValidString(entry.Target) {
			entry.Target, entry.Fault = escaped(entry.Target), "the link's target is not UTF-8"
		}
	case info.Mode().IsRegular():
		entry.Type, entry.Size = "file", info.Size()
	}
	if !utf8.ValidString(name) {
		entry.Path, entry.Fault = escaped(name), "the name is not UTF-8"
	}
	return entry
}

func escaped(name string) string {
	quoted := strconv.Quote(name)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// openRegular opens a regular file and nothing else: never through a link, never waiting for the other end of a FIFO.
func openRegular(root *os.Root, name string) (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	seen, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, fatalf("%q is no regular file", name)
	}
	file, err := root.OpenFile(name, flags, 0)
	if errors.Is(err, fs.ErrPermission) && root.Chmod(name, 0o600) == nil {
		file, err = root.OpenFile(name, flags, 0)
	}
	if err != nil {
		return nil, err
	}
	if opened, err := file.Stat(); err != nil || !os.SameFile(seen, opened) {
		file.Close()
		return nil, fatalf("%q was replaced while it was opened", name)
	}
	return file, nil
}
