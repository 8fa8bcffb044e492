package main

// The plans and calls of README.md, version 1.

type stageEntry struct {
	Kind     string `json:"kind"`
	Key      string `json:"key"`
	Target   string `json:"target"`
	Size     *int64 `json:"size"`
	Sha256   string `json:"sha256"`
	Writable bool   `json:"writable"`
	Contents string `json:"contents"`
	To       string `json:"to"`
	From     string `json:"from"`
}

type stagePlan struct {
	Version  int          `json:"version"`
	Roots    []string     `json:"roots"`
	Entries  []stageEntry `json:"entries"`
	Parallel int          `json:"parallel"`
	Files    struct {
		Program string `json:"program"`
		Wrap    string `json:"wrap"`
		Upload  string `json:"upload"`
	} `json:"files"`
	Wrap   wrapPlan   `json:"wrap"`
	Upload uploadPlan `json:"upload"`
}

type wrapPlan struct {
	Version          int               `json:"version"`
	Argv             []string          `json:"argv"`
	Env              map[string]string `json:"env"`
	Cwd              string            `json:"cwd"`
	Stdin            string            `json:"stdin,omitempty"`
	Stdout           string            `json:"stdout,omitempty"`
	Stderr           string            `json:"stderr,omitempty"`
	Umask            string            `json:"umask,omitempty"`
	TimeLimitSeconds float64           `json:"timeLimitSeconds,omitempty"`
	GraceSeconds     *float64          `json:"graceSeconds,omitempty"`
	Fifo             string            `json:"fifo"`
	ExitFile         string            `json:"exitFile"`
}

type uploadPlan struct {
	Version    int    `json:"version"`
	Outdir     string `json:"outdir"`
	Fifo       string `json:"fifo"`
	ExitFile   string `json:"exitFile"`
	Parallel   int    `json:"parallel,omitempty"`
	MaxEntries int    `json:"maxEntries,omitempty"`
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
}

type completion struct {
	putQuestion
	Etags []string `json:"etags"`
}

// signed is a request that may be made as it is; its headers are part of the signature.
type signed struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

type getAnswer struct {
	signed
	Missing bool `json:"missing"`
}

type putAnswer struct {
	signed
	Present  bool     `json:"present"`
	UploadID string   `json:"uploadId"`
	Parts    []signed `json:"parts"`
}

type urlsAnswer struct {
	Get []getAnswer `json:"get"`
	Put []putAnswer `json:"put"`
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

type collectAnswer struct {
	Next  string          `json:"next"`
	Files []collectedFile `json:"files"`
}
