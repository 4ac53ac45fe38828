package main

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/creack/pty"
)

// A process inside a container: its first one, or one that exec started. Plain pipes instead of os/exec's own, whose
// Wait would hang until the client closes stdin.
type process struct {
	command        *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr *os.File
	terminal       *os.File
	copies         sync.WaitGroup
}

func (c *container) launch(arguments []string, tty, stdin bool) (*process, error) {
	e := entrance{Root: c.root, Dir: c.home, Args: arguments}
	e.UID, e.GID = c.identity()
	if c.pod.network != nil {
		e.Hostname = c.pod.object.Name[:min(len(c.pod.object.Name), 63)]
	}
	environment := c.environment
	if tty {
		environment = append(environment[:len(environment):len(environment)], "TERM=xterm")
	}
	command, err := e.command(environment, c.pod.network)
	if err != nil {
		return nil, err
	}
	p := &process{command: command}
	if tty {
		err = onLastingThread(func() (err error) {
			p.terminal, err = pty.Start(command)
			return err
		})
		if err != nil {
			return nil, err
		}
		p.stdin = p.terminal
		return p, nil
	}
	return p, p.startWithPipes(stdin)
}

func (p *process) startWithPipes(stdin bool) error {
	var theirs []*os.File
	defer func() {
		for _, file := range theirs {
			file.Close()
		}
	}()
	if stdin {
		read, write, err := os.Pipe()
		if err != nil {
			return err
		}
		p.stdin, p.command.Stdin, theirs = write, read, append(theirs, read)
	}
	for _, output := range []struct {
		ours  **os.File
		field *io.Writer
	}{{&p.stdout, &p.command.Stdout}, {&p.stderr, &p.command.Stderr}} {
		read, write, err := os.Pipe()
		if err != nil {
			return err
		}
		*output.ours, *output.field, theirs = read, write, append(theirs, write)
	}
	return onLastingThread(p.command.Start)
}

func (p *process) copyOutput(stdout, stderr io.Writer) {
	if p.terminal != nil {
		p.copies.Go(func() { _, _ = io.Copy(stdout, p.terminal) })
		return
	}
	p.copies.Go(func() { drain(stdout, p.stdout) })
	p.copies.Go(func() { drain(stderr, p.stderr) })
}

// The reading end closes when nobody listens any more, so that the writer gets its SIGPIPE.
func drain(to io.Writer, from *os.File) {
	defer from.Close()
	if to != nil {
		_, _ = io.Copy(to, from)
	}
}

func (p *process) finish() {
	p.copies.Wait()
	if p.stdin != nil {
		p.stdin.Close()
	}
}

func exitCode(state *os.ProcessState) int32 {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int32(128 + status.Signal())
	}
	return int32(state.ExitCode())
}

// Only real root can become somebody else; in a user namespace there is only one user.
func (c *container) identity() (uid, gid *int64) {
	if !c.pod.node.machine.realRoot {
		return nil, nil
	}
	if of := c.pod.object.Spec.SecurityContext; of != nil {
		uid, gid = of.RunAsUser, of.RunAsGroup
	}
	if of := c.spec.SecurityContext; of != nil {
		if of.RunAsUser != nil {
			uid = of.RunAsUser
		}
		if of.RunAsGroup != nil {
			gid = of.RunAsGroup
		}
	}
	return uid, gid
}

func (c *container) arguments() []string {
	var arguments []string
	for _, part := range [][]string{c.spec.Command, c.spec.Args} {
		for _, argument := range part {
			arguments = append(arguments, c.expand(argument))
		}
	}
	if len(arguments) == 0 {
		return []string{"sh", "-c", "while true; do sleep 3600; done"}
	}
	return arguments
}
