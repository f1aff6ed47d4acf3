package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/emptypb"
	"storj.io/drpc/drpcerr"
)

// call is one call, alone on its yamux stream.
type call struct {
	*session
	stream net.Conn
}

// ReportBoundaryLogs handles the call. It reports the answer to the test before
// it answers, so that the test never misses a call that was answered.
func (c *call) ReportBoundaryLogs(ctx context.Context, in *request) (*emptypb.Empty, error) {
	logs := in.Get(in.Descriptor().Fields().ByName("logs")).List().Len()
	answer := "ok"
	if c.fault != "" && c.times.again() {
		answer = c.fault
	} else if logs > c.maxLogs {
		answer = "too-many"
	}
	decoded, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(in)
	if err != nil {
		log.Fatal(err)
	}
	tell(map[string]any{"call": map[string]any{"answer": answer, "request": json.RawMessage(decoded)}})

	switch answer {
	case "ok":
		return &emptypb.Empty{}, nil
	case "too-many":
		return nil, errors.New("too many boundary logs in one request")
	case "unimplemented":
		return nil, drpcerr.WithCode(errors.New("Unimplemented"), drpcerr.Unimplemented)
	case "silent":
		c.gate.silence()
	case "end-stream":
		_ = c.stream.Close()
	case "end-session":
		c.end()
	}
	<-ctx.Done() // These faults, and hang, never answer.
	return nil, ctx.Err()
}
