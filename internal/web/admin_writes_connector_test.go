package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/gatehouse/gatehouse/internal/store"
)

const writesSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// hook is the path of a fresh connector's page.
func (w *world) hook() string {
	w.t.Helper()
	res := w.admin.post("/admin/connectors", url.Values{"kind": {"webhook"}, "name": {"Hook " + store.NewID().String()[24:]},
		"url": {"http://127.0.0.1:9/"}, "secret": {writesSecret}, "in_secret": {writesSecret}})
	if res.Code != http.StatusSeeOther {
		w.t.Fatalf("connector: %d %s", res.Code, res.Body)
	}
	return res.Header().Get("Location")
}

// waiting is a push that waits at a connector which is on.
func (w *world) waiting() string {
	w.t.Helper()
	path := w.hook()
	id := path[len("/admin/connectors/"):][:36]
	w.admin.post("/admin/connectors/"+id+"/state", url.Values{"version": {"1"}, "state": {"on"}})
	in := w.ask(1, store.NewID().String()[24:]+"@pushes.example", "", "")
	w.Take(in)
	if err := w.App.SpreadOutbox(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return w.one("select id::text from pushes where connector_id = ? and state = 'waiting' order by id limit 1", id)
}

// connectorWrites are the posts of this part, as writes are those of the others.
var connectorWrites = map[string]staffWrite{
	"/admin/connectors": {"connector.create", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/connectors", url.Values{"kind": {"webhook"}, "name": {"First hook"}, "url": {"http://127.0.0.1:9/"}, "secret": {writesSecret}, "in_secret": {writesSecret}})
	}},
	"/admin/connectors/:id": {"connector.edit", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.hook(), url.Values{"version": {"1"}, "name": {"Renamed " + store.NewID().String()[24:]}, "url": {"http://127.0.0.1:9/"}})
	}},
	"/admin/connectors/:id/state": {"connector.on", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.hook()+"/state", url.Values{"version": {"1"}, "state": {"on"}})
	}},
	"/admin/connectors/:id/test": {"connector.test", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.hook()+"/test", url.Values{})
	}},
	"/admin/connectors/:id/replay": {"connector.replay", func(w *world) *httptest.ResponseRecorder {
		path := w.hook()
		w.admin.post(path+"/state", url.Values{"version": {"1"}, "state": {"on"}})
		w.waiting()
		from, to := w.Clock.Now().AddDate(0, 0, -1).Format("2006-01-02"), w.Clock.Now().AddDate(0, 0, 1).Format("2006-01-02")
		return w.admin.post(path+"/replay", url.Values{"from": {from}, "to": {to}})
	}},
	"/admin/connectors/:id/mapping": {"connector.mapping", func(w *world) *httptest.ResponseRecorder {
		res := w.admin.post("/admin/connectors", url.Values{"kind": {"hubspot"}, "name": {"Spot " + store.NewID().String()[24:]}, "token": {"pat-eu1-test"}, "secret": {"s3cret-of-the-app"}})
		if res.Code != http.StatusSeeOther {
			w.t.Fatalf("hubspot: %d %s", res.Code, res.Body)
		}
		path := res.Header().Get("Location") + "/mapping"
		return w.admin.post(path, url.Values{"version": {"1"}, "do": {"save"}, "object1": {"person"}, "value1": {"email"}, "property1": {"email"}, "policy1": {"overwrite"}})
	}},
	"/admin/pushes/:id/retry": {"push.retry", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/pushes/"+w.waiting()+"/retry", url.Values{})
	}},
	"/admin/pushes/:id/hold": {"push.hold", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/pushes/"+w.waiting()+"/hold", url.Values{})
	}},
}
