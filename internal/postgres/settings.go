package postgres

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// durable settings may not be changed by Options.Settings.
var durable = map[string]string{
	"fsync":              "on",
	"full_page_writes":   "on",
	"synchronous_commit": "on",
}

// modest settings are a start that Options.Settings may change.
var modest = map[string]string{
	"max_connections":         "100",
	"shared_buffers":          "128MB",
	"max_wal_size":            "512MB", // bounds what a start after a crash has to replay
	"timezone":                "UTC",
	"log_timezone":            "UTC",
	"lc_messages":             "C", // failure.go reads them
	"log_line_prefix":         "%m [%p] ",
	"log_checkpoints":         "off",
	"log_error_verbosity":     "terse", // details name values, that is people
	"log_min_error_statement": "panic", // statements hold values
}

// careless settings are for servers whose data nobody will miss.
var careless = map[string]string{
	"fsync":            "off",
	"full_page_writes": "off",
	"wal_level":        "minimal",
	"max_wal_senders":  "0",
	"autovacuum":       "off",
	"shared_buffers":   "64MB",
}

// listening is what each start chooses anew.
type listening struct {
	socket string // folder
	port   int
	name   string // cluster_name
}

func (l listening) settings() map[string]string {
	return map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(l.port),
		"unix_socket_directories": l.socket,
		"unix_socket_permissions": "0700",
		"cluster_name":            l.name,
		"update_process_title":    "on", // orphan.go knows our processes by it
		"password_encryption":     "scram-sha-256",
		"logging_collector":       "off", // standard error is our log file
	}
}

var settingName = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)?$`)

// refuse reports a setting that callers may not make.
func refuse(extra map[string]string, throwaway bool) error {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		_, kept := durable[name]
		_, ours := listening{}.settings()[name]
		switch {
		case !settingName.MatchString(name) || strings.ContainsAny(extra[name], "\n\r\x00"):
			return fmt.Errorf("%q = %q is not a setting of PostgreSQL", name, extra[name])
		case ours || strings.HasSuffix(name, "_file") || name == "data_directory":
			return fmt.Errorf("the setting %q of the private PostgreSQL is made by Gatehouse and cannot be changed", name)
		case kept && !throwaway:
			return fmt.Errorf("the setting %q of the private PostgreSQL stays on, or a crash would lose what was confirmed", name)
		}
	}
	return nil
}

// writeSettings replaces postgresql.conf, which is small so that it can be read.
func (f *folder) writeSettings(o Options, l listening) error {
	all := maps.Clone(modest)
	if o.Throwaway {
		maps.Copy(all, careless)
	} else {
		maps.Copy(all, durable)
	}
	maps.Copy(all, o.Settings)
	maps.Copy(all, l.settings())
	var b strings.Builder
	b.WriteString("# Written by Gatehouse at each start: changes made here are lost.\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value := strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(all[name])
		fmt.Fprintf(&b, "%s = '%s'\n", name, value)
	}
	return f.account.writeNew(filepath.Join(f.cluster(), "postgresql.conf"), b.String())
}
