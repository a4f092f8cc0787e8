package oauth

import (
	"slices"

	"golang.org/x/oauth2"
)

// provider is what is known of a provider of mail.
type provider struct {
	names     []string // the first one is its own, others are what people call it
	authURL   string   // {tenant} stands for the organisation
	tokenURL  string
	deviceURL string
	scopes    []string
	appScopes []string // for GrantClient, where they differ
	style     oauth2.AuthStyle
	redirect  string            // the host that its redirects to this machine may name
	extra     map[string]string // what it wants at the authorization endpoint besides
	register  string            // how to come by a client_id
	noDevice  string            // why there is no device_url
}

// providers are those that need no URLs. None has a client id here: each is its owner's own.
var providers = []provider{
	{
		names:    []string{"google", "gmail"},
		authURL:  "https://accounts.google.com/o/oauth2/v2/auth",
		tokenURL: "https://oauth2.googleapis.com/token",
		scopes:   []string{"https://mail.google.com/"}, // the only one that SMTP takes
		style:    oauth2.AuthStyleInParams,
		redirect: "127.0.0.1",
		// Without these there is no refresh token at a second sign-in.
		extra:    map[string]string{"access_type": "offline", "prompt": "consent"},
		register: "make an OAuth client of the type \"Desktop app\" at https://console.cloud.google.com/apis/credentials",
		noDevice: "Google has no device flow for mail",
	}, {
		names:     []string{"microsoft", "outlook", "office365"},
		authURL:   "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
		tokenURL:  "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
		deviceURL: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
		scopes:    []string{"https://outlook.office.com/SMTP.Send", "offline_access"},
		appScopes: []string{"https://outlook.office365.com/.default"},
		style:     oauth2.AuthStyleInParams,
		redirect:  "localhost", // for which any port is allowed, unlike for 127.0.0.1
		register:  "register an application at https://entra.microsoft.com (App registrations) with the redirect URI http://localhost for mobile and desktop applications",
	}, {
		names:    []string{"yahoo"},
		authURL:  "https://api.login.yahoo.com/oauth2/request_auth",
		tokenURL: "https://api.login.yahoo.com/oauth2/get_token",
		scopes:   []string{"mail-w"},
		style:    oauth2.AuthStyleInHeader,
		redirect: "localhost",
		register: "register an application at https://developer.yahoo.com/apps/create/",
		noDevice: "Yahoo has no device flow",
	}, {
		names:    []string{"fastmail"},
		authURL:  "https://api.fastmail.com/oauth/authorize",
		tokenURL: "https://api.fastmail.com/oauth/refresh",
		scopes:   []string{"https://www.fastmail.com/dev/protocol-smtp"},
		style:    oauth2.AuthStyleInParams,
		redirect: "127.0.0.1",
		register: "see https://www.fastmail.com/dev/ for how to register a client",
		noDevice: "Fastmail has no device flow",
	},
}

// findProvider is the provider that has the name.
func findProvider(name string) (provider, bool) {
	for _, p := range providers {
		if slices.Contains(p.names, name) {
			return p, true
		}
	}
	return provider{}, false
}

// providerNames are their own names.
func providerNames() (names []string) {
	for _, p := range providers {
		names = append(names, p.names[0])
	}
	slices.Sort(names)
	return names
}
