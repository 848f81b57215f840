package token

import (
	"bytes"
	"testing"
)

func TestSealRoundTrip(t *testing.T) {
	k := NewKeys(newSecret)
	for name, plain := range map[string][]byte{"empty": {}, "short": []byte("whsec_1"), "long": bytes.Repeat([]byte("secret"), 10_000)} {
		t.Run(name, func(t *testing.T) {
			sealed := k.Seal("connector/1", plain)
			if len(plain) > 0 && bytes.Contains(sealed, plain) {
				t.Error("the plain text shows")
			}
			if len(sealed) != len(plain)+sealOverhead {
				t.Errorf("%d bytes for %d", len(sealed), len(plain))
			}
			got, err := k.Unseal("connector/1", sealed)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("Unseal = %q, %v", got, err)
			}
			if bytes.Equal(sealed, k.Seal("connector/1", plain)) {
				t.Error("sealing twice gave the same text: the nonce repeats")
			}
		})
	}
}

func TestUnsealRefuses(t *testing.T) {
	k := NewKeys(newSecret, oldSecret)
	sealed := k.Seal("connector/1", []byte("whsec_1"))
	for bit := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		if got, err := k.Unseal("connector/1", changed); err != ErrInvalid || got != nil {
			t.Errorf("bit %d changed: %q, %v", bit, got, err)
		}
	}
	for n := range sealed {
		if _, err := k.Unseal("connector/1", sealed[:n]); err != ErrInvalid {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	for name, open := range map[string]func() ([]byte, error){
		"longer":          func() ([]byte, error) { return k.Unseal("connector/1", append(bytes.Clone(sealed), 0)) },
		"another row":     func() ([]byte, error) { return k.Unseal("connector/2", sealed) },
		"no purpose":      func() ([]byte, error) { return k.Unseal("", sealed) },
		"another secret":  func() ([]byte, error) { return NewKeys(oldSecret).Unseal("connector/1", sealed) },
		"a token instead": func() ([]byte, error) { return k.Unseal("grant", []byte(k.Mint(Grant, sample))) },
		"nothing":         func() ([]byte, error) { return k.Unseal("connector/1", nil) },
	} {
		if got, err := open(); err != ErrInvalid || got != nil {
			t.Errorf("%s: %q, %v; want ErrInvalid", name, got, err)
		}
	}
}

func TestSealRotation(t *testing.T) {
	during := NewKeys(newSecret, oldSecret)
	old := NewKeys(oldSecret).Seal("p", []byte("v"))
	if got, err := during.Unseal("p", old); err != nil || string(got) != "v" {
		t.Errorf("the old secret's value: %q, %v", got, err)
	}
	if !during.Stale("p", old) {
		t.Error("the old secret's value is not called stale")
	}
	again := during.Seal("p", []byte("v"))
	if during.Stale("p", again) {
		t.Error("a fresh value is called stale")
	}
	if _, err := NewKeys(newSecret).Unseal("p", again); err != nil {
		t.Errorf("after the old secret was dropped: %v", err)
	}
	if _, err := NewKeys(newSecret).Unseal("p", old); err != ErrInvalid {
		t.Errorf("a value under the dropped secret: %v", err)
	}
}

func FuzzUnseal(f *testing.F) {
	k := NewKeys(newSecret)
	f.Add(k.Seal("p", []byte("v")))
	f.Add([]byte{})
	f.Add(make([]byte, sealOverhead))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if got, err := k.Unseal("p", sealed); err == nil && string(got) != "v" { // nothing else was ever sealed
			t.Errorf("%x opened as %q", sealed, got)
		}
	})
}
