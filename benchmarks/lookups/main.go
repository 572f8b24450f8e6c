// Lookups asks one server for leases again and again over kept connections, and prints how many
// answers a second it got. What it reads of an answer is its length: it measures the server.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	file := flag.String("leases", "", "file with one lease id a line")
	connections := flag.Int("connections", 8, "requests at once")
	flag.Parse()
	bodies, err := read(*file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	began := time.Now()
	failed := run(bodies, *connections)
	seconds := time.Since(began).Seconds()
	fmt.Printf("{\"requests\": %d, \"failed\": %d, \"seconds\": %f}\n", len(bodies), failed, seconds)
}

// read makes the body of each request beforehand: a load generator does nothing but ask.
func read(file string) ([][]byte, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var bodies [][]byte
	lines := bufio.NewScanner(opened)
	for lines.Scan() {
		body, err := json.Marshal(map[string]string{"lease_id": lines.Text()})
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, lines.Err()
}

func run(bodies [][]byte, connections int) int64 {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	var next, failed atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Add(1)
		go func() {
			defer all.Done()
			for place := next.Add(1) - 1; place < int64(len(bodies)); place = next.Add(1) - 1 {
				if !ask(client, bodies[place]) {
					failed.Add(1)
				}
			}
		}()
	}
	all.Wait()
	return failed.Load()
}

func ask(client *http.Client, body []byte) bool {
	url := os.Getenv("VAULT_ADDR") + "/v1/sys/leases/lookup"
	request, err := http.NewRequest(http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("X-Vault-Token", os.Getenv("VAULT_TOKEN"))
	request.Header.Set("X-Vault-Request", "true")
	answer, err := client.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil && answer.StatusCode == http.StatusOK
}
