package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"

	"k8s.io/apimachinery/pkg/util/proxy"
	translator "k8s.io/apiserver/pkg/util/proxy"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-streaming/pkg/streaming"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/streaming/pkg/httpstream/wsstream"
)

// The name in the API server's client certificate; other certificates of the same authority are refused.
const apiServerName = "kube-apiserver-kubelet-client"

// Two servers, as on a real node: the kubelet's own, with TLS, which only the API server may call, and a plain one on
// loopback behind single-use random addresses that does the streaming. The first translates newer WebSocket protocols.
func (n *node) serve(ctx context.Context, o options) (port int, err error) {
	streams, err := n.serveStreams(ctx)
	if err != nil {
		return 0, err
	}
	certificate, err := tls.LoadX509KeyPair(o.certificate, o.key)
	if err != nil {
		return 0, err
	}
	authority, err := os.ReadFile(o.clientAuthority)
	if err != nil {
		return 0, err
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(authority) {
		return 0, errors.New("no certificate in " + o.clientAuthority)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := &http.Server{
		Handler: n.routes(streams),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
			VerifyConnection: func(state tls.ConnectionState) error {
				if name := state.PeerCertificates[0].Subject.CommonName; name != apiServerName {
					return fmt.Errorf("%s may not call this kubelet", name)
				}
				return nil
			},
			NextProtos: []string{"http/1.1"},
		},
	}
	serveUntil(ctx, server, func() error { return server.ServeTLS(listener, "", "") })
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (n *node) serveStreams(ctx context.Context) (streaming.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	config := streaming.DefaultConfig
	config.Addr = listener.Addr().String()
	config.BaseURL = &url.URL{Scheme: "http", Host: config.Addr, Path: "/" + rand.Text() + "/"}
	streams, err := streaming.NewServer(config, n)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: streams}
	serveUntil(ctx, server, func() error { return server.Serve(listener) })
	return streams, nil
}

func serveUntil(ctx context.Context, server *http.Server, serve func() error) {
	go func() {
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	context.AfterFunc(ctx, func() { _ = server.Close() })
}

func (n *node) routes(streams streaming.Server) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", n.serveLogs)
	for _, address := range []string{"/{namespace}/{pod}/{container}", "/{namespace}/{pod}/{uid}/{container}"} {
		routes.HandleFunc("/exec"+address, func(w http.ResponseWriter, r *http.Request) {
			n.remoteCommand(w, r, func(id string, o *remotecommand.Options) (string, error) {
				answer, err := streams.GetExec(&runtime.ExecRequest{ContainerId: id, Cmd: r.URL.Query()["command"],
					Tty: o.TTY, Stdin: o.Stdin, Stdout: o.Stdout, Stderr: o.Stderr})
				return answer.GetUrl(), err
			})
		})
		routes.HandleFunc("/attach"+address, func(w http.ResponseWriter, r *http.Request) {
			n.remoteCommand(w, r, func(id string, o *remotecommand.Options) (string, error) {
				answer, err := streams.GetAttach(&runtime.AttachRequest{ContainerId: id, Tty: o.TTY, Stdin: o.Stdin, Stdout: o.Stdout, Stderr: o.Stderr})
				return answer.GetUrl(), err
			})
		})
	}
	portForward := func(w http.ResponseWriter, r *http.Request) { n.portForward(w, r, streams) }
	routes.HandleFunc("/portForward/{namespace}/{pod}", portForward)
	routes.HandleFunc("/portForward/{namespace}/{pod}/{uid}", portForward)
	return routes
}

func (n *node) remoteCommand(w http.ResponseWriter, r *http.Request, address func(id string, o *remotecommand.Options) (string, error)) {
	wanted, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c := n.container(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
	if c == nil {
		http.Error(w, "no such container on this node", http.StatusNotFound)
		return
	}
	text, err := address(containerKey(c), wanted)
	if err != nil {
		_ = streaming.WriteError(err, w)
		return
	}
	location, err := url.Parse(text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var handler http.Handler = proxy.NewUpgradeAwareHandler(location, nil, false, true, refusal{})
	if wsstream.IsWebSocketRequestWithStreamCloseProtocol(r) {
		handler = translator.NewStreamTranslatorHandler(location, nil, 0, translator.Options{
			Stdin: wanted.Stdin, Stdout: wanted.Stdout, Stderr: wanted.Stderr, Tty: wanted.TTY})
	}
	handler.ServeHTTP(w, r)
}

func (n *node) portForward(w http.ResponseWriter, r *http.Request, streams streaming.Server) {
	if n.container(r.PathValue("namespace"), r.PathValue("pod"), "") == nil {
		http.Error(w, "no such pod on this node", http.StatusNotFound)
		return
	}
	tunnelled := wsstream.IsWebSocketRequestWithTunnelingProtocol(r)
	request := &runtime.PortForwardRequest{PodSandboxId: r.PathValue("namespace") + "/" + r.PathValue("pod")}
	// Older WebSocket clients name the ports in the address; the others name them within.
	if !tunnelled {
		wanted, err := portforward.NewV4Options(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request.Port = wanted.Ports
	}
	answer, err := streams.GetPortForward(request)
	if err != nil {
		_ = streaming.WriteError(err, w)
		return
	}
	location, err := url.Parse(answer.Url)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var handler http.Handler = proxy.NewUpgradeAwareHandler(location, nil, false, true, refusal{})
	if tunnelled {
		handler = translator.NewTunnelingHandler(handler)
	}
	handler.ServeHTTP(w, r)
}

type refusal struct{}

func (refusal) Error(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusInternalServerError)
}
