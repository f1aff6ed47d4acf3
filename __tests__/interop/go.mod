module interop

go 1.25.0

require (
	github.com/bufbuild/protocompile v0.14.1
	github.com/coder/websocket v1.8.14
	github.com/go-logfmt/logfmt v0.6.0
	github.com/hashicorp/yamux v0.1.2
	golang.org/x/net v0.58.0
	google.golang.org/protobuf v1.36.11
	storj.io/drpc v0.0.34
)

require (
	github.com/zeebo/errs v1.2.2 // indirect
	golang.org/x/sync v0.22.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)
