package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// DoctorOptions are what the wiring knows and the use cases do not.
type DoctorOptions struct {
	Resolver   email.Resolver // asked for the sender's domain; nil asks nobody
	WebhookKey string         // the provider's public key as configured
	External   bool           // the database is somebody else's (DATABASE_URL), so several instances may run
	Shared     bool           // the documents' folder is declared to be shared by them
	LocalFiles string         // the folder of the documents; "" when it is no folder
	Timeout    time.Duration  // of each question to the outside; 0: 10 s
}

// keyChecker is a transport that can tell whether it would be let in, without sending anything.
type keyChecker interface {
	CheckKey(ctx context.Context) email.Finding
}

// Doctor looks at everything that the service stands on. It changes nothing but a probe in the documents' folder, which
// it removes, and sends no mail.
func (a *App) Doctor(ctx context.Context, o DoctorOptions) []email.Finding {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	d := &doctor{app: a, o: o}
	for _, look := range []func(context.Context){d.database, d.disk, d.files, d.mail, d.sender, d.clock, d.connectors, d.work} {
		look(ctx)
	}
	return d.lines
}

type doctor struct {
	app   *App
	o     DoctorOptions
	lines []email.Finding
}

func (d *doctor) ok(check, format string, args ...any) {
	d.lines = append(d.lines, email.Finding{Check: check, Level: email.LevelOK, Text: fmt.Sprintf(format, args...)})
}

func (d *doctor) warn(check, mend, format string, args ...any) {
	d.lines = append(d.lines, email.Finding{Check: check, Level: email.LevelWarning, Text: fmt.Sprintf(format, args...), Mend: mend})
}

func (d *doctor) fail(check, mend, format string, args ...any) {
	d.lines = append(d.lines, email.Finding{Check: check, Level: email.LevelFailed, Text: fmt.Sprintf(format, args...), Mend: mend})
}

// oldestPostgres is the oldest version that the product is tested with.
const oldestPostgres = 15

// most that the clocks of program and database may differ.
const clockSkew = 2 * time.Second

func (d *doctor) database(ctx context.Context) {
	const check = "database"
	var number int
	var version, fsync, commit, pages string
	var now time.Time
	asked := time.Now()
	err := d.app.store.Pool().QueryRow(ctx, `select current_setting('server_version_num')::int, current_setting('server_version'), current_setting('fsync'),
		current_setting('synchronous_commit'), current_setting('full_page_writes'), clock_timestamp()`).Scan(&number, &version, &fsync, &commit, &pages, &now)
	answered := time.Now()
	if err != nil {
		d.fail(check, "Start PostgreSQL, or check DATABASE_URL.", "The database does not answer.")
		return
	}
	if number/10000 < oldestPostgres {
		d.fail(check, "Move to a supported version.", "PostgreSQL %s is older than %d.", version, oldestPostgres)
	} else {
		d.ok(check, "PostgreSQL %s answers within %s.", version, answered.Sub(asked).Round(100*time.Microsecond))
	}
	if fsync != "on" || commit == "off" || pages != "on" {
		d.fail(check, "Set fsync = on, full_page_writes = on and synchronous_commit = on: a success answer is a promise.",
			"A power cut may lose acknowledged requests: fsync %s, full_page_writes %s, synchronous_commit %s.", fsync, pages, commit)
	} else {
		d.ok(check, "What is committed survives a power cut (fsync %s, synchronous_commit %s).", fsync, commit)
	}
	if skew := max(asked.Sub(now), now.Sub(answered)); skew > clockSkew {
		d.fail("clock", "Synchronise both clocks (NTP).", "The clocks of program and database differ by %s.", skew.Round(time.Millisecond))
	} else {
		d.ok("clock", "Program and database agree on the time.")
	}
	d.schema(ctx)
}

func (d *doctor) schema(ctx context.Context) {
	sc, err := d.app.store.Schema(ctx)
	switch {
	case err != nil:
		d.fail("database", "Check that the database is Gatehouse's own.", "The schema's version cannot be read.")
	case sc.Pending():
		d.fail("database", "Make a backup, then run \"gatehouse migrate\".", "The schema is version %d, this program needs %d.", sc.Applied, sc.Known)
	case sc.Applied > sc.Known:
		if err := d.app.store.CheckMinimum(ctx, sc); err != nil {
			d.fail("database", "Run a newer program.", "%s", errs.Public(err).Message)
			return
		}
		d.warn("database", "Bring this program up to date.", "The schema (version %d) is newer than this program (%d).", sc.Applied, sc.Known)
	default:
		d.ok("database", "The schema is up to date (version %d).", sc.Applied)
	}
}

// The space below which the disk is too full.
const (
	diskLow  = 2 << 30
	diskFull = 256 << 20
)

func (d *doctor) disk(context.Context) {
	for _, place := range []struct{ name, dir string }{{"data folder", d.app.o.DataDir}, {"documents", d.o.LocalFiles}} {
		if place.dir == "" {
			continue
		}
		free, ok := diskFree(place.dir)
		switch {
		case !ok:
		case free < diskFull:
			d.fail(place.name, "Free some space: without it nothing can be saved.", "Only %d MB are free.", free>>20)
		case free < diskLow:
			d.warn(place.name, "Free some space soon.", "Only %d MB are free.", free>>20)
		default:
			d.ok(place.name, "%d GB are free.", free>>30)
		}
	}
}

func (d *doctor) files(ctx context.Context) {
	const check = "documents"
	probe := make([]byte, 32)
	_, _ = rand.Read(probe)
	stored, err := d.app.files.Put(ctx, bytes.NewReader(probe))
	if err == nil {
		err = d.app.files.Delete(ctx, stored.Key)
	}
	if err != nil {
		d.fail(check, "Check the folder's owner and rights.", "The documents' folder cannot be written.")
	} else {
		d.ok(check, "The documents' folder can be written.")
	}
	if d.o.External && d.o.LocalFiles != "" && !d.o.Shared {
		d.warn(check, "Put them on a folder that all instances see and set GATEHOUSE_FILES_SHARED=true, or run one instance.",
			"The documents lie in a folder of this machine: a second instance would not find them.")
	}
	var rows []struct {
		Title   string
		FileKey string
		SHA256  string `gorm:"column:sha256"`
	}
	err = d.app.store.DB(ctx).Raw(`select d.title, v.file_key, v.sha256 from documents d join document_versions v on v.id = d.current_version_id
		where d.archived_at is null order by d.title`).Scan(&rows).Error
	if err != nil {
		d.fail(check, "Look at the database first.", "The list of documents cannot be read.")
		return
	}
	whole := 0
	for _, r := range rows {
		if err := d.app.files.Verify(ctx, r.FileKey); err != nil || strings.ReplaceAll(r.FileKey, "/", "") != r.SHA256 {
			d.fail(check, "Upload it again, or restore it from a backup.", "The file of %q is missing or damaged.", r.Title)
			continue
		}
		whole++
	}
	d.ok(check, "%d of %d current files are there and whole.", whole, len(rows))
}

// mail asks whether the transport would take a message, without giving it one.
func (d *doctor) mail(ctx context.Context) {
	const check = "mail"
	a := d.app
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	if c, ok := a.sender.(keyChecker); ok {
		f := c.CheckKey(ctx)
		f.Text = f.Check + ": " + f.Text
		f.Check = check
		d.lines = append(d.lines, f)
	} else {
		d.ok(check, "The transport is %q: mails are kept here and shown to staff, none goes out.", a.sender.Name())
	}
	if a.sender.HasEvents() {
		_, err := email.ParsePublicKey(d.o.WebhookKey)
		switch {
		case d.o.WebhookKey == "":
			d.warn(check, "Switch on the signed event webhook at the provider and set SENDGRID_WEBHOOK_PUBLIC_KEY.",
				"No key for the event webhook is set: bounces and deliveries are never learnt.")
		case err != nil:
			d.fail(check, "Copy the key as SendGrid shows it.", "%s", errs.Public(err).Message)
		default:
			d.ok(check, "The key of the event webhook can be read.")
		}
	}
	set, err := a.store.Settings(ctx)
	if err == nil && set.MailHold {
		d.warn(check, "Run \"gatehouse release\" when it may go out again.", "All mail is held: %s.", orElse(set.MailHoldWhy, "no reason is given"))
	}
	var paused []store.ProviderState
	if err := a.store.DB(ctx).Where("provider = ? and paused_until > ?", a.sender.Name(), a.now()).Find(&paused).Error; err == nil {
		for _, p := range paused {
			d.fail(check, "Mend the cause; mail goes out by itself then.", "Mail pauses until %s: %s.", p.PausedUntil.Format(time.RFC3339), p.PausedWhy)
		}
	}
}

// sender looks at what receivers look at before they take mail from our domain.
func (d *doctor) sender(ctx context.Context) {
	_, domain, ok := strings.Cut(d.app.o.From.Address, "@")
	if d.app.sender.Name() == "capture" || d.o.Resolver == nil || !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	for _, f := range email.CheckSender(ctx, d.o.Resolver, domain) {
		f.Text = f.Check + ": " + f.Text
		f.Check = "sender"
		d.lines = append(d.lines, f)
	}
}

func (d *doctor) clock(ctx context.Context) {
	set, err := d.app.store.Settings(ctx)
	if err != nil {
		d.warn("settings", "Start the service once: it fills an empty database.", "There are no settings yet.")
		return
	}
	if _, err := time.LoadLocation(set.TimeZone); err != nil {
		d.fail("clock", "Install the system's time zone data (tzdata), or choose another zone in the settings.", "The time zone %q is not known on this machine.", set.TimeZone)
		return
	}
	d.ok("clock", "The time zone %s is known.", set.TimeZone)
}

// The age of waiting work at which somebody should look.
const (
	queueSlow  = time.Minute
	queueStuck = 10 * time.Minute
)

// work lists open alarms and how long work has waited.
func (d *doctor) work(ctx context.Context) {
	var alarms []store.Alarm
	if err := d.app.store.DB(ctx).Where("cleared_at is null").Order("raised_at").Limit(20).Find(&alarms).Error; err != nil {
		d.fail("alarms", "Look at the database first.", "The alarms cannot be read.")
		return
	}
	for _, al := range alarms {
		d.warn("alarms", "Mend the cause; the alarm clears itself, or staff clear it.", "%s (since %s, %d times)", al.Sentence, al.RaisedAt.Format("2006-01-02 15:04 MST"), al.Times)
	}
	if len(alarms) == 0 {
		d.ok("alarms", "No alarm is open.")
	}
	f, err := d.app.store.QueueFigures(ctx)
	if err != nil {
		d.fail("queue", "Look at the database first.", "The queue cannot be read.")
		return
	}
	var oldest time.Duration
	for _, q := range f.Oldest {
		oldest = max(oldest, time.Duration(q.N*float64(time.Second)))
	}
	const mend = "Start the service, or a worker beside it: gatehouse serve --role worker."
	switch {
	case oldest > queueStuck:
		d.fail("queue", mend, "Work that could be done has waited for %s.", oldest.Round(time.Second))
	case oldest > queueSlow:
		d.warn("queue", mend, "Work that could be done has waited for %s.", oldest.Round(time.Second))
	default:
		d.ok("queue", "Nothing has waited for long.")
	}
}
