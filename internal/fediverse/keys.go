package fediverse

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"relais/internal/fediverse/wire"
)

// sealer keeps private keys unreadable in the database and its backups. Its key is derived from the site's secret.
type sealer struct{ aead cipher.AEAD }

func newSealer(secret []byte) (sealer, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "purpose:fediverse keys", 32)
	if err != nil {
		return sealer{}, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// newKey makes a pair: the public half as documents have it, the private one sealed.
func (s sealer) newKey() (public string, sealed []byte, err error) {
	key, err := wire.NewKey()
	if err != nil {
		return "", nil, fmt.Errorf("make key: %w", err)
	}
	if public, err = wire.PublicPEM(&key.PublicKey); err != nil {
		return "", nil, err
	}
	return public, s.aead.Seal(nil, nil, x509.MarshalPKCS1PrivateKey(key), nil), nil
}

// errSealed says that a key was sealed with another secret than today's, or is gone.
var errSealed = errors.New("the private key cannot be opened")

func (s sealer) open(sealed []byte) (*rsa.PrivateKey, error) {
	der, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, errSealed
	}
	return x509.ParsePKCS1PrivateKey(der)
}
