// Command httprules answers what Go's HTTP client does, for tests that compare
// the proxy with it. Each line of stdin is a question in JSON, and each line of
// stdout its answer:
//
//	{"env": {"HTTP_PROXY": …}, "url": …}  the proxy for this URL, by golang.org/x/net/http/httpproxy
//	{"get": …, "headers": {…}}            the last response to a GET request by net/http, after redirects
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/net/http/httpproxy"
)

type question struct {
	Env     map[string]string `json:"env"`
	URL     string            `json:"url"`
	Get     string            `json:"get"`
	Headers map[string]string `json:"headers"`
}

type answer struct {
	Proxy  *string `json:"proxy"`
	Status int     `json:"status"`
	URL    string  `json:"url"`
	Error  string  `json:"error"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("httprules: ")
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var q question
		if err := in.Decode(&q); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		respond := proxyFor
		if q.Get != "" {
			respond = get
		}
		if err := out.Encode(respond(q)); err != nil {
			log.Fatal(err)
		}
	}
}

func proxyFor(q question) (a answer) {
	os.Clearenv()
	for name, value := range q.Env {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	target, err := url.Parse(q.URL)
	if err != nil {
		return answer{Error: err.Error()}
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(target)
	if err != nil {
		return answer{Error: err.Error()}
	}
	if proxy != nil {
		text := proxy.String()
		a.Proxy = &text
	}
	return a
}

func get(q question) answer {
	request, err := http.NewRequest(http.MethodGet, q.Get, nil)
	if err != nil {
		return answer{Error: err.Error()}
	}
	for name, value := range q.Headers {
		request.Header.Set(name, value)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return answer{Error: err.Error()}
	}
	defer response.Body.Close()
	return answer{Status: response.StatusCode, URL: response.Request.URL.String()}
}
