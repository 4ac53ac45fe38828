package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type container struct {
	pod         *pod
	spec        *core.Container
	directory   string
	root        string // "" where this machine allows no chroot
	home        string // working directory as the process sees it
	environment []string

	lock     sync.Mutex
	process  *process
	output   *output
	restarts int32
	state    core.ContainerState
	last     core.ContainerState
	final    bool // will not be started again
}

// The name under which all processes of this container are found again.
func (c *container) mark() string { return c.pod.mark + "/" + c.spec.Name + "/" }

func newContainer(p *pod, spec *core.Container) *container {
	return &container{
		pod: p, spec: spec, directory: filepath.Join(p.directory, spec.Name),
		state: core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "ContainerCreating"}},
	}
}

func (c *container) usesHostTools() bool { return c.spec.Image == hostTools }

func (c *container) prepare() error {
	machine := c.pod.node.machine
	root := filepath.Join(c.directory, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	var err error
	switch {
	case c.usesHostTools():
		err = machine.makeHostToolsRoot(root)
	default:
		err = machine.makeBusyboxRoot(root)
	}
	if err != nil {
		return err
	}
	if err := c.mountVolumes(root); err != nil {
		return err
	}
	c.home = c.spec.WorkingDir
	if machine.canChroot {
		c.root = root
		if c.home == "" {
			c.home = "/"
		}
	} else {
		c.home = filepath.Join(root, c.home)
	}
	c.environment, err = c.makeEnvironment()
	return err
}

// Runs the container as often as its policy says; true when it ended well.
func (c *container) keepRunning(ctx context.Context, policy core.RestartPolicy) bool {
	for pause := time.Second; ; pause = min(2*pause, 10*time.Second) {
		code := c.runOnce(ctx)
		again := policy == core.RestartPolicyAlways || policy == core.RestartPolicyOnFailure && code != 0
		select {
		case <-c.pod.ending:
			again = false
		default:
		}
		c.lock.Lock()
		c.final = !again
		if again {
			c.last, c.restarts = c.state, c.restarts+1
			c.state = core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
		}
		c.lock.Unlock()
		c.pod.changed()
		if !again {
			return code == 0
		}
		select {
		case <-time.After(pause):
		case <-c.pod.ending:
			c.lock.Lock()
			c.state, c.restarts, c.final = c.last, c.restarts-1, true
			c.lock.Unlock()
			return false
		}
	}
}

func (c *container) runOnce(ctx context.Context) int32 {
	begin := meta.Now()
	ended, err := c.start()
	if err != nil {
		c.ended(begin, 128, err.Error())
		return 128
	}
	c.lock.Lock()
	c.state = core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: begin}}
	c.lock.Unlock()
	c.pod.changed()
	select {
	case <-ended:
	case <-ctx.Done():
		c.stop(0)
		<-ended
	case <-c.pod.ending:
		c.stop(c.pod.grace)
		<-ended
	}
	code := exitCode(c.process.command.ProcessState)
	c.ended(begin, code, "")
	return code
}

func (c *container) start() (<-chan struct{}, error) {
	record, err := newOutput(c.logFile(c.restarts))
	if err != nil {
		return nil, err
	}
	process, err := c.launch(c.arguments(), c.spec.TTY, c.spec.Stdin)
	if err != nil {
		return nil, err
	}
	c.lock.Lock()
	c.process, c.output = process, record
	c.lock.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		process.copyOutput(record.stream("stdout"), record.stream("stderr"))
		_ = process.command.Wait()
		killMarked(c.mark())
		process.finish()
		record.close()
	}()
	return ended, nil
}

// With the first process the whole container ends, as in a PID namespace.
func (c *container) stop(grace time.Duration) {
	c.lock.Lock()
	process, running := c.process, c.state.Running != nil
	c.lock.Unlock()
	if !running {
		return
	}
	if grace > 0 {
		_ = process.command.Process.Signal(syscall.SIGTERM)
		time.AfterFunc(grace, func() { killMarked(c.mark()) })
		return
	}
	killMarked(c.mark())
}

func (c *container) ended(begin meta.Time, code int32, message string) {
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.state = core.ContainerState{Terminated: &core.ContainerStateTerminated{
		ExitCode: code, Reason: reason, Message: message, StartedAt: begin, FinishedAt: meta.Now(), ContainerID: c.id(),
	}}
}

// What cannot be prepared says why and waits for the pod's deletion.
func (c *container) refuse(err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.state = core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "CreateContainerConfigError", Message: err.Error()}}
}

func (c *container) id() string { return "processes://" + string(c.pod.object.UID) + "." + c.spec.Name }

func (c *container) status() core.ContainerStatus {
	c.lock.Lock()
	defer c.lock.Unlock()
	running := c.state.Running != nil
	return core.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, ImageID: c.spec.Image, ContainerID: c.id(), RestartCount: c.restarts,
		State: c.state, LastTerminationState: c.last, Ready: running, Started: &running,
	}
}

func (c *container) hasStarted() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.state.Waiting == nil || c.restarts > 0
}

func (c *container) endedForGood() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.final
}

func (c *container) failedForGood() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.final && c.state.Terminated != nil && c.state.Terminated.ExitCode != 0
}
