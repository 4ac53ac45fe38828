package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The image whose containers see the machine's own programs: a Job that runs kubectl, curl or node needs no registry.
const hostTools = "gatehouse.test/host-tools"

// The machine's top-level directories, read-only; /tmp, /run and the devices are the container's own.
func (m *machine) makeHostToolsRoot(root string) error {
	if !m.canMount {
		return errors.New("image " + hostTools + " needs mount namespaces (root, or user namespaces for everybody), which this machine refuses")
	}
	for _, directory := range []string{"dev", "tmp", "run"} {
		if err := os.MkdirAll(filepath.Join(root, directory), 0o777); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := "/" + entry.Name()
		if target, err := os.Readlink(path); err == nil {
			if err := os.Symlink(target, filepath.Join(root, path)); err != nil {
				return err
			}
			continue
		}
		switch {
		case !entry.IsDir(), path == "/dev", path == "/tmp", path == "/run", path == "/sys":
			continue
		}
		if err := bind(path, filepath.Join(root, path), true); err != nil {
			return err
		}
	}
	for _, tool := range m.tools {
		if strings.HasPrefix(tool, "/tmp/") || strings.HasPrefix(tool, "/run/") {
			if err := bind(tool, filepath.Join(root, tool), true); err != nil {
				return err
			}
		}
	}
	return m.makeDevices(root)
}

// A bind that should be read-only and cannot be made so is undone: what is mounted here is never writable by accident.
func bind(from, to string, readOnly bool) error {
	information, err := os.Stat(from)
	if err != nil {
		return err
	}
	if information.IsDir() {
		err = os.MkdirAll(to, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
		err = os.WriteFile(to, nil, 0o644)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind %s: %w", from, err)
	}
	if !readOnly {
		return nil
	}
	if err := unix.MountSetattr(unix.AT_FDCWD, to, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return errors.Join(fmt.Errorf("bind %s read-only: %w", from, err), unix.Unmount(to, unix.MNT_DETACH))
	}
	return nil
}

// Removes a pod's directory, but never while something is mounted below it: that would delete the machine's own files.
func removeTree(directory string) error {
	for range 3 {
		mounts, err := mountsBelow(directory)
		if err != nil {
			return err
		}
		if len(mounts) == 0 {
			return os.RemoveAll(directory)
		}
		for i := len(mounts) - 1; i >= 0; i-- {
			_ = unix.Unmount(mounts[i], unix.MNT_DETACH)
		}
	}
	return fmt.Errorf("%s is left in place: something stays mounted below it", directory)
}

func mountsBelow(directory string) ([]string, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && strings.HasPrefix(unescapeMount(fields[4]), directory+"/") {
			found = append(found, unescapeMount(fields[4]))
		}
	}
	return found, nil
}

func unescapeMount(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}
