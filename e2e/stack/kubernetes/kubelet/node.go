package main

import (
	"context"
	"log"
	"runtime"
	"strings"
	"sync"
	"time"

	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

type node struct {
	name    string
	client  kubernetes.Interface
	machine *machine

	lock sync.Mutex
	pods map[string]*pod // by namespace/name, as the API server asks for them
}

func (n *node) register(ctx context.Context, o options, port int) error {
	object := &core.Node{ObjectMeta: meta.ObjectMeta{Name: n.name, Labels: map[string]string{
		"kubernetes.io/hostname": n.name, "kubernetes.io/os": "linux",
	}}}
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		if _, err := n.client.CoreV1().Nodes().Create(ctx, object, meta.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			log.Printf("register: %v", err)
			return false, nil
		}
		current, err := n.client.CoreV1().Nodes().Get(ctx, n.name, meta.GetOptions{})
		if err == nil {
			current.Status = n.status(o, port)
			_, err = n.client.CoreV1().Nodes().UpdateStatus(ctx, current, meta.UpdateOptions{})
		}
		if err == nil {
			err = n.untaint(ctx)
		}
		if err != nil {
			log.Printf("register: %v", err)
		}
		return err == nil, nil
	})
}

// The node controller taints every new node until it has seen it Ready; nobody here needs that wait.
func (n *node) untaint(ctx context.Context) error {
	_, err := n.client.CoreV1().Nodes().Patch(ctx, n.name, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), meta.PatchOptions{})
	return err
}

func (n *node) status(o options, port int) core.NodeStatus {
	now := meta.Now()
	room := core.ResourceList{
		core.ResourceCPU: resource.MustParse("64"), core.ResourceMemory: resource.MustParse("256Gi"), core.ResourcePods: resource.MustParse("500"),
	}
	status := core.NodeStatus{
		Capacity: room, Allocatable: room,
		Addresses:       []core.NodeAddress{{Type: core.NodeInternalIP, Address: "127.0.0.1"}, {Type: core.NodeHostName, Address: n.name}},
		DaemonEndpoints: core.NodeDaemonEndpoints{KubeletEndpoint: core.DaemonEndpoint{Port: int32(port)}},
		NodeInfo: core.NodeSystemInfo{KubeletVersion: "v1.37.2", OSImage: "test kubelet", ContainerRuntimeVersion: "processes://1",
			OperatingSystem: "linux", Architecture: runtime.GOARCH},
		Conditions: []core.NodeCondition{{Type: core.NodeReady, Status: core.ConditionTrue, Reason: "KubeletReady",
			Message: "the test kubelet answers", LastHeartbeatTime: now, LastTransitionTime: now}},
	}
	if o.declaredFeatures != "" {
		status.DeclaredFeatures = strings.Split(o.declaredFeatures, ",")
	}
	return status
}

func (n *node) heartbeat(ctx context.Context) {
	seconds := int32(40)
	leases := n.client.CoordinationV1().Leases(core.NamespaceNodeLease)
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		now := meta.NowMicro()
		lease, err := leases.Get(ctx, n.name, meta.GetOptions{})
		if apierrors.IsNotFound(err) {
			_, err = leases.Create(ctx, &coordination.Lease{ObjectMeta: meta.ObjectMeta{Name: n.name},
				Spec: coordination.LeaseSpec{HolderIdentity: &n.name, LeaseDurationSeconds: &seconds, RenewTime: &now}}, meta.CreateOptions{})
		} else if err == nil {
			lease.Spec.RenewTime = &now
			_, err = leases.Update(ctx, lease, meta.UpdateOptions{})
		}
		if err != nil {
			log.Printf("heartbeat: %v", err)
		}
	}, 10*time.Second)
}

// Follows all pods: those without a node are bound here (this cluster has no scheduler), ours are run.
func (n *node) followPods(ctx context.Context) error {
	informer := cache.NewSharedInformer(
		cache.NewListWatchFromClient(n.client.CoreV1().RESTClient(), "pods", meta.NamespaceAll, fields.Everything()), &core.Pod{}, 0)
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { n.see(ctx, object.(*core.Pod)) },
		UpdateFunc: func(_, object any) { n.see(ctx, object.(*core.Pod)) },
		DeleteFunc: func(object any) {
			if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = tombstone.Obj
			}
			n.forget(object.(*core.Pod))
		},
	})
	if err != nil {
		return err
	}
	log.Printf("node %s follows pods", n.name)
	informer.RunWithContext(ctx)
	return nil
}

func (n *node) see(ctx context.Context, object *core.Pod) {
	if object.Spec.NodeName == "" && object.DeletionTimestamp == nil && len(object.Spec.SchedulingGates) == 0 {
		go n.bind(ctx, object)
		return
	}
	if object.Spec.NodeName != n.name {
		return
	}
	key := object.Namespace + "/" + object.Name
	n.lock.Lock()
	known := n.pods[key]
	if known == nil && hasEnded(object) {
		n.lock.Unlock()
		n.dropEnded(ctx, object)
		return
	}
	if known == nil || known.object.UID != object.UID {
		if known != nil {
			known.kill()
		}
		known = newPod(n, object)
		n.pods[key] = known
		go known.run(ctx)
	}
	n.lock.Unlock()
	if object.DeletionTimestamp != nil {
		known.terminate(object.DeletionGracePeriodSeconds)
	}
}

func hasEnded(object *core.Pod) bool {
	return object.Status.Phase == core.PodSucceeded || object.Status.Phase == core.PodFailed
}

// A pod that ended under an earlier kubelet is not run again, only let go when it is deleted.
func (n *node) dropEnded(ctx context.Context, object *core.Pod) {
	if object.DeletionTimestamp == nil {
		return
	}
	zero := int64(0)
	_ = n.client.CoreV1().Pods(object.Namespace).Delete(ctx, object.Name, meta.DeleteOptions{
		GracePeriodSeconds: &zero, Preconditions: &meta.Preconditions{UID: &object.UID}})
}

// The pod is gone from the API without our doing (a forced deletion), or because we finished it.
func (n *node) forget(object *core.Pod) {
	key := object.Namespace + "/" + object.Name
	n.lock.Lock()
	defer n.lock.Unlock()
	if known := n.pods[key]; known != nil && known.object.UID == object.UID {
		known.kill()
		delete(n.pods, key)
	}
}

func (n *node) bind(ctx context.Context, object *core.Pod) {
	err := n.client.CoreV1().Pods(object.Namespace).Bind(ctx, &core.Binding{
		ObjectMeta: meta.ObjectMeta{Name: object.Name, Namespace: object.Namespace, UID: object.UID},
		Target:     core.ObjectReference{Kind: "Node", Name: n.name},
	}, meta.CreateOptions{})
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		log.Printf("bind %s/%s: %v", object.Namespace, object.Name, err)
	}
}

func (n *node) container(namespace, name, container string) *container {
	n.lock.Lock()
	defer n.lock.Unlock()
	if pod := n.pods[namespace+"/"+name]; pod != nil {
		return pod.containerNamed(container)
	}
	return nil
}
