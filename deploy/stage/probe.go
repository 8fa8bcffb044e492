package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// probeAnswer is what a pod finds: `runnel doctor` reads it from its log.
type probeAnswer struct {
	Time time.Time `json:"time"`
	// By target: a status of HTTP, "open", an address; or "failed: …".
	Found map[string]string `json:"found"`
}

// probe looks from inside a pod at targets: http(s)://… asks, tcp://HOST:PORT connects, name://HOST looks up.
func probe(targets string) error {
	wanted := map[string]string{}
	if err := json.Unmarshal([]byte(targets), &wanted); err != nil {
		return fatalf("targets: %w", err)
	}
	answer := probeAnswer{Time: time.Now(), Found: map[string]string{}}
	var all sync.WaitGroup
	var lock sync.Mutex
	for name, target := range wanted {
		all.Go(func() {
			found, err := look(target)
			if err != nil {
				found = "failed: " + err.Error()
			}
			lock.Lock()
			defer lock.Unlock()
			answer.Found[name] = found
		})
	}
	all.Wait()
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func look(target string) (string, error) {
	const patience = 5 * time.Second
	kind, rest, _ := strings.Cut(target, "://")
	switch kind {
	case "tcp":
		connection, err := net.DialTimeout("tcp", rest, patience)
		if err != nil {
			return "", err
		}
		return "open", connection.Close()
	case "name":
		addresses, err := net.LookupHost(rest)
		if err != nil {
			return "", err
		}
		return strings.Join(addresses, " "), nil
	}
	response, err := (&http.Client{Timeout: patience}).Get(target)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(response.StatusCode), response.Body.Close()
}
