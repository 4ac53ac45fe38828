package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// How a process gets into its container: the kubelet starts itself with this as its argument, goes inside and becomes
// the command. A network, if any, is handed over as file descriptor 3.
type entrance struct {
	Root, Dir string
	Hostname  string // "" leaves the machine's
	Network   bool
	UID, GID  *int64
	Args      []string
}

func (e entrance) command(environment []string, network *os.File) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	e.Network = network != nil
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, "enter", string(text))
	command.Env = environment
	if network != nil {
		command.ExtraFiles = []*os.File{network}
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	return command, nil
}

// The parent-death signal comes when the thread that forked ends, not the process; and threads that went into a pod's
// network do end. So every container's process is forked on one thread that lasts as long as the kubelet.
var lastingThread = sync.OnceValue(func() chan<- func() {
	forks := make(chan func())
	go func() {
		runtime.LockOSThread()
		for fork := range forks {
			fork()
		}
	}()
	return forks
})

func onLastingThread(fork func() error) error {
	done := make(chan error)
	lastingThread() <- func() { done <- fork() }
	return <-done
}

func enter(text string) {
	code, err := becomeCommand(text)
	fmt.Fprintln(os.Stderr, err)
	os.Exit(code)
}

func becomeCommand(text string) (int, error) {
	runtime.LockOSThread()
	var e entrance
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return 128, err
	}
	if e.Network {
		if err := unix.Setns(3, unix.CLONE_NEWNET); err != nil {
			return 128, err
		}
		unix.Close(3)
	}
	if e.Hostname != "" {
		if err := errors.Join(unix.Unshare(unix.CLONE_NEWUTS), unix.Sethostname([]byte(e.Hostname))); err != nil {
			return 128, err
		}
	}
	if e.Root != "" {
		if err := unix.Chroot(e.Root); err != nil {
			return 128, err
		}
	}
	if err := os.MkdirAll(e.Dir, 0o755); err != nil {
		return 128, err
	}
	if err := os.Chdir(e.Dir); err != nil {
		return 128, err
	}
	if err := e.becomeUser(); err != nil {
		return 128, err
	}
	path, err := exec.LookPath(e.Args[0])
	if err != nil {
		return 127, err
	}
	return 126, syscall.Exec(path, e.Args, os.Environ())
}

// Changing the user clears the parent-death signal: it is asked for again afterwards.
func (e entrance) becomeUser() error {
	if e.GID != nil {
		if err := syscall.Setgroups([]int{int(*e.GID)}); err != nil {
			return err
		}
		if err := syscall.Setgid(int(*e.GID)); err != nil {
			return err
		}
	}
	if e.UID == nil {
		return nil
	}
	if err := syscall.Setuid(int(*e.UID)); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}
