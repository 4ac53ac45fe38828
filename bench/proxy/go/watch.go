package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sync"
	"time"
)

type opened struct {
	Open    int     `json:"open"`
	Seconds float64 `json:"seconds"`
}

type ended struct {
	Ended int `json:"ended"`
	// Ended as a watch ends that may be resumed (a last chunk), not broken off.
	Whole int `json:"whole"`
	// By the machine's clock, in milliseconds.
	First float64 `json:"first"`
	P50   float64 `json:"p50"`
	Last  float64 `json:"last"`
}

// watch opens watches, each on a connection of its own, the tokens in turn; says when every one has had its first event, and, when all have
// ended, when that was.
func watch(args []string) error {
	flags := flag.NewFlagSet("watch", flag.ExitOnError)
	where := destinationFlags(flags)
	count, atOnce := flags.Int("count", 1000, ""), flags.Int("at-once", 32, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	address, trust, tokens, err := where()
	if err != nil {
		return err
	}
	began := time.Now()
	ends := make([]float64, *count)
	whole := make([]bool, *count)
	places := make(chan struct{}, *atOnce)
	failures := make(chan error, *count)
	var open, over sync.WaitGroup
	for i := range *count {
		places <- struct{}{}
		open.Add(1)
		over.Go(func() {
			c, err := openWatch(address, requestFor(address, tokens[i%len(tokens)]), trust)
			if err != nil {
				failures <- fmt.Errorf("watch %d: %w", i, err)
			}
			open.Done()
			<-places
			if err != nil {
				return
			}
			_, err = c.discardChunks()
			ends[i], whole[i] = float64(time.Now().UnixMicro())/1_000, err == nil
			c.conn.Close()
		})
	}
	open.Wait()
	select {
	case err := <-failures:
		return err
	default:
	}
	say(opened{*count, time.Since(began).Seconds()})
	over.Wait()
	slices.Sort(ends)
	result := ended{Ended: *count, First: ends[0], P50: ends[len(ends)/2], Last: ends[len(ends)-1]}
	for _, w := range whole {
		if w {
			result.Whole++
		}
	}
	say(result)
	return nil
}

func openWatch(address *url.URL, request []byte, trust *tls.Config) (*client, error) {
	c, err := dial(address, trust, request, 1<<10)
	if err != nil {
		return nil, fmt.Errorf("no connection: %w", err)
	}
	if _, err = c.conn.Write(request); err != nil {
		return nil, err
	}
	status, _, chunked, err := c.readHead()
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	if status != 200 || !chunked {
		return nil, fmt.Errorf("answered %d, chunked %v", status, chunked)
	}
	size, err := c.readChunkSize()
	if err != nil || size == 0 {
		return nil, errors.Join(errors.New("ended before its first event"), err)
	}
	_, err = io.CopyN(io.Discard, c.reader, size+2)
	return c, err
}
