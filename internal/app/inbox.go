package app

import (
	"context"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Inbox keeps the mails of the capture transport in the database, each message once.
type Inbox struct{ Store *store.Store }

// Keep stores one.
func (in Inbox) Keep(ctx context.Context, m email.Message, raw []byte) error {
	return in.Store.KeepMail(ctx, store.CapturedMail{ID: store.NewID(), MessageID: m.ID, Recipient: m.To, Subject: m.Subject, HTML: m.HTML,
		Text: m.Text, Raw: raw, Unsubscribe: m.Unsubscribe, At: in.Store.Now()})
}
