package app_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/token"
)

const (
	staffAddress = "olive@gatehouse.example"
	oldPassword  = "five grey herons at dusk"
	newPassword  = "seven blue kettles at noon"
)

var home = netip.MustParseAddr("203.0.113.9")

func linkOf(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// member is an account whose owner has set a password through the link of an invitation, at home.
func member(t *testing.T, k *testkit.Kit) store.User {
	t.Helper()
	_, link, err := k.App.AddUser(t.Context(), "Olive", staffAddress, "admin", store.Actor{Kind: "system"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := k.App.FinishSetup(t.Context(), linkOf(link), "", "", oldPassword, home)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// mailForgotten does the jobs that the requests left behind.
func mailForgotten(t *testing.T, k *testkit.Kit) {
	t.Helper()
	var accounts []string
	if err := k.Store.DB(t.Context()).Raw("select args->>'account' from river_job where kind = 'password_forgotten' order by id").Scan(&accounts).Error; err != nil {
		t.Fatal(err)
	}
	for _, account := range accounts {
		if strings.Contains(account, "@") {
			t.Error("a job names the person")
		}
		if err := k.App.MailForgotten(t.Context(), account); err != nil {
			t.Fatal(err)
		}
	}
	mustExec(t, k, "delete from river_job where kind = 'password_forgotten'")
}

// forgot asks for links and gives those that open.
func forgot(t *testing.T, k *testkit.Kit, times int) (links []string) {
	t.Helper()
	for range times {
		if err := k.App.ForgotPassword(t.Context(), " "+strings.ToUpper(staffAddress)); err != nil {
			t.Fatal(err)
		}
	}
	mailForgotten(t, k)
	var tokens []store.UserToken
	if err := k.Store.DB(t.Context()).Where("used_at is null and user_id is not null").Order("id").Find(&tokens).Error; err != nil {
		t.Fatal(err)
	}
	for _, row := range tokens {
		link := k.Keys.Mint(token.StaffLink, token.Claims{ID: row.ID, Expiry: row.ExpiresAt})
		if _, err := k.App.OpenSetup(t.Context(), link); err != nil {
			t.Fatalf("a fresh link: %v", err)
		}
		links = append(links, link)
	}
	return links
}

func TestPasswordLinksEndWithEveryChangeOfTheAccount(t *testing.T) {
	for name, change := range map[string]func(k *testkit.Kit, u store.User, first string) error{
		"reset": func(k *testkit.Kit, _ store.User, first string) error {
			_, err := k.App.FinishSetup(t.Context(), first, "", "", newPassword, home)
			return err
		},
		"change": func(k *testkit.Kit, u store.User, _ string) error {
			_, err := k.App.ChangePassword(t.Context(), u.ID, oldPassword, newPassword, home)
			return err
		},
		"end of sessions": func(k *testkit.Kit, u store.User, _ string) error {
			return k.App.EndSessions(t.Context(), u.ID, store.Actor{Kind: "system"})
		},
		"disable": func(k *testkit.Kit, u store.User, _ string) error {
			other := store.User{ID: store.NewID(), Name: "Other", Email: "other@gatehouse.example", Role: "admin", Version: 1, CreatedAt: k.Clock.Now()}
			if err := k.Store.DB(t.Context()).Create(&other).Error; err != nil {
				return err
			}
			now, err := k.Store.User(t.Context(), u.ID)
			if err != nil {
				return err
			}
			if err := k.App.DisableUser(t.Context(), u.ID, now.Version, true, store.Actor{Kind: "system"}); err != nil {
				return err
			}
			return k.App.DisableUser(t.Context(), u.ID, now.Version+1, false, store.Actor{Kind: "system"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := testkit.New(t)
			u := member(t, k)
			_, strangers, err := k.App.AddUser(t.Context(), "Stan", "stan@gatehouse.example", "sales", store.Actor{Kind: "system"})
			if err != nil {
				t.Fatal(err)
			}
			links := forgot(t, k, 2)
			if err := change(k, u, links[1]); err != nil {
				t.Fatal(err)
			}
			if n := k.Count("select count(*) from user_tokens where user_id = ? and used_at is null", u.ID); n != 0 {
				t.Errorf("%d links of the account still open", n)
			}
			for _, link := range links[1:] {
				if _, err := k.App.OpenSetup(t.Context(), link); !errs.Is(err, errs.NotFound) {
					t.Errorf("an old link opens: %v", err)
				}
				if _, err := k.App.FinishSetup(t.Context(), link, "", "", "nine red lanterns at dawn", home); !errs.Is(err, errs.NotFound) {
					t.Errorf("an old link sets a password: %v", err)
				}
			}
			if _, err := k.App.OpenSetup(t.Context(), linkOf(strangers)); err != nil {
				t.Errorf("another account's link is closed: %v", err)
			}
		})
	}
}

func TestOneOfManySetupLinksAtOnceMakesTheOnlyAdmin(t *testing.T) {
	k := testkit.New(t)
	var links []string
	for range 4 {
		link, err := k.App.SetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, linkOf(link))
	}
	var wg sync.WaitGroup
	faults := make([]error, len(links))
	for i, link := range links {
		wg.Go(func() {
			_, faults[i] = k.App.FinishSetup(t.Context(), link, "Admin", fmt.Sprintf("admin%d@gatehouse.example", i), oldPassword, home)
		})
	}
	wg.Wait()
	made := 0
	for _, err := range faults {
		if err == nil {
			made++
		} else if !errs.Is(err, errs.NotFound) {
			t.Errorf("a link that came too late: %v", err)
		}
	}
	if admins := k.Count("select count(*) from users"); made != 1 || admins != 1 {
		t.Errorf("%d links made %d admins, want one", made, admins)
	}
	if n := k.Count("select count(*) from user_tokens where used_at is null"); n != 0 {
		t.Errorf("%d links to the first admin still open", n)
	}
}

// The request itself must not touch the accounts: then nothing in its time depends on the account.
func TestForgottenPasswordIsLookedUpAfterTheAnswer(t *testing.T) {
	k := testkit.New(t)
	u := member(t, k)
	tx := k.Store.DB(t.Context()).Begin() // whoever looks at the accounts now, waits
	if err := tx.Exec("lock table users, user_tokens, messages in access exclusive mode").Error; err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 2)
	go func() {
		for _, address := range []string{staffAddress, "nobody@gatehouse.example"} {
			answered <- k.App.ForgotPassword(t.Context(), address)
		}
	}()
	for range 2 {
		select {
		case err := <-answered:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the request waits for the accounts")
		}
	}
	if err := tx.Rollback().Error; err != nil {
		t.Fatal(err)
	}
	mailForgotten(t, k)
	mails := "select count(*) from messages where template = 'password'"
	if n := k.Count(mails+" and user_id = ?", u.ID); n != 1 || k.Count(mails) != 1 {
		t.Errorf("%d mails to the account, want one and no other", n)
	}
	forgot(t, k, 6)
	if n := k.Count(mails); n > 3 {
		t.Errorf("%d mails in an hour, want three at most", n)
	}
}

func TestSetupMakesItsBlockKnown(t *testing.T) {
	k := testkit.New(t)
	member(t, k)
	guess := func(ip netip.Addr) time.Duration {
		_, err := k.App.Login(t.Context(), staffAddress, "a wrong one, certainly", ip)
		if err == nil {
			t.Fatal("a wrong password opens")
		}
		return errs.Public(err).RetryAfter
	}
	// An hour's guessing from a neighbour in the owner's block doubles no wait beyond half a minute.
	neighbour, elsewhere := netip.MustParseAddr("203.0.113.77"), netip.MustParseAddr("198.51.100.7")
	for _, c := range []struct {
		name  string
		ip    netip.Addr
		known bool
	}{{"another block", elsewhere, false}, {"the block of the set-up", neighbour, true}} {
		var longest time.Duration
		for range 9 { // the last one waits for eight failures; more in all would hold real time up
			wait := guess(c.ip)
			longest = max(longest, wait)
			k.Clock.Move(wait)
			if wait > 0 {
				guess(c.ip)
			}
		}
		if known := longest <= 30*time.Second; known != c.known {
			t.Errorf("%s: waits of up to %v", c.name, longest)
		}
	}
	k.Clock.Move(30 * time.Second)
	if _, err := k.App.Login(t.Context(), staffAddress, oldPassword, home); err != nil {
		t.Errorf("the owner at home: %v", err)
	}
}

func TestOwnerAtHomeDoesNotQueueBehindGuesses(t *testing.T) {
	k := testkit.New(t)
	member(t, k)
	const guesses = 60
	var wg sync.WaitGroup
	var done atomic.Int32
	for i := range guesses {
		wg.Go(func() {
			defer done.Add(1)
			ip := netip.AddrFrom4([4]byte{198, 18, byte(i), 1})
			_, err := k.App.Login(t.Context(), fmt.Sprintf("guess%d@gatehouse.example", i), "a wrong one, certainly", ip)
			if !errs.Is(err, errs.Unauthorized) {
				t.Errorf("a guess: %v", err)
			}
		})
	}
	for k.Count("select count(*) from login_attempts where not succeeded") < guesses*3/4 {
		runtime.Gosched()
	}
	waiting := guesses - done.Load()
	if _, err := k.App.Login(t.Context(), staffAddress, oldPassword, home); err != nil {
		t.Error(err)
	}
	left := guesses - done.Load()
	wg.Wait()
	if left < waiting/3 {
		t.Errorf("of %d guesses that were waiting, all but %d were looked at before the owner", waiting, left)
	}
}
