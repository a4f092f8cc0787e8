package message

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// readBuffer is how much of the input is looked at together; a longer line comes in pieces.
const readBuffer = 64 << 10

// lines takes the input apart into lines, whatever they end in: LF, CRLF, or the end of the input.
type lines struct {
	r       *bufio.Reader
	dotEnds bool // a line with a lone dot ends the message, and a doubled leading dot is undone
	inLine  bool // the next piece goes on with a line
	ended   bool
}

func newLines(r io.Reader, dotEnds bool) *lines {
	return &lines{r: bufio.NewReaderSize(r, readBuffer), dotEnds: dotEnds}
}

// next gives a piece of a line without its line end; whole tells that the line ends with it. The piece is good until
// the next call. At the end of the message the error is io.EOF; another error is a *ReadError.
func (l *lines) next() (piece []byte, whole bool, err error) {
	if l.ended {
		return nil, false, io.EOF
	}
	first := !l.inLine
	piece, err = l.r.ReadSlice('\n')
	switch {
	case err == nil:
		whole = true
		piece = piece[:len(piece)-1]
	case errors.Is(err, bufio.ErrBufferFull):
		if piece[len(piece)-1] == '\r' {
			piece, whole, err = l.acrossBuffers(piece)
		}
	case errors.Is(err, io.EOF):
		l.ended = true
		if len(piece) == 0 && first {
			return nil, false, io.EOF
		}
		whole = true
	}
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
		return nil, false, &ReadError{err}
	}
	if whole { // also CR CR LF, as some programs write
		piece = bytes.TrimRight(piece, "\r")
	}
	l.inLine = !whole
	if first && l.dotEnds && len(piece) > 0 && piece[0] == '.' {
		var ends bool
		if piece, ends = undot(piece, whole); ends {
			l.ended = true
			return nil, false, io.EOF
		}
	}
	return piece, whole, nil
}

// undot is sendmail's reading of a line that begins with a dot: callers that don't give -i rely on both halves of it.
func undot(line []byte, whole bool) (_ []byte, ends bool) {
	switch {
	case len(line) == 1:
		return line, whole
	case line[1] == '.':
		return line[1:], false
	}
	return line, false
}

// block gives the whole lines that are in the buffer as they came, where no line is begun. It may be empty, and is good
// until the next call.
func (l *lines) block() []byte {
	if l.inLine || l.ended {
		return nil
	}
	buffered, _ := l.r.Peek(l.r.Buffered())
	block := buffered[:bytes.LastIndexByte(buffered, '\n')+1]
	l.r.Discard(len(block))
	return block
}

// acrossBuffers looks behind a piece that ends in CR, which is a line end of its own or the first half of one.
func (l *lines) acrossBuffers(piece []byte) (_ []byte, whole bool, err error) {
	piece = bytes.Clone(piece)
	for {
		switch c, err := l.r.ReadByte(); {
		case errors.Is(err, io.EOF):
			l.ended = true
			return piece, true, nil
		case err != nil:
			return nil, false, err
		case c == '\n':
			return piece, true, nil
		case c != '\r':
			return piece, false, l.r.UnreadByte()
		}
	}
}

// hasEightBit tells whether b has an octet over 127.
func hasEightBit(b []byte) bool {
	const high = 0x8080808080808080
	le := binary.LittleEndian
	for ; len(b) >= 32; b = b[32:] {
		w := b[:32]
		if (le.Uint64(w)|le.Uint64(w[8:])|le.Uint64(w[16:])|le.Uint64(w[24:]))&high != 0 {
			return true
		}
	}
	for ; len(b) >= 8; b = b[8:] {
		if le.Uint64(b)&high != 0 {
			return true
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}
