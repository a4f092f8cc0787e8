package message

import (
	"slices"
	"strings"
	"testing"
)

// TestHops has the trace of a message, in what shapes it comes.
func TestHops(t *testing.T) {
	m, err := Read(strings.NewReader(`Received: from a.example (a.example [192.0.2.1])
	by MX.example.org (Postfix) with ESMTPS id 4XyZ
	for <ann@example.org>; Wed, 25 Nov 2026 10:00:00 +0100
RECEIVED: by 2002:a05:6402:1a:b0:5ce with SMTP id x;
 Wed, 25 Nov 2026 10:00:00 +0100
Received: (qmail 12345 invoked by uid 1000); 25 Nov 2026 09:00:00 -0000
Received:
Received: by
Received: from x BY [192.0.2.1]; Wed, 25 Nov 2026 10:00:00 +0100
X-Received: by not.a.hop
Received: by evil`+"\x1b"+`[2J.example
Subject: x

Received: by nobody
`), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Hops(), []string{"MX.example.org", "2002:a05:6402:1a:b0:5ce", "", "", "", "[192.0.2.1]", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
