package app

import (
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// A mail that cannot be written, because its template fails or the program does, is known not to have been sent: it waits
// and is tried again, like one that the provider did not take, while mails of other kinds go out. It never mends itself, so
// that staff are told at once.
const unwritten = "the mail could not be written"

// unwrittenResult is what a failed composing comes to.
func unwrittenResult(err error) email.Result {
	if errs.Is(err, errs.Gone) {
		return email.Result{Outcome: email.Refused, Reason: errs.Public(err).Message}
	}
	return email.Result{Outcome: email.NotSent, Reason: unwritten, Err: err}
}

// tellUnwritten raises the alarm, unless the database was away while we wrote.
func (a *App) tellUnwritten(tx *store.Tx, m store.Message, res email.Result) error {
	if res.Reason != unwritten || errs.Is(res.Err, errs.Unavailable) {
		return nil
	}
	return tx.Raise("mail-unwritten", m.Template, "A mail of the kind “"+m.Template+"” cannot be written: its template or the program fails at it. Such mails wait and are tried again. The log names the file and the line.")
}

// clearUnwritten takes the alarm back once no mail of its kind waits for that any more.
func clearUnwritten(tx *store.Tx) error {
	return tx.Exec(`update alarms set cleared_at = ? where kind = 'mail-unwritten' and cleared_at is null
		and not exists (select 1 from messages m where m.template = alarms.object and m.state in ('pending','sending','unknown') and m.reason = ?)`, tx.Now(), unwritten).Error
}
