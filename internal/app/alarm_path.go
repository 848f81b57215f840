package app

import (
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// alarmPages are where the mend of each kind begins; what ends with a slash goes on with the object.
var alarmPages = map[string]string{
	nobodyToSell: "/admin/leads/", "lead-stuck": "/admin/leads/", "lead-waits": "/admin/leads/", "beyond-policy": "/admin/leads/",
	"lead-fallback": "/admin/rules/routing", "rule-failed": "/admin/rules/scoring", "manager-gone": "/admin/teams/",
	"connector-away": "/admin/connectors/", "connector-erase": "/admin/pushes/", "file-missing": "/admin/documents/",
	"mail-given-up": "/admin/messages", "mailbox-flood": "/admin/messages",
}

// AlarmPath is the page on which what an alarm tells of is mended; "" where none is.
func AlarmPath(db *store.Query, al store.Alarm) (string, error) {
	page := alarmPages[al.Kind]
	if !strings.HasSuffix(page, "/") {
		return page, nil
	}
	object, _, _ := strings.Cut(al.Object, " ")
	if uuid.Validate(object) != nil {
		if al.Kind == "manager-gone" { // of all sales
			return page + "settings", nil
		}
		return "", nil
	}
	id := uuid.MustParse(object)
	if al.Kind == "lead-waits" { // its object is the assignment
		var leads []uuid.UUID
		if err := db.Model(&store.Assignment{}).Where("id = ?", id).Limit(1).Pluck("lead_id", &leads).Error; err != nil || len(leads) == 0 {
			return "", err
		}
		id = leads[0]
	}
	return page + id.String(), nil
}
