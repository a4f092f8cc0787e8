package receipt

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

// The sockets of this machine's logs, and what is expected of them.
const (
	syslogSocket  = "/dev/log"
	journalSocket = "/run/systemd/journal/socket"
	facility      = 2 // LOG_MAIL
	identifier    = "postern"
	// maxPart bounds a receipt: rsyslog cuts off what is beyond 8 KiB, and the journal refuses what has over 1024 fields.
	maxPart = 8000
)

// toSyslog sends a receipt to syslog, in the form that log/syslog has. That waits for a syslog that hangs, without end.
func toSyslog(path string, r *Receipt, now time.Time) error {
	network := "unixgram"
	conn, err := dial(network, cmp.Or(path, syslogSocket))
	if errors.Is(err, syscall.EPROTOTYPE) {
		network = "unix"
		conn, err = dial(network, cmp.Or(path, syslogSocket))
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, part := range r.parts(maxPart) {
		text := fmt.Sprintf("<%d>%s %s[%d]: %s", facility<<3|part.severity(), now.Format(time.Stamp), identifier, os.Getpid(), part)
		if network == "unix" { // nothing else parts one from the next
			text += "\n"
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// toJournal sends a receipt to systemd's journal by its own protocol (systemd.journal-fields(7), and
// https://systemd.io/JOURNAL_NATIVE_PROTOCOL). MESSAGE is the line of JSON; the other fields are there to search by.
func toJournal(path string, r *Receipt) error {
	conn, err := dial("unixgram", cmp.Or(path, journalSocket))
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, part := range r.parts(maxPart) {
		if _, err := conn.Write(part.fields()); err != nil {
			return err
		}
	}
	return nil
}

// fields are those of the journal, each in the form that takes any value.
func (r *Receipt) fields() (b []byte) {
	add := func(name, value string) {
		if value == "" {
			return
		}
		b = append(append(b, name...), '\n')
		b = binary.LittleEndian.AppendUint64(b, uint64(len(value)))
		b = append(append(b, value...), '\n')
	}
	add("MESSAGE", r.String())
	add("PRIORITY", strconv.Itoa(r.severity()))
	add("SYSLOG_FACILITY", strconv.Itoa(facility))
	add("SYSLOG_IDENTIFIER", identifier)
	add("POSTERN_ID", r.ID)
	add("POSTERN_MESSAGE_ID", r.MessageID)
	add("POSTERN_ACCOUNT", r.Account)
	add("POSTERN_FROM", r.From)
	add("POSTERN_SERVER", r.Server)
	seen := map[string]bool{}
	once := func(name, value string) {
		if !seen[name+value] {
			add(name, value)
		}
		seen[name+value] = true
	}
	for _, to := range r.To {
		add("POSTERN_TO", to.To)
		once("POSTERN_RESULT", string(to.Result))
		once("POSTERN_QUEUE_ID", to.QueueID)
	}
	return b
}

func dial(network, path string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, path, patience)
	if err != nil {
		return nil, err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
