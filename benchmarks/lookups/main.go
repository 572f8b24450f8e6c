// Lookups looks leases up as fast as the server answers: what a compiled load generator gets.
//
// The leases' ids are in the file that is named, one a line; VAULT_ADDR and VAULT_TOKEN are the
// environment's. Every id is asked for once with PUT sys/leases/lookup, over kept connections. The
// seconds from the first request to the last answer go to standard output; an answer other than
// 200 ends the program with 1.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const largestID = 1 << 20

func main() {
	connections := flag.Int("connections", 8, "how many connections are kept, each asking in turn")
	flag.Parse()
	seconds, err := run(*connections, flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Printf("%.6f\n", seconds)
}

func run(connections int, file string) (float64, error) {
	ids, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer ids.Close()
	bodies, err := read(ids)
	if err != nil {
		return 0, err
	}
	url := strings.TrimRight(os.Getenv("VAULT_ADDR"), "/") + "/v1/sys/leases/lookup"
	client := &http.Client{
		Transport: &http.Transport{
			MaxIdleConnsPerHost: connections,
			MaxConnsPerHost:     connections,
			DisableCompression:  true,
		},
		Timeout: time.Minute,
	}
	faults := make(chan error, connections)
	var next atomic.Int64
	var working sync.WaitGroup
	started := time.Now()
	for range connections {
		working.Add(1)
		go func() {
			defer working.Done()
			for place := next.Add(1) - 1; place < int64(len(bodies)); place = next.Add(1) - 1 {
				if err := ask(client, url, bodies[place]); err != nil {
					faults <- err
					return
				}
			}
		}()
	}
	working.Wait()
	seconds := time.Since(started).Seconds()
	select {
	case err := <-faults:
		return 0, err
	default:
		return seconds, nil
	}
}

// read returns one request's body for each id.
func read(from io.Reader) ([]string, error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, largestID)
	var bodies []string
	for lines.Scan() {
		body, err := json.Marshal(map[string]string{"lease_id": lines.Text()})
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, string(body))
	}
	return bodies, lines.Err()
}

func ask(client *http.Client, url string, body string) error {
	request, err := http.NewRequest(http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-Vault-Request", "true")
	request.Header.Set("X-Vault-Token", os.Getenv("VAULT_TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("a look-up was answered with %d", answer.StatusCode)
	}
	return nil
}
