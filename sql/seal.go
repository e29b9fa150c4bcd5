package sql

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// A Sealer seals what is stored and opens it again. Every payload passes
// through this pair and no other: packed by a packer, then sealed with
// AES-256-GCM, whose associated data names table, row and key, so that a blob
// moved to another row does not open.
type Sealer struct {
	keyID [4]byte
	aead  cipher.AEAD // nil: sealing is off, as the config spells out
	pack  *packer
}

// The first byte of a stored blob.
const (
	formatPlain  = 1 // as the packer gives it
	formatSealed = 2 // key id, nonce, AES-256-GCM of the same
)

// NewSealer makes a Sealer from a key of 32 bytes, or one that only
// compresses if the key is nil.
func NewSealer(key []byte) (*Sealer, error) {
	s := &Sealer{}
	var err error
	if s.pack, err = newPacker(); err != nil {
		return nil, err
	}
	if key == nil {
		return s, nil
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("encryption key has %d bytes, it must have 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("use encryption key: %w", err)
	}
	if s.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, fmt.Errorf("use encryption key: %w", err)
	}
	sum := sha256.Sum256(append([]byte("chartbridge key id"), key...))
	copy(s.keyID[:], sum[:])
	return s, nil
}

// KeyID names the key without giving it away; empty when sealing is off.
func (s *Sealer) KeyID() string {
	if s.aead == nil {
		return ""
	}
	return fmt.Sprintf("%x", s.keyID)
}

// head is how every blob of this key begins.
func (s *Sealer) head() []byte {
	if s.aead == nil {
		return []byte{formatPlain}
	}
	return append([]byte{formatSealed}, s.keyID[:]...)
}

// sealed reports whether a blob is of this key.
func (s *Sealer) sealed(blob []byte) bool { return bytes.HasPrefix(blob, s.head()) }

// Seal packs plain for the row that place names, e.g. "record", "patients", "90001".
func (s *Sealer) Seal(plain []byte, place ...string) []byte {
	packed := s.pack.pack(plain, place)
	if s.aead == nil {
		return append([]byte{formatPlain}, packed...)
	}
	out := make([]byte, 0, 1+len(s.keyID)+len(packed)+s.aead.Overhead())
	out = append(append(out, formatSealed), s.keyID[:]...)
	return s.aead.Seal(out, nil, packed, s.associated(place))
}

// Open gives back what Seal was given. It fails if the blob was made with
// another key, belongs to another row, or was changed.
func (s *Sealer) Open(blob []byte, place ...string) ([]byte, error) {
	plain, err := s.open(blob, place)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", strings.Join(place, " "), err)
	}
	return plain, nil
}

func (s *Sealer) open(blob []byte, place []string) ([]byte, error) {
	if len(blob) == 0 {
		return nil, errors.New("nothing is stored")
	}
	packed := blob[1:]
	switch blob[0] {
	case formatPlain:
	case formatSealed:
		if s.aead == nil {
			return nil, errors.New("it is sealed, but encryption_key is off")
		}
		if len(packed) < len(s.keyID) || [4]byte(packed[:4]) != s.keyID {
			return nil, errors.New("it was sealed with another key than the config's")
		}
		var err error
		if packed, err = s.aead.Open(nil, nil, packed[4:], s.associated(place)); err != nil {
			return nil, errors.New("it was changed, or belongs to another row")
		}
	default:
		return nil, fmt.Errorf("unknown format %d; was it written by a newer program?", blob[0])
	}
	plain, err := s.pack.unpack(packed)
	if err != nil {
		return nil, errors.New("it does not unpack")
	}
	return plain, nil
}

func (s *Sealer) associated(place []string) []byte {
	text := make([]byte, 0, 64)
	for _, part := range place {
		text = append(append(text, part...), '\x1f')
	}
	return append(text, s.keyID[:]...)
}
