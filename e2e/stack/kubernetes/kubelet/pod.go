package main

import (
	"context"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// One pod from its first sight to its end: files, network, init containers, containers, status, termination.
type pod struct {
	node      *node
	object    *core.Pod
	directory string
	mark      string
	address   string
	network   *os.File
	started   meta.Time

	initial, main []*container

	ending   chan struct{} // closed when the pod shall end
	endOnce  sync.Once
	grace    time.Duration
	reported chan struct{} // asks for a new status report
}

func newPod(n *node, object *core.Pod) *pod {
	p := &pod{
		node: n, object: object, started: meta.Now(),
		directory: filepath.Join(n.machine.directory, "pods", string(object.UID)),
		mark:      n.machine.mark + string(object.UID),
		ending:    make(chan struct{}), reported: make(chan struct{}, 1),
	}
	for i := range object.Spec.InitContainers {
		p.initial = append(p.initial, newContainer(p, &object.Spec.InitContainers[i]))
	}
	for i := range object.Spec.Containers {
		p.main = append(p.main, newContainer(p, &object.Spec.Containers[i]))
	}
	return p
}

func (p *pod) run(ctx context.Context) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		p.live(ctx)
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.reported:
			p.reportStatus(ctx)
		case <-finished:
			p.reportStatus(ctx)
			<-p.ending
			p.leave(ctx)
			return
		}
	}
}

func (p *pod) live(ctx context.Context) {
	if err := p.prepare(ctx); err != nil {
		log.Printf("pod %s/%s: %v", p.object.Namespace, p.object.Name, err)
		for _, c := range p.all() {
			c.refuse(err)
		}
		return
	}
	p.changed()
	var running sync.WaitGroup
	defer running.Wait()
	for _, c := range p.initial {
		if c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == core.ContainerRestartPolicyAlways {
			running.Go(func() { c.keepRunning(ctx, core.RestartPolicyAlways) })
			continue
		}
		policy := p.object.Spec.RestartPolicy
		if policy == core.RestartPolicyAlways {
			policy = core.RestartPolicyOnFailure
		}
		if !c.keepRunning(ctx, policy) {
			p.stopSidecars()
			return
		}
	}
	var mains sync.WaitGroup
	for _, c := range p.main {
		mains.Go(func() { c.keepRunning(ctx, p.object.Spec.RestartPolicy) })
	}
	mains.Wait()
	p.stopSidecars()
}

func (p *pod) stopSidecars() {
	for _, c := range p.initial {
		c.stop(time.Second)
	}
}

func (p *pod) prepare(ctx context.Context) error {
	if err := os.MkdirAll(p.directory, 0o755); err != nil {
		return err
	}
	address := p.node.machine.nextPodAddress()
	p.address = address.String()
	if p.sharesHostNetwork() {
		p.address = "127.0.0.1"
	} else if p.node.machine.canSeparateNetworks {
		network, err := newNetwork(address)
		if err != nil {
			return err
		}
		p.network = network
	}
	if err := p.makeVolumes(ctx); err != nil {
		return err
	}
	for _, c := range p.all() {
		if err := c.prepare(); err != nil {
			return err
		}
	}
	return nil
}

func (p *pod) sharesHostNetwork() bool {
	return p.object.Spec.HostNetwork || slices.ContainsFunc(p.all(), func(c *container) bool { return c.usesHostTools() })
}

func (p *pod) all() []*container { return slices.Concat(p.initial, p.main) }

func (p *pod) containerNamed(name string) *container {
	for _, c := range p.all() {
		if c.spec.Name == name || name == "" {
			return c
		}
	}
	return nil
}

func (p *pod) changed() {
	select {
	case p.reported <- struct{}{}:
	default:
	}
}

func (p *pod) terminate(graceSeconds *int64) {
	p.endOnce.Do(func() {
		p.grace = time.Second
		if graceSeconds != nil {
			p.grace = time.Duration(*graceSeconds) * time.Second
		}
		close(p.ending)
	})
}

func (p *pod) kill() {
	zero := int64(0)
	p.terminate(&zero)
}

// The last steps: nothing of the pod runs any more, its files go, and the API server may forget it.
func (p *pod) leave(ctx context.Context) {
	killMarked(p.mark)
	if p.network != nil {
		p.network.Close()
	}
	if err := removeTree(p.directory); err != nil {
		log.Print(err)
	}
	zero := int64(0)
	_ = p.node.client.CoreV1().Pods(p.object.Namespace).Delete(ctx, p.object.Name, meta.DeleteOptions{
		GracePeriodSeconds: &zero, Preconditions: &meta.Preconditions{UID: &p.object.UID}})
}

func (p *pod) whenEnding(work func()) (forget func()) {
	forgotten := make(chan struct{})
	go func() {
		select {
		case <-p.ending:
			time.Sleep(p.grace)
			work()
		case <-forgotten:
		}
	}()
	return sync.OnceFunc(func() { close(forgotten) })
}
