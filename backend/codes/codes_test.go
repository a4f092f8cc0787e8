package codes

import (
	"strconv"
	"strings"
	"testing"
)

// TestRegistered: each code that is registered is known, once, and nothing else is.
func TestRegistered(t *testing.T) {
	last := map[string]int{"0": 0, "1": 10, "2": 4, "3": 6, "4": 7, "5": 6, "6": 10, "7": 30}
	registered := 0
	for subject, most := range last {
		for detail := range most + 1 {
			registered++
			m, exact := Enhanced("5." + subject + "." + strconv.Itoa(detail))
			if !exact || m.Says == "" {
				t.Errorf("X.%s.%d: %+v", subject, detail, m)
			}
		}
		if m, exact := Enhanced("4." + subject + ".999"); exact || m.Says == "" {
			t.Errorf("X.%s.999: %+v", subject, m)
		}
	}
	if len(enhanced) != registered {
		t.Errorf("%d codes, %d are registered", len(enhanced), registered)
	}
	if m, exact := Enhanced("5.9.9"); exact || m.Says != "" {
		t.Errorf("X.9.9: %+v", m)
	}
	if m, exact := Enhanced(""); exact || m.Says != "" {
		t.Errorf("nothing: %+v", m)
	}
	for _, e := range enhanced {
		for _, text := range []string{e.Says, e.Do} {
			if strings.HasSuffix(text, ".") || text != strings.TrimSpace(text) || text != "" && text[0] >= 'A' && text[0] <= 'Z' {
				t.Errorf("%s: %q", e.code, text)
			}
		}
	}
}

// TestReply has codes that servers send.
func TestReply(t *testing.T) {
	for _, code := range []int{220, 221, 235, 250, 251, 252, 334, 354, 421, 432, 450, 451, 452, 454, 455, 500, 501, 502, 503, 504, 521, 523, 530, 534, 535, 538, 550, 551, 552, 553, 554, 555, 556} {
		if says, ok := Reply(code); !ok || says == "" {
			t.Errorf("%d is not known", code)
		}
	}
	if says, ok := Reply(599); ok || says != "" || Class(599) != "refused for good" || Class(499) != "refused for now" || Class(299) != "the server agrees" || Class(600) != "" {
		t.Error("the classes")
	}
}

// TestRecognise has refusals as providers say them.
func TestRecognise(t *testing.T) {
	for _, c := range []struct{ code, status, text, by, says string }{
		{"535", "5.7.8", "Username and Password not accepted. For more information, go to https://support.google.com/mail/?p=BadCredentials", "Gmail", "usual password"},
		{"534", "5.7.9", "Application-specific password required. Learn more at https://support.google.com/mail/?p=InvalidSecondFactor", "Gmail", "two-step"},
		{"534", "5.7.14", "<https://accounts.google.com/signin/continue> Please log in via your web browser and then try again.", "Gmail", "browser"},
		{"535", "5.7.139", "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.", "Microsoft 365", "SMTP AUTH"},
		{"535", "5.7.139", "Authentication unsuccessful, basic authentication is disabled.", "Microsoft", "OAuth"},
		{"535", "5.7.139", "Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully.", "Microsoft", "sign-in"},
		{"535", "5.7.3", "Authentication unsuccessful [X.PROD.OUTLOOK.COM]", "Microsoft", "sign-in"},
		{"530", "5.7.57", "Client not authenticated to send mail.", "Microsoft", "without a sign-in"},
		{"554", "5.2.252", "SendAsDenied; ann@example.org not allowed to send as bob@example.org", "Microsoft 365", "may not send from"},
		{"553", "5.7.1", "<bob@example.org>: Sender address rejected: not owned by user ann", "", "may not send from"},
		{"432", "4.3.2", "STOREDRV.ClientSubmit; sender thread limit exceeded", "Microsoft 365", "at the same time"},
		{"550", "5.4.5", "Daily user sending limit exceeded.", "", "as many messages"},
		{"421", "4.7.28", "Our system has detected an unusual rate of unsolicited mail originating from your IP address.", "", "too much"},
		{"421", "4.7.0", "Try again later, closing connection.", "", "no more from this machine"},
		{"451", "4.7.500", "Server busy. Please try again later from [192.0.2.1].", "", ""},
		{"421", "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints", "Yahoo", "holds mail"},
		{"550", "5.7.26", "Unauthenticated email from example.org is not accepted due to domain's DMARC policy.", "", "DMARC"},
		{"550", "5.7.26", "This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.", "Gmail", "vouch"},
		{"550", "5.7.509", "Access denied, sending domain example.org does not pass DMARC verification and has a DMARC policy of reject.", "", "DMARC"},
		{"550", "5.7.1", "SPF check failed: 192.0.2.1 is not allowed to send mail from example.org", "", "(SPF)"},
		{"550", "5.7.1", "[192.0.2.1] The IP you're using to send mail is not authorized to send email directly to our servers.", "Gmail", "for homes"},
		{"554", "5.7.1", "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "", "on a list"},
		{"550", "5.7.1", "Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).", "", "on a list"},
		{"450", "4.2.0", "<bob@example.org>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.org.html", "", "greylisting"},
		{"554", "5.7.1", "<bob@example.org>: Relay access denied", "", "signed in"},
		{"504", "5.5.2", "<host>: Helo command rejected: need fully-qualified hostname", "", "name"},
		{"554", "5.7.1", "Message rejected as spam by Content Filtering.", "", "filter"},
		{"550", "5.1.1", "The email account that you tried to reach does not exist.", "", ""},
		{"550", "5.4.1", "Recipient address rejected: Access denied. AS(201806281) [X.outlook.com]", "", "no such mailbox"},
		{"550", "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient bob@example.org not found by SMTP address lookup", "", "no such mailbox"},
		{"554", "", "delivery error: dd This user doesn't have a yahoo.com account (bob@yahoo.com) [0]", "", "no such mailbox"},
		{"554", "5.7.1", "<bob@example.org>: Recipient address rejected: Access denied", "", ""},
		{"554", "5.7.9", "Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes", "Yahoo", "rule of Yahoo's"},
		{"550", "", "Verification failed for <ann@example.org> No Such User Here Sender verify failed", "", "its domain has none such"},
		{"552", "5.7.0", "This message was blocked because its content presents a potential security issue.", "Gmail", "from nobody"},
		{"550", "5.2.1", "a marble mailbox, which absorbs nothing", "", ""},
	} {
		k, ok := Recognise(c.code, c.status, c.text)
		if ok != (c.says != "") || k.By != c.by || !strings.Contains(k.Says, c.says) {
			t.Errorf("%s %s %s:\n%+v", c.code, c.status, c.text, k)
		}
	}
}
