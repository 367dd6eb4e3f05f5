package postgres

import "testing"

func TestBuffers(t *testing.T) {
	for kb, want := range map[int64]int64{0: 128, 512 << 10: 128, 4 << 20: 512, 24 << 20: 2048, 512 << 20: 2048} {
		if got := buffersMB(kb); got != want {
			t.Errorf("of %d kB %d MB are kept, want %d", kb, got, want)
		}
	}
	if memoryKB() < 64<<10 {
		t.Errorf("this machine has %d kB", memoryKB())
	}
}
