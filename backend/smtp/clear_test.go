package smtp

import (
	"net"
	"testing"
)

// at is a connection to somewhere.
type at struct {
	net.Conn
	addr net.Addr
}

func (a at) RemoteAddr() net.Addr { return a.addr }

// TestMayShowPassword: in clear a password goes to this machine alone, unless insecure_auth says otherwise.
func TestMayShowPassword(t *testing.T) {
	yes, no := true, false
	tcp := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 25} }
	for _, c := range []struct {
		addr      net.Addr
		encrypted bool
		insecure  *bool
		want      bool
	}{
		{tcp("192.0.2.1"), false, nil, false},
		{tcp("2001:db8::1"), false, nil, false},
		{tcp("10.0.0.1"), false, nil, false},
		{tcp("127.0.0.1"), false, nil, true},
		{tcp("127.8.9.1"), false, nil, true},
		{tcp("::1"), false, nil, true},
		{tcp("::ffff:192.0.2.1"), false, nil, false},
		{&net.UnixAddr{Name: "/run/x.sock", Net: "unix"}, false, nil, true},
		{tcp("192.0.2.1"), true, nil, true},
		{tcp("192.0.2.1"), true, &no, true},
		{tcp("192.0.2.1"), false, &yes, true},
		{tcp("127.0.0.1"), false, &no, false},
	} {
		s := &session{transport: &transport{keys: keys{InsecureAuth: c.insecure}}, encrypted: c.encrypted, conn: newConn(at{addr: c.addr}, dialogue{}, 0)}
		if got := s.mayShowPassword(s.conn.net, s.encrypted); got != c.want {
			t.Errorf("%v, encrypted %v: %v", c.addr, c.encrypted, got)
		}
	}
}
