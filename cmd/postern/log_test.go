package main

import (
	"encoding/binary"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

func logd(ts *testscript.TestScript, _ bool, args []string) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: ts.MkAbs(args[0]), Net: "unixgram"})
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	ts.Value("peers").(*peers).logs[args[0]] = conn
}

// logged takes what waits on the socket: a program that has ended has said what it had to.
func logged(ts *testscript.TestScript, neg bool, args []string) {
	conn, err := ts.Value("peers").(*peers).logs[args[0]].SyscallConn()
	ts.Check(err)
	var text strings.Builder
	datagram := make([]byte, 64<<10)
	ts.Check(conn.Read(func(fd uintptr) bool {
		for {
			n, _, err := syscall.Recvfrom(int(fd), datagram, syscall.MSG_DONTWAIT)
			if err != nil {
				return true
			}
			text.WriteString(fieldLines(datagram[:n]) + "\n")
		}
	}))
	if neg == (text.Len() > 0) {
		ts.Fatalf("the log has %q", text.String())
	}
	if !neg {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o600))
	}
}

// fieldLines gives the fields of the journal's protocol as NAME=VALUE; what is no such field stays as it is.
func fieldLines(data []byte) string {
	var lines []string
	for rest := string(data); ; {
		name, value, ok := strings.Cut(rest, "\n")
		if !ok || len(value) < 8 {
			break
		}
		size := binary.LittleEndian.Uint64([]byte(value[:8]))
		if value = value[8:]; uint64(len(value)) <= size || value[size] != '\n' {
			break
		}
		lines = append(lines, name+"="+value[:size])
		if rest = value[size+1:]; rest == "" {
			return strings.Join(lines, "\n")
		}
	}
	return string(data)
}
