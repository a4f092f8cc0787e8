package discover

import "strings"

// provider is what is known of a provider of mail, by its own help pages.
type provider struct {
	name    string
	domains []string // of its addresses
	mx      []string // where its customers' domains have their mail go: these domains, or names below them
	server  Server
	advice  Advice
}

// Where a user name is not the address.
const localPart = true

// providers are those that most people have. None is asked anything here. A provider whose firms' domains have another
// server than its own addresses has no mx here, or an entry for it.
var providers = []provider{
	{
		name: "Gmail", domains: []string{"gmail.com", "googlemail.com"}, mx: []string{"google.com", "googlemail.com"},
		server: Server{Host: "smtp.gmail.com", Port: 465, Backend: TLS},
		advice: Advice{
			OAuth: "google", Password: "an app password, for which the account needs 2-step verification",
			URL: "https://myaccount.google.com/apppasswords",
		},
	}, {
		name:    "Outlook.com",
		domains: []string{"outlook.com", "hotmail.com", "live.com", "msn.com", "passport.com", "outlook.de", "outlook.fr", "outlook.es", "outlook.it", "hotmail.co.uk", "hotmail.de", "hotmail.fr", "hotmail.es", "hotmail.it", "live.co.uk", "live.de", "live.fr", "live.nl", "live.it"},
		mx:      []string{"olc.protection.outlook.com"},
		server:  Server{Host: "smtp-mail.outlook.com", Port: 587, Backend: StartTLS},
		advice:  Advice{OAuth: "microsoft", OnlyOAuth: true, URL: "https://entra.microsoft.com"},
	}, {
		name: "Microsoft 365", domains: []string{"office365.com"}, mx: []string{"mail.protection.outlook.com", "mx.microsoft"},
		server: Server{Host: "smtp.office365.com", Port: 587, Backend: StartTLS},
		advice: Advice{OAuth: "microsoft", OnlyOAuth: true, URL: "https://entra.microsoft.com", Note: "an administrator has to enable SMTP AUTH for the mailbox"},
	}, {
		name:    "Yahoo Mail",
		domains: []string{"yahoo.com", "ymail.com", "rocketmail.com", "myyahoo.com", "yahoo.ca", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "yahoo.es", "yahoo.it", "yahoo.in", "yahoo.co.in", "yahoo.com.au", "yahoo.com.br"},
		server:  Server{Host: "smtp.mail.yahoo.com", Port: 465, Backend: TLS},
		advice:  Advice{OAuth: "yahoo", Password: "an app password", URL: "https://login.yahoo.com/account/security"},
	}, {
		name: "AOL Mail", domains: []string{"aol.com", "aim.com", "aol.de", "aol.fr", "aol.co.uk"},
		server: Server{Host: "smtp.aol.com", Port: 465, Backend: TLS},
		advice: Advice{Password: "an app password", URL: "https://login.aol.com/account/security"},
	}, {
		name: "iCloud Mail", domains: []string{"icloud.com", "me.com", "mac.com"}, mx: []string{"mail.icloud.com"},
		server: Server{Host: "smtp.mail.me.com", Port: 587, Backend: StartTLS},
		advice: Advice{Password: "an app-specific password", URL: "https://account.apple.com"},
	}, {
		name: "Fastmail", domains: []string{"fastmail.com", "fastmail.fm", "fastmail.net", "fastmail.org", "fastmail.de", "sent.com"}, mx: []string{"messagingengine.com"},
		server: Server{Host: "smtp.fastmail.com", Port: 465, Backend: TLS},
		advice: Advice{OAuth: "fastmail", Password: "an app password", URL: "https://app.fastmail.com/settings/security"},
	}, {
		name: "GMX", domains: []string{"gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.eu", "gmx.biz", "gmx.org", "gmx.info"}, mx: []string{"gmx.net"},
		server: Server{Host: "mail.gmx.net", Port: 465, Backend: TLS},
		advice: Advice{Note: "access for mail programs has to be switched on once, in the settings on the web under POP3 & IMAP", URL: "https://hilfe.gmx.net/pop-imap/einschalten.html"},
	}, {
		name: "GMX.com", domains: []string{"gmx.com", "gmx.us", "gmx.co.uk", "gmx.fr"}, mx: []string{"gmx.com"},
		server: Server{Host: "mail.gmx.com", Port: 465, Backend: TLS},
		advice: Advice{Note: "access for mail programs has to be switched on once, in the settings on the web under POP3 & IMAP"},
	}, {
		name: "WEB.DE", domains: []string{"web.de"}, mx: []string{"web.de"},
		server: Server{Host: "smtp.web.de", Port: 465, Backend: TLS},
		advice: Advice{Note: "access for mail programs has to be switched on once, in the settings on the web under POP3 & IMAP", URL: "https://hilfe.web.de/pop-imap/einschalten.html"},
	}, {
		name: "Mail.ru", domains: []string{"mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"}, mx: []string{"mail.ru"},
		server: Server{Host: "smtp.mail.ru", Port: 465, Backend: TLS},
		advice: Advice{Password: "a password for external applications", URL: "https://account.mail.ru/user/2-step-auth/passwords"},
	}, {
		name: "Yandex Mail", domains: []string{"yandex.ru", "yandex.com", "ya.ru", "yandex.by", "yandex.kz"}, mx: []string{"yandex.net", "yandex.ru"},
		server: Server{Host: "smtp.yandex.com", Port: 465, Backend: TLS},
		advice: Advice{Password: "an app password", URL: "https://id.yandex.com/security/app-passwords"},
	}, {
		name: "Zoho Mail", domains: []string{"zoho.com", "zohomail.com"},
		server: Server{Host: "smtp.zoho.com", Port: 465, Backend: TLS},
		advice: Advice{Password: "an app-specific password where two-factor sign-in is on", URL: "https://accounts.zoho.com/home#security/app_password"},
	}, {
		name: "Zoho Mail for organisations", mx: []string{"zoho.com"},
		server: Server{Host: "smtppro.zoho.com", Port: 465, Backend: TLS},
		advice: Advice{Password: "an app-specific password where two-factor sign-in is on", URL: "https://accounts.zoho.com/home#security/app_password"},
	}, {
		name: "Zoho Mail in Europe", domains: []string{"zoho.eu", "zohomail.eu"},
		server: Server{Host: "smtp.zoho.eu", Port: 465, Backend: TLS},
		advice: Advice{Password: "an app-specific password where two-factor sign-in is on", URL: "https://accounts.zoho.eu/home#security/app_password"},
	}, {
		name: "Zoho Mail for organisations in Europe", mx: []string{"zoho.eu"},
		server: Server{Host: "smtppro.zoho.eu", Port: 465, Backend: TLS},
		advice: Advice{Password: "an app-specific password where two-factor sign-in is on", URL: "https://accounts.zoho.eu/home#security/app_password"},
	}, {
		name: "Proton Mail", domains: []string{"proton.me", "protonmail.com", "protonmail.ch", "pm.me"}, mx: []string{"protonmail.ch"},
		server: Server{Host: "127.0.0.1", Port: 1025, Backend: StartTLS},
		advice: Advice{Password: "the password that Proton Mail Bridge shows", URL: "https://proton.me/mail/bridge", Note: "Proton Mail Bridge has to run on this machine; its certificate is its own, to be trusted by its key"},
	}, {
		name: "Posteo", domains: []string{"posteo.de", "posteo.net", "posteo.org", "posteo.eu", "posteo.at", "posteo.ch"}, mx: []string{"posteo.de"},
		server: Server{Host: "posteo.de", Port: 465, Backend: TLS},
	}, {
		name: "mailbox.org", domains: []string{"mailbox.org"}, mx: []string{"mailbox.org"},
		server: Server{Host: "smtp.mailbox.org", Port: 465, Backend: TLS},
		advice: Advice{Password: "an application password where two-factor sign-in is on", URL: "https://kb.mailbox.org/de/privat/sicherheit-und-privatsphaere/applikationspasswoerter-fuer-externe-programme/"},
	}, {
		name: "T-Online", domains: []string{"t-online.de", "magenta.de"},
		server: Server{Host: "securesmtp.t-online.de", Port: 465, Backend: TLS},
		advice: Advice{Password: "the password for e-mail programs, which is another than that of the customer centre", URL: "https://www.telekom.de/hilfe/apps-dienste/e-mail/programme/passwort-verwalten"},
	}, {
		name: "freenet Mail", domains: []string{"freenet.de"},
		server: Server{Host: "mx.freenet.de", Port: 465, Backend: TLS},
		advice: Advice{Note: "access for mail programs has to be switched on once, in the settings on the web under POP3/IMAP/SMTP", URL: "https://kundenservice.freenet.de/faq/e-mail-client-mail/pop3-imap-und-smtp-aktivieren/"},
	}, {
		name: "Orange", domains: []string{"orange.fr", "wanadoo.fr"},
		server: Server{Host: "smtp.orange.fr", Port: 465, Backend: TLS},
	}, {
		name: "Free", domains: []string{"free.fr"},
		server: Server{Host: "smtp.free.fr", Port: 465, Backend: TLS, LocalPart: localPart},
	}, {
		name: "La Poste", domains: []string{"laposte.net"},
		server: Server{Host: "smtp.laposte.net", Port: 465, Backend: TLS},
	}, {
		name: "Libero Mail", domains: []string{"libero.it", "iol.it", "blu.it", "inwind.it", "giallo.it"},
		server: Server{Host: "smtp.libero.it", Port: 465, Backend: TLS},
	}, {
		name: "Comcast", domains: []string{"comcast.net"},
		server: Server{Host: "smtp.comcast.net", Port: 465, Backend: TLS},
		advice: Advice{Note: "third-party access has to be allowed in the security settings on the web", URL: "https://www.xfinity.com/support/articles/third-party-email-access"},
	}, {
		name: "AT&T Mail", domains: []string{"att.net", "ameritech.net", "bellsouth.net", "currently.com", "flash.net", "nvbell.net", "pacbell.net", "prodigy.net", "sbcglobal.net", "snet.net", "swbell.net"},
		server: Server{Host: "smtp.mail.att.net", Port: 465, Backend: TLS},
		advice: Advice{Password: "a secure mail key", URL: "https://www.att.com/support/article/email-support/KM1240462/"},
	}, {
		name: "QQ Mail", domains: []string{"qq.com", "foxmail.com"},
		server: Server{Host: "smtp.qq.com", Port: 465, Backend: TLS},
		advice: Advice{Password: "an authorization code, from the account's settings on the web"},
	}, {
		name: "NetEase 163", domains: []string{"163.com"},
		server: Server{Host: "smtp.163.com", Port: 465, Backend: TLS},
		advice: Advice{Password: "an authorization code, from the account's settings on the web"},
	}, {
		name: "NetEase 126", domains: []string{"126.com"},
		server: Server{Host: "smtp.126.com", Port: 465, Backend: TLS},
		advice: Advice{Password: "an authorization code, from the account's settings on the web"},
	},
}

// Known is what the table has for the domain of an address.
func Known(domain string) (Found, bool) {
	for _, p := range providers {
		for _, d := range p.domains {
			if strings.EqualFold(d, domain) {
				return p.found("the table of providers"), true
			}
		}
	}
	return Found{}, false
}

// Advises is what is known of the provider whose server this is.
func Advises(host string) Advice {
	for _, p := range providers {
		if strings.EqualFold(p.server.Host, host) {
			return p.advice
		}
	}
	return Advice{}
}

// byMX is the provider that takes a domain's mail at host.
func byMX(host string) (provider, bool) {
	best, length := provider{}, 0
	for _, p := range providers {
		for _, d := range p.mx {
			if within(host, d) && len(d) > length { // olc.protection.outlook.com is another than protection.outlook.com
				best, length = p, len(d)
			}
		}
	}
	return best, length > 0
}

func (p provider) found(how string) Found {
	return Found{Provider: p.name, How: how, Servers: []Server{p.server}, Advice: p.advice}
}
