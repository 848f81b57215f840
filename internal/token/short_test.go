package token_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/token"
)

func TestShortTokens(t *testing.T) {
	old, fresh := "an old secret of the tests, long enough", "a new secret of the tests, long enough"
	id := uuid.MustParse("01937a5e-6f1c-7c52-9d0e-2f6a1c3b4d5e")
	k := token.NewKeys(old)
	text := k.MintShort(token.Mailbox, id)
	if len(text) != token.ShortLength || text != strings.ToLower(text) || text != k.MintShort(token.Mailbox, id) {
		t.Fatalf("%q", text)
	}
	for name, good := range map[string]string{"as it is": text, "shouted by a mail server": strings.ToUpper(text)} {
		if got, err := token.NewKeys(fresh, old).OpenShort(token.Mailbox, good); err != nil || got != id {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	flip := map[bool]string{true: "b", false: "a"}[text[39] == 'a']
	for name, bad := range map[string]string{"empty": "", "cut": text[:39], "longer": text + "a", "another mark": text[:39] + flip, "another id": "b" + text[1:],
		"no such letter": text[:39] + "1", "a line break": text[:39] + "\n", "Kelvin for k": strings.Repeat("\u212a", 13) + "a"} {
		if _, err := k.OpenShort(token.Mailbox, bad); err == nil {
			t.Errorf("%s opens", name)
		}
	}
	if _, err := token.NewKeys(fresh).OpenShort(token.Mailbox, text); err == nil {
		t.Error("another installation opens it")
	}
	if _, err := k.OpenShort(token.Grant, text); err == nil {
		t.Error("it opens for another purpose")
	}
}
