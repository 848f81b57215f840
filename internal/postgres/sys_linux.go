package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// endWithUs lets the kernel send a fast shutdown to the server when the thread that
// started it ends, which is why that thread is kept (prctl(2), PR_SET_PDEATHSIG).
func endWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// hasSyncfs: the whole file system of a folder can be flushed with one call.
const hasSyncfs = true

// syncFileSystem returns when everything on the folder's file system is on the disk (syncfs(2); since Linux 5.8 it also
// reports write errors).
func syncFileSystem(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(d.Fd())), d.Close())
}

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
