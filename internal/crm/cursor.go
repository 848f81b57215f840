package crm

import "time"

// A cursor is the moment of the last change that was read. More may have changed in one moment than a page holds, so it can
// hold a place within the moment as well: "moment~place". Lists and searches of others lag behind, so what changed just now
// is asked for again the next time; each change counts once, by its own key.
const (
	cursorMark = "~"
	cursorLag  = time.Minute
)
