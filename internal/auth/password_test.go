package auth

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/gatehouse/gatehouse/internal/errs"
)

func TestHashAndCheck(t *testing.T) {
	ctx := t.Context()
	const password = "five grey herons at dusk"
	hash, err := HashPassword(ctx, password)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, password) {
		t.Fatalf("HashPassword = %q, %v", hash, err)
	}
	if again, _ := HashPassword(ctx, password); again == hash {
		t.Error("two hashes of one password are the same: no salt")
	}
	for _, c := range []struct {
		password string
		want     bool
	}{
		{password, true}, {"", false}, {password + " ", false}, {strings.ToUpper(password), false}, {password[1:], false},
		{hash, false}, {password + "\x00", false}, {strings.Repeat("x", 10_000), false},
	} {
		if ok, again, err := CheckPassword(ctx, hash, c.password); ok != c.want || again || err != nil {
			t.Errorf("%.40q: %t, %t, %v", c.password, ok, again, err)
		}
	}
}

func TestPasswordIsTheSameInEverySpellingOfUnicode(t *testing.T) {
	hash, _ := HashPassword(t.Context(), "zwölf hübsche Körbe")                                     // composed
	if ok, _, _ := CheckPassword(t.Context(), hash, "zwo\u0308lf hu\u0308bsche Ko\u0308rbe"); !ok { // as a Mac types it
		t.Error("the decomposed spelling is refused")
	}
	if ok, _, _ := CheckPassword(t.Context(), hash, "zwolf hubsche Korbe"); ok {
		t.Error("the accents do not count")
	}
}

func TestOldParametersAskForANewHash(t *testing.T) {
	weak := *params
	weak.Memory, weak.Iterations = 8*1024, 1
	hash, err := argon2id.CreateHash("five grey herons", &weak)
	if err != nil {
		t.Fatal(err)
	}
	if ok, again, err := CheckPassword(t.Context(), hash, "five grey herons"); !ok || !again || err != nil {
		t.Errorf("right password: %t, %t, %v", ok, again, err)
	}
	if ok, again, err := CheckPassword(t.Context(), hash, "another"); ok || again || err != nil {
		t.Errorf("wrong password: %t, %t, %v: a guess must not change the hash", ok, again, err)
	}
}

func TestBrokenHashesNeverOpenAndNeverPanic(t *testing.T) {
	const saltKey = "$T9gUTnZU5dOGHwQ4wAPCtA$7FWaY+kFoLasWANMxmoeH7vOrUz74SA3ulhu/lV/pRw"
	for name, hash := range map[string]string{
		"plain text":   "five grey herons",
		"bcrypt":       "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"argon2i":      "$argon2i$v=19$m=19456,t=2,p=1" + saltKey,
		"no passes":    "$argon2id$v=19$m=19456,t=0,p=1" + saltKey,
		"no lanes":     "$argon2id$v=19$m=19456,t=2,p=0" + saltKey,
		"all memory":   "$argon2id$v=19$m=4294967295,t=2,p=1" + saltKey,
		"for ever":     "$argon2id$v=19$m=19456,t=4294967295,p=1" + saltKey,
		"empty key":    "$argon2id$v=19$m=19456,t=2,p=1$T9gUTnZU5dOGHwQ4wAPCtA$",
		"empty salt":   "$argon2id$v=19$m=19456,t=2,p=1$$7FWaY+kFoLasWANMxmoeH7vOrUz74SA3ulhu/lV/pRw",
		"only dollars": "$$$$$",
	} {
		for _, password := range []string{"", "five grey herons"} {
			if ok, _, err := CheckPassword(t.Context(), hash, password); ok || !errs.Is(err, errs.Internal) {
				t.Errorf("%s: %t, %v; want no and an internal error", name, ok, err)
			}
		}
	}
	for _, password := range []string{"", " ", nobody} {
		if ok, _, err := CheckPassword(t.Context(), "", password); ok || err != nil {
			t.Errorf("no password set, %q typed: %t, %v", password, ok, err)
		}
	}
}

func TestDummyCheckDoesTheSameWork(t *testing.T) {
	p, _, _, err := argon2id.DecodeHash(nobody)
	if err != nil || *p != *params {
		t.Errorf("the dummy hash has %+v (%v), real ones %+v: the time tells which accounts exist", p, err, params)
	}
	if err := DummyCheck(t.Context(), "five grey herons"); err != nil {
		t.Error(err)
	}
}

func TestHashingsQueue(t *testing.T) {
	if cap(slots) != 2 {
		t.Fatalf("%d hashings at once, want 2", cap(slots))
	}
	leave1, err1 := enter(t.Context())
	leave2, err2 := enter(t.Context())
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := HashPassword(ended, "five grey herons"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a third one whose visitor has gone: %v", err)
	}
	if ok, _, err := CheckPassword(ended, nobody, "x"); ok || !errs.Is(err, errs.Unavailable) {
		t.Errorf("a check whose visitor has gone: %t, %v", ok, err)
	}
	leave1()
	leave2()
	if _, err := HashPassword(ended, "five grey herons"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("free slots, but nobody waits any more: %v", err)
	}
	var wg sync.WaitGroup
	for range 5 { // more than slots: all get through, none is lost
		wg.Go(func() {
			if err := DummyCheck(t.Context(), "x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(slots) != 0 {
		t.Errorf("%d slots were never given back", len(slots))
	}
}

func TestCheckNewPassword(t *testing.T) {
	const email = "ann.miller@example.com"
	for _, c := range []struct{ name, password, code string }{
		{"words", "five grey herons at dusk", ""},
		{"exactly twelve", "kV9!tq2Lw#x8", ""},
		{"letters only", "wobblykettlefrog", ""},
		{"digits only, no run", "839205716492", ""},
		{"twelve that are not ASCII", "żółćgęśląjaź", ""},
		{"spaces inside", "a b c d e f z q", ""},
		{"256 bytes", strings.Repeat("kV9!tq2L", 31) + "abcdefzz", ""},

		{"empty", "", "too-short"},
		{"eleven", "kV9!tq2Lw#x", "too-short"},
		{"eleven characters in 22 bytes", "żółćęśąźżóź", "too-short"},
		{"eleven, decomposed to more", "kV9!tq2Lw#o\u0308", "too-short"},
		{"257 bytes", strings.Repeat("kV9!tq2L", 32) + "x", "too-long"},
		{"control character", "five grey\x00herons", "invalid"},
		{"line feed", "five grey herons\n", "invalid"},
		{"not UTF-8", "five grey herons\xff", "invalid"},

		{"the address", "ann.miller@example.com", "contains-email"},
		{"the address inside", "x-Ann.Miller@Example.com-x", "contains-email"},
		{"its local part", "ANN.MILLER-2026!", "contains-email"},

		{"on the list", "passwordpassword", "too-common"},
		{"on the list, other case", "1Q2W3E4R5T6Y", "too-common"},
		{"stem and digits", "Password20261", "too-common"},
		{"stem and signs", "!!!Welcome!!!2026", "too-common"},
		{"the product", "Gatehouse2026!", "too-common"},
		{"a season", "Summer2026!!", "too-common"},
		{"one letter", "aaaaaaaaaaaaaaaa", "too-common"},
		{"a piece repeated", "abcxyzabcxyzabcxyz", "too-common"},
		{"up the alphabet", "abcdefghijklm", "too-common"},
		{"up and down", "abcdefghgfedcba", "too-common"},
		{"digits in a row", "1234567890123", "too-common"},
		{"letters, then digits in a row", "ABCDEFGH12345678", "too-common"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := CheckNewPassword(c.password, email)
			if c.code == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("err = %v, want %s", err, c.code)
			}
			field := errs.Public(err).Fields[0]
			if field.Field != "password" || field.Code != c.code || field.Message == "" {
				t.Errorf("field = %+v, want %s", field, c.code)
			}
			if c.password != "" && strings.Contains(err.Error(), c.password) {
				t.Error("the error repeats the password: it would reach a log")
			}
		})
	}
}

func TestShortLocalPartsDoNotForbidWords(t *testing.T) {
	for _, email := range []string{"jo@example.com", "", "@", "ann@example.com"} {
		if err := CheckNewPassword("joanna likes grey herons", email); err != nil {
			t.Errorf("%q: %v", email, err)
		}
	}
}

func TestCommonListIsReadable(t *testing.T) {
	list := common()
	if len(list) < 1000 {
		t.Fatalf("%d lines", len(list))
	}
	for _, p := range list {
		if p != strings.ToLower(p) || len(p) < MinPasswordLength {
			t.Errorf("%q can never match: lower case, 12 and more", p)
		}
	}
	if !slices.IsSorted(list) || len(slices.Compact(list)) != len(list) {
		t.Error("not sorted, or a line twice")
	}
}

func FuzzCheckNewPassword(f *testing.F) {
	f.Add("five grey herons at dusk", "ann@example.com")
	f.Add("\xff\xfe", "")
	f.Add("aaaaaaaaaaaa", "@")
	f.Fuzz(func(t *testing.T, password, email string) {
		if CheckNewPassword(password, email) == nil && (len(password) < MinPasswordLength || strings.ContainsAny(password, "\x00\r\n")) {
			t.Errorf("%q is taken", password)
		}
	})
}

func TestGuessesDoNotHoldUpWhoIsAhead(t *testing.T) {
	if cap(slots)+cap(aheadSlots) > 3 {
		t.Fatalf("%d hashings at once take too much memory", cap(slots)+cap(aheadSlots))
	}
	for range cap(slots) { // guesses in every slot
		leave, err := enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	leave, err := enter(Ahead(t.Context()))
	if err != nil {
		t.Fatalf("no slot of its own: %v", err)
	}
	ended, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for name, ctx := range map[string]context.Context{"a second one ahead": Ahead(ended), "a guess": ended} {
		if _, err := enter(ctx); !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s gets in beyond the bound: %v", name, err)
		}
	}
	leave()
	if _, err := enter(ended); !errs.Is(err, errs.Unavailable) {
		t.Error("a guess takes the slot of those ahead")
	}
	if _, err := HashPassword(Ahead(t.Context()), "five grey herons"); err != nil || len(aheadSlots) != 0 {
		t.Errorf("%v, %d slots not given back", err, len(aheadSlots))
	}
}
