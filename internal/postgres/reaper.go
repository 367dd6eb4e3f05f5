package postgres

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// reaper is a small shell that outlives us: when our end of its pipe closes, however we ended, it sees the throwaway's
// postmaster out and removes its folder.
type reaper struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

const reap = `pid=""
while read -r line; do pid="$line"; done
if [ -n "$pid" ]; then
  kill -INT "$pid" 2>/dev/null
  n=0
  while kill -0 "$pid" 2>/dev/null && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1" "$2"`

func startReaper(h home) (*reaper, error) {
	cmd := exec.Command("/bin/sh", "-c", reap, "relais-reaper", h.dir, h.socket)
	cmd.Dir, cmd.Env = "/", plainEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("watch the throwaway cluster: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("watch the throwaway cluster: %w", err)
	}
	return &reaper{cmd: cmd, in: in}, nil
}

// watch tells it which process to see out.
func (r *reaper) watch(pid int) { fmt.Fprintln(r.in, pid) }

// forget tells it that the process has ended, so that its number may be another's by now.
func (r *reaper) forget() { fmt.Fprintln(r.in) }

// finish lets it do its work now and waits for that.
func (r *reaper) finish() {
	r.in.Close()
	_ = r.cmd.Wait()
}
