// Command standin-sender stands in for boundary, which cannot be had where this
// is built. It is own work, written from what is known of the protocol: frames
// of tag 2, header and payload in two writes, one connection for its life, and
// where a write fails a new one after 5 seconds, with the same batch. What it
// leaves out is boundary's queue, and its flush by time: it waits where
// boundary would drop, so it drops nothing, and has no status to send.
//
//	standin-sender -proto DIR -socket PATH -session ID [-events N] [-batch N]
//
// It ends when its standard input does.
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
	bare       = flag.Bool("bare", false, "leave all but the number out, so that many events fit into a batch")
	unparsable = flag.Bool("unparsable", false, "send what a proxy of today lets through, and a server of tomorrow cannot decode")
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
