package codes

import "strings"

// Known is what is known of a refusal by its words.
type Known struct {
	By string // whose words they are
	Meaning
}

// phrase is how a refusal is told: one of the codes, if there are any, and all words of one of the lists.
type phrase struct {
	codes string // "535 534", or empty for all
	words string // in lower case; words of a list are parted by "&", lists by "|"
	Known
}

// Recognise finds the first refusal that the text fits; the ones that say more come first.
func Recognise(code, status, text string) (k Known, ok bool) {
	text = strings.ToLower(status + " " + text)
	for _, p := range phrases {
		if p.codes != "" && !strings.Contains(" "+p.codes+" ", " "+code+" ") {
			continue
		}
		if p.fits(text) {
			return p.Known, true
		}
	}
	return Known{}, false
}

func (p phrase) fits(text string) bool {
	for list := range strings.SplitSeq(p.words, "|") {
		all := true
		for word := range strings.SplitSeq(list, "&") {
			all = all && strings.Contains(text, word)
		}
		if all {
			return true
		}
	}
	return false
}

// phrases are constants alone, so that nothing is made of them at the start.
var phrases = [...]phrase{
	{"534", "application-specific password|app password", Known{"Gmail", Meaning{
		"the Google account has two-step verification, and its usual password is no good for mail programs",
		"make an app password at https://myaccount.google.com/apppasswords and set it as password, or use oauth = { provider = \"google\" }",
	}}},
	{"534 535", "web browser|webloginrequired", Known{"Gmail", Meaning{
		"Google wants the owner of the account to sign in with a browser first: it takes this sign-in for a stranger's",
		"sign in at https://mail.google.com once and confirm that it was you, then use an app password or oauth",
	}}},
	{"535", "username and password not accepted", Known{"Gmail", Meaning{
		"Google does not take this user with this password; the usual password of the account is never good for mail programs",
		"turn two-step verification on, make an app password at https://myaccount.google.com/apppasswords and set it as password, or use oauth = { provider = \"google\" }",
	}}},
	{"535", "smtpclientauthentication", Known{"Microsoft 365", Meaning{
		"sending with a sign-in (SMTP AUTH) is switched off for this mailbox or the whole organisation; the password may be right", "",
	}}},
	{"535", "basic authentication is disabled", Known{"Microsoft", Meaning{"passwords are not taken any more, only OAuth tokens", ""}}},
	{"535", "conditional access|security defaults|security default", Known{"Microsoft 365", Meaning{
		"a rule of the organisation forbids this way of signing in; the password may be right",
		"ask an administrator to except the mailbox from the rule, or use oauth = { provider = \"microsoft\" }",
	}}},
	{"535", "5.7.139|5.7.3 authentication unsuccessful", Known{"Microsoft", Meaning{
		"Microsoft does not take this sign-in",
		"check user, which is the whole address, and use oauth = { provider = \"microsoft\" }: passwords work for few mailboxes still",
	}}},
	{"530 535 550", "5.7.57|client not authenticated|client was not authenticated", Known{"Microsoft", Meaning{
		"the message came without a sign-in", "set user, and oauth or password; and host to smtp.office365.com, backend to \"starttls\"",
	}}},
	{"", "sendasdenied|5.7.60|not allowed to send as|send as this sender", Known{"Microsoft 365", Meaning{
		"who has signed in may not send from this address",
		"set from to the address of user, or have an administrator allow \"Send As\" for the other one; override_from = true overrules -f",
	}}},
	{"", "not owned by|sender address rejected&owned|not authorized to send from|is not allowed to send from|from address is not verified|address is not verified|envelope from address&not authorized", Known{"", Meaning{
		"who has signed in may not send from this address",
		"set from to an address that belongs to user, or have the provider confirm the other one; override_from = true overrules -f",
	}}},
	{"550 554", "recipientnotfound|recipnotfound|recipient address rejected: access denied&as(|this user doesn't have a", Known{"", Meaning{
		"the domain's server has no such mailbox", "check the address, and ask its owner by another way",
	}}},
	{"550", "sender verify failed|sender verification failed|verification failed for", Known{"", Meaning{
		"the server has looked for the sender's address, and its domain has none such", "set from to an address that takes mail, or have -f name one",
	}}},
	{"552", "potential security issue", Known{"Gmail", Meaning{
		"a file in the message is of a kind that Gmail takes from nobody, such as programs, also within archives", "send a link to the file in place of it",
	}}},
	{"554", "not accepted for policy reasons", Known{"Yahoo", Meaning{
		"a rule of Yahoo's refuses what is in the message, or a From: whose domain nothing vouches for (DMARC)",
		"look at links and attachments; send by the server of the domain in From:",
	}}},
	{"", "thread limit|concurrent connections limit", Known{"Microsoft 365", Meaning{
		"too many messages were handed in at the same time: Microsoft has three connections for a mailbox", "set parallel = 1 in [queue], and send fewer at once",
	}}},
	{"", "bad outbound sender|5.1.8 access denied", Known{"Microsoft 365", Meaning{
		"the mailbox was barred from sending, for it looked taken over", "have an administrator unblock it, and change its password",
	}}},
	{"", "daily user sending&exceeded|daily sending quota|sending limit exceeded|submission quota|hourly limit|daily limit|5.4.5", Known{"", Meaning{
		"the account has sent as many messages as it may for now", "wait, which is a day with Gmail; rate in [queue] keeps a program from getting there",
	}}},
	{"421 450 451 550", "unusual rate of|rate limit|ratelimit|too many messages|too many connections|throttl|4.7.28|too many recipients received|excessive", Known{"", Meaning{
		"too much has come in too short a time: from this user, this machine or its network", "wait, and send fewer messages at once",
	}}},
	{"421 450 451 553 554", "[ts01]|[ts02]|[ts03]|[tss04]|[tss09]|temporarily deferred&complaints", Known{"Yahoo", Meaning{
		"Yahoo holds mail of this network off, for its users have complained", "send through the provider's server in place of directly, and wait",
	}}},
	{"", "dmarc", Known{"", Meaning{
		"the message fails the policy (DMARC) that the domain in From: has published: neither SPF nor DKIM vouches for that domain",
		"send by the server of the domain in From:; an address of Gmail or Yahoo can't be sent from by another provider's server",
	}}},
	{"550 421", "5.7.26|4.7.26|this mail is unauthenticated|mail has been blocked because the sender is unauthenticated", Known{"Gmail", Meaning{
		"Gmail wants SPF or DKIM to vouch for the domain in From:, and neither does",
		"send by the server of that domain, or have its SPF and DKIM records set up",
	}}},
	{"", "not authorized to send email directly", Known{"Gmail", Meaning{
		"this machine's network is one for homes, which Gmail takes no mail from", "send through the provider's server (host in the account) in place of directly",
	}}},
	{"", "spf", Known{"", Meaning{
		"the domain of the sender's address does not let this server send for it (SPF)",
		"send by a server that the domain's SPF record names, or set from to an address of the account's own domain",
	}}},
	{"", "spamhaus|spamcop|barracuda|sorbs.net|blocklist|block list|blacklist|black list|dnsbl| rbl|.rbl|(s3140)|(s3150)|is listed|banned sending ip", Known{"", Meaning{
		"the address of the sending machine is on a list of those that send spam, or of home networks that should not send directly",
		"send through the provider's server in place of directly; else look the address up at the list that the text names, which has a way out",
	}}},
	{"450 451 421", "greylist|graylist|grey-list|gray-list|greylisting|postgrey|delayed by policy", Known{"", Meaning{
		"the server lets first messages of strangers wait some minutes, since spammers don't come back (greylisting)",
		"wait: queue = \"fallback\" has postern try again by itself",
	}}},
	{"421", "try again later", Known{"", Meaning{
		"the server wants no more from this machine for now, mostly since it has sent much, or something that looked like spam",
		"wait, and send fewer messages at once",
	}}},
	{"", "relay access denied|relaying denied|relay not permitted|unable to relay|relaying not allowed|not permitted to relay|we do not relay", Known{"", Meaning{
		"the server takes mail for others from those alone who have signed in, or from its own network", "set user and password, and host to the server that your provider names for sending",
	}}},
	{"", "need fully-qualified hostname|helo command rejected|ehlo&rejected|invalid helo", Known{"", Meaning{
		"the server does not like the name that this machine gives itself", "set helo to a full host name that exists",
	}}},
	{"", "spam|junk|content rejected|virus", Known{"", Meaning{
		"a filter takes the message for spam or worse", "look at links and attachments; send by the server of the domain in From:",
	}}},
}
