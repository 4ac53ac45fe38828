// A client as others write them: client-go's informers, remote commands and port-forwards, over a person's kubeconfig. It
// knows nothing of what it is tested with, and says as lines of JSON what it asked and what it was told.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

type options struct {
	kubeconfig, context, namespace, pod, container string
	port                                           int
	// "websocket", "spdy", or "fallback": the first, and the second where an upgrade is refused.
	protocol string
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "whose way to the cluster")
	flag.StringVar(&o.context, "context", "", "context in the kubeconfig")
	flag.StringVar(&o.namespace, "namespace", "", "where configmaps are followed and the pod is")
	flag.StringVar(&o.pod, "pod", "", "for exec and forward")
	flag.StringVar(&o.container, "container", "", "for exec")
	flag.IntVar(&o.port, "port", 0, "for forward")
	flag.StringVar(&o.protocol, "protocol", "fallback", "for exec and forward")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, arguments []string) error {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: o.kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: o.context},
	).ClientConfig()
	if err != nil {
		return err
	}
	if len(arguments) == 0 {
		return fmt.Errorf("say follow, exec or forward")
	}
	switch arguments[0] {
	case "follow":
		return follow(ctx, config, o)
	case "exec":
		return execute(ctx, config, o, arguments[1:])
	case "forward":
		return forward(ctx, config, o)
	}
	return fmt.Errorf("%s is none of follow, exec, forward", arguments[0])
}

func clientFor(config *rest.Config) (kubernetes.Interface, error) {
	return kubernetes.NewForConfig(config)
}

var saying sync.Mutex

func say(line map[string]any) {
	saying.Lock()
	defer saying.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(line)
}
