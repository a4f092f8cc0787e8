package smtptest

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// scramServer is the server's side of one SCRAM sign-in (RFC 5802, RFC 7677, RFC 9266), which a script can have go wrong.
type scramServer struct {
	*peer
	mechanism, flag, user, password, fault string
	hash                                   func() hash.Hash
	rounds                                 int
}

// scram plays the whole exchange, from the AUTH command on. In the end it is for the script to go on, with 235 or with
// what a client does that doesn't like the fault.
func (p *peer) scram(args string) error {
	s := scramServer{peer: p, hash: sha256.New, rounds: 4096}
	if _, err := fmt.Sscanf(args, "%s %s %q %q %s", &s.mechanism, &s.flag, &s.user, &s.password, &s.fault); err != nil {
		return fmt.Errorf("in the script: %w", err)
	}
	if strings.HasPrefix(s.mechanism, "SCRAM-SHA-1") {
		s.hash = sha1.New
	}
	if s.fault == "rounds" {
		s.rounds = 600_001
	}
	first, err := s.decode("AUTH " + s.mechanism + " ")
	if err != nil {
		return err
	}
	header := s.flag + ",,"
	bare, ok := strings.CutPrefix(first, header)
	nonce, ok2 := strings.CutPrefix(bare, "n="+s.user+",r=")
	if !ok || !ok2 {
		return fmt.Errorf("the client's first message is %q", first)
	}
	salt := []byte("sixteen octets..")
	if s.fault == "nonce" {
		nonce = "x" + nonce
	}
	nonce += "server"
	challenge := fmt.Sprintf("r=%s,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString(salt), s.rounds)
	s.ask(challenge)
	if s.fault == "rounds" || s.fault == "nonce" {
		return nil
	}
	last, err := s.decode("")
	if err != nil {
		return err
	}
	binding, err := s.binding()
	if err != nil {
		return err
	}
	withoutProof := "c=" + base64.StdEncoding.EncodeToString(append([]byte(header), binding...)) + ",r=" + nonce
	salted, err := pbkdf2.Key(s.hash, s.password, salt, s.rounds, s.hash().Size())
	if err != nil {
		return err
	}
	message := bare + "," + challenge + "," + withoutProof
	key := s.mac(salted, "Client Key")
	sum := s.hash()
	sum.Write(key)
	proof := s.mac(sum.Sum(nil), message)
	for i := range proof {
		proof[i] ^= key[i]
	}
	want := withoutProof + ",p=" + base64.StdEncoding.EncodeToString(proof)
	switch differs := s.fault == "refused" || s.fault == "elsewhere"; {
	case differs && last == want:
		return errors.New("there is nothing to refuse in the client's last message")
	case !differs && last != want:
		return fmt.Errorf("the client's last message is %q, and should be %q", last, want)
	}
	return s.end(s.mac(s.mac(salted, "Server Key"), message))
}

// end gives the server's proof, or what the fault has in its place.
func (s *scramServer) end(proof []byte) error {
	switch s.fault {
	case "early":
		return nil
	case "in-235":
		s.say("235 " + base64.StdEncoding.EncodeToString([]byte("v="+base64.StdEncoding.EncodeToString(proof))) + "\r\n")
		return nil
	case "refused":
		s.ask("e=invalid-proof")
	case "elsewhere":
		s.ask("e=channel-bindings-dont-match")
	case "wrong":
		proof[0] ^= 1
		s.ask("v=" + base64.StdEncoding.EncodeToString(proof))
		return nil
	case "right":
		s.ask("v=" + base64.StdEncoding.EncodeToString(proof))
	default:
		return errors.New("in the script: the fault is not known")
	}
	answer, err := s.decode("")
	if err == nil && answer != "" {
		err = fmt.Errorf("the client answers the proof with %q", answer)
	}
	return err
}

// binding is what the flag wants to be bound to.
func (s *scramServer) binding() ([]byte, error) {
	over, _ := s.Conn.(*tls.Conn)
	switch {
	case !strings.HasPrefix(s.flag, "p="):
		return nil, nil
	case over == nil:
		return nil, errors.New("in the script: there is no TLS to bind to")
	}
	state := over.ConnectionState()
	var binding []byte
	var err error
	switch s.flag {
	case "p=tls-unique":
		binding = bytes.Clone(state.TLSUnique)
	case "p=tls-exporter":
		binding, err = state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	default:
		err = errors.New("in the script: the flag is not known")
	}
	if err == nil && len(binding) == 0 {
		err = errors.New("this connection has nothing to bind to")
	}
	if err == nil && s.fault == "elsewhere" { // as on any other connection
		binding[0] ^= 1
	}
	return binding, err
}

func (s *scramServer) mac(key []byte, text string) []byte {
	m := hmac.New(s.hash, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func (s *scramServer) ask(message string) {
	s.say("334 " + base64.StdEncoding.EncodeToString([]byte(message)) + "\r\n")
}
