// Package authtest has what the tests of secrets need: a keyring, and a look-out for secrets that show.
package authtest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
)

// Prompt is what comes of the question that unlocks the keyring.
type Prompt int

const (
	NotLocked Prompt = iota // there is no question
	Unlocks
	Dismissed
	Unanswered
	Vanishes // the bus goes away with the question
)

const (
	login  = dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
	prompt = dbus.ObjectPath("/org/freedesktop/secrets/prompt/p1")
)

// Keyring is a session bus with nothing but a Secret Service on it, as far as the Secret Service API's plain sessions
// go.
type Keyring struct {
	Address  string        // for DBUS_SESSION_BUS_ADDRESS
	Prompted chan struct{} // gets one for each question

	listener net.Listener
	mu       sync.Mutex
	prompt   Prompt
	items    map[dbus.ObjectPath]Item
	made     int
}

// Item is a secret in the keyring.
type Item struct {
	Attributes map[string]string
	Secret     string
}

// secret is the structure of the Secret Service API.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// ServeKeyring has a keyring with a socket in dir, until Close.
func ServeKeyring(dir string) (*Keyring, error) {
	name := filepath.Join(dir, "bus")
	listener, err := net.Listen("unix", name)
	if err != nil {
		return nil, err
	}
	k := &Keyring{
		Address: "unix:path=" + name, Prompted: make(chan struct{}, 8), listener: listener, items: map[dbus.ObjectPath]Item{},
	}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go k.serve(c)
		}
	}()
	return k, nil
}

// Close ends the bus.
func (k *Keyring) Close() { k.listener.Close() }

// Lock locks the keyring; p is what will come of the question.
func (k *Keyring) Lock(p Prompt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.prompt = p
}

// Add puts a secret in, as another program would.
func (k *Keyring) Add(item Item) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.items[k.place(item.Attributes)] = item
}

// Items are the secrets that are there.
func (k *Keyring) Items() []Item {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Values(k.items))
}

// Take takes the secret with exactly these attributes out; it is empty where there is none.
func (k *Keyring) Take(attributes map[string]string) (secret string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for path, item := range k.items {
		if maps.Equal(item.Attributes, attributes) {
			secret = item.Secret
			delete(k.items, path)
		}
	}
	return secret
}

// serve is one client's connection: the sign-in of D-Bus, in lines, and then messages.
func (k *Keyring) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for begun := false; !begun; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		answer := "ERROR"
		switch line = strings.TrimSpace(strings.TrimPrefix(line, "\x00")); {
		case line == "AUTH":
			answer = "REJECTED EXTERNAL"
		case strings.HasPrefix(line, "AUTH EXTERNAL"), strings.HasPrefix(line, "DATA"):
			answer = "OK 0123456789abcdef0123456789abcdef"
		case line == "BEGIN":
			begun = true
			continue
		}
		if _, err := fmt.Fprintf(c, "%s\r\n", answer); err != nil {
			return
		}
	}
	for {
		call, err := dbus.DecodeMessage(r)
		if err != nil {
			return
		}
		body, signal, stay := k.answer(call)
		reply := &dbus.Message{Type: dbus.TypeMethodReply, Headers: map[dbus.HeaderField]dbus.Variant{}, Body: body}
		reply.Headers[dbus.FieldReplySerial] = dbus.MakeVariant(call.Serial())
		for _, m := range []*dbus.Message{reply, signal} {
			if m == nil {
				continue
			}
			if len(m.Body) > 0 {
				m.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(m.Body...))
			}
			if err := m.EncodeTo(c, binary.LittleEndian); err != nil {
				return
			}
		}
		if !stay {
			return
		}
	}
}

// answer is the reply to a call, and the signal that follows it; stay is whether the bus is there afterwards.
func (k *Keyring) answer(call *dbus.Message) (body []any, signal *dbus.Message, stay bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	path, _ := call.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	none := dbus.ObjectPath("/")
	switch call.Headers[dbus.FieldMember].Value() {
	case "Hello":
		return []any{":1.1"}, nil, true
	case "Get":
		if call.Body[1] == "Locked" {
			return []any{dbus.MakeVariant(k.prompt != NotLocked)}, nil, true
		}
		return []any{dbus.MakeVariant([]dbus.ObjectPath{login})}, nil, true
	case "OpenSession":
		return []any{dbus.MakeVariant(""), dbus.ObjectPath("/org/freedesktop/secrets/session/s1")}, nil, true
	case "Unlock":
		if k.prompt == NotLocked {
			return []any{call.Body[0], none}, nil, true
		}
		return []any{[]dbus.ObjectPath{}, prompt}, nil, true
	case "Prompt":
		k.Prompted <- struct{}{}
		signal := k.completed()
		return nil, signal, k.prompt != Vanishes
	case "SearchItems":
		found := []dbus.ObjectPath{}
		for path, item := range k.items {
			if contains(item.Attributes, call.Body[0].(map[string]string)) {
				found = append(found, path)
			}
		}
		return []any{found}, nil, true
	case "CreateItem":
		var s secret
		if dbus.Store(call.Body[1:2], &s) != nil {
			return nil, nil, false
		}
		properties := call.Body[0].(map[string]dbus.Variant)
		attributes := properties["org.freedesktop.Secret.Item.Attributes"].Value().(map[string]string)
		path := k.place(attributes)
		k.items[path] = Item{attributes, string(s.Value)}
		return []any{path, none}, nil, true
	case "GetSecret":
		session := call.Body[0].(dbus.ObjectPath)
		return []any{secret{session, []byte{}, []byte(k.items[path].Secret), "text/plain"}}, nil, true
	case "Delete":
		delete(k.items, path)
		return []any{none}, nil, true
	}
	return nil, nil, true // AddMatch, RemoveMatch, Close
}

// place is where an item with these attributes is, or a new one goes. One that is replaced keeps its path, as in GNOME's
// keyring: whoever has looked for it finds the old secret there or the new one.
func (k *Keyring) place(attributes map[string]string) dbus.ObjectPath {
	for path, item := range k.items {
		if maps.Equal(item.Attributes, attributes) {
			return path
		}
	}
	k.made++
	return dbus.ObjectPath(fmt.Sprintf("%s/i%d", login, k.made))
}

// completed is the signal that a question has its answer, or nil.
func (k *Keyring) completed() *dbus.Message {
	unlocked := []dbus.ObjectPath{}
	switch k.prompt {
	case Unlocks:
		k.prompt = NotLocked
		unlocked = append(unlocked, login)
	case Dismissed:
	default:
		return nil
	}
	return &dbus.Message{Type: dbus.TypeSignal, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldPath:      dbus.MakeVariant(prompt),
		dbus.FieldInterface: dbus.MakeVariant("org.freedesktop.Secret.Prompt"),
		dbus.FieldMember:    dbus.MakeVariant("Completed"),
	}, Body: []any{len(unlocked) == 0, dbus.MakeVariant(unlocked)}}
}

func contains(all, some map[string]string) bool {
	for key, value := range some {
		if all[key] != value {
			return false
		}
	}
	return true
}
