package email_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/testkit/smtptest"
)

func TestSMTPCheckLogsInAndSendsNothing(t *testing.T) {
	sink := smtptest.New(t, smtptest.Options{})
	f := smtpSender(t, "smtp://"+sink.Addr, nil, 2*time.Second).CheckKey(t.Context())
	if f.Level != email.LevelOK || f.Mend != "" {
		t.Errorf("%+v", f)
	}
	if n := len(sink.All()); n != 0 {
		t.Errorf("%d mails went out", n)
	}
	f = smtpSender(t, "smtp://ann:wrong-password@"+sink.Addr, nil, 2*time.Second).CheckKey(t.Context())
	if f.Level != email.LevelFailed || f.Mend == "" || strings.Contains(f.Text+f.Mend, "wrong-password") {
		t.Errorf("a login that is refused: %+v", f)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	if f := smtpSender(t, "smtp://"+closed, nil, 2*time.Second).CheckKey(t.Context()); f.Level != email.LevelFailed {
		t.Errorf("nobody listens: %+v", f)
	}
}
