package email

import (
	"context"
	"net"
	"time"
)

// CheckKey opens a session with the mail server and logs in; it sends no mail.
func (s *SMTP) CheckKey(ctx context.Context) Finding {
	f := Finding{Check: "SMTP server"}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var conn net.Conn
	client, err := s.client(ctx, &conn)
	if err != nil {
		f.Level, f.Text, f.Mend = LevelFailed, "The SMTP settings cannot be used.", "Check SMTP_URL."
		return f
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if conn != nil {
		defer func() { _ = conn.Close() }()
	}
	if err != nil {
		res := smtpDialFailed(err)
		f.Level, f.Text = LevelFailed, "The mail server does not let us in: "+orElse(res.Reason, "no session could be opened")+"."
		f.Mend = "Check host, port, user and password in SMTP_URL, and that this machine may open connections to it."
		return f
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second)) // taking leave must not hold us up
	_ = client.CloseWithSMTPClient(session)
	f.Level, f.Text = LevelOK, "The mail server answers"
	if s.user != "" {
		f.Text += " and takes our login"
	}
	f.Text += "."
	return f
}
