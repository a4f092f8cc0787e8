package oauth

import (
	"fmt"
	"html"
	"net/http"
)

const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>%[1]s - postern</title>
<style>body { font: 1.1em/1.5 sans-serif; max-width: 32em; margin: 4em auto; padding: 0 1em } h1 { font-size: 1.4em }</style>
</head>
<body>
<h1>%[1]s</h1>
<p>%[2]s</p>
</body>
</html>
`

// writePage is what the person sees in the browser at the end. The page loads nothing, and the address that it has, with
// the code in it, goes nowhere.
func writePage(out http.ResponseWriter, status int, title, text string) {
	h := out.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Connection", "close")
	out.WriteHeader(status)
	fmt.Fprintf(out, page, html.EscapeString(title), html.EscapeString(text))
}
