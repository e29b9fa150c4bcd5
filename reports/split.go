package reports

import (
	"fmt"
	"iter"
)

// writeSheets streams sheets. The rows of all of them are read ahead. One without
// rows is only given its place.
func (b *book) writeSheets(list []sheet) error {
	var lists []iter.Seq2[[]any, error]
	for _, s := range list {
		if s.rows != nil {
			lists = append(lists, s.rows)
		}
	}
	rows, stop := ahead(lists)
	defer stop()
	for _, s := range list {
		var err error
		if s.rows == nil {
			_, err = b.f.NewSheet(s.name)
		} else {
			err = b.stream(s, rows)
		}
		if err != nil {
			return fmt.Errorf("sheet %s: %w", s.name, err)
		}
	}
	return nil
}

// stream writes a sheet, and begins another part of it when it holds as many
// rows as a sheet should.
func (b *book) stream(s sheet, rows iter.Seq2[[]any, error]) error {
	p := &split{b: b, sheet: s, limit: 1_000_000} // what other sheets' formulas read stays in one piece
	if s.phi {
		p.limit = b.o.RowCap
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := p.put(row); err != nil {
			return err
		}
	}
	return p.end()
}

// A split is a sheet in parts, written one after the other: as a rule it is one.
type split struct {
	b      *book
	sheet  sheet
	limit  int // rows of a part
	n      int // parts begun
	sample [][]any
	w      *writer // nil = the next part's sample is being gathered
}

// put writes a row, or keeps it where the widths are not known yet.
func (p *split) put(row []any) error {
	if p.w != nil && p.w.place.rows < p.limit {
		return p.w.put(row)
	}
	if p.w != nil {
		if err := p.w.end(); err != nil {
			return err
		}
		p.w = nil
	}
	if p.sample = append(p.sample, row); len(p.sample) < min(sampleRows, p.limit) {
		return nil
	}
	return p.begin()
}

func (p *split) begin() (err error) {
	p.n++
	if p.w, err = p.b.begin(p.sheet, p.n, p.sample); err != nil {
		return err
	}
	for _, row := range p.sample {
		if err := p.w.put(row); err != nil {
			return err
		}
	}
	p.sample = nil
	return nil
}

func (p *split) end() error {
	if p.w == nil {
		if err := p.begin(); err != nil {
			return err
		}
	}
	return p.w.end()
}
