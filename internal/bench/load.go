package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// target is what a load is sent to.
type target struct {
	addr    string
	status  int                                    // expected; any other ends the measurement
	request func(buf []byte, n int64) []byte       // appends the n-th request, counted from 0 over all connections
	check   func(status int, location []byte) bool // more to expect of an answer; nil: nothing
}

// load is how a target stood up to it.
type load struct {
	Answered  int64
	PerSecond float64
	P50, P99  float64 // milliseconds
}

// drive keeps every connection busy with one request at a time for that long. All requests sent are answered when it returns.
func drive(ctx context.Context, t target, connections int, span time.Duration) (load, error) {
	conns := make([]net.Conn, connections)
	for i := range conns {
		c, err := net.Dial("tcp", t.addr)
		if err != nil {
			return load{}, fmt.Errorf("connect: %w", err)
		}
		defer c.Close()
		conns[i] = c
	}
	var (
		next  atomic.Int64
		group sync.WaitGroup
		times = make([][]time.Duration, connections)
		errs  = make([]error, connections)
	)
	start := time.Now()
	end := start.Add(span)
	for i, c := range conns {
		group.Go(func() { times[i], errs[i] = t.loop(ctx, c, &next, end) })
	}
	group.Wait()
	took := time.Since(start)
	all := slices.Concat(times...)
	if err := errors.Join(errors.Join(errs...), ctx.Err()); err != nil {
		return load{}, err
	}
	slices.Sort(all)
	return load{Answered: int64(len(all)), PerSecond: float64(len(all)) / took.Seconds(), P50: quantile(all, 0.50), P99: quantile(all, 0.99)}, nil
}

// loop is one connection's part.
func (t target) loop(ctx context.Context, c net.Conn, next *atomic.Int64, end time.Time) ([]time.Duration, error) {
	var times []time.Duration
	in, buf := bufio.NewReaderSize(c, 64<<10), make([]byte, 0, 1024)
	sent := time.Now()
	for sent.Before(end) && ctx.Err() == nil {
		buf = t.request(buf[:0], next.Add(1)-1)
		if _, err := c.Write(buf); err != nil {
			return times, fmt.Errorf("send request: %w", err)
		}
		a, err := readAnswer(in)
		if err != nil {
			return times, err
		}
		if a.status != t.status || t.check != nil && !t.check(a.status, a.location) {
			return times, fmt.Errorf("%s answers %d to %q (location %q)", t.addr, a.status, firstLine(buf), a.location)
		}
		now := time.Now()
		times = append(times, now.Sub(sent))
		sent = now
	}
	return times, nil
}

func firstLine(request []byte) []byte {
	line, _, _ := bytes.Cut(request, []byte("\r\n"))
	return line
}

// quantile of sorted durations, in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Microseconds()) / 1000
}

// answer is what is looked at of a response.
type answer struct {
	status   int
	location []byte // valid until the next read
	size     int    // of the body, bytes
}

var errAnswer = errors.New("not an HTTP/1.1 answer that this generator reads")

// readAnswer reads one HTTP/1.1 response whole: those that a Go server sends to a GET request, with Content-Length or chunked.
func readAnswer(in *bufio.Reader) (answer, error) {
	line, err := readLine(in)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, errAnswer
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, errAnswer
	}
	length, chunked := 0, false
	for {
		if line, err = readLine(in); err != nil {
			return a, err
		}
		if len(line) == 0 {
			break
		}
		switch name, value, _ := bytes.Cut(line, []byte(": ")); string(name) {
		case "Content-Length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return a, errAnswer
			}
		case "Transfer-Encoding":
			chunked = string(value) == "chunked"
		case "Location":
			a.location = append([]byte(nil), value...)
		}
	}
	if chunked {
		a.size, err = discardChunks(in)
		return a, err
	}
	a.size, err = in.Discard(length)
	return a, err
}

func discardChunks(in *bufio.Reader) (size int, err error) {
	for {
		line, err := readLine(in)
		if err != nil {
			return size, err
		}
		n, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return size, errAnswer
		}
		if _, err := in.Discard(int(n) + 2); err != nil {
			return size, err
		}
		if n == 0 {
			return size, nil
		}
		size += int(n)
	}
}

func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}
