package message

import (
	"strings"
	"testing"
)

// TestFormatField: fields as a new message has them: US-ASCII, folded at 76, and what can't be a field's refused.
func TestFormatField(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"Subject", "hello", "Subject: hello\r\n"},
		{"Subject", "Grüße =?utf-8?q?x?=", "Subject: =?utf-8?b?R3LDvMOfZSA=?= =?utf-8?q?x?=\r\n"}, // readers drop the space between two of them
		{"To", strings.Repeat("someone@example.org, ", 3) + "last@example.org", "To: someone@example.org, someone@example.org, someone@example.org,\r\n last@example.org\r\n"},
		{"To", `Jörg <j@example.org>`, "To: =?utf-8?b?SsO2cmc=?= <j@example.org>\r\n"},
		{"To", "jörg@example.org", "To: jörg@example.org\r\n"}, // RFC 6532
		{"Content-Disposition", "attachment; " + FormatParam("filename", "ä.txt"), "Content-Disposition: attachment; filename*=utf-8''%C3%A4.txt\r\n"},
	} {
		if got, err := FormatField(c.name, c.value); got != c.want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, c.want)
		}
	}
	for _, f := range []field{{"", "x"}, {"A B", "x"}, {"A:", "x"}, {"Ä", "x"}, {"A", "x\ny"}, {"A", "x\r\nBcc: b"}, {"A", "\x00"}, {"To", strings.Repeat("x", 1000)}} {
		if got, err := FormatField(f.key, f.value); err == nil {
			t.Errorf("%q: %q is taken: %q", f.key, f.value, got)
		}
	}
	long, err := FormatField("Subject", strings.Repeat("x", 3000))
	if err != nil || hasLongLine([]byte(long)) {
		t.Errorf("%q, %v", long, err)
	}
}

func TestFormatParam(t *testing.T) {
	for text, want := range map[string]string{
		"a.txt": `n="a.txt"`, `a "b" \c`: `n="a \"b\" \\c"`, "ä": `n*=utf-8''%C3%A4`,
		strings.Repeat("long ", 20): "n*0*=utf-8''long%20long%20long%20long%20long%20long%20long%20long%20long; " +
			"n*1*=%20long%20long%20long%20long%20long%20long%20long%20long%20long%20lo; n*2*=ng%20long%20",
	} {
		if got := FormatParam("n", text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAddressString(t *testing.T) {
	for want, a := range map[string]Address{
		"a@x": {"", "a@x"}, "Ann B <a@x>": {"Ann B", "a@x"}, `"Doe, John" <a@x>`: {"Doe, John", "a@x"}, `"J. \"D\"" <a@x>`: {`J. "D"`, "a@x"},
		"Jörg <a@x>": {"Jörg", "a@x"}, "=?utf-8?q?x.y?= <a@x>": {"=?utf-8?q?x.y?=", "a@x"}, "a b <root>": {"a\r\nb", "root"},
	} {
		if got := a.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
