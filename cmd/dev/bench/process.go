package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// memory is what a process holds, in MiB; zero where /proc does not tell (it does on Linux).
type memory struct {
	RSS  float64 `json:"rss_mib"`
	Anon float64 `json:"anonymous_mib"` // without pages of the program's own file
}

func memoryOf(pid int) (m memory) {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	scan := bufio.NewScanner(bytes.NewReader(raw))
	for scan.Scan() {
		name, value, _ := strings.Cut(scan.Text(), ":")
		kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			m.RSS = kib / 1024
		case "RssAnon":
			m.Anon = kib / 1024
		}
	}
	return m
}

// statFields are the fields of /proc/pid/stat after the program's name, which may hold spaces: state, ppid, ...
func statFields(pid int) []string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	end := bytes.LastIndexByte(raw, ')')
	if err != nil || end < 0 {
		return nil
	}
	return strings.Fields(string(raw[end+1:]))
}

// cpuOf is the processor time that a process has used, children not included (USER_HZ is 100 wherever Go runs on Linux).
func cpuOf(pid int) time.Duration {
	f := statFields(pid)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// running tells that a process exists and is not just waiting for its parent to notice its end.
func running(pid int) bool {
	f := statFields(pid)
	return len(f) > 0 && f[0] != "Z"
}

// descendants are the processes that pid started, and theirs; deepest last.
func descendants(pid int) (all []int) {
	children := map[int][]int{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		id, _ := strconv.Atoi(filepath.Base(dir))
		if f := statFields(id); len(f) > 1 {
			parent, _ := strconv.Atoi(f[1])
			children[parent] = append(children[parent], id)
		}
	}
	for queue := children[pid]; len(queue) > 0; queue = queue[1:] {
		all = append(all, queue[0])
		queue = append(queue, children[queue[0]]...)
	}
	return all
}

// machine is what the figures were measured on.
type machine struct {
	OS         string            `json:"os"`
	Kernel     string            `json:"kernel"`
	CPU        string            `json:"cpu"`
	Cores      int               `json:"cores"`
	MemoryMiB  float64           `json:"memory_mib"`
	Go         string            `json:"go"`
	LoadBefore string            `json:"load_before"`
	SyncsPerS  float64           `json:"fsyncs_per_second"` // of 8 KiB appended to one file in the folder for temporary files
	PostgreSQL map[string]string `json:"postgresql,omitempty"`
}

func machineFacts(dir string) machine {
	m := machine{OS: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), Kernel: firstLine("/proc/sys/kernel/osrelease"),
		LoadBefore: firstLine("/proc/loadavg"), CPU: valueIn("/proc/cpuinfo", "model name")}
	kib, _ := strconv.ParseFloat(strings.TrimSuffix(valueIn("/proc/meminfo", "MemTotal"), " kB"), 64)
	m.MemoryMiB = kib / 1024
	m.SyncsPerS = syncRate(dir, time.Second)
	return m
}

func firstLine(file string) string {
	raw, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(raw), "\n")
	return line
}

func valueIn(file, name string) string {
	raw, _ := os.ReadFile(file)
	for line := range strings.Lines(string(raw)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// syncRate is how often a second the disk confirms that it keeps something: what a commit costs at least.
func syncRate(dir string, d time.Duration) float64 {
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close(); _ = os.Remove(f.Name()) }()
	block, n, start := make([]byte, 8<<10), 0, time.Now()
	for time.Since(start) < d {
		if _, err := f.Write(block); err != nil {
			return 0
		}
		if err := f.Sync(); err != nil {
			return 0
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds()
}
