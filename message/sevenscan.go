package message

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// encoding is what becomes of the body of a leaf.
type encoding byte

const (
	keep       encoding = iota
	toQuoted            // quoted-printable
	toBase64            // base64
	mendQuoted          // quoted-printable already, and not by the rules
	mendBase64          // base64 already, and not by the rules
)

// plan is what the first pass has found out about an entity.
type plan struct {
	how      encoding
	eightBit bool // octets over 127; of a multipart, outside of its parts
	notUTF8  bool
	encodes  bool // it, or something in it, gets an encoding
	unfit    bool // it, or something in it, keeps overlong lines or NUL
}

// scan is the first pass: what has to change, and how.
type scan struct {
	plans   []plan
	changes bool // anything
	unfit   bool // what stays has overlong lines or NUL

	keepsNUL bool // what stays has NUL

	// of the leaf, the sealed part or the text between parts that is being read
	size, escapes int64
	column        int
	long, nul     bool
	tail          utf8Tail
}

func (s *scan) begin(e *entity) error {
	s.plans = append(s.plans, plan{})
	s.changes = s.changes || needsMending(e.header)
	s.size, s.escapes, s.column, s.long, s.nul, s.tail = 0, 0, 0, false, false, utf8Tail{}
	return nil
}

func (s *scan) text(e *entity, piece []byte) error {
	p := &s.plans[e.index]
	eightBit, nul := hasEightBit(piece), bytes.IndexByte(piece, 0) >= 0
	s.column += len(piece)
	long := s.column > maxLine
	switch e.kind {
	case sealed:
		if eightBit {
			return e.why
		}
		if nul || long {
			s.unfit = true
			s.keepsNUL = s.keepsNUL || nul
			for ; e != nil; e = e.parent {
				s.plans[e.index].unfit = true
			}
		}
	case multipart:
		if eightBit || nul || long {
			p.eightBit = true
			s.changes = true
		}
	default:
		s.size += int64(len(piece))
		s.long = s.long || long
		s.nul = s.nul || nul
		if eightBit || nul {
			for _, c := range piece {
				if c >= 0x7f || c < ' ' && c != '\t' {
					s.escapes++
				}
			}
		}
		p.eightBit = p.eightBit || eightBit
		p.notUTF8 = p.notUTF8 || (eightBit || s.tail.n > 0) && !s.tail.valid(piece)
	}
	return nil
}

func (s *scan) lineEnd(e *entity) error {
	s.column = 0
	s.size += 2
	if s.tail.n > 0 {
		s.plans[e.index].notUTF8 = true
		s.tail.n = 0
	}
	return nil
}

func (s *scan) delimiter(line []byte, _ bool) error {
	s.column = 0
	s.changes = s.changes || len(line) > maxLine
	if hasEightBit(line) {
		return ConversionError("a boundary has 8-bit text")
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return ConversionError("a boundary has a NUL")
	}
	return nil
}

func (s *scan) end(e *entity) error {
	p := &s.plans[e.index]
	p.notUTF8 = p.notUTF8 || s.tail.n > 0
	if e.kind == multipart && e.parts == 0 && p.eightBit {
		return ConversionError("a multipart has 8-bit text or lines that are too long, and no parts")
	}
	if e.kind != leaf || !p.eightBit && !s.nul && !s.long {
		return nil
	}
	s.changes = true
	switch {
	case e.encoding == "quoted-printable":
		p.how = mendQuoted
		return nil
	case e.encoding == "base64":
		p.how = mendBase64
		return nil
	case strings.HasPrefix(e.encoding, "x-"): // and no two encodings at once
		return ConversionError("a part has 8-bit text or lines that are too long, and the encoding " + shorten(oneLine(e.encoding)))
	}
	// Quoted-printable is shorter where less than one octet in six is escaped; for readable text it gets some more.
	text := strings.HasPrefix(e.mediaType, "text/") || strings.HasPrefix(e.mediaType, "message/")
	p.how = toBase64
	if text && s.escapes < s.size/4 {
		p.how = toQuoted
	}
	for ; e != nil; e = e.parent {
		s.plans[e.index].encodes = true
	}
	return nil
}

// needsMending tells whether a header has what may not go to the server.
func needsMending(header []byte) bool {
	if hasEightBit(header) || bytes.IndexByte(header, 0) >= 0 {
		return true
	}
	return hasLongLine(header)
}

func hasLongLine(text []byte) bool {
	for len(text) > maxLine {
		i := bytes.IndexByte(text, '\n')
		if i < 0 || i > maxLine+1 {
			return true
		}
		text = text[i+1:]
	}
	return false
}

// utf8Tail checks UTF-8 that comes in pieces: it keeps the beginning of a character until the rest is there.
type utf8Tail struct {
	b [utf8.UTFMax]byte
	n int
}

func (t *utf8Tail) valid(piece []byte) bool {
	for t.n > 0 && len(piece) > 0 {
		t.b[t.n] = piece[0]
		t.n++
		piece = piece[1:]
		if utf8.FullRune(t.b[:t.n]) {
			if r, size := utf8.DecodeRune(t.b[:t.n]); r == utf8.RuneError && size <= 1 {
				return false
			}
			t.n = 0
		}
	}
	end := len(piece)
	for i := max(0, end-utf8.UTFMax+1); i < end; i++ {
		if utf8.RuneStart(piece[i]) && !utf8.FullRune(piece[i:]) {
			t.n = copy(t.b[:], piece[i:])
			end = i
		}
	}
	return utf8.Valid(piece[:end])
}
