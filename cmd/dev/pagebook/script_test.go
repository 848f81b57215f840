package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// postLog keeps what the page posted, in order.
type postLog struct {
	mu    sync.Mutex
	posts []map[string]string
}

func (l *postLog) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			values := map[string]string{}
			for _, name := range []string{"email", "attempt", "form_token", "email_as_typed", "consent.marketing"} {
				values[name] = r.FormValue(name)
			}
			l.mu.Lock()
			l.posts = append(l.posts, values)
			l.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

func (l *postLog) all() []map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]map[string]string(nil), l.posts...)
}

// browse opens the gate page, ready to be filled in.
func browse(t *testing.T) (context.Context, *postLog) {
	t.Helper()
	ctx, posts := open(t, "gate")
	until(t, ctx, `document.querySelector("[name=form_token]").value !== ""`)
	return ctx, posts
}

// open shows a page of the book in a browser that ends with the test.
func open(t *testing.T, name string) (context.Context, *postLog) {
	t.Helper()
	found := ""
	for _, browser := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(browser); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		t.Fatal("no Chromium on the PATH, so the form's script cannot be tested: \".ci/need chromium\" installs it")
	}
	set, err := loadSet()
	if err != nil {
		t.Fatal(err)
	}
	posts := &postLog{}
	server := httptest.NewServer(posts.wrap(handler(set)))
	t.Cleanup(server.Close)
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), append(browserFlags, chromedp.ExecPath(found))...)
	t.Cleanup(stopAlloc)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	// No deadline before the browser runs: it would belong to the browser.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithTimeout(ctx, 40*time.Second)
	t.Cleanup(end)
	focus := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error { // a window without the focus has no focusout
		_, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})
	if err := chromedp.Do(ctx, focus, chromedp.Navigate(server.URL+"/p/"+name)); err != nil {
		t.Fatal(err)
	}
	return ctx, posts
}

// until waits in the page for a condition, and in the next one when the page is left meanwhile.
func until(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	wait := `new Promise(done => { const look = () => { if (` + condition + `) done(true); else requestAnimationFrame(look) }; look() })`
	for {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](wait, chromedp.EvalAwaitPromise))
		if err == nil {
			return
		}
		if ctx.Err() != nil || !strings.Contains(err.Error(), "navigated") {
			t.Fatalf("waiting for %s: %v", condition, err)
		}
	}
}

func do(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script+";true")); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

// fill types what every post needs; company may stay away.
func fill(t *testing.T, ctx context.Context, email, company string) {
	t.Helper()
	do(t, ctx, `for (const [name, value] of Object.entries({email: "`+email+`", given_name: "Ann", family_name: "Weatherby", company: "`+company+`"})) {
		const i = document.querySelector("[name=" + name + "]"); i.value = value; i.dispatchEvent(new Event("input", {bubbles: true})) }`)
}

const submitForm = `document.querySelector("form[data-gate]").requestSubmit()`

func TestFormShowsAllFaultsAtOnce(t *testing.T) {
	ctx, posts := browse(t)
	fill(t, ctx, "ann@", "")
	do(t, ctx, submitForm)
	until(t, ctx, `document.activeElement.name === "email" && document.getElementById("f-email-error").textContent.includes("ann@example.com")`)
	until(t, ctx, `document.activeElement.getAttribute("aria-describedby").split(" ").includes("f-email-error") && document.activeElement.getAttribute("aria-invalid") === "true"`)
	until(t, ctx, `document.getElementById("f-company-error").textContent === "Please fill this in."`)
	until(t, ctx, `document.querySelector("[data-notice]").textContent.includes("2 answers")`)
	do(t, ctx, `const c = document.querySelector("[name=company]"); c.value = "Weatherby"; c.dispatchEvent(new Event("input", {bubbles: true}))`)
	until(t, ctx, `document.getElementById("f-company-error").hidden`)
	if n := len(posts.all()); n != 1 {
		t.Fatalf("%d posts: the server is asked once, since it alone knows every rule", n)
	}
}

// What the script knows itself it says as soon as a field is left.
func TestFormChecksFieldsOnBlur(t *testing.T) {
	ctx, posts := browse(t)
	fill(t, ctx, "ann@", "Weatherby")
	do(t, ctx, `document.querySelector("[name=email]").focus(); document.querySelector("[name=company]").focus()`)
	until(t, ctx, `!document.getElementById("f-email-error").hidden && document.querySelector("[name=email]").getAttribute("aria-invalid") === "true"`)
	if n := len(posts.all()); n != 0 {
		t.Fatalf("%d posts for leaving a field", n)
	}
}

func TestFormShowsTheServersFaults(t *testing.T) {
	ctx, posts := browse(t)
	fill(t, ctx, "fault@gmial.com", "Weatherby")
	do(t, ctx, submitForm)
	until(t, ctx, `document.querySelector("[data-use='ann@gmail.com']") && document.activeElement.name === "email"`)
	do(t, ctx, `document.querySelector("[data-keep]").click()`)
	until(t, ctx, `!document.querySelector("[data-suggestion]")`)
	do(t, ctx, submitForm)
	until(t, ctx, `location.pathname === "/p/thanks/on-its-way"`)
	all := posts.all()
	if len(all) != 2 || all[0]["email_as_typed"] != "" || all[1]["email_as_typed"] != "fault@gmial.com" {
		t.Fatalf("posts: %v", all)
	}
	if all[0]["consent.marketing"] != "" || all[0]["form_token"] != "sample-token" {
		t.Fatalf("posts: %v", all)
	}
	if all[0]["attempt"] == all[1]["attempt"] {
		t.Fatal("another content must be another attempt")
	}
}

// While the server is away nothing typed is lost, and each try carries the same attempt value.
func TestFormRetriesWithTheSameAttempt(t *testing.T) {
	for _, trouble := range []string{"busy", "crash"} {
		t.Run(trouble, func(t *testing.T) {
			ctx, posts := browse(t)
			fill(t, ctx, trouble+"@weatherby.example", "Weatherby")
			do(t, ctx, submitForm)
			until(t, ctx, `document.querySelector("[data-notice] button")`)
			do(t, ctx, `document.querySelector("[data-notice] button").click()`)
			until(t, ctx, `document.querySelector("[data-notice] button") && document.querySelector("button[type=submit]").getAttribute("aria-disabled") === "true"`)
			until(t, ctx, `document.querySelector("[name=company]").value === "Weatherby" && location.pathname === "/p/gate"`)
			all := posts.all()
			if len(all) < 2 || all[0]["attempt"] == "" || all[0]["attempt"] != all[1]["attempt"] {
				t.Fatalf("posts: %v", all)
			}
		})
	}
}

func TestFormProposesAnAddressOnLeavingTheField(t *testing.T) {
	ctx, posts := browse(t)
	do(t, ctx, `const e = document.querySelector("[name=email]"); e.focus(); e.value = "ann@gmial.com"; document.querySelector("[name=company]").focus()`)
	until(t, ctx, `document.querySelector("[data-use='ann@gmail.com']")`)
	do(t, ctx, `document.querySelector("[data-use]").click()`)
	until(t, ctx, `document.querySelector("[name=email]").value === "ann@gmail.com" && !document.querySelector("[data-suggestion]")`)
	do(t, ctx, `const m = document.querySelector("[name=email]"); m.value = "ann@ymail.com"; document.querySelector("[name=company]").focus()`)
	until(t, ctx, `!document.querySelector("[data-suggestion]")`)
	if n := len(posts.all()); n != 0 {
		t.Fatalf("%d posts without a submit", n)
	}
}

// press sends one key to where the cursor is.
func press(t *testing.T, ctx context.Context, key string) {
	t.Helper()
	do(t, ctx, `(document.activeElement || document.body).dispatchEvent(new KeyboardEvent("keydown", {key: "`+key+`", bubbles: true, cancelable: true}))`)
}

func TestStaffKeys(t *testing.T) {
	ctx, _ := open(t, "leads")
	until(t, ctx, `document.documentElement.classList.contains("scripted")`)
	at := func(row string) string {
		return `document.activeElement.getAttribute("href") === "/admin/leads/` + row + `"`
	}
	press(t, ctx, "j")
	until(t, ctx, at("1"))
	press(t, ctx, "j")
	press(t, ctx, "j")
	press(t, ctx, "k")
	until(t, ctx, at("2"))
	press(t, ctx, "/")
	until(t, ctx, `document.activeElement.name === "q"`)
	press(t, ctx, "j") // typed into the search: no key of ours
	until(t, ctx, `document.activeElement.name === "q"`)
	press(t, ctx, "Escape")
	press(t, ctx, "?")
	until(t, ctx, `document.getElementById("help").open`)
}

// Nothing is destroyed before the question was answered.
func TestDestructiveFormsAsk(t *testing.T) {
	ctx, posts := open(t, "components")
	until(t, ctx, `document.documentElement.classList.contains("scripted")`)
	do(t, ctx, `document.querySelector("form[data-confirm] button").click()`)
	until(t, ctx, `document.querySelector("dialog[open] h2").textContent.startsWith("Archive this landing page")`)
	do(t, ctx, `document.querySelector("dialog[open] button[value=no]").click()`)
	until(t, ctx, `!document.querySelector("dialog[open]")`)
	do(t, ctx, `document.querySelector(".confirm > summary").click()`)
	until(t, ctx, `document.activeElement.id === "erase-word"`)
	do(t, ctx, `document.querySelector("dialog[open] [data-cancel]").click()`)
	until(t, ctx, `!document.querySelector("dialog[open]") && document.querySelector("details.confirm .confirm-form")`)
	if n := len(posts.all()); n != 0 {
		t.Fatalf("%d posts before the answer", n)
	}
	do(t, ctx, `document.querySelector("form[data-confirm] button").click()`)
	do(t, ctx, `document.querySelector("dialog[open] button[value=yes]").click()`)
	until(t, ctx, `location.pathname === "/x"`)
	if n := len(posts.all()); n != 1 {
		t.Fatalf("%d posts after the answer", n)
	}
}

// The state of the mail changes on the page as it is, inside the live region that was there from the start.
func TestThanksPageKeepsItsStateTrue(t *testing.T) {
	ctx, _ := open(t, "thanks/on-its-way")
	do(t, ctx, `window.before = document.getElementById("state")`)
	until(t, ctx, `document.querySelector("#state h1").textContent === "It is in your inbox"`)
	until(t, ctx, `window.before === document.getElementById("state") && window.before.getAttribute("role") === "status"`)
}
