package app_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// TestSpeedOfRules rehearses, and scores anew, as many leads as GATEHOUSE_SPEED says, with fifty rules.
func TestSpeedOfRules(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("GATEHOUSE_SPEED"))
	if err != nil {
		t.Skip("set GATEHOUSE_SPEED to a number of leads")
	}
	k := testkit.New(t)
	k.Clock.Move(time.Until(k.Clock.Now())) // the data ends now
	seeded, err := k.App.Seed(t.Context(), app.SeedOptions{Leads: n, Force: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d leads, %d submissions, %d downloads in %s", seeded.Leads, seeded.Submissions, seeded.Downloads, seeded.Took.Round(time.Millisecond))
	by := store.Actor{Kind: "system", Name: "test"}
	d := draftOf(t, k, func(def *lead.ScoreRules) {
		def.Threshold = 45_00
		for i := range 29 {
			def.Groups[0].Rules = append(def.Groups[0].Rules, lead.ScoreRule{Key: fmt.Sprint("more-", i), Title: "More", Points: 1_00,
				Condition: fmt.Sprintf(`country in ["DE", "AT", "CH"] and not free_mail and mentions(company, "bank", "trust%d")`, i)})
		}
	})
	began := time.Now()
	r, err := k.App.RehearseRules(t.Context(), "scoring", d.Version, 365, by)
	if err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return k.App.Rehearse(t.Context(), r.ID) })
	took := time.Since(began)
	done, _, err := k.App.Rehearsal(t.Context(), r.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("rehearsed %d leads, %d events in %s: %+v", done.Done, done.Result.Events, took.Round(time.Millisecond), done.Result)
	if _, err := k.App.PublishRules(t.Context(), "scoring", d.Version, by); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	s, err := k.App.RescoreLeads(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return k.App.Rescore(t.Context(), s.ID) })
	t.Logf("scored %d leads in %s", k.Count("select count(*) from scores"), time.Since(began).Round(time.Millisecond))
}
