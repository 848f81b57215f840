package app_test

import (
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestFromFormToMail(t *testing.T) {
	k := testkit.New(t)
	k.Take(testkit.Submit("ann@example.org"))
	k.Deliver()
	mails := k.Mail.All()
	if len(mails) != 1 || mails[0].To != "ann@example.org" {
		t.Fatalf("mails: %+v", mails)
	}
	if strings.Contains(mails[0].HTML+mails[0].Text, "Archer") {
		t.Error("the mail repeats what was typed; anyone can type anyone's address")
	}
	if n := k.Count("select count(*) from leads"); n != 1 {
		t.Errorf("%d leads", n)
	}
}
