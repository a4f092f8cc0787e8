package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"postern/backend"
	"postern/message"
)

func whyCommand(std streams, status *int) *cobra.Command {
	return &cobra.Command{
		Use:   "why [option of sendmail ...] [recipient ...] < message",
		Short: "explain what sendmail would do with a message, without doing it",
		Long: `why takes the command line of sendmail and a message, and explains what would become of it: which rule chose the account, the
envelope and where it comes from, the aliases that are used, the accounts that carry the recipients, by which servers, with which
security and sign-in, whether the message would wait in the queue, where its copy would be kept, and what changes in its header: lines with a minus are taken
out, lines with a plus are added. Date and Message-ID are made anew each time.

No server is asked, no secret is fetched, and nothing is written into the queue, the log or a transcript. The status is the one
that sendmail would have without a server's answer. With --json all of it is one object, for scripts.`,
		Example: `  postern why -t < message
  postern why -i -f ann@example.org bob@example.org < 0001-fix.patch
  postern why --json -t < message`,
		DisableFlagParsing: true,
		Run: func(c *cobra.Command, args []string) {
			inv, err := parseOptions(args)
			switch {
			case err != nil:
				*status = report(std.err, "postern", []error{err})
			case inv.mode == modeHelp:
				_ = c.Help()
			case inv.mode != modeSend:
				*status = report(std.err, "postern", []error{usageError{errors.New("why is for a message: give no option that asks for something else")}})
			default:
				*status = report(std.err, "postern", inv.why(std))
			}
		},
	}
}

// reasons are what becomes of a message, and why.
type reasons struct {
	Account  string        `json:"account"`
	By       string        `json:"by"`
	From     string        `json:"from"` // the reverse-path
	FromBy   string        `json:"from_by"`
	Aliases  []aliasReason `json:"aliases,omitempty"`
	Routes   []routeReason `json:"routes,omitempty"`
	Return   string        `json:"dsn_return,omitempty"`
	Envelope string        `json:"dsn_id,omitempty"`
	Terms    []string      `json:"terms,omitempty"`
	Header   []change      `json:"header,omitempty"`
	Size     int64         `json:"size"`
	Octets   octets        `json:"octets"`
	Errors   []string      `json:"errors,omitempty"`
	Status   int           `json:"status"`
}

// aliasReason is an alias that is used.
type aliasReason struct {
	Name  string   `json:"name"`
	To    []string `json:"to"`
	Place string   `json:"place"`
}

// routeReason is what one account gets to carry.
type routeReason struct {
	Account   string       `json:"account"`
	By        string       `json:"by"`
	Backend   string       `json:"backend"`
	To        []toReason   `json:"to"`
	Way       *backend.Way `json:"way,omitempty"`
	Queue     string       `json:"queue"`
	NotBefore *time.Time   `json:"not_before,omitempty"`
	Rate      string       `json:"rate,omitempty"`
	Copy      string       `json:"copy,omitempty"`        // where one is kept
	CopyAfter string       `json:"copy_unless,omitempty"` // the account that keeps it in place of this one, where it has sent
}

type toReason struct {
	Address  string `json:"address"`
	Notify   string `json:"notify,omitempty"`
	Original string `json:"original,omitempty"`
}

// octets are what a message is made of, and what is done where a server doesn't take that.
type octets struct {
	EightBit bool   `json:"eight_bit"`
	Unfit    bool   `json:"unfit,omitempty"`     // overlong lines or NUL, which no server has to take
	SevenBit string `json:"seven_bit,omitempty"` // why there is no 7-bit form
}

// why explains, and gives the errors that sendmail would.
func (inv *invocation) why(std streams) []error {
	inv.transcript, inv.verbose = "", false // there is no dialogue, and nothing is to be written
	m, err := inv.mailer("postern", std)
	if err != nil {
		return []error{err}
	}
	defer m.close()
	msg, err := message.Read(std.in, message.ReadOptions{DotEnds: inv.dotEnds})
	if err != nil {
		return []error{err}
	}
	defer msg.Close()
	r, errs := m.explain(inv, msg)
	if inv.json {
		for _, err := range errs {
			r.Errors = append(r.Errors, oneLine(err.Error()))
		}
		r.Status = worst(errs)
		err = writeJSON(std.out, r)
	} else {
		err = written(r.print(std.out))
	}
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

// explain goes the way of send, as far as that is without a server.
func (m *mailer) explain(inv *invocation, msg *message.Message) (r *reasons, errs []error) {
	before := msg.HeaderLines()
	p := m.plan(inv, msg)
	r, errs = &reasons{By: p.why, Return: inv.dsnReturn, Envelope: inv.dsnID, Terms: shownTerms(inv.terms)}, p.errs
	sent := msg // as servers get it
	defer func() { r.judge(sent) }()
	if p.account == nil {
		return r, errs
	}
	r.Account = p.account.Name
	if spec, by, err := inv.reversePath(p.account, msg); err == nil {
		r.From, r.FromBy = spec, by
	}
	r.Aliases = m.aliases(inv, msg)
	copied := ""
	encodes := len(p.routes) > 0
	for _, route := range p.routes {
		reason, err := m.reason(inv, p, route)
		if m.copies(route) {
			reason.Copy, reason.CopyAfter = m.transports[route.account.Name].sent.String(), copied
			copied = cmp.Or(copied, reason.Account)
		}
		encodes = encodes && reason.encodes(route)
		r.Routes = append(r.Routes, reason)
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(p.routes) == 0 {
		return r, errs
	}
	if err := looped(msg); err != nil {
		return r, append(errs, err)
	}
	if err := msg.Complete(inv.defaults(p.account, p.routes[0].env.From, msg)); err != nil {
		return r, append(errs, err)
	}
	if encodes && msg.EightBitHeader() {
		if encoded, err := msg.EncodedHeader(); err == nil {
			sent = encoded
		}
	}
	r.Header = compareHeaders(before, sent.HeaderLines())
	return r, errs
}

// judge looks at the size and the octets.
func (r *reasons) judge(msg *message.Message) {
	r.Size = msg.Size()
	r.Octets = octets{EightBit: msg.EightBit(), Unfit: msg.Unfit()}
	if !r.Octets.EightBit && !r.Octets.Unfit {
		return
	}
	seven, err := msg.SevenBit()
	if err != nil {
		r.Octets.SevenBit = oneLine(err.Error())
		return
	}
	seven.Close()
}

// aliases are those that the recipients of a message use, in their order. What is wrong with them is known already.
func (m *mailer) aliases(inv *invocation, msg *message.Message) (used []aliasReason) {
	x := inv.expander(m.config)
	x.applied = func(name string, to []string) {
		used = append(used, aliasReason{name, to, m.config.AliasPlace(name)})
	}
	addrs, _, _ := inv.addressees(msg)
	for _, a := range addrs {
		x.expand(a.Spec, nil)
	}
	return used
}

// reason is about one route; the error is why its account can't be sent by, or not then.
func (m *mailer) reason(inv *invocation, p *plan, route *route) (routeReason, error) {
	a := route.account
	r := routeReason{Account: a.Name, By: "match_recipient", Backend: a.Backend, Queue: inv.queueing(a)}
	if a == p.account {
		r.By = p.why
	}
	for i, to := range route.env.To {
		wish := route.env.DSN.Wish(i)
		r.To = append(r.To, toReason{to, wish.Notify, wish.Original})
	}
	if guide, ok := m.transports[a.Name].transport.(backend.Guide); ok {
		way := guide.Way()
		r.Way = &way
	}
	if rate := m.config.Queue.Rate; rate.Messages > 0 {
		r.Rate = rate.String()
	}
	at, err := inv.wantedBy(a)
	if !at.IsZero() {
		r.NotBefore = &at
	}
	if unusable := m.usable(a); unusable != nil {
		return r, unusable
	}
	return r, err
}

// encodes tells whether 8-bit text in the header is sent with encoded words: to servers, where no address of the envelope
// wants SMTPUTF8.
func (r *routeReason) encodes(route *route) bool {
	return r.Way != nil && len(r.Way.Servers) > 0 && !slices.ContainsFunc(append([]string{route.env.From}, route.env.To...), func(addr string) bool {
		return strings.ContainsFunc(addr[:max(strings.LastIndexByte(addr, '@'), 0)], func(c rune) bool { return c >= utf8.RuneSelf })
	})
}
