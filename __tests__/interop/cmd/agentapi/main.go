// Command agentapi is a server of the Coder agent API, for tests: the published
// libraries that coderd is made of (coder/websocket, hashicorp/yamux,
// storj.io/drpc, google.golang.org/protobuf), with one method,
// ReportBoundaryLogs, and with faults on demand. It is not coderd.
//
// It writes a line of JSON to its standard output when it is ready, and for
// each connection attempt, answered ping, and call; for a call before it is
// answered. It ends when its standard input does.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"interop/schema"
)

// server is all that the connections share.
type server struct {
	schema       *schema.Schema
	token        string
	apiVersion   string
	buildVersion string
	maxLogs      int
	// status refuses connection attempts, fault is what goes wrong with calls, each so many times.
	status     int
	fault      string
	times      times
	retryAfter string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("agentapi: ")
	s := &server{}
	at := flag.String("listen", "127.0.0.1:0", "address")
	folder := flag.String("proto", "", "folder of the .proto files")
	flag.StringVar(&s.token, "token", "", "the agent token that is accepted")
	flag.StringVar(&s.apiVersion, "api-version", "2.9", "the agent API version that is spoken")
	flag.StringVar(&s.buildVersion, "build-version", "v2.32.0+interop", "the version of Coder that buildinfo tells")
	flag.IntVar(&s.maxLogs, "max-logs", 1000, "more logs in one request are an error")
	flag.IntVar(&s.status, "refuse", 0, "the HTTP status that refuses connection attempts")
	flag.StringVar(&s.retryAfter, "retry-after", "", "header of the refusals")
	flag.StringVar(&s.fault, "fault", "", "what happens to calls: unknown-method (to all), unimplemented, hang,\n"+
		"silent, end-stream, end-session")
	flag.Int64Var(&s.times.limit, "times", 0, "how often a refusal or fault happens; 0: always")
	flag.Parse()

	var err error
	if s.schema, err = schema.Load(*folder); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *at)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	tell(map[string]any{"listening": "http://" + listener.Addr().String()})
	web := &http.Server{Handler: s.routes(), ConnContext: withGate}
	log.Fatal(web.Serve(gateListener{listener}))
}

var telling sync.Mutex

// tell writes a line of JSON.
func tell(what map[string]any) {
	line, err := json.Marshal(what)
	if err != nil {
		log.Fatal(err)
	}
	telling.Lock()
	defer telling.Unlock()
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		log.Fatal(err)
	}
}
