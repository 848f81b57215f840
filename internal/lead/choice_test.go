package lead_test

import (
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/lead"
)

func TestChosen(t *testing.T) {
	one, two := uuid.UUID{1}, uuid.UUID{2}
	claim := func(from uuid.UUID, how string) lead.Choice { return lead.Choice{How: how, Source: from} }
	own := func(how string) lead.Choice { return lead.Choice{How: how, Confirmed: true} }
	for _, c := range []struct {
		name string
		said []lead.Choice
		want int
	}{
		{"nothing said", nil, -1},
		{"a claim where nothing is known", []lead.Choice{claim(one, "call")}, 0},
		{"whoever claims changes their mind", []lead.Choice{claim(one, "call"), claim(one, "mail")}, 1},
		{"a claim after what was confirmed", []lead.Choice{own("mail"), claim(one, "call")}, 0},
		{"what was confirmed after a claim", []lead.Choice{claim(one, "call"), own("mail")}, 1},
		{"the owner's last word", []lead.Choice{own("mail"), own("none"), own("call")}, 2},
		{"a claimed no binds over what was confirmed", []lead.Choice{own("call"), claim(one, "none")}, 1},
		{"and over another's later claim", []lead.Choice{claim(one, "none"), claim(two, "call")}, 0},
		{"until its own source takes it back: what was confirmed holds again", []lead.Choice{own("mail"), claim(one, "none"), claim(one, "call")}, 0},
		{"or the owner says otherwise", []lead.Choice{claim(one, "none"), own("call")}, 1},
		{"a stranger does not lift the owner's no", []lead.Choice{own("none"), claim(one, "call")}, 0},
	} {
		if got := lead.Chosen(c.said); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// Whatever is said in whatever order: a claim replaces what was confirmed only to say no, and a no of the mailbox's owner
// is lifted by nobody else.
func TestChosenKeepsThePromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) lead.Choice {
			return lead.Choice{How: rapid.SampledFrom(lead.Ways()).Draw(t, "how"), Confirmed: rapid.Bool().Draw(t, "confirmed"),
				Source: uuid.UUID{rapid.ByteRange(1, 3).Draw(t, "source")}}
		}), 0, 12).Draw(t, "said")
		got := lead.Chosen(said)
		if (got < 0) != (len(said) == 0) {
			t.Fatalf("%d of %d", got, len(said))
		}
		confirmed := -1
		for i, c := range said {
			if c.Confirmed {
				confirmed = i
			}
		}
		if confirmed < 0 {
			return
		}
		if got < confirmed {
			t.Fatal("something older than the owner's last word binds")
		}
		if got != confirmed && said[got].How != lead.ByNobody {
			t.Fatalf("the claim %q replaced what was confirmed", said[got].How)
		}
		if said[confirmed].How == lead.ByNobody && said[got].How != lead.ByNobody {
			t.Fatal("the owner's no was lifted")
		}
	})
}
