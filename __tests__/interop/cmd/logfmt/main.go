// Command logfmt reads lines of logfmt from stdin with the parser of go-logfmt, which Grafana Loki uses, too. It writes
// the keys and values of each line as one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-logfmt/logfmt"
)

func main() {
	decoder := logfmt.NewDecoder(os.Stdin)
	encoder := json.NewEncoder(os.Stdout)
	for decoder.ScanRecord() {
		record := map[string]string{}
		for decoder.ScanKeyval() {
			record[string(decoder.Key())] = string(decoder.Value())
		}
		if err := encoder.Encode(record); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := decoder.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
