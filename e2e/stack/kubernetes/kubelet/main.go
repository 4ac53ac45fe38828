// The test kubelet: a real node's promises, kept on one machine without a container engine.
//
// It registers a Ready node, binds pods that name no node to itself, runs their containers as host processes below one
// directory, and serves exec, attach, port-forward and logs through Kubernetes' own streaming libraries. So kubectl,
// the API server and the proxy under test speak to each other exactly as with any other kubelet.
//
// It trusts the API server's client certificate and nobody else. It isolates what the machine allows: a busybox root
// (chroot), a mount namespace and one network namespace for each pod; where the machine allows less it isolates less,
// and says so in its first log line. It is no sandbox against hostile code and must never leave a test machine.
//
// Nothing outlives it: every process carries a mark in its environment, and a reaper in a session of its own kills all
// marked processes as soon as the kubelet is gone, however it went.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

type options struct {
	node, directory, kubeconfig, busybox string
	certificate, key, clientAuthority    string
	declaredFeatures                     string
	tools                                string
}

func readOptions() options {
	var o options
	flag.StringVar(&o.node, "node", "node", "name of the node to register")
	flag.StringVar(&o.directory, "directory", "", "directory for the pods' files")
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach the API server")
	flag.StringVar(&o.busybox, "busybox", "", "a static busybox")
	flag.StringVar(&o.certificate, "tls-cert-file", "", "serving certificate")
	flag.StringVar(&o.key, "tls-private-key-file", "", "key of the serving certificate")
	flag.StringVar(&o.clientAuthority, "client-ca-file", "", "authority of the API server's client certificate")
	flag.StringVar(&o.declaredFeatures, "declared-features", "", "feature names that the node declares, comma-separated")
	flag.StringVar(&o.tools, "tools", "", "directories put first in PATH of the image "+hostTools+", colon-separated")
	flag.Parse()
	return o
}

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	if len(os.Args) == 3 && os.Args[1] == "enter" {
		enter(os.Args[2])
	}
	if len(os.Args) == 3 && os.Args[1] == "reap" {
		reapAfterParent(os.Args[2])
		return
	}
	moveToOwnMountNamespace()
	if err := run(readOptions()); err != nil {
		log.Fatal(err)
	}
}

func run(o options) error {
	directory, err := filepath.Abs(o.directory)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	machine := &machine{
		directory: directory, busybox: o.busybox, mark: "GATEHOUSE_TEST_POD=" + directory + "/",
		tools: strings.FieldsFunc(o.tools, func(r rune) bool { return r == ':' }), apiServer: config.Host,
	}
	if err := machine.prepare(); err != nil {
		return err
	}
	defer killMarked(machine.mark)

	node := &node{name: o.node, client: client, machine: machine, pods: map[string]*pod{}}
	port, err := node.serve(ctx, o)
	if err != nil {
		return err
	}
	if err := node.register(ctx, o, port); err != nil {
		return err
	}
	go node.heartbeat(ctx)
	return node.followPods(ctx)
}
