// Package schema provides the messages as a future release may define them: this
// repository's proto/, compiled when the program starts, with a field in each
// message that the proxy does not know, `string added = 100`.
package schema

import (
	"context"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Added is the number of the field that is added to each message.
const Added = 100

// Schema creates messages.
type Schema struct{ files *protoregistry.Files }

// Load compiles agent.proto and boundary.proto in a folder.
func Load(folder string) (*Schema, error) {
	sources := &protocompile.SourceResolver{ImportPaths: []string{folder}}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(sources)}
	compiled, err := compiler.Compile(context.Background(), "google/protobuf/timestamp.proto", "agent.proto", "boundary.proto")
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, file := range compiled {
		description := protodesc.ToFileDescriptorProto(file)
		if file.Package() != "google.protobuf" {
			add(description.MessageType)
		}
		set.File = append(set.File, description)
	}
	files, err := protodesc.NewFiles(set)
	return &Schema{files}, err
}

// add adds the field to the messages, and to messages nested in them.
func add(messages []*descriptorpb.DescriptorProto) {
	for _, message := range messages {
		message.Field = append(message.Field, &descriptorpb.FieldDescriptorProto{
			Name:   proto.String("added"),
			Number: proto.Int32(Added),
			Type:   descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
			Label:  descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		})
		add(message.NestedType)
	}
}

// New returns an empty message with this full name, which the schema must contain.
func (s *Schema) New(name protoreflect.FullName) *dynamicpb.Message {
	found, err := s.files.FindDescriptorByName(name)
	if err != nil {
		panic(err)
	}
	return dynamicpb.NewMessage(found.(protoreflect.MessageDescriptor))
}
