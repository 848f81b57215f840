// Package browser drives Debian's Chromium through the pages of a running program: it types and clicks as a person does,
// records every request, cookie and complaint of the browser, keeps downloads, takes pictures and asks axe-core about
// accessibility. Tests only.
package browser

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// names are what Chromium is called, in the order in which they are looked for.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// agent is what an ordinary Chromium calls itself; the headless one says that it is a program.
const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"

// flags keep the browser quiet, let it run as root inside a container, and let nothing leave the machine.
var flags = []chromedp.ExecAllocatorOption{
	chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("disable-default-apps", true),
	chromedp.Flag("disable-domain-reliability", true),
	chromedp.Flag("no-pings", true),
	chromedp.Flag("disable-dev-shm-usage", true),
	chromedp.Flag("hide-scrollbars", true),
	chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	chromedp.Flag("lang", "en-GB"),
}

// Browser is one Chromium with an empty profile.
type Browser struct {
	t    testing.TB
	root context.Context
}

// Start starts Chromium; it ends with the test. Without one on the machine the test fails and says what to install.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatalf("The browser tests need Chromium, and none of %v is on the PATH: install it (Debian: apt-get install chromium; macOS: brew install --cask chromium).", names)
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(flags, chromedp.ExecPath(path))...)
	t.Cleanup(stop)
	root, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	if err := chromedp.Do(root); err != nil { // without a deadline: it would become the browser's
		t.Fatalf("Chromium (%s) does not start: %v", path, err)
	}
	return &Browser{t: t, root: root}
}

// Page is a window of a visitor of its own: no cookie, cache or storage is shared with another page.
type Page struct {
	t    testing.TB
	base string
	ctx  context.Context
	dir  string // where downloads go

	mu         sync.Mutex
	requests   []Request
	answers    []Answer
	complaints []string
	expected   []string
	files      map[string]string // suggested names of downloads by the browser's id
	arrived    []string          // ids of finished downloads
}

// patience bounds each step.
const patience = 20 * time.Second

// NewPage opens an empty window on the site at base (http://127.0.0.1:port). At the end of the test the browser must have
// complained of nothing that was not expected.
func (b *Browser) NewPage(t testing.TB, base string) *Page {
	t.Helper()
	ctx, end := chromedp.NewContext(b.root, chromedp.WithNewBrowserContext())
	p := &Page{t: t, base: base, ctx: ctx, dir: t.TempDir(), files: map[string]string{}}
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("a new window: %v", err)
	}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.ListenBrowser(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	yes := true
	Do(p, network.Enable, network.EnableParams{})
	Do(p, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: "en-GB,en"})
	Do(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // without it nothing is ever focused
	Do(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName,
		BrowserContextID: chromedp.FromContext(ctx).BrowserContextID, DownloadPath: p.dir, EventsEnabled: &yes})
	t.Cleanup(func() {
		for _, c := range p.Complaints() {
			t.Errorf("the browser complains: %s", c)
		}
		if dir := os.Getenv(EnvShots); t.Failed() && dir != "" {
			p.Shot("failed-" + t.Name())
		}
	})
	return p
}
