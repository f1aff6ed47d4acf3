module interop

go 1.24

require (
	github.com/bufbuild/protocompile v0.14.1
	github.com/coder/websocket v1.8.14
	github.com/go-logfmt/logfmt v0.6.0
	github.com/hashicorp/yamux v0.1.2
	google.golang.org/protobuf v1.36.11
	storj.io/drpc v0.0.34
)

require (
	github.com/zeebo/errs v1.2.2 // indirect
	golang.org/x/sync v0.8.0 // indirect
)
