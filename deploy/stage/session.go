package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	maxAnswer  = 64 << 20
	firstPause = 200 * time.Millisecond
	longPause  = 10 * time.Second
	idleLimit  = time.Minute
	maxRefused = 3
)

// session is this pod's way to the staging endpoint and, by presigned addresses, to the store.
type session struct {
	url, tokenFile string
	attempt        json.RawMessage
	patience       time.Duration
	client         *http.Client
}

func newSession(env func(string) string) (*session, error) {
	patience, err := strconv.ParseFloat(cmp.Or(env("RUNNEL_PATIENCE"), "300"), 64)
	s := &session{
		url:       strings.TrimRight(env("RUNNEL_STAGING_URL"), "/"),
		tokenFile: env("RUNNEL_STAGING_TOKEN_FILE"),
		attempt:   json.RawMessage(env("RUNNEL_ATTEMPT")),
		patience:  seconds(patience),
	}
	if err != nil || patience < 0 || s.url == "" || s.tokenFile == "" || !json.Valid(s.attempt) {
		return nil, fatalf("needed are RUNNEL_STAGING_URL, RUNNEL_STAGING_TOKEN_FILE, RUNNEL_ATTEMPT (JSON), and RUNNEL_PATIENCE is a number of seconds")
	}
	s.client = &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         dial,
			MaxIdleConnsPerHost: 64,
			DisableCompression:  true,
			ReadBufferSize:      256 << 10,
			WriteBufferSize:     256 << 10,
		},
		// A token or a signature is for one host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// lively is a connection that breaks where no byte comes or goes for a minute.
type lively struct{ net.Conn }

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
	return lively{connection}, err
}

func (l lively) Read(into []byte) (int, error) {
	_ = l.SetDeadline(time.Now().Add(idleLimit))
	return l.Conn.Read(into)
}

func (l lively) Write(from []byte) (int, error) {
	_ = l.SetDeadline(time.Now().Add(idleLimit))
	return l.Conn.Write(from)
}

// answered is an answer that is not the one hoped for.
type answered struct {
	status int
	after  time.Duration
	detail string
}

func (a answered) Error() string { return fmt.Sprintf("answered %d %s", a.status, a.detail) }

// passes tells an answer worth another try from one that is about the request.
func (a answered) passes() bool {
	return a.status >= 500 || a.status == http.StatusRequestTimeout || a.status == http.StatusTooEarly || a.status == http.StatusTooManyRequests
}

func faultOf(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4000))
	var problem struct{ Detail string }
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		problem.Detail = string(body[:min(len(body), 500)])
	}
	after, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return answered{response.StatusCode, min(seconds(float64(after)), time.Minute), problem.Detail}
}

// again repeats work until it succeeds, fails for good, or has made no headway for longer than the patience. Work is told whether it is done
// for the first time: an address that it was given then may have expired (403) when it is done again.
func (s *session) again(ctx context.Context, what string, work func(first bool) (headway bool, err error)) error {
	since, pause, refusals := time.Now(), firstPause, 0
	for first := true; ; first = false {
		headway, err := work(first)
		if err == nil || isFatal(err) {
			return err
		}
		if headway {
			since, pause, refusals = time.Now(), firstPause, 0
		}
		answer, isAnswer := errors.AsType[answered](err)
		if answer.status == http.StatusForbidden {
			refusals++
		}
		if isAnswer && !answer.passes() && (refusals == 0 || refusals > maxRefused) {
			return fatalf("%s: %w", what, err)
		}
		wait := max(pause/2+rand.N(pause), answer.after)
		if time.Since(since)+wait > s.patience && !headway {
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

// address is a request that may be made as it is; its headers are part of the signature.
type address struct {
	URL     string
	Headers map[string]string
}

// send makes one request. Its good answer's body must be closed; any other answer is a fault.
func (s *session) send(ctx context.Context, method string, to address, body io.Reader, size int64) (*http.Response, error) {
	if size == 0 {
		// Any other reader would be sent in chunks, without a length: stores refuse that.
		body = http.NoBody
	}
	request, err := http.NewRequestWithContext(ctx, method, to.URL, body)
	if err != nil {
		return nil, fatalf("the staging endpoint gave no address that can be used")
	}
	request.ContentLength = size
	for name, value := range to.Headers {
		request.Header.Set(name, value)
	}
	response, err := s.client.Do(request)
	if named, is := errors.AsType[*url.Error](err); is {
		// Without the address: that is signed.
		return nil, named.Err
	}
	if err != nil || response.StatusCode < 300 {
		return response, err
	}
	defer response.Body.Close()
	return nil, faultOf(response)
}

// call asks the staging endpoint; body gets version and attempt.
func (s *session) call(ctx context.Context, name string, body map[string]any, answer any) error {
	body["version"], body["attempt"] = 1, s.attempt
	sent, err := json.Marshal(body)
	if err != nil {
		return fatal{err}
	}
	return s.again(ctx, "staging endpoint, "+name, func(bool) (bool, error) {
		// The kubelet renews it.
		token, err := os.ReadFile(s.tokenFile)
		if err != nil {
			return false, err
		}
		headers := map[string]string{"Authorization": "Bearer " + strings.TrimSpace(string(token)), "Content-Type": "application/json"}
		response, err := s.send(ctx, http.MethodPost, address{s.url + "/staging/v1/" + name, headers}, bytes.NewReader(sent), int64(len(sent)))
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		read, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return false, err
		}
		if err := json.Unmarshal(read, answer); err != nil {
			return false, fatalf("the answer to %s is not as expected: %w", name, err)
		}
		return true, nil
	})
}

// place is where an object is or is to be sent: at one address or, by parts, at several.
type place struct {
	address
	Missing, Present bool
	UploadID         string
	Parts            []address
}

// places asks where objects are (get) or are to be sent (put).
func (s *session) places(ctx context.Context, kind string, asked ...any) ([]place, error) {
	var answer struct{ Get, Put []place }
	if err := s.call(ctx, "urls", map[string]any{kind: asked}, &answer); err != nil {
		return nil, err
	}
	found := append(answer.Get, answer.Put...)
	if len(found) != len(asked) {
		return nil, fatalf("the staging endpoint answered %d addresses for %d objects", len(found), len(asked))
	}
	return found, nil
}

// inParallel does work for 0 … count-1, so many at a time, and returns the first fault.
func inParallel(ctx context.Context, count, parallel int, work func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, max(parallel, 1))
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
