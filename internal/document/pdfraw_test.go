package document

import (
	"bytes"
	"slices"
	"testing"
)

// Protection that is spelt out in the trailer is protection all the same, however the name is escaped.
func TestEncryptionInTheTrailer(t *testing.T) {
	for _, name := range []string{"/Encrypt", "/Encr#79pt"} {
		dict := name + " << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P -4 >>"
		file := bytes.Replace(goodObjects().pdf(), []byte("/Root 1 0 R"), []byte("/Root 1 0 R "+dict), 1)
		if _, err := CheckPDF(t.Context(), bytes.NewReader(file), DefaultMaxPDF); !slices.Contains(fieldCodes(err), "encrypted") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
