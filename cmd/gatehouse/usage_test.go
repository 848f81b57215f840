package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// said runs the program in an empty data folder, which must stay empty.
func said(t *testing.T, args []string, environ ...string) (code int, out, faults string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	var o, e bytes.Buffer
	code = run(args, append([]string{"GATEHOUSE_DATA_DIR=" + dir}, environ...), &o, &e)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%v made a data folder: %v", args, err)
	}
	return code, o.String(), e.String()
}

// Every subcommand explains itself, whatever the configuration is worth.
func TestEverySubcommandHasHelp(t *testing.T) {
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	var walk func(*kong.Node, []string)
	walk = func(n *kong.Node, path []string) {
		for _, c := range n.Children {
			here := append(append([]string{}, path...), c.Name)
			commands = append(commands, strings.Join(here, " "))
			walk(c, here)
		}
	}
	walk(parser.Model.Node, nil)
	has := "," + strings.Join(commands, ",") + ","
	for _, want := range []string{"serve", "migrate", "doctor", "verify", "user add", "backup", "restore", "release", "erase", "seed", "version", "health"} {
		if !strings.Contains(has, ","+want+",") {
			t.Errorf("no subcommand %q", want)
		}
	}
	for _, c := range append(commands, "") {
		code, out, faults := said(t, append(strings.Fields(c), "--help"), "GATEHOUSE_LISTEN=nonsense")
		if code != 0 || faults != "" || !strings.Contains(out, "Usage: gatehouse") || !strings.Contains(out, "--config") {
			t.Errorf("%q --help: exit %d\n%s%s", c, code, out, faults)
		}
	}
}

func TestExitCodes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	const secret = "GATEHOUSE_SECRET=canary-of-the-secret-32-bytes-long"
	absent := filepath.Join(t.TempDir(), "absent.yaml")
	for _, tc := range []struct {
		args    string
		environ []string
		code    int
		says    string // on stderr
	}{
		{"version", nil, 0, ""},
		{"version --config " + absent, []string{"GATEHOUSE_LISTEN=nonsense", "GATEHOUSE_SECRET=hunter2"}, 0, ""},
		{"sevre", nil, exitUsage, "sevre"},
		{"version --frobnicate", nil, exitUsage, "--frobnicate"},
		{"--frobnicate", nil, exitUsage, "--frobnicate"},
		{"version more", nil, exitUsage, "more"},
		{"serve --role boss", nil, exitUsage, "--role"},
		{"user", nil, exitUsage, "add"},
		{"user add --email a@b.example", nil, exitUsage, "--role"},
		{"user add --email a@b.example --role boss", nil, exitUsage, "--role"},
		{"restore", nil, exitUsage, "<file>"},
		{"seed --leads many", nil, exitUsage, "--leads"},
		{"serve --config " + absent, nil, exitUsage, absent},
		{"--config " + absent, nil, exitUsage, absent},
		{"", []string{"GATEHOUSE_LISTEN=0.0.0.0:0"}, exitUsage, "GATEHOUSE_MAIL"},
		{"serve --role web", nil, exitUsage, "DATABASE_URL"},
		{"serve --role worker", nil, exitUsage, "DATABASE_URL"},
		{"", []string{"GATEHOUSE_LISTEN=" + taken.Addr().String()}, exitFailed, taken.Addr().String()},
		{"migrate --status", []string{"DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1", secret}, exitFailed, "127.0.0.1"},
		{"health --url http://127.0.0.1:1/", nil, exitFailed, "does not answer"},
	} {
		code, out, faults := said(t, strings.Fields(tc.args), tc.environ...)
		if code != tc.code || !strings.Contains(faults, tc.says) || (code == 0) != (faults == "") {
			t.Errorf("%q: exit %d, want %d with %q\n%s", tc.args, code, tc.code, tc.says, faults)
		}
		if code != 0 && out != "" {
			t.Errorf("%q fails and prints on stdout: %s", tc.args, out)
		}
		if text := out + faults; strings.Contains(text, "hunter2") || strings.Contains(text, "canary-of") {
			t.Errorf("%q prints a secret: %s", tc.args, text)
		}
	}
}

func TestVersionSaysThree(t *testing.T) {
	_, out, _ := said(t, []string{"version"})
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "gatehouse ") || !strings.HasPrefix(lines[1], "go go") || !strings.HasPrefix(lines[2], "schema ") {
		t.Errorf("%q", out)
	}
}

// Every fault of file and environment is told in one go, on stderr, and no secret with it.
func TestEveryFaultOfTheConfigurationIsTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "gatehouse.yaml")
	if err := os.WriteFile(name, []byte("sendgrid_api_key: SG.hunter2\nmial: smtp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"GATEHOUSE_LISTEN=0.0.0.0", "DATABASE_URL=mysql://u:hunter2@db/x", "GATEHOUSE_SECRET=hunter2", "GATEHOUSE_MAIL=smtp", "SMTP_URL=ftp://u:hunter2@mail.example",
		"GATEHOUSE_LIMITS=hunter", "GATEHOUSE_PASSWORD=hunter2", "GATEHOUSE_CONNECTIONS=several"}
	for _, command := range []string{"", "serve", "migrate", "verify", "backup x", "restore x", "release", "erase --address a@b.example", "seed --leads 1", "user add --email a@b.example --role admin"} {
		code, out, faults := said(t, append(strings.Fields(command), "--config", name), environ...)
		if code != exitUsage || out != "" {
			t.Errorf("%q: exit %d, stdout %q", command, code, out)
		}
		for _, want := range []string{name + ": line 2: field mial", "GATEHOUSE_LISTEN:", "DATABASE_URL:", "GATEHOUSE_SECRET:", "SMTP_URL:", "GATEHOUSE_LIMITS:", "GATEHOUSE_PASSWORD is not", "GATEHOUSE_CONNECTIONS:"} {
			if strings.Count(faults, "\n  - "+want) != 1 {
				t.Errorf("%q does not say %q once:\n%s", command, want, faults)
			}
		}
		if n := strings.Count(faults, "\n  - "); n != 8 {
			t.Errorf("%q: %d faults\n%s", command, n, faults)
		}
		if strings.Contains(faults, "hunter2") {
			t.Errorf("%q prints a secret:\n%s", command, faults)
		}
	}
}
