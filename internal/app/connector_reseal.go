package app

import (
	"context"

	"github.com/gatehouse/gatehouse/internal/store"
)

// resealConnectors seals the secrets of connectors under the first secret of the list, so that an old one can be dropped. Those
// that do not open stay as they are: the doctor and their page say so.
func (a *App) resealConnectors(ctx context.Context) error {
	var all []store.Connector
	if err := a.store.DB(ctx).Order("id").Find(&all).Error; err != nil {
		return a.store.Translate(err)
	}
	for _, c := range all {
		place := sealPlace(c.ID)
		if !a.keys.Stale(place, c.Secrets) {
			continue
		}
		plain, err := a.keys.Unseal(place, c.Secrets)
		if err != nil {
			continue
		}
		err = a.store.Tx(ctx, func(tx *store.Tx) error { // unless somebody saved it meanwhile
			return tx.Exec("update connectors set secrets = ? where id = ? and secrets = ?", a.keys.Seal(place, plain), c.ID, c.Secrets).Error
		})
		if err != nil {
			return err
		}
		a.log.Info("the secrets of a connector are sealed anew", "connector", c.ID)
	}
	return nil
}
