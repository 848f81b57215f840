package postgres

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// endWithUs lets the kernel send a fast shutdown to the server when the thread that
// started it ends, which is why that thread is kept (prctl(2), PR_SET_PDEATHSIG).
func endWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// hasSyncfs: initdb of PostgreSQL 17 and newer can flush the file system with one call.
const hasSyncfs = true

// processes returns the arguments of all processes that we may see, by process id.
// A PostgreSQL backend overwrites its arguments with one title.
func processes() map[int][]string {
	all := map[int][]string{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if args := arguments(pid); len(args) > 0 {
			all[pid] = args
		}
	}
	return all
}

func arguments(pid int) []string {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	text := strings.TrimRight(string(raw), "\x00 ")
	if err != nil || text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}

// workFolder returns where a process works, "" where we may not know.
func workFolder(pid int) string {
	dir, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	return dir
}
