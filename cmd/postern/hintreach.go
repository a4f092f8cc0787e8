package main

import (
	"fmt"
	"strings"

	"postern/backend/smtp"
)

// reachHint is what to do about a server that can't be connected to, when its other ports have been tried. It is key that
// names the server, and open that is done about a port of it that answers.
func reachHint(e *smtp.ReachError, key string, open func(port int) string) string {
	switch {
	case len(e.Open) > 0:
		cause := fmt.Sprintf("nothing listens on port %d", e.Port)
		if e.Blocked || e.NoRoute {
			cause = fmt.Sprintf("something on the way blocks port %d", e.Port)
		}
		return fmt.Sprintf("%s, and %s answers on port %s: %s", cause, e.Host, numbers(e.Open, "and"), open(e.Open[0]))
	case e.NoRoute:
		return "this machine's network leads nowhere near it: check that the network is up"
	case e.Forbidden:
		return fmt.Sprintf("a rule of this machine forbids it: see its firewall, \"ip route get\" with the address, and the limits of the service that this runs in; no other port for mail answers (tried %s)", numbers(others(e.Port), "and"))
	case e.Alive && e.Blocked:
		return fmt.Sprintf("%s is up, and what is for port %d doesn't get there: a firewall stops it, here, on the way or there; no other port for mail answers (tried %s)", e.Host, e.Port, numbers(others(e.Port), "and"))
	case e.Alive:
		return fmt.Sprintf("%s is up, and no mail server listens there, on port %d or on %s: check host and port in %s", e.Host, e.Port, numbers(others(e.Port), "or"), key)
	case e.Blocked:
		return fmt.Sprintf("nothing of %s answers, on port %d or on %s: it is down, or the network blocks all ports for mail; try another network", e.Host, e.Port, numbers(others(e.Port), "or"))
	}
	return ""
}

// others are the usual ports but for one.
func others(port int) (left []int) {
	for _, p := range []int{465, 587, 25} {
		if p != port {
			left = append(left, p)
		}
	}
	return left
}

// portSetting is what an account sets for a usual port.
func portSetting(port int) string {
	name := "starttls"
	if port == 465 {
		name = "tls"
	}
	return fmt.Sprintf("backend = %q and port = %d", name, port)
}

// numbers are ports in a sentence.
func numbers(ports []int, word string) string {
	var texts []string
	for _, p := range ports {
		texts = append(texts, fmt.Sprint(p))
	}
	if n := len(texts); n > 1 {
		return strings.Join(texts[:n-1], ", ") + " " + word + " " + texts[n-1]
	}
	return strings.Join(texts, "")
}
