package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (c *container) makeEnvironment() ([]string, error) {
	search := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	if c.usesHostTools() {
		search = strings.Join(append(append([]string{}, c.pod.node.machine.tools...), search), ":")
	} else if c.root == "" {
		search = filepath.Join(c.directory, "root", "bin") + ":" + search
	}
	home := "/root"
	if c.usesHostTools() {
		home = "/tmp" // root may not be the one who runs this
	}
	environment := []string{c.mark(), "PATH=" + search, "HOME=" + home, "HOSTNAME=" + c.pod.object.Name}
	if server, err := url.Parse(c.pod.node.machine.apiServer); err == nil {
		environment = append(environment, "KUBERNETES_SERVICE_HOST="+server.Hostname(), "KUBERNETES_SERVICE_PORT="+server.Port(),
			"KUBERNETES_SERVICE_PORT_HTTPS="+server.Port())
	}
	for _, source := range c.spec.EnvFrom {
		values, err := c.pod.allValues(source)
		if err != nil {
			return nil, err
		}
		for name, value := range values {
			environment = append(environment, source.Prefix+name+"="+value)
		}
	}
	for _, variable := range c.spec.Env {
		c.environment = environment // what stands above may be used in $(NAME)
		value := c.expand(variable.Value)
		if variable.ValueFrom != nil {
			var err error
			if value, err = c.pod.valueFrom(variable.ValueFrom); err != nil {
				return nil, fmt.Errorf("environment variable %s: %w", variable.Name, err)
			}
		}
		environment = append(environment, variable.Name+"="+value)
	}
	return environment, nil
}

var reference = regexp.MustCompile(`\$?\$\([A-Za-z_.-][A-Za-z0-9_.-]*\)`)

// $(NAME) becomes the variable's value if there is one, $$(NAME) stays as $(NAME).
func (c *container) expand(text string) string {
	return reference.ReplaceAllStringFunc(text, func(match string) string {
		if strings.HasPrefix(match, "$$") {
			return match[1:]
		}
		for i := len(c.environment) - 1; i >= 0; i-- {
			if name, value, _ := strings.Cut(c.environment[i], "="); name == match[2:len(match)-1] {
				return value
			}
		}
		return match
	})
}

func (p *pod) valueFrom(source *core.EnvVarSource) (string, error) {
	switch {
	case source.FieldRef != nil:
		return p.field(source.FieldRef.FieldPath)
	case source.SecretKeyRef != nil:
		values, err := p.secret(source.SecretKeyRef.Name, isTrue(source.SecretKeyRef.Optional))
		return string(values[source.SecretKeyRef.Key]), err
	case source.ConfigMapKeyRef != nil:
		values, err := p.configMap(source.ConfigMapKeyRef.Name, isTrue(source.ConfigMapKeyRef.Optional))
		return string(values[source.ConfigMapKeyRef.Key]), err
	default:
		return "", fmt.Errorf("the test kubelet knows fieldRef, secretKeyRef and configMapKeyRef only")
	}
}

func (p *pod) allValues(source core.EnvFromSource) (map[string]string, error) {
	var values map[string][]byte
	var err error
	switch {
	case source.SecretRef != nil:
		values, err = p.secret(source.SecretRef.Name, isTrue(source.SecretRef.Optional))
	case source.ConfigMapRef != nil:
		values, err = p.configMap(source.ConfigMapRef.Name, isTrue(source.ConfigMapRef.Optional))
	}
	texts := map[string]string{}
	for name, value := range values {
		texts[name] = string(value)
	}
	return texts, err
}

func (p *pod) field(path string) (string, error) {
	o := p.object
	if kind, key, found := strings.Cut(strings.TrimSuffix(path, "']"), "['"); found {
		switch kind {
		case "metadata.labels":
			return o.Labels[key], nil
		case "metadata.annotations":
			return o.Annotations[key], nil
		}
	}
	value, known := map[string]string{
		"metadata.name": o.Name, "metadata.namespace": o.Namespace, "metadata.uid": string(o.UID), "spec.nodeName": o.Spec.NodeName,
		"spec.serviceAccountName": o.Spec.ServiceAccountName, "status.podIP": p.address, "status.podIPs": p.address, "status.hostIP": "127.0.0.1",
	}[path]
	if !known {
		return "", fmt.Errorf("the test kubelet does not know the field %s", path)
	}
	return value, nil
}

func (p *pod) secret(name string, optional bool) (map[string][]byte, error) {
	secret, err := p.node.client.CoreV1().Secrets(p.object.Namespace).Get(context.Background(), name, meta.GetOptions{})
	if err != nil {
		return nil, unlessOptional(err, optional)
	}
	return secret.Data, nil
}

func (p *pod) configMap(name string, optional bool) (map[string][]byte, error) {
	config, err := p.node.client.CoreV1().ConfigMaps(p.object.Namespace).Get(context.Background(), name, meta.GetOptions{})
	if err != nil {
		return nil, unlessOptional(err, optional)
	}
	values := map[string][]byte{}
	for key, text := range config.Data {
		values[key] = []byte(text)
	}
	for key, bytes := range config.BinaryData {
		values[key] = bytes
	}
	return values, nil
}
