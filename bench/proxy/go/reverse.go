package main

import (
	"flag"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte     { return *b.pool.Get().(*[]byte) }
func (b *buffers) Put(used []byte) { b.pool.Put(&used) }

// reverse is the least that a Kubernetes proxy in Go can be: a map from tokens to people, the impersonation headers, and the standard
// library's reverse proxy with connections kept. It checks nothing else, revokes nothing and counts nothing.
func reverse(args []string) error {
	flags := flag.NewFlagSet("reverse", flag.ExitOnError)
	cert, key := flags.String("cert", "", ""), flags.String("key", "", "")
	pooled := flags.Bool("pooled", false, "use buffers again")
	ca, to, token := flags.String("ca", "", ""), flags.String("to", "", ""), flags.String("token", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	target, err := url.Parse(*to)
	if err != nil {
		return err
	}
	trust, err := trusting(*ca)
	if err != nil {
		return err
	}
	people := map[string]string{*token: "gatehouse:alice@corp.example"}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{TLSClientConfig: trust, MaxIdleConnsPerHost: 1024, DisableCompression: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			header := r.Out.Header
			person := people[strings.TrimPrefix(r.In.Header.Get("Authorization"), "Bearer ")]
			for name := range header {
				if strings.HasPrefix(name, "Impersonate-") {
					header.Del(name)
				}
			}
			header.Set("Authorization", "Bearer of-the-door")
			header.Set("Impersonate-User", person)
			header["Impersonate-Group"] = []string{"gatehouse:bench:one", "system:authenticated"}
		},
	}
	if *pooled {
		proxy.BufferPool = &buffers{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}
	}
	listener, err := listenTLS(*cert, *key, []string{"http/1.1"})
	if err != nil {
		return err
	}
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, known := people[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]; !known {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
}
