// Package journal keeps what the sandbox remembers in a file of lines. Each line is one commit: every object that it changed, whole.
// Reading the lines in order gives the state back. A commit is written before its answer leaves, so that what a caller was told is
// never forgotten; a process killed in the middle of a line leaves a torn last line, of which nobody was told, and which the next
// start cuts off.
package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Journal is an open file of commits.
type Journal struct {
	file *os.File
}

// Entry is one object of a commit.
type Entry struct {
	Kind   string          `json:"kind"`
	Object json.RawMessage `json:"object"`
}

// Open opens or creates the file and calls apply for each object of each whole line, in order. Only one process at a time can have
// it open.
func Open(path string, apply func(Entry) error) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open sandbox journal: %w", err)
	}
	end, err := int64(0), syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		err = fmt.Errorf("another sandbox is using it: %w", err)
	} else if end, err = replay(f, apply); err == nil {
		err = f.Truncate(end)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read sandbox journal %s: %w", path, err), f.Close())
	}
	return &Journal{file: f}, nil
}

// replay returns the offset behind the last whole line.
func replay(r io.Reader, apply func(Entry) error) (int64, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	var end int64
	for {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return end, err
		}
		var entries []Entry
		if err := json.Unmarshal(text, &entries); err != nil {
			return end, fmt.Errorf("at byte %d: %w", end, err)
		}
		for _, e := range entries {
			if err := apply(e); err != nil {
				return end, fmt.Errorf("at byte %d: %w", end, err)
			}
		}
		end += int64(len(text))
	}
}

// Append writes one commit in one write.
func (j *Journal) Append(entries []Entry) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(entries); err != nil {
		return fmt.Errorf("write sandbox journal: %w", err)
	}
	if _, err := j.file.Write(text.Bytes()); err != nil {
		return fmt.Errorf("write sandbox journal: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }
