package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/conf"
)

// What the options of the table do with their arguments.

// setAccount is -a. An empty name, as a script's unset variable gives it, would be some other account.
func setAccount(inv *invocation, value string) error {
	if value == "" {
		return errors.New("the name of the account is empty")
	}
	inv.account = value
	return nil
}

// setOption is -o, a letter and what stands behind it: -oi is -i, -oe is -e, -ov is -v; the others are taken.
func setOption(inv *invocation, value string) error {
	if value == "" {
		return nil
	}
	name := map[string]string{"i": "IgnoreDots", "e": "ErrorMode", "v": "Verbose", "d": "DeliveryMode"}[value[:1]]
	return setLongOption(inv, name+"="+value[1:])
}

// setLongOption is -O and an option by its name: IgnoreDots is -i, ErrorMode is -e, Verbose is -v; the others are taken.
func setLongOption(inv *invocation, value string) error {
	name, setting, _ := strings.Cut(value, "=")
	switch strings.ToLower(name) {
	case "ignoredots":
		inv.dotEnds = isFalse(setting)
	case "errormode":
		return setErrorMode(inv, setting)
	case "deliverymode":
		return setDelivery(inv, setting)
	case "verbose":
		inv.verbose = !isFalse(setting)
	}
	return nil
}

// setDelivery is -od: i now, b in the background, q and d (which also puts DNS lookups off) by the queue alone.
func setDelivery(inv *invocation, value string) error {
	letter := strings.ToLower(value)[:min(1, len(value))]
	if letter == "d" {
		letter = "q"
	}
	if letter == "" || !strings.Contains("ibq", letter) {
		return fmt.Errorf("-od%s: there is no such delivery mode; there are i, b, q, d", value)
	}
	inv.delivery = delivery(letter[0])
	return nil
}

// setErrorMode is -e: with q nothing is printed. Mail about an error (m, e) would go the way that has just failed, so
// it is printed, as with p and w, and the exit status tells it too.
func setErrorMode(inv *invocation, value string) error {
	if !strings.Contains("mpeqw", value) || len(value) > 1 {
		return fmt.Errorf("-oe%s: there is no such error mode; there are m, p, e, q, w", value)
	}
	inv.quiet = value == "q"
	return nil
}

// setBodyType is -B. Whether a message is 8-bit is seen; the type can only say it of one that isn't.
func setBodyType(inv *invocation, value string) error {
	switch strings.ToUpper(value) {
	case "7BIT":
		inv.eightBit = false
	case "8BITMIME":
		inv.eightBit = true
	default:
		return fmt.Errorf("-B %s: there is no such body type; there are 7BIT and 8BITMIME", value)
	}
	return nil
}

// setNotify is -N (RFC 3461 section 4.1): when the sender wants to be told.
func setNotify(inv *invocation, value string) error {
	words := strings.Split(strings.ToUpper(value), ",")
	for i, w := range words {
		words[i] = strings.TrimSpace(w)
		switch words[i] {
		case "NEVER":
			if len(words) > 1 {
				return fmt.Errorf("-N %s: never stands alone", value)
			}
		case "SUCCESS", "FAILURE", "DELAY":
		default:
			return fmt.Errorf("-N %s: should be never, or some of success,failure,delay", value)
		}
	}
	inv.notify = strings.Join(words, ",")
	return nil
}

// setReturn is -R (RFC 3461 section 4.3): what of the message a report returns.
func setReturn(inv *invocation, value string) error {
	switch inv.dsnReturn = strings.ToUpper(value); inv.dsnReturn {
	case "FULL", "HDRS":
		return nil
	}
	return fmt.Errorf("-R %s: should be full or hdrs", value)
}

// setEnvelopeID is -V (RFC 3461 section 4.4).
func setEnvelopeID(inv *invocation, value string) error {
	if value == "" || len(value) > maxEnvelopeID || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("-V %q: should be up to %d printable characters of US-ASCII", value, maxEnvelopeID)
	}
	inv.dsnID = value
	return nil
}

// maxEnvelopeID bounds an envelope identifier (RFC 3461 section 4.4).
const maxEnvelopeID = 100

// isFalse reads a setting as Sendmail does: by its first letter.
func isFalse(setting string) bool {
	return setting != "" && strings.ContainsRune("fFnN0", rune(setting[0]))
}

// setMode is -b and its letter.
func setMode(inv *invocation, value string) error {
	switch value {
	case "m":
		inv.mode = modeSend
	case "p":
		inv.mode = modeQueueList
	case "i":
		inv.mode = modeAliases
	case "s":
		inv.mode = modeSession
	case "v":
		inv.mode = modeVerify
	case "t":
		return unoffered{"-bt", "there are no rewriting rules to test; -bv shows how an address is handled"}
	case "d", "D":
		return unoffered{"-b" + value, "nothing of postern listens; -bs takes SMTP on standard input"}
	case "a", "h", "H":
		return unoffered{"-b" + value, ""}
	default:
		return fmt.Errorf("-b%s: there is no such mode", value)
	}
	return nil
}

// setQueueRun is -q: one run over the queue, or at intervals with a time (perhaps behind p, for persistent), of what a selection
// says: I and part of an ID, R of a recipient, S of a sender, perhaps behind "!" for the others. A group of queues (G) and a run in the
// foreground (f) are what every run is.
func setQueueRun(inv *invocation, value string) error {
	inv.mode = modeQueueRun
	rest := strings.TrimPrefix(value, "p")
	if rest != "" && '0' <= rest[0] && rest[0] <= '9' {
		var d conf.Duration
		if err := d.UnmarshalText([]byte(rest)); err != nil {
			return fmt.Errorf("-q%s: %w", value, err)
		}
		inv.every = time.Duration(d)
		return nil
	}
	kind, not := strings.CutPrefix(value, "!")
	switch {
	case kind == "" || strings.ContainsRune("Gpf", rune(kind[0])):
		return nil
	case strings.ContainsRune("IRS", rune(kind[0])):
		inv.selection = append(inv.selection, chosen{kind[0], kind[1:], not})
		return nil
	case strings.ContainsRune("QL", rune(kind[0])):
		return unoffered{"-q" + value, "the queue has no quarantine; see postern queue hold"}
	}
	return fmt.Errorf("-q%s: there is no such run of the queue", value)
}

// unoffered is an option of sendmail's that this version can't do. Taking it silently would be a lie.
type unoffered struct{ option, why string }

func (o unoffered) Error() string {
	text := o.option + " is not offered by this version"
	if o.why != "" {
		text += ": " + o.why
	}
	return text
}
