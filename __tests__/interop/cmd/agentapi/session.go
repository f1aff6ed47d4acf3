package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/coder/websocket"
	"github.com/hashicorp/yamux"
	"storj.io/drpc/drpcmanager"
	"storj.io/drpc/drpcmux"
	"storj.io/drpc/drpcserver"
	"storj.io/drpc/drpcwire"
)

// maxMessage is coderd's limit for a WebSocket message and for a DRPC packet.
const maxMessage = 4 << 20

// session is one WebSocket connection, and the yamux session on it.
type session struct {
	*server
	gate *gate
	ws   *websocket.Conn
	mux  *yamux.Session
}

// session serves a connection until either side ends it.
func (s *server) session(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has already responded.
	}
	ws.SetReadLimit(maxMessage)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard
	mux, err := yamux.Server(websocket.NetConn(ctx, ws, websocket.MessageBinary), config)
	if err != nil {
		log.Fatal(err)
	}
	c := &session{s, gateOf(r), ws, mux}
	defer c.end()
	go func() {
		if _, err := mux.Ping(); err == nil {
			tell(map[string]any{"ping": "answered"})
		}
	}()
	for {
		stream, err := mux.AcceptStream()
		if err != nil {
			return
		}
		go c.serve(ctx, stream)
	}
}

// end closes yamux and then the WebSocket, in the same order as coderd.
func (c *session) end() {
	_ = c.mux.GoAway()
	_ = c.mux.Close()
	_ = c.ws.Close(websocket.StatusNormalClosure, "")
}

// serve handles the one call on a yamux stream.
func (c *session) serve(ctx context.Context, stream net.Conn) {
	defer stream.Close()
	mux := drpcmux.New()
	if c.fault != "unknown-method" {
		if err := mux.Register(&call{c, stream}, description{c.schema}); err != nil {
			log.Fatal(err)
		}
	}
	options := drpcserver.Options{Manager: drpcmanager.Options{Reader: drpcwire.ReaderOptions{MaximumBufferSize: maxMessage}}}
	_ = drpcserver.NewWithOptions(mux, options).ServeOne(ctx, stream)
}
