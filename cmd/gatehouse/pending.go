package main

type doctorCommand struct{}
func (doctorCommand) Run(*world) error { return nil }
type verifyCommand struct{}
func (verifyCommand) Run(*world) error { return nil }
type backupCommand struct{}
func (backupCommand) Run(*world) error { return nil }
type restoreCommand struct{}
func (restoreCommand) Run(*world) error { return nil }
type eraseCommand struct{}
func (eraseCommand) Run(*world) error { return nil }
type seedCommand struct{}
func (seedCommand) Run(*world) error { return nil }
