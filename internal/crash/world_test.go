package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
	"github.com/gatehouse/gatehouse/internal/token"
)

const secret = "a secret of the crash tests: forty characters"

// world is one installation: a database of its own, a mail provider's double, a fixed address in front of the processes.
type world struct {
	t      *testing.T
	url    string // of the database
	pool   *pgxpool.Pool
	double *sendgridtest.Server
	front  *proc.Front
	client *http.Client // of the people
	staff  *http.Client // of the tests themselves: it never queues behind the people
	keys   *token.Keys
	o      worldOptions
	dir    string
}

type worldOptions struct {
	noEvents bool
	plan     sendgridtest.Plan
	wait     string        // GATEHOUSE_UNKNOWN_WAIT; "" for 15s/2s
	slow     time.Duration // of the provider's answers
	database string        // "" for a fresh one on the shared server
	mutant   string
	clock    string // file that moves the clock of every process; "" for the system's clock
	apiKey   string // that the provider wants; "" for any
	env      map[string]string
}

func newWorld(t *testing.T, o worldOptions) *world {
	t.Helper()
	w := &world{t: t, url: o.database, o: o, dir: proc.DataDir(t), front: proc.NewFront(t), keys: token.NewKeys(secret)}
	if w.url == "" {
		w.url = testkit.DatabaseURL(t)
	}
	w.double = sendgridtest.New(t, sendgridtest.Options{APIKey: o.apiKey, RetryFor: 2 * time.Minute})
	w.double.Slow(o.slow)
	if !o.noEvents {
		w.double.SetWebhook("http://"+w.front.Addr()+"/webhooks/sendgrid", o.plan)
	}
	cfg, err := pgxpool.ParseConfig(w.url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns = 3
	if w.pool, err = pgxpool.NewWithConfig(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.pool.Close)
	jar, _ := cookiejar.New(nil) // no options: never an error
	w.client = &http.Client{Timeout: 20 * time.Second, Jar: jar,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 200, MaxConnsPerHost: 400},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.staff = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
	t.Cleanup(w.client.CloseIdleConnections)
	t.Cleanup(w.staff.CloseIdleConnections)
	return w
}

// options are those of every process of this world.
func (w *world) options(args ...string) proc.Options {
	wait := w.o.wait
	if wait == "" {
		wait = "15s/2s"
	}
	env := map[string]string{"DATABASE_URL": w.url, "GATEHOUSE_SECRET": secret, "GATEHOUSE_BASE_URL": "http://" + w.front.Addr(),
		"GATEHOUSE_LIMITS": "off", "GATEHOUSE_MAIL": "sendgrid", "SENDGRID_HOST": w.double.URL, "SENDGRID_API_KEY": "SG.test-key",
		"SENDGRID_WEBHOOK_PUBLIC_KEY": w.double.PublicKey(), "GATEHOUSE_UNKNOWN_WAIT": wait, "GATEHOUSE_FILES_SHARED": "true", "GATEHOUSE_CONNECTIONS": "12"}
	maps.Copy(env, w.o.env)
	return proc.Options{Env: env, Args: args, Dir: w.dir, Mutant: w.o.mutant, Clock: w.o.clock}
}

// start runs one more process; one that serves pages is what the front points at from then on.
func (w *world) start(args ...string) *proc.Process {
	w.t.Helper()
	p := proc.Start(w.t, w.options(args...))
	if p.URL() != "" {
		w.front.Point(strings.TrimPrefix(p.URL(), "http://"))
	}
	return p
}

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// reply is an answer to a submission.
type reply struct {
	status  int
	receipt string
	body    string
	header  http.Header
}

// json posts at the door for programs.
func (w *world) json(ctx context.Context, address, attempt string, more map[string]string) (reply, error) {
	fields := map[string]string{"email": address, "given_name": "Ann", "family_name": "Archer", "company": "Archer & Sons", "job_title": "Managing director", "country": "GB"}
	maps.Copy(fields, more)
	body, _ := json.Marshal(map[string]any{"fields": fields}) // strings always encode
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.front.Addr()+"/api/v1/gates/8-questions/submissions", bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if attempt != "" {
		req.Header.Set("Idempotency-Key", attempt)
	}
	r, err := w.do(req)
	if err != nil {
		return r, err
	}
	var out struct{ Receipt string }
	if r.status == http.StatusCreated {
		err = json.Unmarshal([]byte(r.body), &out)
	}
	r.receipt = out.Receipt
	return r, err
}

// page posts the form as a browser without the script does.
func (w *world) page(ctx context.Context, address, attempt string) (reply, error) {
	form := url.Values{"email": {address}, "given_name": {"Ann"}, "family_name": {"Archer"}, "company": {"Archer & Sons"}, "job_title": {"Managing director"}, "country": {"GB"}}
	if attempt != "" {
		form.Set("attempt", attempt)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.front.Addr()+"/g/8-questions", strings.NewReader(form.Encode()))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	r, err := w.do(req)
	if err != nil || r.status != http.StatusSeeOther {
		return r, err
	}
	to, err := url.Parse(r.header.Get("Location"))
	if err == nil {
		r.receipt = to.Query().Get("r")
	}
	return r, err
}

func (w *world) do(req *http.Request) (reply, error) {
	req.Header.Set("User-Agent", browser)
	req.Header.Set("Accept-Language", "en-GB,en;q=0.8")
	resp, err := w.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return reply{status: resp.StatusCode, body: string(body), header: resp.Header}, err
}

// submissionOf opens a receipt: the submission that it promises.
func (w *world) submissionOf(receipt string) (uuid.UUID, error) {
	c, err := w.keys.Open(token.Receipt, receipt)
	return c.ID, err
}

// number is what a query gives.
func (w *world) number(sql string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// until polls a number until it is as wanted, or fails the test.
func (w *world) until(within time.Duration, want int, what, sql string, args ...any) {
	w.t.Helper()
	if err := eventually(w.t, within, func() error {
		if n := w.number(sql, args...); n != want {
			return fmt.Errorf("%d instead of %d", n, want)
		}
		return nil
	}); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// one submits one address and returns its message's id once there is one.
func (w *world) one(address string) uuid.UUID {
	w.t.Helper()
	r, err := w.json(w.t.Context(), address, "", nil)
	if err != nil || r.status != http.StatusCreated {
		w.t.Fatalf("submitting: %v, status %d: %s", err, r.status, r.body)
	}
	w.until(15*time.Second, 1, "a message for "+address, "select count(*) from messages m join lead_addresses a on a.id = m.address_id where a.address = $1", address)
	var id uuid.UUID
	if err := w.pool.QueryRow(w.t.Context(), "select m.id from messages m join lead_addresses a on a.id = m.address_id where a.address = $1", address).Scan(&id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// message is what a test wants to know of one.
type message struct {
	state, reason, delivery string
	tries                   int
	second                  bool
	outcomes                []string
}

func (w *world) message(id uuid.UUID) (m message) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), `select state, reason, delivery, tries, second_send,
		array(select outcome from attempts where message_id = m.id order by number) from messages m where id = $1`, id).
		Scan(&m.state, &m.reason, &m.delivery, &m.tries, &m.second, &m.outcomes); err != nil {
		w.t.Fatal(err)
	}
	return m
}

// reaches waits until a message is in a state.
func (w *world) reaches(id uuid.UUID, state string, within time.Duration) message {
	w.t.Helper()
	w.until(within, 1, "message in state "+state, "select count(*) from messages where id = $1 and state = $2", id, state)
	return w.message(id)
}

// eventually asks until the answer is nil; after the time given it returns the last answer.
func eventually(t *testing.T, within time.Duration, ask func() error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return proc.Poll(ctx, 50*time.Millisecond, ask)
}
