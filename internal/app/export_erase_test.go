package app

// AddressKey is the keyed hash by which suppressions know an address.
func (a *App) AddressKey(address string) []byte { return a.addressKeys(address)[0] }
