package catch

import (
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"
)

// mailParameters are the parameters of MAIL as the client has written them, but for their order.
func mailParameters(o *smtp.MailOptions) (list []string) {
	if o.Size > 0 {
		list = append(list, fmt.Sprintf("SIZE=%d", o.Size))
	}
	if o.Body != "" {
		list = append(list, "BODY="+string(o.Body))
	}
	if o.UTF8 {
		list = append(list, "SMTPUTF8")
	}
	if o.RequireTLS {
		list = append(list, "REQUIRETLS")
	}
	if o.Return != "" {
		list = append(list, "RET="+string(o.Return))
	}
	if o.EnvelopeID != "" {
		list = append(list, "ENVID="+o.EnvelopeID)
	}
	if o.Auth != nil {
		list = append(list, "AUTH=<"+*o.Auth+">")
	}
	return list
}

// rcptParameters are those of RCPT.
func rcptParameters(o *smtp.RcptOptions) (list []string) {
	if len(o.Notify) > 0 {
		var words []string
		for _, n := range o.Notify {
			words = append(words, string(n))
		}
		list = append(list, "NOTIFY="+strings.Join(words, ","))
	}
	if o.OriginalRecipient != "" {
		list = append(list, "ORCPT="+strings.ToLower(string(o.OriginalRecipientType))+";"+o.OriginalRecipient)
	}
	if o.DeliverBy != nil {
		by := fmt.Sprintf("BY=%d;%s", int(o.DeliverBy.Time.Seconds()), o.DeliverBy.Mode)
		if o.DeliverBy.Trace {
			by += "T"
		}
		list = append(list, by)
	}
	if o.MTPriority != nil {
		list = append(list, fmt.Sprintf("MT-PRIORITY=%d", *o.MTPriority))
	}
	return list
}
