package compose

import (
	"bytes"
	"errors"
	"hash/crc64"
	"io"
	"unicode/utf8"
)

// traits are what a look at content has found.
type traits struct {
	begin   []byte // its first octets
	size    int64
	sum     uint64 // tells a file that changes between the look and the writing
	odd     int64  // octets over 127
	cr, nul bool
	utf8    bool
	longest int // line, without its end
}

// sniffed is how many octets the type of a file is told from.
const sniffed = 512

// scan looks at all of a source.
func scan(s *Source) (t traits, err error) {
	t.utf8 = true
	sum := newSum()
	buf := make([]byte, 32<<10)
	kept, column := 0, 0 // octets of a character that goes on in the next block; octets of the line so far
	for r := s.Open(); ; {
		n, err := r.Read(buf[kept:])
		block := buf[kept : kept+n]
		sum.Write(block)
		t.size += int64(n)
		t.begin = append(t.begin, block[:min(n, sniffed-len(t.begin))]...)
		t.look(block, &column)
		kept = t.characters(buf[:kept+n], errors.Is(err, io.EOF))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t, &FileError{s.name, cause(err)}
		}
	}
	if t.size != s.Size() {
		return t, changed(s)
	}
	t.sum = sum.Sum64()
	return t, nil
}

func newSum() hash64 { return crc64.New(crc64.MakeTable(crc64.ECMA)) }

type hash64 interface {
	io.Writer
	Sum64() uint64
}

// changed is the error of a file that is not the same any more.
func changed(s *Source) error {
	return &FileError{s.name, errors.New("it has changed while it was read")}
}

// look notes what a block has.
func (t *traits) look(block []byte, column *int) {
	t.nul = t.nul || bytes.IndexByte(block, 0) >= 0
	t.cr = t.cr || bytes.IndexByte(block, '\r') >= 0
	for _, c := range block {
		if c >= 0x80 {
			t.odd++
		}
	}
	for len(block) > 0 {
		i := bytes.IndexByte(block, '\n')
		if i < 0 {
			*column += len(block)
			t.longest = max(t.longest, *column)
			return
		}
		t.longest = max(t.longest, *column+i)
		*column, block = 0, block[i+1:]
	}
}

// characters looks at the characters of a block, and moves a last one that is not whole to its beginning. kept is how much
// that is.
func (t *traits) characters(block []byte, end bool) (kept int) {
	if !t.utf8 || utf8.Valid(block) {
		return 0
	}
	for n := 1; n < utf8.UTFMax && n <= len(block) && !end; n++ {
		tail := block[len(block)-n:]
		if utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) && utf8.Valid(block[:len(block)-n]) {
				return copy(block, tail)
			}
			break
		}
	}
	t.utf8 = false
	return 0
}

// isText tells whether it can go as text, line by line.
func (t *traits) isText() bool { return t.utf8 && !t.nul }

// maxLine is how long a line may be (RFC 5322 section 2.1.1).
const maxLine = 998

// charset is the smallest that has all of a text.
func (t *traits) charset() string {
	if t.odd == 0 {
		return "us-ascii"
	}
	return "utf-8"
}

// textEncoding is how a text goes (RFC 2045 section 6): as it is, else in the encoding that is shorter. Quoted-printable
// takes three octets for one, and base64 four for three of all.
func (t *traits) textEncoding() string {
	switch {
	case t.odd == 0 && t.longest <= maxLine && !t.cr:
		return "7bit"
	case 6*t.odd <= t.size:
		return "quoted-printable"
	}
	return "base64"
}
