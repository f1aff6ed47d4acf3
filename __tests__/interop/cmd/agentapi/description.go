package main

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"storj.io/drpc"

	"interop/schema"
)

// request is a coder.agent.v2.ReportBoundaryLogsRequest.
type request struct{ *dynamicpb.Message }

// description is what protoc-gen-go-drpc would generate for the service, but for
// messages that are created from their schema at run time.
type description struct{ schema *schema.Schema }

func (description) NumMethods() int { return 1 }

func (d description) Method(int) (string, drpc.Encoding, drpc.Receiver, any, bool) {
	receive := func(service any, ctx context.Context, in, _ any) (drpc.Message, error) {
		return service.(*call).ReportBoundaryLogs(ctx, in.(*request))
	}
	return "/coder.agent.v2.Agent/ReportBoundaryLogs", d, receive, (*call).ReportBoundaryLogs, true
}

// Marshal encodes the answer, which is empty.
func (description) Marshal(message drpc.Message) ([]byte, error) {
	return proto.Marshal(message.(*emptypb.Empty))
}

// Unmarshal decodes a request.
func (d description) Unmarshal(bytes []byte, message drpc.Message) error {
	in := message.(*request)
	in.Message = d.schema.New("coder.agent.v2.ReportBoundaryLogsRequest")
	return proto.Unmarshal(bytes, in)
}
