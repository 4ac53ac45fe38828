package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// What a container writes: lines with time and stream in a file, in the format of every container runtime, and the raw
// bytes to those attached.
type output struct {
	lock     sync.Mutex
	file     *os.File
	partial  map[string][]byte
	attached []*listener
	grown    chan struct{} // closed and replaced at each growth
	closed   bool
}

type listener struct {
	stdout, stderr io.Writer
	gone           chan struct{}
	once           sync.Once
}

func (l *listener) leave() { l.once.Do(func() { close(l.gone) }) }

const longestLine = 16 * 1024

func (c *container) logFile(restart int32) string {
	return filepath.Join(c.directory, fmt.Sprintf("%d.log", restart))
}

func newOutput(path string) (*output, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return &output{file: file, partial: map[string][]byte{}, grown: make(chan struct{})}, err
}

type stream struct {
	output *output
	name   string
}

func (o *output) stream(name string) io.Writer { return stream{o, name} }

func (s stream) Write(data []byte) (int, error) {
	o := s.output
	o.lock.Lock()
	defer o.lock.Unlock()
	for _, l := range slices.Clone(o.attached) {
		to := l.stdout
		if s.name == "stderr" {
			to = l.stderr
		}
		if to == nil {
			continue
		}
		if _, err := to.Write(data); err != nil {
			o.detach(l)
		}
	}
	pending := append(o.partial[s.name], data...)
	for {
		end := bytes.IndexByte(pending, '\n')
		if end < 0 && len(pending) < longestLine {
			break
		}
		if end < 0 || end > longestLine {
			o.record(s.name, "P", pending[:longestLine])
			pending = pending[longestLine:]
			continue
		}
		o.record(s.name, "F", pending[:end])
		pending = pending[end+1:]
	}
	o.partial[s.name] = slices.Clone(pending)
	return len(data), nil
}

func (o *output) record(name, kind string, text []byte) {
	fmt.Fprintf(o.file, "%s %s %s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z07:00"), name, kind, text)
	close(o.grown)
	o.grown = make(chan struct{})
}

func (o *output) attach(l *listener) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if o.closed {
		l.leave()
		return
	}
	o.attached = append(o.attached, l)
}

func (o *output) remove(l *listener) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.detach(l)
}

func (o *output) detach(l *listener) {
	o.attached = slices.DeleteFunc(o.attached, func(other *listener) bool { return other == l })
	l.leave()
}

func (o *output) close() {
	o.lock.Lock()
	defer o.lock.Unlock()
	for name, pending := range o.partial {
		if len(pending) > 0 {
			o.record(name, "P", pending)
		}
	}
	for _, l := range o.attached {
		l.leave()
	}
	o.attached, o.closed = nil, true
	o.file.Close()
	close(o.grown)
	o.grown = make(chan struct{})
}

func (o *output) watch() (grown <-chan struct{}, closed bool) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.grown, o.closed
}
