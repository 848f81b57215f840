package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
)

// An invalid configuration is a line of the doctor's, not the end of it, and no secret is printed.
func TestDoctorTellsOfTheConfiguration(t *testing.T) {
	var out, faults bytes.Buffer
	code := run([]string{"doctor"}, []string{"GATEHOUSE_DATA_DIR=" + t.TempDir(), "GATEHOUSE_LISTEN=0.0.0.0:80", "GATEHOUSE_BASE_URL=http://papers.example",
		"GATEHOUSE_SECRET=too-short-a-secret", "GATEHOUSE_LIMITS=off", "GATEHOUSE_TYPO=1"}, &out, &faults)
	if code != exitFailed {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{"failed   configuration  GATEHOUSE_MAIL:", "GATEHOUSE_TYPO is not a variable", "shorter than 32 bytes", "plain http", "warning  configuration  GATEHOUSE_LIMITS is off"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not said: %s\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String()+faults.String(), "too-short-a-secret") {
		t.Error("the secret is printed")
	}
}

func TestDoctorMakesNothingNew(t *testing.T) {
	dir := t.TempDir()
	var out, faults bytes.Buffer
	if code := run([]string{"doctor"}, []string{"GATEHOUSE_DATA_DIR=" + dir}, &out, &faults); code != 0 {
		t.Errorf("exit %d: %s%s", code, out.String(), faults.String())
	}
	if !strings.Contains(out.String(), "no database in the data folder yet") {
		t.Error(out.String())
	}
}

func TestTheReportAddsUpInPrint(t *testing.T) {
	var out bytes.Buffer
	r := app.VerifyReport{Counts: []app.VerifyLine{{What: "messages", Total: 3, Parts: []app.VerifyPart{{Name: "sent", N: 2}, {Name: "held"}, {Name: "without a job", N: 1, Bad: true}}}},
		Unexplained: []app.VerifyItem{{Kind: "messages", ID: "an-id", Sentence: "No job will send it."}}, Total: 2}
	if err := printReport(&out, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 = 2 sent + 1 without a job", "2 not explained", "messages an-id: No job will send it.", "and 1 more"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not printed: %s\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "held") {
		t.Error("an empty part is printed")
	}
}

func TestProgressWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	p := progress(&out)
	for i := 1; i <= 100; i++ {
		p(i, 100)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 10 || strings.Contains(out.String(), "\r") {
		t.Errorf("%d lines: %q", lines, out.String())
	}
}
