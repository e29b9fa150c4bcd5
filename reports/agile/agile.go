// Package agile encrypts workbooks as Office does: ECMA-376 Agile encryption
// ([MS-OFFCRYPTO] 2.3.4.10 to 2.3.4.15) with AES-256 in CBC mode, SHA-512, and
// an HMAC over what is encrypted.
package agile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"unicode/utf16"
)

const (
	spins   = 100_000 // rounds that a guess of the passphrase costs, as Office has them
	keySize = 32
	segment = 4096 // bytes that are encrypted with one vector
)

// Block keys of [MS-OFFCRYPTO] 2.3.4.11 to 2.3.4.14.
var (
	blockVerifier     = []byte{0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79}
	blockVerifierHash = []byte{0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e}
	blockKey          = []byte{0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6}
	blockHMACKey      = []byte{0x5f, 0xb2, 0xad, 0x01, 0x0c, 0xb9, 0xe1, 0xf6}
	blockHMAC         = []byte{0xa0, 0x67, 0x7f, 0x02, 0xb2, 0x2c, 0x84, 0x33}
)

// Encrypt writes the size bytes of a workbook that plain gives to w, encrypted
// with a passphrase. It holds one segment of them at a time.
func Encrypt(w io.Writer, plain io.Reader, size int64, passphrase string) error {
	var k keys
	for _, b := range [][]byte{k.dataSalt[:], k.passSalt[:], k.key[:], k.hmacKey[:], k.verifier[:]} {
		rand.Read(b) //nolint:errcheck // it never fails; it ends the program where there is no randomness
	}
	block, err := aes.NewCipher(k.key[:])
	if err != nil {
		return fmt.Errorf("use the workbook's key: %w", err)
	}
	out := newCompound(w, 8+(size+15)/16*16)
	if err := out.begin(); err != nil {
		return err
	}
	mac := hmac.New(sha512.New, k.hmacKey[:])
	if err := k.pack(io.MultiWriter(out, mac), plain, size, block); err != nil {
		return err
	}
	info, err := k.info(block, passphrase, mac)
	if err != nil {
		return err
	}
	return out.end(info)
}

// keys are what one workbook is encrypted with.
type keys struct {
	dataSalt, passSalt, verifier [16]byte
	key                          [keySize]byte
	hmacKey                      [sha512.Size]byte
}

// pack writes the stream EncryptedPackage: the size, and the segments, the last
// of them filled up to whole blocks.
func (k *keys) pack(w io.Writer, plain io.Reader, size int64, block cipher.Block) error {
	if err := binary.Write(w, binary.LittleEndian, uint64(size)); err != nil {
		return fmt.Errorf("write an encrypted workbook: %w", err)
	}
	buf := make([]byte, segment)
	for n := uint32(0); size > 0; n++ {
		part := buf[:min(size, segment)]
		if _, err := io.ReadFull(plain, part); err != nil {
			return fmt.Errorf("read the workbook that is to be encrypted: %w", err)
		}
		size -= int64(len(part))
		whole := buf[:(len(part)+15)/16*16]
		clear(whole[len(part):])
		cipher.NewCBCEncrypter(block, k.vector(binary.LittleEndian.AppendUint32(nil, n))).CryptBlocks(whole, whole)
		if _, err := w.Write(whole); err != nil {
			return fmt.Errorf("write an encrypted workbook: %w", err)
		}
	}
	return nil
}

// vector is the initialisation vector of a segment or a block key.
func (k *keys) vector(of []byte) []byte { return digest(k.dataSalt[:], of)[:aes.BlockSize] }

// info is the stream EncryptionInfo: how the passphrase opens the key, and what
// proves that nothing was changed.
func (k *keys) info(block cipher.Block, passphrase string, mac hash.Hash) ([]byte, error) {
	seal := func(what, of []byte) string {
		out := make([]byte, len(what))
		cipher.NewCBCEncrypter(block, k.vector(of)).CryptBlocks(out, what)
		return base64.StdEncoding.EncodeToString(out)
	}
	spun := spin(passphrase, k.passSalt[:])
	locked := func(what, of []byte) (string, error) {
		lock, err := aes.NewCipher(digest(spun, of)[:keySize])
		if err != nil {
			return "", fmt.Errorf("use the passphrase: %w", err)
		}
		out := make([]byte, len(what))
		cipher.NewCBCEncrypter(lock, k.passSalt[:]).CryptBlocks(out, what)
		return base64.StdEncoding.EncodeToString(out), nil
	}
	var locks [3]string
	for i, l := range [3][2][]byte{{k.verifier[:], blockVerifier}, {digest(k.verifier[:]), blockVerifierHash}, {k.key[:], blockKey}} {
		var err error
		if locks[i], err = locked(l[0], l[1]); err != nil {
			return nil, err
		}
	}
	const how = `saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512"`
	salt := base64.StdEncoding.EncodeToString
	xml := `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\r\n" +
		`<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password">` +
		`<keyData ` + how + ` saltValue="` + salt(k.dataSalt[:]) + `"/>` +
		`<dataIntegrity encryptedHmacKey="` + seal(k.hmacKey[:], blockHMACKey) + `" encryptedHmacValue="` + seal(mac.Sum(nil), blockHMAC) + `"/>` +
		`<keyEncryptors><keyEncryptor uri="http://schemas.microsoft.com/office/2006/keyEncryptor/password"><p:encryptedKey spinCount="` + fmt.Sprint(spins) + `" ` + how +
		` saltValue="` + salt(k.passSalt[:]) + `" encryptedVerifierHashInput="` + locks[0] + `" encryptedVerifierHashValue="` + locks[1] +
		`" encryptedKeyValue="` + locks[2] + `"/></keyEncryptor></keyEncryptors></encryption>`
	return append([]byte{4, 0, 4, 0, 0x40, 0, 0, 0}, xml...), nil // version 4.4, agile
}

// spin hashes the passphrase as often as a guess shall cost.
func spin(passphrase string, salt []byte) []byte {
	sum := digest(salt, utf16le(passphrase))
	for i := range uint32(spins) {
		sum = digest(binary.LittleEndian.AppendUint32(nil, i), sum)
	}
	return sum
}

func digest(parts ...[]byte) []byte {
	h := sha512.New()
	for _, p := range parts {
		_, _ = h.Write(p) // a hash never fails
	}
	return h.Sum(nil)
}

func utf16le(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
