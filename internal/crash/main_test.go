// Package crash proves the promises of intake and delivery against the real program: it is killed, stopped, and its
// database and mail provider fail under load, and then everything that was acknowledged is reconciled with everything
// that was done. GATEHOUSE_LONG=1 runs the long rounds.
package crash

import (
	"flag"
	"os"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue { // they mostly wait for the program, not for a core
		_ = f.Value.Set("6")
	}
	proc.Main(m)
}

// rounds is how often something is done in the normal run and in the long one.
func rounds(normal, long int) int {
	if os.Getenv("GATEHOUSE_LONG") != "" {
		return long
	}
	return normal
}
