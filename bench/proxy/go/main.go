// What the benchmark of the door needs beside the door: a cluster that answers at once, the least proxy that Go can be, and the clients that
// press on them. One program, so that one build makes all of it; standard library only.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
)

func main() {
	parts := map[string]func([]string) error{"upstream": upstream, "reverse": reverse, "load": load, "watch": watch}
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fail(fmt.Errorf("give one of upstream, reverse, load, watch"))
	}
	if err := parts[os.Args[1]](os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// say prints one line of JSON, which is how all parts speak to the benchmark.
func say(facts any) {
	line, _ := json.Marshal(facts)
	fmt.Println(string(line))
}

func listenTLS(certFile, keyFile string, protocols []string) (net.Listener, error) {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	say(map[string]int{"port": listener.Addr().(*net.TCPAddr).Port})
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: protocols}), nil
}

func trusting(caFile string) (*tls.Config, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", caFile)
	}
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"}}, nil
}
