package main

import (
	"encoding/binary"
	"log"
	"net"
	"time"
)

const (
	tag           = 2
	retryInterval = 5 * time.Second
)

// connection is a connection to the proxy. It is opened when there is something to send.
type connection struct {
	path string
	conn net.Conn
}

// send writes a payload as one frame, and retries until it is written. As with
// boundary, a frame is lost silently if the proxy ends before it reads it.
func (c *connection) send(payload []byte) {
	for {
		err := c.write(payload)
		if err == nil {
			return
		}
		log.Print(err)
		c.close()
		time.Sleep(retryInterval)
	}
}

func (c *connection) write(payload []byte) error {
	if c.conn == nil {
		conn, err := net.Dial("unix", c.path)
		if err != nil {
			return err
		}
		c.conn = conn
	}
	header := binary.BigEndian.AppendUint32(nil, tag<<24|uint32(len(payload)))
	if _, err := c.conn.Write(header); err != nil {
		return err
	}
	_, err := c.conn.Write(payload)
	return err
}

func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}
