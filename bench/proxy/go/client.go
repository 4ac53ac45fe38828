package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// A client that is cheap enough not to be what is measured: one connection, one prepared request, answers read for their framing only.
type client struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
}

func dial(address *url.URL, trust *tls.Config, request []byte, buffer int) (*client, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", address.Host, trust)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, buffer), request}, nil
}

// requestFor is what kubectl sends, in its order.
func requestFor(address *url.URL, token string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kubectl/v1.37.2 (linux/amd64) kubernetes/5d2f1a0\r\nAccept: application/json\r\n"+
		"Authorization: Bearer %s\r\nKubectl-Command: kubectl get\r\nKubectl-Session: 5a1d0f3e-5b0e-4c47-9d2c-6a2f6f0d4b1e\r\nAccept-Encoding: gzip\r\n\r\n",
		address.RequestURI(), address.Host, token)
}

func (c *client) ask() (status int, body int64, err error) {
	if _, err = c.conn.Write(c.request); err != nil {
		return
	}
	status, length, chunked, err := c.readHead()
	if err != nil {
		return
	}
	if chunked {
		body, err = c.discardChunks()
	} else {
		body, err = io.CopyN(io.Discard, c.reader, length)
	}
	return
}

func (c *client) readHead() (status int, length int64, chunked bool, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, 0, false, errors.New("no HTTP/1.1 answer")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return
	}
	length = -1
	for {
		if line, err = c.reader.ReadSlice('\n'); err != nil {
			return
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("content-length")) {
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return
			}
		} else if bytes.EqualFold(name, []byte("transfer-encoding")) {
			chunked = true
		}
	}
	if length < 0 && !chunked {
		err = errors.New("an answer without framing")
	}
	return
}

// discardChunks gives io.EOF only for a body that was broken off.
func (c *client) discardChunks() (body int64, err error) {
	for {
		size, err := c.readChunkSize()
		if err != nil {
			return body, err
		}
		if _, err = io.CopyN(io.Discard, c.reader, size+2); err != nil {
			return body, err
		}
		body += size
		if size == 0 {
			return body, nil
		}
	}
}

func (c *client) readChunkSize() (int64, error) {
	line, err := c.reader.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(line), 16, 64)
}

// destinationFlags adds the flags that say where to go, whom to trust there and as whom to come; what it gives reads them once they are parsed.
func destinationFlags(flags *flag.FlagSet) func() (*url.URL, *tls.Config, []string, error) {
	to, ca, tokenFile := flags.String("url", "", ""), flags.String("ca", "", ""), flags.String("token-file", "", "")
	return func() (*url.URL, *tls.Config, []string, error) {
		address, err := url.Parse(*to)
		if err != nil {
			return nil, nil, nil, err
		}
		trust, err := trusting(*ca)
		if err != nil {
			return nil, nil, nil, err
		}
		tokens, err := readLines(*tokenFile)
		return address, trust, tokens, err
	}
}

func readLines(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(text)), nil
}
