package sql

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A packer compresses payloads: those of records with their endpoint's
// dictionary where there is one, all others with zstd. What is packed names its
// dictionary; one that another process made meanwhile is looked up.
type packer struct {
	plain *zstd.Encoder
	find  func(id uint32) (endpoint string, content []byte, err error) // nil: there are no dictionaries

	mu     sync.RWMutex
	coders map[uint32]*coder
	of     map[string]*coder // by endpoint

	// Endpoints whose dictionary was made by an older program, for zstd.
	dec  *zstd.Decoder
	all  map[uint32][]byte
	encs map[string]*zstd.Encoder
}

// maxOpened bounds what a stored blob may unpack to.
const maxOpened = 256 << 20

// maxPacking is how many rows are compressed at once: each takes memory of its own.
const maxPacking = 4

func newPacker() (*packer, error) {
	p := &packer{coders: map[uint32]*coder{}, of: map[string]*coder{}, all: map[uint32][]byte{}, encs: map[string]*zstd.Encoder{}}
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
	c, isCoder, err := readCoder(id, content)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if isCoder {
		p.coders[id], p.of[endpoint] = c, c
		return nil
	}
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
	return p.of[endpoint] != nil || p.encs[endpoint] != nil
}

func (p *packer) pack(plain []byte, place []string) []byte {
	enc := p.plain
	if len(place) > 1 && place[0] == "record" {
		p.mu.RLock()
		c, e := p.of[place[1]], p.encs[place[1]]
		p.mu.RUnlock()
		switch {
		case c != nil:
			return c.pack(plain)
		case e != nil:
			enc = e
		}
	}
	return enc.EncodeAll(plain, make([]byte, 0, len(plain)/2+64))
}

func (p *packer) unpack(packed []byte) ([]byte, error) {
	if id, rest, ok := coded(packed); ok {
		c, err := p.coder(id)
		if err != nil || c == nil {
			return nil, errors.Join(err, zstd.ErrUnknownDictionary)
		}
		return c.unpack(packed[0], rest)
	}
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
	if err := p.lookUp(h.DictionaryID); err != nil {
		return nil, err
	}
	p.mu.RLock()
	dec = p.dec
	p.mu.RUnlock()
	return dec.DecodeAll(packed, nil)
}

// coder gives one by its dictionary.
func (p *packer) coder(id uint32) (*coder, error) {
	p.mu.RLock()
	c := p.coders[id]
	p.mu.RUnlock()
	if c != nil || p.find == nil {
		return c, nil
	}
	if err := p.lookUp(id); err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.coders[id], nil
}

func (p *packer) lookUp(id uint32) error {
	endpoint, content, err := p.find(id)
	if err != nil {
		return err
	}
	return p.add(id, endpoint, content)
}
