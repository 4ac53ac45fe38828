package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type loadResult struct {
	Requests int64   `json:"requests"`
	Failed   int64   `json:"failed"`
	Why      string  `json:"why"`
	Seconds  float64 `json:"seconds"`
	Bytes    int64   `json:"bytes"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
}

// load presses on an address over kept connections, for some seconds or for a number of requests: as fast as answers come, or at a given rate.
// At a rate, an answer that should have been asked for earlier counts from when it should have been: a slow proxy cannot hide by being slow.
func load(args []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	where := destinationFlags(flags)
	connections, seconds := flags.Int("connections", 32, ""), flags.Float64("seconds", 5, "")
	rate, count := flags.Float64("rate", 0, "requests a second, all connections together"), flags.Int64("requests", 0, "instead of seconds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	address, trust, tokens, err := where()
	if err != nil {
		return err
	}
	request := requestFor(address, tokens[0])
	clients := make([]*client, *connections)
	for i := range clients {
		if clients[i], err = dial(address, trust, request, 64<<10); err != nil {
			return err
		}
		// What a first request costs (a connection upstream) is no part of what is measured.
		if status, _, err := clients[i].ask(); err != nil || status != 200 {
			return fmt.Errorf("the first answer was %d, %v", status, err)
		}
	}
	// Whoever counts the processor's time begins to count here.
	say(map[string]bool{"ready": true})
	result := loadResult{}
	latencies := make([][]time.Duration, len(clients))
	var failed, asked, received atomic.Int64
	var why sync.Map
	began := time.Now()
	ends := began.Add(time.Duration(*seconds * float64(time.Second)))
	var everybody sync.WaitGroup
	for i, c := range clients {
		everybody.Go(func() {
			every := time.Duration(0)
			due := began
			if *rate > 0 {
				every = time.Duration(float64(len(clients)) / *rate * float64(time.Second))
				due = began.Add(time.Duration(rand.Float64() * float64(every)))
			}
			for {
				from := time.Now()
				if *rate > 0 {
					if wait := due.Sub(from); wait > 0 {
						time.Sleep(wait)
						from = time.Now()
					} else {
						from = due
					}
					due = due.Add(every)
				}
				if *count > 0 && asked.Add(1) > *count || *count == 0 && !from.Before(ends) {
					return
				}
				status, body, err := c.ask()
				if err != nil || status != 200 {
					failed.Add(1)
					why.Store("first", fmt.Sprint(status, " ", err))
					if err != nil {
						return
					}
					continue
				}
				received.Add(body)
				latencies[i] = append(latencies[i], time.Since(from))
			}
		})
	}
	everybody.Wait()
	result.Seconds = time.Since(began).Seconds()
	all := slices.Concat(latencies...)
	slices.Sort(all)
	result.Requests, result.Failed, result.Bytes = int64(len(all)), failed.Load(), received.Load()
	if first, some := why.Load("first"); some {
		result.Why = first.(string)
	}
	if len(all) > 0 {
		at := func(share float64) float64 { return all[int(share*float64(len(all)-1))].Seconds() * 1_000 }
		result.P50, result.P99, result.Max = at(0.5), at(0.99), at(1)
	}
	say(result)
	return nil
}
