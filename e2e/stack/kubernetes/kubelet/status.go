package main

import (
	"context"
	"encoding/json"
	"log"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Tried again until the API server has it: a status lost to a restart of the API server would leave a Job waiting.
func (p *pod) reportStatus(ctx context.Context) {
	for ctx.Err() == nil {
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.object.UID}, "status": p.status()})
		if err == nil {
			_, err = p.node.client.CoreV1().Pods(p.object.Namespace).Patch(ctx, p.object.Name, types.StrategicMergePatchType, patch, meta.PatchOptions{}, "status")
		}
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsInvalid(err) {
			if err != nil && !apierrors.IsNotFound(err) {
				log.Printf("status of %s/%s: %v", p.object.Namespace, p.object.Name, err)
			}
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (p *pod) status() core.PodStatus {
	status := core.PodStatus{
		Phase: p.phase(), HostIP: "127.0.0.1", HostIPs: []core.HostIP{{IP: "127.0.0.1"}}, StartTime: &p.started, QOSClass: "",
	}
	if p.address != "" {
		status.PodIP, status.PodIPs = p.address, []core.PodIP{{IP: p.address}}
	}
	initialized, ready := true, true
	for _, c := range p.initial {
		state := c.status()
		status.InitContainerStatuses = append(status.InitContainerStatuses, state)
		initialized = initialized && (state.State.Terminated != nil && state.State.Terminated.ExitCode == 0 || state.Started != nil && *state.Started)
	}
	for _, c := range p.main {
		state := c.status()
		status.ContainerStatuses = append(status.ContainerStatuses, state)
		ready = ready && state.Ready
	}
	for kind, holds := range map[core.PodConditionType]bool{
		core.PodScheduled: true, core.PodReadyToStartContainers: p.address != "", core.PodInitialized: initialized, core.ContainersReady: ready, core.PodReady: ready,
	} {
		condition := core.PodCondition{Type: kind, Status: core.ConditionFalse, LastTransitionTime: p.started}
		if holds {
			condition.Status = core.ConditionTrue
		}
		status.Conditions = append(status.Conditions, condition)
	}
	return status
}

func (p *pod) phase() core.PodPhase {
	for _, c := range p.initial {
		switch {
		case c.failedForGood():
			return core.PodFailed
		case !c.hasStarted():
			return core.PodPending
		}
	}
	started, ended, failed := false, true, false
	for _, c := range p.main {
		started = started || c.hasStarted()
		ended = ended && c.endedForGood()
		failed = failed || c.failedForGood()
	}
	switch {
	case ended && failed:
		return core.PodFailed
	case ended:
		return core.PodSucceeded
	case started:
		return core.PodRunning
	default:
		return core.PodPending
	}
}
