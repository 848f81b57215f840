package token

import (
	"crypto/aes"
	"crypto/cipher"
)

// Secrets at rest (webhook secrets, CRM keys) are sealed with AES-256-GCM and a random nonce (NIST SP 800-38D) under an
// HKDF key per purpose. A sealed value is: version (1), key id (1), nonce (12), ciphertext, tag (16); the first two are
// authenticated as well.

const (
	sealVersion  = 1
	sealHeader   = 2
	sealOverhead = sealHeader + 12 + 16
)

// Seal encrypts plain under the first secret. The purpose names the place of the value, best down to the row
// ("connector/<id>"): a value moved to another place does not open there. Sealing twice gives two different texts.
func (k *Keys) Seal(purpose string, plain []byte) []byte {
	s := k.secrets[0]
	header := []byte{sealVersion, s.id}
	return s.aead(purpose).Seal(header, nil, plain, header) //nolint:gosec // cipher.NewGCMWithRandomNonce makes and keeps the nonce
}

// Unseal gives the plain value back, whichever of the secrets sealed it, or ErrInvalid: changed, cut, sealed for another
// purpose, or under a secret that is no longer in the list.
func (k *Keys) Unseal(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < sealOverhead || sealed[0] != sealVersion {
		return nil, ErrInvalid
	}
	header, body := sealed[:sealHeader], sealed[sealHeader:]
	for _, s := range k.secrets {
		if s.id != header[1] {
			continue
		}
		if plain, err := s.aead(purpose).Open(nil, nil, body, header); err == nil {
			return plain, nil
		}
	}
	return nil, ErrInvalid
}

// Stale reports whether a sealed value is not under the first secret and should be sealed again before an old secret is
// dropped. It says nothing about whether the value opens.
func (k *Keys) Stale(purpose string, sealed []byte) bool {
	first := &Keys{secrets: k.secrets[:1]}
	_, err := first.Unseal(purpose, sealed)
	return err != nil
}

func (s secret) aead(purpose string) cipher.AEAD {
	block, err := aes.NewCipher(derive(s.value, "seal/"+purpose))
	if err != nil {
		panic("token: " + err.Error()) // the key is always 32 bytes
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("token: " + err.Error()) // AES always has the block size that GCM wants
	}
	return gcm
}
