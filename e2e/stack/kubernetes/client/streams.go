package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	core "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"
)

func address(config *rest.Config, o options, subresource string, parameters *core.PodExecOptions) (*url.URL, error) {
	client, err := clientFor(config)
	if err != nil {
		return nil, err
	}
	request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(o.namespace).Name(o.pod).SubResource(subresource)
	if parameters != nil {
		request.VersionedParams(parameters, scheme.ParameterCodec)
	}
	return request.URL(), nil
}

func refused(err error) bool {
	return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
}

// Runs a command with our standard input, and says what came back.
func execute(ctx context.Context, config *rest.Config, o options, command []string) error {
	where, err := address(config, o, "exec", &core.PodExecOptions{
		Container: o.container, Command: command, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return err
	}
	executor, err := executorFor(config, o, where)
	if err != nil {
		return err
	}
	var stdout, stderr bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: os.Stdin, Stdout: &stdout, Stderr: &stderr})
	code := 0
	var exit utilexec.CodeExitError
	if errors.As(err, &exit) {
		code, err = exit.Code, nil
	}
	if err != nil {
		return err
	}
	say(map[string]any{"event": "ended", "code": code, "stdout": stdout.String(), "stderr": stderr.String()})
	return nil
}

func executorFor(config *rest.Config, o options, where *url.URL) (remotecommand.Executor, error) {
	overSpdy, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, where)
	if err != nil || o.protocol == "spdy" {
		return overSpdy, err
	}
	overWebSocket, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, where.String())
	if err != nil || o.protocol == "websocket" {
		return overWebSocket, err
	}
	return remotecommand.NewFallbackExecutor(overWebSocket, overSpdy, refused)
}

// Forwards a port of its own to the pod's, and says what two pages there are.
func forward(ctx context.Context, config *rest.Config, o options) error {
	where, err := address(config, o, "portforward", nil)
	if err != nil {
		return err
	}
	dialer, err := dialerFor(config, o, where)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	ready, failed := make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddressesForStreamingWithContext(
		ctx, dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", o.port)}, ready, io.Discard, os.Stderr)
	if err != nil {
		end()
		return err
	}
	go func() { failed <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-failed:
		end()
		return err
	}
	ports, err := forwarder.GetPorts()
	if err == nil {
		err = visit(int(ports[0].Local), 2)
	}
	end()
	return errors.Join(err, <-failed)
}

func visit(port, times int) error {
	for range times {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
		if err != nil {
			return err
		}
		page, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		say(map[string]any{"event": "page", "status": response.StatusCode, "body": string(page)})
	}
	return nil
}

func dialerFor(config *rest.Config, o options, where *url.URL) (httpstream.Dialer, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, where)
	if o.protocol == "spdy" {
		return plain, nil
	}
	tunnelled, err := portforward.NewSPDYOverWebsocketDialerForStreaming(where, config)
	if err != nil || o.protocol == "websocket" {
		return tunnelled, err
	}
	return portforward.NewFallbackDialerForStreaming(tunnelled, plain, refused), nil
}
