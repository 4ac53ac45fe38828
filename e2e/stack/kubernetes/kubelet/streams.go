package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// What Kubernetes' streaming server asks of a container runtime: exec, attach, port-forward.

func containerKey(c *container) string {
	return c.pod.object.Namespace + "/" + c.pod.object.Name + "/" + c.spec.Name
}

func (n *node) running(key string) (*container, error) {
	parts := strings.SplitN(key, "/", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("%q names no container", key)
	}
	c := n.container(parts[0], parts[1], parts[2])
	if c == nil {
		return nil, fmt.Errorf("container %s is gone", key)
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.state.Running == nil {
		return nil, fmt.Errorf("container %s is not running", key)
	}
	return c, nil
}

func (n *node) Exec(_ context.Context, key string, arguments []string, in io.Reader, out, problems io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	c, err := n.running(key)
	if err != nil {
		return err
	}
	p, err := c.launch(arguments, tty, in != nil)
	if err != nil {
		return err
	}
	if p.terminal != nil {
		go followSize(p.terminal, resize)
	}
	if in != nil {
		go func() {
			_, _ = io.Copy(p.stdin, in)
			if !tty {
				p.stdin.Close()
			}
		}()
	}
	p.copyOutput(writerOrNil(out), writerOrNil(problems))
	_ = p.command.Wait()
	p.finish()
	if code := exitCode(p.command.ProcessState); code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("exit code %d", code), Code: int(code)}
	}
	return nil
}

func (n *node) Attach(ctx context.Context, key string, in io.Reader, out, problems io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	c, err := n.running(key)
	if err != nil {
		return err
	}
	c.lock.Lock()
	p, record := c.process, c.output
	c.lock.Unlock()
	if p.terminal != nil {
		go followSize(p.terminal, resize)
	}
	l := &listener{stdout: writerOrNil(out), stderr: writerOrNil(problems), gone: make(chan struct{})}
	record.attach(l)
	defer record.remove(l)
	if in != nil && p.stdin != nil {
		go func() {
			_, _ = io.Copy(p.stdin, in)
			if c.spec.StdinOnce && p.terminal == nil {
				p.stdin.Close()
			}
		}()
	}
	select {
	case <-l.gone:
	case <-ctx.Done():
	}
	return nil
}

func (n *node) PortForward(_ context.Context, key string, port int32, stream io.ReadWriteCloser) error {
	namespace, name, _ := strings.Cut(key, "/")
	c := n.container(namespace, name, "")
	if c == nil {
		return fmt.Errorf("pod %s is gone", key)
	}
	connection, err := dialInside(c.pod.network, port)
	if err != nil {
		return err
	}
	defer connection.Close()
	stopClosing := c.pod.whenEnding(func() { connection.Close() })
	defer stopClosing()
	go func() {
		_, _ = io.Copy(connection, stream)
		if half, ok := connection.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	// A reset by the application ends this connection only. Reported as an error it would end the client's whole forward.
	_, _ = io.Copy(stream, connection)
	return nil
}

func followSize(terminal *os.File, resize <-chan remotecommand.TerminalSize) {
	for size := range resize {
		_ = pty.Setsize(terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
	}
}

// A nil *stream inside an interface is not nil; the streaming library hands plain nils, which stay nils here.
func writerOrNil(w io.WriteCloser) io.Writer {
	if w == nil {
		return nil
	}
	return w
}
