package sql

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A packer compresses payloads with zstd, and those of records with their
// endpoint's dictionary where there is one. A frame names its dictionary; one
// that another process made meanwhile is looked up.
type packer struct {
	plain *zstd.Encoder
	find  func(id uint32) (endpoint string, content []byte, err error) // nil: there are no dictionaries

	mu   sync.RWMutex
	dec  *zstd.Decoder
	all  map[uint32][]byte
	encs map[string]*zstd.Encoder // by endpoint
}

// maxOpened bounds what a stored blob may unpack to.
const maxOpened = 256 << 20

// maxPacking is how many rows are compressed at once: each takes memory of its own.
const maxPacking = 4

func newPacker() (*packer, error) {
	p := &packer{all: map[uint32][]byte{}, encs: map[string]*zstd.Encoder{}}
	var err error
	if p.plain, err = newEncoder(); err != nil {
		return nil, err
	}
	p.dec, err = newDecoder(nil)
	return p, err
}

func newEncoder(o ...zstd.EOption) (*zstd.Encoder, error) {
	e, err := zstd.NewWriter(nil, append(o, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(min(maxPacking, runtime.GOMAXPROCS(0))))...)
	if err != nil {
		return nil, fmt.Errorf("start compression: %w", err)
	}
	return e, nil
}

func newDecoder(dictionaries map[uint32][]byte) (*zstd.Decoder, error) {
	o := []zstd.DOption{zstd.WithDecoderMaxMemory(maxOpened), zstd.WithDecoderConcurrency(0)}
	for id, content := range dictionaries {
		o = append(o, zstd.WithDecoderDictRaw(id, content))
	}
	d, err := zstd.NewReader(nil, o...)
	if err != nil {
		return nil, fmt.Errorf("start decompression: %w", err)
	}
	return d, nil
}

// add puts a dictionary to use. It is stored already: what is compressed with
// it must open in the next process too.
func (p *packer) add(id uint32, endpoint string, content []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[id] != nil {
		return nil
	}
	p.all[id] = content
	enc, err := newEncoder(zstd.WithEncoderDictRaw(id, content))
	if err != nil {
		return err
	}
	dec, err := newDecoder(p.all)
	if err != nil {
		return err
	}
	p.dec, p.encs[endpoint] = dec, enc
	return nil
}

func (p *packer) has(endpoint string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.encs[endpoint] != nil
}

func (p *packer) pack(plain []byte, place []string) []byte {
	enc := p.plain
	if len(place) > 1 && place[0] == "record" {
		p.mu.RLock()
		if e := p.encs[place[1]]; e != nil {
			enc = e
		}
		p.mu.RUnlock()
	}
	return enc.EncodeAll(plain, make([]byte, 0, len(plain)/2+64))
}

func (p *packer) unpack(packed []byte) ([]byte, error) {
	p.mu.RLock()
	dec := p.dec
	p.mu.RUnlock()
	plain, err := dec.DecodeAll(packed, nil)
	if !errors.Is(err, zstd.ErrUnknownDictionary) || p.find == nil {
		return plain, err
	}
	var h zstd.Header
	if err := h.Decode(packed); err != nil {
		return nil, err
	}
	endpoint, content, err := p.find(h.DictionaryID)
	if err != nil {
		return nil, err
	}
	if err := p.add(h.DictionaryID, endpoint, content); err != nil {
		return nil, err
	}
	p.mu.RLock()
	dec = p.dec
	p.mu.RUnlock()
	return dec.DecodeAll(packed, nil)
}
