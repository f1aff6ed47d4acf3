package main

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// gate is a TCP connection that can fall silent: it stays open, but it reads
// nothing and sends nothing any more. Its peer has to detect that by itself.
type gate struct {
	net.Conn
	isSilent atomic.Bool
}

func (g *gate) silence() { g.isSilent.Store(true) }

func (g *gate) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if g.isSilent.Load() {
		select {} // Blocks until the process ends, which closes the connection.
	}
	return n, err
}

func (g *gate) Write(p []byte) (int, error) {
	if g.isSilent.Load() {
		return len(p), nil
	}
	return g.Conn.Write(p)
}

func (g *gate) Close() error {
	if g.isSilent.Load() {
		return nil
	}
	return g.Conn.Close()
}

type gateListener struct{ net.Listener }

func (l gateListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &gate{Conn: conn}, nil
}

type gateKey struct{}

func withGate(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, gateKey{}, conn)
}

func gateOf(r *http.Request) *gate { return r.Context().Value(gateKey{}).(*gate) }
