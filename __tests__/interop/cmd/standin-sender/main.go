// Command standin-sender stands in for boundary, whose module this project cannot
// download everywhere. It was written from a description of the protocol: frames
// with tag 2, header and payload in two writes, and one connection. If a write
// fails, it reconnects after 5 seconds and sends the same batch again. It has
// neither boundary's queue nor its flush timer. It waits when boundary would drop
// logs, so it drops nothing and sends no status.
//
//	standin-sender -proto DIR -socket PATH -session ID [-events N] [-batch N]
//
// It ends when its stdin is closed.
package main

import (
	"flag"
	"io"
	"log"
	"os"

	"interop/schema"
)

var (
	folder     = flag.String("proto", "", "folder of the .proto files")
	socket     = flag.String("socket", "", "the proxy's socket")
	session    = flag.String("session", "", "session_id")
	events     = flag.Int("events", 10, "how many events")
	batch      = flag.Int("batch", 10, "events in a batch")
	bare       = flag.Bool("bare", false, "send only the numbers of events, so that many fit into a batch")
	unparsable = flag.Bool("unparsable", false, "send an unknown field that the proxy forwards, but a newer server cannot decode")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("standin-sender: ")
	flag.Parse()
	messages, err := schema.Load(*folder)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	to := connection{path: *socket}
	for at := 0; at < *events; at += *batch {
		to.send(encoded(messages, at, min(at+*batch, *events)))
	}
	to.close()
}
