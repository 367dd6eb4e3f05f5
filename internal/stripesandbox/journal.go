package stripesandbox

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

// The journal is a file of lines. Each line is one commit: every object that it changed, whole. Reading the lines in
// order gives the state back. A commit is written before its answer leaves, so that what a caller was told is never
// forgotten; a process killed in the middle of a line leaves a torn last line, of which nobody was told, and which the
// next start cuts off.
type journal struct {
	file *os.File
}

type journalEntry struct {
	Kind   string          `json:"kind"`
	Object json.RawMessage `json:"object"`
}

// openJournal opens or creates the file and calls apply for each object of each whole line, in order. Only one process
// at a time can have it open.
func openJournal(path string, apply func(object)) (*journal, error) {
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
	return &journal{file: f}, nil
}

// replay returns the offset behind the last whole line.
func replay(r io.Reader, apply func(object)) (int64, error) {
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
		var entries []journalEntry
		if err := json.Unmarshal(text, &entries); err != nil {
			return end, fmt.Errorf("at byte %d: %w", end, err)
		}
		for _, e := range entries {
			o, err := decode(e)
			if err != nil {
				return end, fmt.Errorf("at byte %d: %w", end, err)
			}
			apply(o)
		}
		end += int64(len(text))
	}
}

// append writes one commit in one write.
func (j *journal) append(changes []object) error {
	entries := make([]journalEntry, len(changes))
	for i, o := range changes {
		raw, err := json.Marshal(o)
		if err != nil {
			return fmt.Errorf("write sandbox journal: %w", err)
		}
		entries[i] = journalEntry{Kind: o.kind(), Object: raw}
	}
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

func (j *journal) close() error { return j.file.Close() }

func decode(e journalEntry) (object, error) {
	switch e.Kind {
	case "account":
		return decodeAs[account](e.Object)
	case "link":
		return decodeAs[link](e.Object)
	case "checkout.session":
		return decodeAs[session](e.Object)
	case "payment_intent":
		return decodeAs[paymentIntent](e.Object)
	case "charge":
		return decodeAs[charge](e.Object)
	case "refund":
		return decodeAs[refund](e.Object)
	case "transfer":
		return decodeAs[transfer](e.Object)
	case "transfer_reversal":
		return decodeAs[reversal](e.Object)
	case "dispute":
		return decodeAs[dispute](e.Object)
	case "terminal.location":
		return decodeAs[location](e.Object)
	case "terminal.reader":
		return decodeAs[terminal](e.Object)
	case "file":
		return decodeAs[file](e.Object)
	case "topup":
		return decodeAs[topup](e.Object)
	case "payout":
		return decodeAs[payout](e.Object)
	case "balance_transaction":
		return decodeAs[balanceTransaction](e.Object)
	case "event":
		return decodeAs[event](e.Object)
	case "idempotency":
		return decodeAs[idempotency](e.Object)
	case "delivery":
		return decodeAs[delivery](e.Object)
	}
	return nil, fmt.Errorf("unknown kind %q", e.Kind)
}

func decodeAs[T object](raw json.RawMessage) (object, error) {
	var o T
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, err
	}
	return o, nil
}
