package postgres

import (
	"fmt"
	"os"
)

// What a private cluster keeps in memory: an eighth of the machine's, within bounds. Postgres' own default of 128 MB has it read the
// pages of a large ledger's indexes again and again: with an eighth a run of 100,000 payouts takes a third of the time.
const (
	leastBuffers = 128  // MB
	mostBuffers  = 2048 // MB
)

// buffersMB is the size of shared_buffers for a machine with so much memory, in MB.
func buffersMB(memoryKB int64) int64 {
	return max(leastBuffers, min(mostBuffers, memoryKB/1024/8))
}

// memoryKB is the machine's memory in kB, 0 where the system does not say.
func memoryKB() (kb int64) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	if _, err := fmt.Fscanf(f, "MemTotal: %d kB", &kb); err != nil {
		return 0
	}
	return kb
}
