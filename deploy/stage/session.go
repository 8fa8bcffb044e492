package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	maxAnswer   = 64 << 20
	firstPause  = 200 * time.Millisecond
	longPause   = 10 * time.Second
	idleLimit   = 30 * time.Second
	maxInBatch  = 500
	maxRefused  = 3
	dialTimeout = 5 * time.Second
	// Of plans that do not say how many.
	usualParallel = 8
)

// session is this pod's way to the staging endpoint and, by presigned addresses, to the store.
type session struct {
	url       string
	tokenFile string
	attempt   json.RawMessage
	client    *http.Client
	patience  time.Duration
}

func newSession(env func(string) string) (*session, error) {
	s := &session{
		url:       strings.TrimRight(env("RUNNEL_STAGING_URL"), "/"),
		tokenFile: env("RUNNEL_STAGING_TOKEN_FILE"),
		attempt:   json.RawMessage(env("RUNNEL_ATTEMPT")),
		patience:  300 * time.Second,
	}
	if s.url == "" || s.tokenFile == "" || !json.Valid(s.attempt) {
		return nil, fatalf("RUNNEL_STAGING_URL, RUNNEL_STAGING_TOKEN_FILE and RUNNEL_ATTEMPT (JSON) are needed")
	}
	if text := env("RUNNEL_PATIENCE"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || seconds < 0 {
			return nil, fatalf("RUNNEL_PATIENCE is a number of seconds, not %q", text)
		}
		s.patience = time.Duration(seconds * float64(time.Second))
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if file := env("RUNNEL_CA_FILE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil || !roots.AppendCertsFromPEM(pem) {
			return nil, fatalf("RUNNEL_CA_FILE %s holds no certificates that can be read (%v)", file, err)
		}
	}
	s.client = &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:       &tls.Config{RootCAs: roots},
			TLSHandshakeTimeout:   dialTimeout,
			ResponseHeaderTimeout: 60 * time.Second,
			MaxIdleConnsPerHost:   64,
			DisableCompression:    true,
			WriteBufferSize:       256 << 10,
			ReadBufferSize:        256 << 10,
		},
		// A token or a signature is for one host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// refused is an answer that is about the request: asking again, as it was, does not help.
type refused struct {
	status int
	detail string
}

func (r refused) Error() string { return fmt.Sprintf("answered %d %s", r.status, r.detail) }

// later is an answer that names the time to ask again.
type later struct {
	status int
	after  time.Duration
}

func (l later) Error() string { return fmt.Sprintf("answered %d", l.status) }

// again repeats work until it succeeds, fails for good, or has failed for longer than the patience. Work that made headway calls its argument.
func (s *session) again(ctx context.Context, what string, work func(headway func()) error) error {
	since, pause := time.Now(), firstPause
	for {
		failed := true
		err := work(func() { since, pause = time.Now(), firstPause; failed = false })
		var f fatal
		if err == nil || errors.As(err, &f) {
			return err
		}
		var r refused
		if errors.As(err, &r) {
			return fatalf("%s: %w", what, err)
		}
		wait := pause/2 + rand.N(pause)
		var l later
		if errors.As(err, &l) && l.after > wait {
			wait = l.after
		}
		if failed && time.Since(since)+wait > s.patience {
			return fmt.Errorf("%s: given up after %s: %w", what, s.patience, err)
		}
		pause = min(pause*2, longPause)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: stopped: %w", what, err)
		case <-time.After(wait):
		}
	}
}

// call asks the staging endpoint; body gets version and attempt.
func (s *session) call(ctx context.Context, name string, body map[string]any, answer any) error {
	body["version"], body["attempt"] = 1, s.attempt
	sent, err := json.Marshal(body)
	if err != nil {
		return fatal{err}
	}
	return s.again(ctx, "staging endpoint, "+name, func(func()) error {
		// The kubelet renews it.
		token, err := os.ReadFile(s.tokenFile)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/staging/v1/"+name, bytes.NewReader(sent))
		if err != nil {
			return fatal{err}
		}
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		request.Header.Set("Content-Type", "application/json")
		response, err := s.client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		read, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
		if err != nil {
			return err
		}
		if err := statusFault(response, read); err != nil {
			return err
		}
		if len(read) > maxAnswer {
			return fatalf("the answer to %s is larger than %d bytes", name, maxAnswer)
		}
		if err := json.Unmarshal(read, answer); err != nil {
			return fatalf("the answer to %s is not as expected: %w", name, err)
		}
		return nil
	})
}

// statusFault tells answers worth another try from those that are not.
func statusFault(response *http.Response, body []byte) error {
	status := response.StatusCode
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 500 || status == 408 || status == 425 || status == 429:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return later{status, min(time.Duration(seconds)*time.Second, time.Minute)}
	}
	var problem struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		problem.Detail = string(body[:min(len(body), 500)])
	}
	return refused{status, problem.Detail}
}

func (s *session) urls(ctx context.Context, body map[string]any, gets, puts int) (*urlsAnswer, error) {
	var answer urlsAnswer
	if err := s.call(ctx, "urls", body, &answer); err != nil {
		return nil, err
	}
	if len(answer.Get) != gets || len(answer.Put) != puts {
		return nil, fatalf("the staging endpoint answered %d and %d addresses for %d and %d", len(answer.Get), len(answer.Put), gets, puts)
	}
	return &answer, nil
}

// send makes one signed request. The answer's body must be closed, after which stop is called.
func (s *session) send(ctx context.Context, method string, to signed, body io.Reader, size int64, header http.Header) (*http.Response, func(), error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(nil) }
	watch := time.AfterFunc(idleLimit, func() { cancel(fmt.Errorf("no byte came or went for %s", idleLimit)) })
	moved := func() { watch.Reset(idleLimit) }
	var reader io.Reader
	if body != nil {
		reader = &watched{body, moved}
	}
	request, err := http.NewRequestWithContext(ctx, method, to.URL, reader)
	if err != nil {
		watch.Stop()
		stop()
		return nil, nil, fatal{err}
	}
	request.ContentLength = size
	for name, values := range header {
		request.Header[name] = values
	}
	for name, value := range to.Headers {
		if !strings.EqualFold(name, "content-length") {
			request.Header.Set(name, value)
		}
	}
	response, err := s.client.Do(request)
	if err != nil {
		watch.Stop()
		err = errors.Join(err, context.Cause(ctx))
		stop()
		return nil, nil, withoutURL(err)
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{&watched{response.Body, moved}, response.Body}
	return response, func() { watch.Stop(); stop() }, nil
}

// withoutURL keeps signatures out of messages.
func withoutURL(err error) error {
	text := err.Error()
	if at := strings.IndexByte(text, '?'); at >= 0 {
		if end := strings.IndexByte(text[at:], '"'); end >= 0 {
			text = text[:at] + text[at+end:]
		}
	}
	return errors.New(text)
}

// watched tells of every piece that goes through it.
type watched struct {
	io.Reader
	moved func()
}

func (w *watched) Read(buffer []byte) (int, error) {
	n, err := w.Reader.Read(buffer)
	if n > 0 {
		w.moved()
	}
	return n, err
}

// inParallel does work for 0 … count-1, so many at a time, and returns the first fault.
func inParallel(ctx context.Context, count, parallel int, work func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if parallel < 1 {
		parallel = usualParallel
	}
	slots := make(chan struct{}, parallel)
	for i := 0; i < count && ctx.Err() == nil; i++ {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			if err := work(ctx, i); err != nil {
				cancel(err)
			}
		}()
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
	return context.Cause(ctx)
}
