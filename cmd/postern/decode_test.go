package main

import (
	"errors"
	"strings"
	"testing"
	"unicode"
)

// FuzzExplain: a text is none at all, or has an answer of clean lines whose exit status is one of a refusal's.
func FuzzExplain(f *testing.F) {
	for _, text := range []string{
		"535-5.7.8 no\r\n535 5.7.8 not you", "550", "5.1.1", "452 4.5.3", "421 4.7.0 [TSS04] later", "250 ok", "334 VXNlcm5hbWU6", "354-", "550 4.1.1 x\x1b[31m",
		"10.0.0.1:465", "450 5.7.1 \xff", strings.Repeat("550 5.1.1 ", 300), "RCPT TO:<a@b>: 552 5.2.2 full",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := explain(text)
		if err != nil {
			if !errors.As(err, new(dataError)) || len(err.Error()) > 500 {
				t.Errorf("%v", err)
			}
			return
		}
		var out strings.Builder
		if err := d.write(&out); err != nil || strings.ContainsFunc(strings.ReplaceAll(out.String(), "\n", ""), unicode.IsControl) {
			t.Errorf("%v %q", err, out.String())
		}
		if d.Refused != (d.Exit >= 67 && d.Exit <= 77) || d.Refused && d.Temporary != (d.Exit == exTempFail) {
			t.Errorf("%+v", d)
		}
	})
}
