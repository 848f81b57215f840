//go:build darwin || freebsd

package postgres

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// endWithUs: there is no PR_SET_PDEATHSIG here; the next start ends an orphaned server.
func endWithUs(*syscall.SysProcAttr) {}

const hasSyncfs = false

// syncFileSystem is never called where initdb syncs by itself.
func syncFileSystem(string) error { return nil }

// processes returns the arguments of all processes that we may see, by process id.
func processes() map[int][]string {
	all := map[int][]string{}
	out, _ := exec.Command("ps", "-axww", "-o", "pid=,command=").Output()
	for line := range strings.Lines(string(out)) {
		id, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, err := strconv.Atoi(id)
		if err != nil {
			continue
		}
		if command = strings.TrimSpace(command); strings.HasPrefix(command, "postgres: ") {
			all[pid] = []string{command} // the title of a backend
		} else if args := strings.SplitN(command, " ", 3); args[0] != "" {
			all[pid] = args // "postgres -D /a folder": the folder stays whole
		}
	}
	return all
}

func arguments(pid int) []string { return processes()[pid] }

func workFolder(int) string { return "" }
