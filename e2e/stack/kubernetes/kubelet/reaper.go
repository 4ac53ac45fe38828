package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Parent-death signals reach a container's first process but not its children. The reaper holds one end of a pipe: when
// the other end closes, the kubelet is gone, and all that carries its mark is killed.
var reaperLifeline io.WriteCloser // held for the kubelet's whole life; collected, it would close

func startReaper(mark string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	reaper := exec.Command(self, "reap", mark)
	reaper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// Go closes all its files on exec, so no container inherits this end of the pipe and keeps the reaper waiting.
	if reaperLifeline, err = reaper.StdinPipe(); err != nil {
		return err
	}
	return reaper.Start()
}

func reapAfterParent(mark string) {
	_, _ = io.Copy(io.Discard, os.Stdin)
	killMarked(mark)
}

// Kills until nothing is left, since a process may be forking while we look.
func killMarked(mark string) {
	for range 100 {
		marked := processesMarked(mark)
		if len(marked) == 0 {
			return
		}
		for _, pid := range marked {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func processesMarked(mark string) []int {
	var found []int
	paths, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		environment, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for _, entry := range bytes.Split(environment, []byte{0}) {
			if bytes.HasPrefix(entry, []byte(mark)) {
				if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && pid != os.Getpid() {
					found = append(found, pid)
				}
			}
		}
	}
	return found
}
