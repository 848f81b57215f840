package smtptest

import (
	"context"
	"net/smtp"
	"strings"
	"testing"
)

func TestKeepsAndFails(t *testing.T) {
	s := New(t, Options{})
	s.Faults(RcptNo, OK, DataLater)
	send := func() error {
		return smtp.SendMail(s.Addr, nil, "papers@example.com", []string{"ann@example.org"}, []byte("Subject: x\r\n\r\nhi\r\n"))
	}
	if err := send(); err == nil || !strings.HasPrefix(err.Error(), "550") {
		t.Errorf("first: %v", err)
	}
	if err := send(); err != nil {
		t.Errorf("second: %v", err)
	}
	if err := send(); err == nil || !strings.HasPrefix(err.Error(), "452") {
		t.Errorf("third: %v", err)
	}
	if err := s.WaitFor(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	all := s.All()
	if len(all) != 1 || all[0].To != "ann@example.org" || all[0].From != "papers@example.com" || !strings.Contains(string(all[0].Raw), "hi\r\n") {
		t.Errorf("%+v", all)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s.WaitFor(ctx, 2) == nil {
		t.Error("waited for what never came")
	}
}

func TestNeedsLoginWhenAsked(t *testing.T) {
	s := New(t, Options{User: "ann", Password: "pw"})
	msg := []byte("Subject: x\r\n\r\nhi\r\n")
	if err := smtp.SendMail(s.Addr, nil, "a@example.com", []string{"b@example.org"}, msg); err == nil {
		t.Error("taken without login")
	}
	auth := smtp.PlainAuth("", "ann", "pw", "127.0.0.1")
	if err := smtp.SendMail(s.Addr, auth, "a@example.com", []string{"b@example.org"}, msg); err != nil {
		t.Error(err)
	}
}
