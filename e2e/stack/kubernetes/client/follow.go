package main

import (
	"context"
	"net/http"
	"strings"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// Follows the namespaces of the cluster and the configmaps of one namespace until it is told to end.
func follow(ctx context.Context, config *rest.Config, o options) error {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &listener{next} })
	client, err := clientFor(config)
	if err != nil {
		return err
	}
	whole := informers.NewSharedInformerFactory(client, 0)
	one := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(o.namespace))
	for kind, informer := range map[string]cache.SharedIndexInformer{
		"namespace": whole.Core().V1().Namespaces().Informer(),
		"configmap": one.Core().V1().ConfigMaps().Informer(),
	} {
		if err := tell(kind, informer); err != nil {
			return err
		}
	}
	whole.Start(ctx.Done())
	one.Start(ctx.Done())
	whole.WaitForCacheSync(ctx.Done())
	one.WaitForCacheSync(ctx.Done())
	say(map[string]any{"event": "synced"})
	<-ctx.Done()
	return nil
}

func tell(kind string, informer cache.SharedIndexInformer) error {
	told := func(event string, object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		line := map[string]any{"event": event, "kind": kind, "name": object.(meta.Object).GetName()}
		if configMap, ok := object.(*core.ConfigMap); ok && configMap.Data["n"] != "" {
			line["n"] = configMap.Data["n"]
		}
		say(line)
	}
	if err := informer.SetWatchErrorHandler(func(_ *cache.Reflector, err error) {
		say(map[string]any{"event": "watch-failed", "kind": kind, "reason": apierrors.ReasonForError(err), "error": err.Error()})
	}); err != nil {
		return err
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { told("added", object) },
		UpdateFunc: func(_, object any) { told("changed", object) },
		DeleteFunc: func(object any) { told("gone", object) },
	})
	return err
}

// Says what was asked and how it was answered.
type listener struct{ next http.RoundTripper }

func (l *listener) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(request)
	path, query := request.URL.Path, request.URL.Query()
	line := map[string]any{"event": "asked", "kind": strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], "s"),
		"watch": query.Has("watch"), "initial": query.Get("sendInitialEvents") == "true", "from": query.Get("resourceVersion")}
	if err != nil {
		line["error"] = err.Error()
	} else {
		line["status"] = response.StatusCode
	}
	say(line)
	return response, err
}
