package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// What this machine allows and where things lie on it; the same for all pods.
type machine struct {
	directory, busybox, mark string
	tools                    []string
	apiServer                string
	applets                  []string
	canChroot, canMount      bool
	canSeparateNetworks      bool
	realRoot                 bool
	lastPodAddress           atomic.Uint32
}

const inMountNamespace = "GATEHOUSE_TEST_KUBELET_MOUNTS"

// Mounts made in a namespace of our own vanish with it, whatever kills us. Without root the user namespace gives the
// same; where neither is allowed we go on without mounts.
func moveToOwnMountNamespace() {
	if os.Getenv(inMountNamespace) != "" {
		return
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return
	}
	arguments := []string{"unshare", "--mount", "--propagation", "private"}
	if os.Geteuid() != 0 {
		arguments = append(arguments, "--user", "--map-root-user")
	}
	if exec.Command(unshare, append(arguments[1:], "true")...).Run() != nil {
		return
	}
	kind := "root"
	if os.Geteuid() != 0 {
		kind = "user"
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	environment := append(os.Environ(), inMountNamespace+"="+kind)
	arguments = append(append(arguments, self), os.Args[1:]...)
	log.Print(syscall.Exec(unshare, arguments, environment))
}

func (m *machine) prepare() error {
	m.canMount = os.Getenv(inMountNamespace) != ""
	m.realRoot = os.Geteuid() == 0 && os.Getenv(inMountNamespace) != "user"
	m.canChroot = os.Geteuid() == 0
	if err := removeTree(filepath.Join(m.directory, "pods")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(m.directory, "pods"), 0o755); err != nil {
		return err
	}
	list, err := exec.Command(m.busybox, "--list").Output()
	if err != nil {
		return fmt.Errorf("busybox %s cannot be run: %w", m.busybox, err)
	}
	if err := m.takeBusybox(); err != nil {
		return err
	}
	m.applets = strings.Fields(string(list))
	if network, err := newNetwork(net.IPv4(10, 244, 0, 1)); err == nil {
		m.canSeparateNetworks = true
		network.Close()
	}
	if err := startReaper(m.mark); err != nil {
		return err
	}
	log.Printf("chroot %t, mounts %t, a network for each pod %t", m.canChroot, m.canMount, m.canSeparateNetworks)
	return nil
}

// Not routed anywhere; unique so that Services get sensible endpoints.
func (m *machine) nextPodAddress() net.IP {
	n := m.lastPodAddress.Add(1) + 1
	return net.IPv4(10, 244, byte(n>>8), byte(n))
}

// A root with busybox and the few devices that shells cannot do without.
func (m *machine) makeBusyboxRoot(root string) error {
	for _, directory := range []string{"bin", "dev", "etc", "proc", "root", "tmp", "usr/bin", "var/run"} {
		if err := os.MkdirAll(filepath.Join(root, directory), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(root, "tmp"), 0o1777); err != nil {
		return err
	}
	busybox := filepath.Join(root, "bin", "busybox")
	if err := os.Link(m.busybox, busybox); err != nil && !os.IsExist(err) {
		return err
	}
	for _, applet := range m.applets {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", applet)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	for name, text := range map[string]string{
		"passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
		"group":  "root:x:0:\nnobody:x:65534:\n",
		"hosts":  "127.0.0.1 localhost\n",
	} {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return m.makeDevices(root)
}

func (m *machine) makeDevices(root string) error {
	devices := map[string][2]uint32{"null": {1, 3}, "zero": {1, 5}, "full": {1, 7}, "random": {1, 8}, "urandom": {1, 9}, "tty": {5, 0}}
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	for name, number := range devices {
		path := filepath.Join(root, "dev", name)
		if unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(number[0], number[1]))) == nil {
			continue
		}
		file, err := os.OpenFile(path, os.O_CREATE, 0o666)
		if err != nil {
			return err
		}
		file.Close()
		if m.canMount {
			if err := unix.Mount("/dev/"+name, path, "", unix.MS_BIND, ""); err != nil {
				return fmt.Errorf("device %s: %w", name, err)
			}
		}
	}
	for name, target := range map[string]string{"stdin": "0", "stdout": "1", "stderr": "2", "fd": ""} {
		if err := os.Symlink(filepath.Join("/proc/self/fd", target), filepath.Join(root, "dev", name)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	return nil
}

// All roots link to one copy of our own: a container that overwrites its busybox must not reach the machine's.
func (m *machine) takeBusybox() error {
	content, err := os.ReadFile(m.busybox)
	if err != nil {
		return err
	}
	m.busybox = filepath.Join(m.directory, "busybox")
	return os.WriteFile(m.busybox, content, 0o755)
}
