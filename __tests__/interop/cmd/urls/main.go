// Command urls parses URLs with net/url, as boundary does. Each line of stdin is a URL as a string of JSON, and each
// line of stdout its host name and its path, or null if the URL is not valid.
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/url"
	"os"
	"strings"
)

type parsed struct {
	Hostname string `json:"hostname"`
	// The bytes of the path, which need not be UTF-8.
	Path string `json:"path"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("urls: ")
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var text string
		if err := in.Decode(&text); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if !strings.Contains(text, "://") {
			text = "https://" + text
		}
		var answer *parsed
		if u, err := url.Parse(text); err == nil {
			encode := base64.StdEncoding.EncodeToString
			answer = &parsed{encode([]byte(u.Hostname())), encode([]byte(u.Path))}
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
