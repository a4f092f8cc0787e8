package message

// EightBitHeader tells whether the header has octets over 127: the message is one of RFC 6532, or one of none.
func (m *Message) EightBitHeader() bool { return hasEightBit(m.raw) }

// EncodedHeader gives the message with encoded words (RFC 2047) and, in parameters, RFC 2231 where its header has octets
// over 127, so that every server on its way takes it. The body is that of the receiver, which is to be closed last. The
// error is a ConversionError, where an address isn't US-ASCII, or a HeaderError.
func (m *Message) EncodedHeader() (*Message, error) {
	to := &Message{body: m.body, eightBit: m.eightBit, borrowed: true}
	for rest := m.raw[:len(m.raw)-len(crlf)]; len(rest) > 0; {
		var field []byte
		field, rest = cutField(rest)
		mended, err := mendField(field)
		if err != nil {
			return nil, err
		}
		to.raw = append(to.raw, mended...)
	}
	if len(to.raw) > MaxHeader {
		return nil, errHeaderSize
	}
	var err error
	if to.header, err = takeApart(to.raw); err != nil {
		return nil, err
	}
	to.raw = append(to.raw, crlf...)
	return to, nil
}
