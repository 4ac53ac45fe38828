package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	securejoin "github.com/cyphar/filepath-securejoin"
	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Volumes are plain files, written once when the pod starts; nothing is refreshed, no pod here lives that long.
func (p *pod) makeVolumes(ctx context.Context) error {
	for _, volume := range p.object.Spec.Volumes {
		directory := p.volumeDirectory(volume.Name)
		if err := os.MkdirAll(directory, 0o777); err != nil {
			return err
		}
		if err := os.Chmod(directory, 0o777); err != nil {
			return err
		}
		if err := p.fillVolume(ctx, directory, volume); err != nil {
			return fmt.Errorf("volume %s: %w", volume.Name, err)
		}
	}
	return nil
}

func (p *pod) volumeDirectory(name string) string { return filepath.Join(p.directory, "volumes", name) }

func (p *pod) fillVolume(ctx context.Context, directory string, volume core.Volume) error {
	switch {
	case volume.EmptyDir != nil:
		return nil
	case volume.Secret != nil:
		values, err := p.secret(volume.Secret.SecretName, isTrue(volume.Secret.Optional))
		return firstError(err, writeItems(directory, values, volume.Secret.Items))
	case volume.ConfigMap != nil:
		values, err := p.configMap(volume.ConfigMap.Name, isTrue(volume.ConfigMap.Optional))
		return firstError(err, writeItems(directory, values, volume.ConfigMap.Items))
	case volume.DownwardAPI != nil:
		return p.writeFields(directory, volume.DownwardAPI.Items)
	case volume.Projected != nil:
		for _, source := range volume.Projected.Sources {
			if err := p.fillProjection(ctx, directory, source); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("the test kubelet knows emptyDir, secret, configMap, downwardAPI and projected only")
	}
}

func (p *pod) fillProjection(ctx context.Context, directory string, source core.VolumeProjection) error {
	switch {
	case source.Secret != nil:
		values, err := p.secret(source.Secret.Name, isTrue(source.Secret.Optional))
		return firstError(err, writeItems(directory, values, source.Secret.Items))
	case source.ConfigMap != nil:
		values, err := p.configMap(source.ConfigMap.Name, isTrue(source.ConfigMap.Optional))
		return firstError(err, writeItems(directory, values, source.ConfigMap.Items))
	case source.DownwardAPI != nil:
		return p.writeFields(directory, source.DownwardAPI.Items)
	case source.ServiceAccountToken != nil:
		token, err := p.serviceAccountToken(ctx, source.ServiceAccountToken)
		return firstError(err, writeFile(directory, source.ServiceAccountToken.Path, []byte(token)))
	default:
		return fmt.Errorf("unknown projection")
	}
}

func (p *pod) serviceAccountToken(ctx context.Context, projection *core.ServiceAccountTokenProjection) (string, error) {
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{
		ExpirationSeconds: projection.ExpirationSeconds,
		BoundObjectRef:    &authentication.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: p.object.Name, UID: p.object.UID},
	}}
	if projection.Audience != "" {
		request.Spec.Audiences = []string{projection.Audience}
	}
	answer, err := p.node.client.CoreV1().ServiceAccounts(p.object.Namespace).CreateToken(ctx, p.object.Spec.ServiceAccountName, request, meta.CreateOptions{})
	if err != nil {
		return "", err
	}
	return answer.Status.Token, nil
}

func (p *pod) writeFields(directory string, items []core.DownwardAPIVolumeFile) error {
	for _, item := range items {
		if item.FieldRef == nil {
			continue
		}
		value, err := p.field(item.FieldRef.FieldPath)
		if err := firstError(err, writeFile(directory, item.Path, []byte(value))); err != nil {
			return err
		}
	}
	return nil
}

// Volumes are bound into the container; where this machine allows no mounts they are linked, which a chroot cannot
// follow, so there each container has a copy of its own.
func (c *container) mountVolumes(root string) error {
	for _, mount := range c.spec.VolumeMounts {
		from, err := securejoin.SecureJoin(c.pod.volumeDirectory(mount.Name), mount.SubPath)
		if err != nil {
			return err
		}
		to, err := securejoin.SecureJoin(root, mount.MountPath)
		if err != nil {
			return err
		}
		if c.pod.node.machine.canMount {
			err = bind(from, to, mount.ReadOnly)
		} else if err = os.MkdirAll(to, 0o777); err == nil {
			err = os.CopyFS(to, os.DirFS(from))
		}
		if err != nil {
			return fmt.Errorf("mount %s: %w", mount.MountPath, err)
		}
	}
	return nil
}

func writeItems(directory string, values map[string][]byte, items []core.KeyToPath) error {
	paths := map[string]string{}
	if len(items) == 0 {
		for key := range values {
			paths[key] = key
		}
	}
	for _, item := range items {
		paths[item.Key] = item.Path
	}
	for key, path := range paths {
		if value, found := values[key]; found {
			if err := writeFile(directory, path, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeFile(directory, path string, content []byte) error {
	full, err := securejoin.SecureJoin(directory, path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	return os.WriteFile(full, content, 0o644)
}

func unlessOptional(err error, optional bool) error {
	if optional && apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func firstError(errors ...error) error {
	for _, err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}

func isTrue(value *bool) bool { return value != nil && *value }
