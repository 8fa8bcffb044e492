package main

import (
	"bytes"
	"io"
)

// veil passes a log on with `***` in place of texts that must not stand in it, also where one comes in pieces.
type veil struct {
	log    io.Writer
	hidden []string
	held   []byte
}

func (v *veil) Write(piece []byte) (int, error) {
	text := append(v.held, piece...)
	for _, hidden := range v.hidden {
		text = bytes.ReplaceAll(text, []byte(hidden), []byte("***"))
	}
	// What may be the beginning of one waits for what follows.
	keep := 0
	for _, hidden := range v.hidden {
		for length := min(len(text), len(hidden)-1); length > keep; length-- {
			if bytes.HasSuffix(text, []byte(hidden[:length])) {
				keep = length
			}
		}
	}
	passed := len(text) - keep
	v.held = bytes.Clone(text[passed:])
	_, err := v.log.Write(text[:passed])
	return len(piece), err
}

// end passes on what no more can follow.
func (v *veil) end() {
	_, _ = v.log.Write(v.held)
	v.held = nil
}
