package app

// AwaitForgotten waits for the work that ForgotPassword leaves for after its answer.
func (a *App) AwaitForgotten() { a.forgot.Wait() }
