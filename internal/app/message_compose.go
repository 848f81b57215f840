package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// compose renders a message. errs.Gone means that its reason has gone (somebody was erased), so it must not be sent.
func (a *App) compose(ctx context.Context, c claimed) (email.Message, error) {
	m := c.message
	snap, err := a.Snapshot(ctx)
	if err != nil {
		return email.Message{}, err
	}
	settings := snap.Settings
	out := email.Message{ID: m.ID, Kind: email.Kind(m.Kind), From: a.o.From, IdempotencyKey: m.ID.String(), Categories: []string{"gatehouse", m.Kind}}
	if settings.SenderName != "" {
		out.From.Name = settings.SenderName
	}
	v := email.View{Language: "en", CompanyName: settings.CompanyName, PostalAddress: settings.PostalAddress, SenderName: out.From.Name,
		PrivacyLink: a.absolute(settings.PrivacyURL), ImprintLink: a.absolute(settings.ImprintURL)}
	if settings.ContactEmail != "" {
		out.ReplyTo, v.ReplyWelcome = settings.ContactEmail, true
	}
	if m.Kind == "staff" {
		err = a.composeStaff(ctx, m, settings, &out, &v)
	} else {
		err = a.composeRequested(ctx, c, snap, &out, &v)
	}
	if err != nil {
		return out, err
	}
	if a.mutant("mail-panics") && strings.HasPrefix(out.To, "panic") {
		panic("a mail to " + out.To)
	}
	subject, html, text, err := a.renderer.Render(m.Template, v)
	out.Subject, out.HTML, out.Text = orElse(out.Subject, subject), html, text
	return out, err
}

func (a *App) composeRequested(ctx context.Context, c claimed, snap *Snapshot, out *email.Message, v *email.View) error {
	m := c.message
	if m.AddressID == nil || m.GrantID == nil || m.GateID == nil || m.DocumentID == nil {
		return errs.New(errs.Gone, "the message has lost what it was about")
	}
	l, err := a.letter(ctx, c)
	if err != nil {
		return err
	}
	if l.LeadState == "erased" {
		return errs.New(errs.Gone, "the person has been erased")
	}
	def, title, pages, err := a.offer(ctx, snap, m)
	if err != nil {
		return err
	}
	out.To, out.Unsubscribe, out.Subject = l.Address.Address, a.preferencesLink(l.Address), def.MailSubject
	v.Language, v.DocumentTitle, v.Opening, v.ConsentLine = def.Language, title, def.MailText, l.Consent
	if snap.InboundDomain != "" && m.LeadID != nil { // an answer stands on the lead's timeline
		out.ReplyTo, v.ReplyWelcome = a.mailboxAt(*m.LeadID, snap.InboundDomain), true
	}
	v.Asks = len(snap.Questions[*m.DocumentID]) > 0
	v.DocumentFormat = fmt.Sprintf("PDF, %d pages", pages)
	v.Link, v.PreferencesLink = a.documentLink(m), out.Unsubscribe
	if m.LinkExpiresAt != nil {
		v.LinkValid = fmt.Sprintf("%d days", int(m.LinkExpiresAt.Sub(m.CreatedAt).Hours()/24+0.5))
	}
	asked := m.CreatedAt
	if l.ReceivedAt != nil {
		asked = *l.ReceivedAt
	}
	v.Why = fmt.Sprintf("You get this because somebody, presumably you, typed this address at %s on %s.", a.host(),
		asked.In(snap.Settings.Zone()).Format("2 January 2006"))
	return nil
}

// letter is what the message needs to know about its reader, unless the claim has read it.
func (a *App) letter(ctx context.Context, c claimed) (l store.Letter, err error) {
	if c.letter != nil {
		return *c.letter, nil
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		all, err := tx.Letters([]store.Message{c.message})
		if l = all[c.message.ID]; err == nil && l.Address.ID == uuid.Nil {
			err = errs.New(errs.Gone, "the address is gone")
		}
		return err
	})
	return l, err
}

// offer is what the message's gate says and what its document is: out of the snapshot, or read where the gate is no
// longer published.
func (a *App) offer(ctx context.Context, snap *Snapshot, m store.Message) (def form.Gate, title string, pages int32, err error) {
	for i := range snap.Gates {
		if g := &snap.Gates[i]; g.ID == *m.GateID && g.DocumentID == *m.DocumentID {
			return g.Published.Definition, g.Document.Title, g.File.Pages, nil
		}
	}
	d, file, err := a.store.Document(ctx, *m.DocumentID)
	if err != nil {
		return def, "", 0, err
	}
	if file == nil {
		return def, "", 0, errs.New(errs.Unavailable, "the document has no file")
	}
	def, err = a.store.GateDefinition(ctx, *m.GateID)
	return def, d.Title, file.Pages, err
}

func (a *App) composeStaff(ctx context.Context, m store.Message, settings store.Settings, out *email.Message, v *email.View) error {
	if m.UserID == nil {
		return errs.New(errs.Gone, "the member of staff is gone")
	}
	var u store.User
	if err := a.store.DB(ctx).Where("id = ?", *m.UserID).Take(&u).Error; err != nil {
		return a.store.Translate(err)
	}
	if u.DisabledAt != nil {
		return errs.New(errs.Gone, "the account is switched off")
	}
	out.To, out.ToName, out.ReplyTo = u.Email, u.Name, ""
	text := func(key string) string { s, _ := m.Data[key].(string); return s }
	switch m.Template {
	case email.TemplateQuarantineDigest:
		v.Link = a.o.BaseURL + "/admin/quarantine"
		v.Count, _ = strconv.Atoi(text("count"))
		if since, err := time.Parse(time.RFC3339, text("since")); err == nil {
			v.Oldest = since.In(settings.Zone()).Format("Monday 2 January 2006, 15:04")
		}
	case email.TemplateAlarm:
		var al store.Alarm
		if err := a.store.DB(ctx).Where("id = ?", text("alarm")).Take(&al).Error; err != nil {
			return a.store.Translate(err)
		}
		path, err := AlarmPath(a.store.DB(ctx), al)
		if err != nil {
			return a.store.Translate(err)
		}
		v.Link, v.Alarm = a.o.BaseURL+orElse(path, "/admin"), al.Sentence
		v.AlarmDetail = "Since " + al.RaisedAt.In(settings.Zone()).Format("Monday 2 January 2006, 15:04") + "."
		if al.Times > 1 {
			v.AlarmDetail = strings.TrimSuffix(v.AlarmDetail, ".") + fmt.Sprintf(", seen %d times.", al.Times)
		}
		v.Todo = []string{"Open the page below: it is where this is mended."}
		if path == "" {
			v.Todo = []string{"Open the home page for staff; the alarm stands at its top.", "Run “gatehouse doctor” on the server: it names what is wrong and the mend."}
		}
	case email.TemplatePassword:
		return a.composePassword(ctx, m, v)
	case email.TemplateAssigned, email.TemplateAssignedDigest, email.TemplateClock:
		return a.composeSales(ctx, m, u, settings, v)
	}
	return nil
}

// composePassword makes the one-time link: a signed name of the token's row, which decides whether it still opens.
func (a *App) composePassword(ctx context.Context, m store.Message, v *email.View) error {
	id, _ := m.Data["token"].(string)
	var t store.UserToken
	if err := a.store.DB(ctx).Where("id = ?", id).Take(&t).Error; err != nil {
		return a.store.Translate(err)
	}
	if t.UsedAt != nil || a.now().After(t.ExpiresAt) {
		return errs.New(errs.Gone, "the link is used or over")
	}
	v.NewAccount = t.Purpose == "setup"
	v.Link = a.o.BaseURL + "/admin/setup/" + a.keys.Mint(token.StaffLink, token.Claims{ID: t.ID, Expiry: t.ExpiresAt})
	v.LinkValid = "24 hours"
	return nil
}

// absolute makes a settings link usable in a mail; a path belongs to the base URL.
func (a *App) absolute(link string) string {
	if len(link) > 0 && link[0] == '/' {
		return a.o.BaseURL + link
	}
	return link
}
