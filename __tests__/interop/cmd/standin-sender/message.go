package main

import (
	"encoding/json"
	"fmt"
	"log"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"interop/schema"
)

// encoded returns a BoundaryMessage with the events from number from to to - 1.
func encoded(messages *schema.Schema, from, to int) []byte {
	logs := []any{}
	for i := from; i < to; i++ {
		logs = append(logs, event(i))
	}
	text, err := json.Marshal(map[string]any{"logs": map[string]any{
		"logs": logs, "session_id": *session, "confined_process_name": "interop", "added": "to the request",
	}})
	if err != nil {
		log.Fatal(err)
	}
	message := messages.New("coder.boundarylogproxy.codec.v1.BoundaryMessage")
	if err := protojson.Unmarshal(text, message); err != nil {
		log.Fatal(err)
	}
	if *unparsable {
		request := message.Mutable(message.Descriptor().Fields().ByName("logs")).Message()
		field := protowire.AppendTag(nil, schema.Added, protowire.BytesType)
		request.SetUnknown(protowire.AppendString(field, "not UTF-8: \xff"))
	}
	payload, err := proto.Marshal(message)
	if err != nil {
		log.Fatal(err)
	}
	return payload
}

var start = time.Date(2026, time.January, 1, 0, 0, 0, 123456789, time.UTC)

// event returns event number i. Its content depends only on its number. Every
// third event is denied.
func event(i int) map[string]any {
	if *bare {
		return map[string]any{"sequence_number": i}
	}
	isAllowed := i%3 != 2
	request := map[string]any{"method": "GET", "url": fmt.Sprintf("https://example.com/%d?q=é", i), "added": "to the HTTP request"}
	if isAllowed {
		request["matched_rule"] = "domain=example.com"
	}
	return map[string]any{
		"allowed": isAllowed, "time": start.Add(time.Duration(i) * time.Second), "http_request": request,
		"sequence_number": i, "added": "to the log",
	}
}
