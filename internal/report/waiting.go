package report

// Waiting is what asks for a decision now, whenever it came in.
func Waiting() Report {
	return Report{Name: "waiting", Title: "Waiting for a decision", Key: "Where", Columns: []Column{{"waiting", "Waiting in quarantine"}},
		Definition: "Submissions that looked doubtful and that nobody has released or discarded yet.",
		SQL: func(Filter) string {
			return `select 'quarantine', count(*) from submissions where state = 'quarantined'`
		},
		Drill: func(Filter, string, int) string { return "/admin/quarantine" }}
}
