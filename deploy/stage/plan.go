package main

import "encoding/json"

// The plans and calls of README.md, version 1. What is only read needs no names: JSON finds a field whatever the case of its letters.

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

type wrapPlan struct {
	Version                                           int
	Argv                                              []string
	Env                                               map[string]string
	Cwd, Stdin, Stdout, Stderr, Umask, Fifo, ExitFile string
	TimeLimitSeconds                                  float64
	GraceSeconds                                      *float64
}

type uploadPlan struct {
	Version, Parallel, MaxEntries int
	Outdir, Fifo, ExitFile        string
}

type exitReport struct {
	Version        int     `json:"version"`
	ExitCode       int     `json:"exitCode"`
	Signal         string  `json:"signal,omitempty"`
	Limit          string  `json:"limit,omitempty"`
	Cancelled      bool    `json:"cancelled,omitempty"`
	Fault          string  `json:"fault,omitempty"`
	StartedAt      string  `json:"startedAt"`
	FinishedAt     string  `json:"finishedAt"`
	WallSeconds    float64 `json:"wallSeconds"`
	CpuSeconds     float64 `json:"cpuSeconds"`
	MaxMemoryBytes int64   `json:"maxMemoryBytes"`
}

type getQuestion struct {
	Key string `json:"key"`
}

type putQuestion struct {
	Sha256   string   `json:"sha256"`
	Size     int64    `json:"size"`
	Parts    []string `json:"parts,omitempty"`
	UploadID string   `json:"uploadId,omitempty"`
	// Of an upload that is complete.
	Etags []string `json:"etags,omitempty"`
}

// signed is a request that may be made as it is; its headers are part of the signature.
type signed struct {
	URL     string
	Headers map[string]string
}

type getAnswer struct {
	signed
	Missing bool
}

type putAnswer struct {
	signed
	Present  bool
	UploadID string
	Parts    []signed
}

type listedEntry struct {
	Path   string `json:"path"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	Target string `json:"target,omitempty"`
	Fault  string `json:"fault,omitempty"`
}

type uploaded struct {
	Sha256 string `json:"sha256"`
	Sha1   string `json:"sha1"`
	Size   int64  `json:"size"`
}
