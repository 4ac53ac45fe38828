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
	"net/http"
	"slices"
	"strings"
)

const firstEvent = `{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"first","resourceVersion":"1"}}}` + "\n"

var (
	smallBody = jsonOf(2 << 10)
	largeBody = jsonOf(5 << 20)
)

func jsonOf(size int) []byte {
	head, tail := `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"bench"},"data":{"filler":"`, `"}}`
	return []byte(head + strings.Repeat("x", size-len(head)-len(tail)) + tail)
}

// upstream is a cluster without a thought of its own: 2 KB for any path, 5 MB for a path that ends in /large, one event and then silence for a
// watch. HTTP/1.1 is answered by hand, so that the cores are left to what is measured; HTTP/2 by the standard library.
func upstream(args []string) error {
	flags := flag.NewFlagSet("upstream", flag.ExitOnError)
	cert, key := flags.String("cert", "", ""), flags.String("key", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := listenTLS(*cert, *key, []string{"h2", "http/1.1"})
	if err != nil {
		return err
	}
	h2 := make(handed)
	// As many streams on one connection as an API server allows.
	server := &http.Server{Handler: http.HandlerFunc(answerH2), HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 100}}
	go func() { _ = server.Serve(tlsHanded{h2, listener.Addr()}) }()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			secure := conn.(*tls.Conn)
			if secure.Handshake() != nil {
				conn.Close()
			} else if secure.ConnectionState().NegotiatedProtocol == "h2" {
				h2 <- conn
			} else {
				answerH1(conn)
			}
		}()
	}
}

type handed chan net.Conn

type tlsHanded struct {
	conns handed
	addr  net.Addr
}

func (l tlsHanded) Accept() (net.Conn, error) { return <-l.conns, nil }
func (l tlsHanded) Close() error              { return errors.New("never closed") }
func (l tlsHanded) Addr() net.Addr            { return l.addr }

func answerH2(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Audit-Id", r.Header.Get("Audit-Id"))
	switch {
	case isWatch(r.RequestURI):
		_, _ = io.WriteString(w, firstEvent)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case isLarge(r.RequestURI):
		_, _ = w.Write(largeBody)
	default:
		_, _ = w.Write(smallBody)
	}
}

func answerH1(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 4<<10)
	answer := make([]byte, 0, 4<<10)
	// As an API server does, it says again under which id it was asked.
	head := func(id, framing string) []byte {
		return fmt.Appendf(answer, "HTTP/1.1 200 OK\r\nAudit-Id: %s\r\nCache-Control: no-cache, private\r\nContent-Type: application/json\r\n"+
			"Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n%s\r\n\r\n", id, framing)
	}
	small := fmt.Sprintf("Content-Length: %d", len(smallBody))
	large := fmt.Sprintf("Content-Length: %d", len(largeBody))
	for {
		target, id, err := readHead(reader)
		if err != nil {
			return
		}
		switch {
		case isWatch(target):
			event := fmt.Sprintf("%x\r\n%s\r\n", len(firstEvent), firstEvent)
			if _, err := conn.Write(append(head(id, "Transfer-Encoding: chunked"), event...)); err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, reader)
			return
		case isLarge(target):
			buffers := net.Buffers{head(id, large), largeBody}
			_, err = buffers.WriteTo(conn)
		default:
			_, err = conn.Write(append(head(id, small), smallBody...))
		}
		if err != nil {
			return
		}
	}
}

// readHead reads the head of a request without a body and gives its target and its Audit-Id.
func readHead(reader *bufio.Reader) (target, id string, err error) {
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			whole := slices.Clone(line)
			rest, err := reader.ReadBytes('\n')
			if err != nil {
				return "", "", err
			}
			line = append(whole, rest...)
		} else if err != nil {
			return "", "", err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			method, rest, _ := bytes.Cut(line, []byte(" "))
			if string(method) != "GET" {
				return "", "", errors.New("only GET is answered here")
			}
			path, _, _ := bytes.Cut(rest, []byte(" "))
			target = string(path)
		} else if len(line) == 0 {
			return target, id, nil
		} else if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("audit-id")) {
			id = string(bytes.TrimSpace(value))
		}
	}
}

func isWatch(target string) bool {
	return strings.Contains(target, "watch=1") || strings.Contains(target, "watch=true")
}

func isLarge(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	return strings.HasSuffix(path, "/large")
}
