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

// probe looks from inside a pod at targets: http(s)://… asks, tcp://HOST:PORT connects, name://HOST looks up. `runnel doctor` reads what it
// found from its log: by target a status of HTTP, "open", addresses, or "failed: …".
func probe(targets string) error {
	wanted := map[string]string{}
	if err := json.Unmarshal([]byte(targets), &wanted); err != nil {
		return fatalf("targets: %w", err)
	}
	found := map[string]string{}
	var all sync.WaitGroup
	var lock sync.Mutex
	for name, target := range wanted {
		all.Go(func() {
			seen, err := look(target)
			if err != nil {
				seen = "failed: " + err.Error()
			}
			lock.Lock()
			defer lock.Unlock()
			found[name] = seen
		})
	}
	all.Wait()
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"time": time.Now(), "found": found})
}

func look(target string) (string, error) {
	const patience = 5 * time.Second
	switch kind, rest, _ := strings.Cut(target, "://"); kind {
	case "tcp":
		connection, err := net.DialTimeout("tcp", rest, patience)
		if err != nil {
			return "", err
		}
		return "open", connection.Close()
	case "name":
		addresses, err := net.LookupHost(rest)
		return strings.Join(addresses, " "), err
	}
	response, err := (&http.Client{Timeout: patience}).Get(target)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(response.StatusCode), response.Body.Close()
}
