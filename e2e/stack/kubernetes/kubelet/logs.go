package main

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

type logQuery struct {
	follow, timestamps, previous bool
	since                        time.Time
	tail, limit                  int64 // -1: all
	stream                       string
}

func readLogQuery(values url.Values) (logQuery, error) {
	q := logQuery{
		follow: values.Get("follow") == "true", timestamps: values.Get("timestamps") == "true", previous: values.Get("previous") == "true",
		tail: -1, limit: -1, stream: strings.ToLower(values.Get("stream")),
	}
	for name, into := range map[string]*int64{"tailLines": &q.tail, "limitBytes": &q.limit} {
		if text := values.Get(name); text != "" {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return q, err
			}
			*into = number
		}
	}
	if text := values.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil {
			return q, err
		}
		q.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := values.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return q, err
		}
		q.since = since
	}
	return q, nil
}

func (n *node) serveLogs(w http.ResponseWriter, r *http.Request) {
	c := n.container(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
	if c == nil {
		http.Error(w, "no such container on this node", http.StatusNotFound)
		return
	}
	q, err := readLogQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.lock.Lock()
	record, restarts := c.output, c.restarts
	if c.state.Waiting != nil && restarts > 0 {
		restarts-- // between two starts the log is the last run's
	}
	c.lock.Unlock()
	if q.previous {
		restarts--
	}
	file, err := os.Open(c.logFile(restarts))
	if err != nil {
		http.Error(w, "container \""+c.spec.Name+"\" has no log to show", http.StatusBadRequest)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "text/plain")
	if q.previous {
		record = nil
	}
	_ = q.copy(flushing{w, http.NewResponseController(w)}, file, record, r.Context().Done())
}

type flushing struct {
	io.Writer
	controller *http.ResponseController
}

func (f flushing) flush() { _ = f.controller.Flush() }

func (q logQuery) copy(w flushing, file *os.File, record *output, gone <-chan struct{}) error {
	w.flush() // the client learns at once that the log exists, even when it is empty so far
	if err := q.skipToTail(file); err != nil {
		return err
	}
	lines := bufio.NewReader(file)
	pending := ""
	for {
		var grown <-chan struct{}
		closed := true
		if record != nil {
			grown, closed = record.watch() // before reading, or a line written in between would be waited for
		}
		for {
			part, err := lines.ReadString('\n')
			pending += part
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			if !q.write(w, strings.TrimSuffix(pending, "\n")) {
				return nil
			}
			pending = ""
		}
		w.flush()
		if !q.follow || closed {
			return nil
		}
		select {
		case <-grown:
		case <-gone:
			return nil
		}
	}
}

// False when nothing more is wanted.
func (q *logQuery) write(w io.Writer, line string) bool {
	stamp, name, kind, text := splitLine(line)
	if !q.wants(stamp, name) {
		return true
	}
	if q.timestamps {
		text = stamp + " " + text
	}
	if kind == "F" {
		text += "\n"
	}
	if q.limit >= 0 {
		text = text[:min(int64(len(text)), q.limit)]
		q.limit -= int64(len(text))
	}
	_, err := io.WriteString(w, text)
	return err == nil && q.limit != 0
}

func (q logQuery) wants(stamp, name string) bool {
	if q.stream != "" && q.stream != "all" && q.stream != name {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, stamp)
	return q.since.IsZero() || err != nil || !at.Before(q.since)
}

func splitLine(line string) (stamp, name, kind, text string) {
	parts := append(strings.SplitN(line, " ", 4), "", "", "", "")
	return parts[0], parts[1], parts[2], parts[3]
}

func (q logQuery) skipToTail(file *os.File) error {
	if q.tail < 0 {
		return nil
	}
	var starts []int64
	offset := int64(0)
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadString('\n')
		if stamp, name, kind, _ := splitLine(line); err == nil && kind == "F" && q.wants(stamp, name) {
			starts = append(starts, offset)
		}
		offset += int64(len(line))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	start := offset
	if wanted := int(min(q.tail, int64(len(starts)))); wanted > 0 {
		start = starts[len(starts)-wanted]
	}
	_, err := file.Seek(start, io.SeekStart)
	return err
}
