// Command agentapi is a server of the Coder agent API, for tests. It consists of
// the published libraries that coderd uses (coder/websocket, hashicorp/yamux,
// storj.io/drpc, google.golang.org/protobuf), with one method,
// ReportBoundaryLogs, and with faults on demand. It is not coderd.
//
// It writes a line of JSON to stdout when it is ready, and for each connection
// attempt, each answered ping, and each call. The line of a call is written
// before its answer is sent. The program ends when its stdin is closed.
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

// server is the state that all connections share.
type server struct {
	schema     *schema.Schema
	token      string
	apiVersion string
	maxLogs    int
	// status rejects connection attempts, and fault disturbs calls, as often as times says.
	status     int
	fault      string
	times      times
	retryAfter string
	redirects  int
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("agentapi: ")
	s := &server{}
	at := flag.String("listen", "127.0.0.1:0", "address")
	folder := flag.String("proto", "", "folder of the .proto files")
	flag.StringVar(&s.token, "token", "", "the agent token that is accepted")
	flag.StringVar(&s.apiVersion, "api-version", "2.10", "the supported version of the agent API")
	flag.IntVar(&s.maxLogs, "max-logs", 1000, "most logs in one request; more are an error")
	flag.IntVar(&s.status, "refuse", 0, "the HTTP status that rejects connection attempts")
	flag.StringVar(&s.retryAfter, "retry-after", "", "the Retry-After header of these responses")
	flag.IntVar(&s.redirects, "redirects", 0, "how many redirects lead to the agent API")
	flag.StringVar(&s.fault, "fault", "", "what happens to calls: unknown-method (to all), unimplemented, hang,\n"+
		"silent, end-stream, end-session")
	flag.Int64Var(&s.times.limit, "times", 0, "how often a rejection or fault happens; 0: always")
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

// tell writes a line of JSON to stdout.
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
