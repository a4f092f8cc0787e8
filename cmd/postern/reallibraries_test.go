//go:build linux

package main_test

// libraryPrograms are programs in other languages that send by their usual libraries.
var libraryPrograms = []caller{
	{
		name: "PHP mail() with -f and odd line ends",
		script: `exec php8.2 -r 'exit(mail("bob@example.org", "subject", "one\r\ntwo\n.three\nend",
"From: web@example.org\nCc: c@example.org\r\nBcc: blind@example.org", "-fbounce@example.org") ? 0 : 1);'`,
		want: []caught{{from: "bounce@example.org", to: "bob@example.org c@example.org blind@example.org", body: "one\ntwo\n.three\nend\n"}},
	},
	{
		name:   "PHP mail() tells of a refusal",
		script: `exec php8.2 -r 'exit(mail("nobody@example.org", "subject", "text") ? 0 : 1);'`,
		fails:  true,
	},
	{
		name: "Symfony Mailer, -bs, two messages",
		script: `exec php8.2 -r '` + symfony + `
$transport = new Symfony\Component\Mailer\Transport\SendmailTransport();
foreach (["one", "two"] as $text) {
	$transport->send((new Symfony\Component\Mime\Email())->from("web@example.org")->to("bob@example.org")->bcc("blind@example.org")->subject("x")->text($text."\n.dot\n"));
}'`,
		want: []caught{
			{from: "web@example.org", to: "bob@example.org blind@example.org", has: []string{"one", ".dot"}},
			{from: "web@example.org", to: "bob@example.org blind@example.org", has: []string{"two", ".dot"}},
		},
	},
	{
		name: "Symfony Mailer, -bs, tells of a refusal",
		script: `exec php8.2 -r '` + symfony + `
$transport = new Symfony\Component\Mailer\Transport\SendmailTransport();
try {
	$transport->send((new Symfony\Component\Mime\Email())->from("web@example.org")->to("nobody@example.org")->text("x"));
} catch (Symfony\Component\Mailer\Exception\TransportException $e) {
	exit(strpos($e->getMessage(), "no such user") ? 3 : 0);
}'`,
		fails: true,
	},
	{
		name: "Symfony Mailer, -t, with its doubled dots",
		script: `exec php8.2 -r '` + symfony + `
$transport = new Symfony\Component\Mailer\Transport\SendmailTransport("/usr/sbin/sendmail -t");
$transport->send((new Symfony\Component\Mime\Email())->from("web@example.org")->to("bob@example.org")->text("a\n.dot\n"));'`,
		want: []caught{{from: "web@example.org", to: "bob@example.org", has: []string{".dot"}}},
	},
	{
		name: "PHPMailer isSendmail",
		script: `exec php8.2 -r '
require "/usr/share/php/libphp-phpmailer/autoload.php";
$m = new PHPMailer\PHPMailer\PHPMailer(true);
$m->isSendmail(); $m->setFrom("web@example.org"); $m->addAddress("bob@example.org"); $m->addBCC("blind@example.org");
$m->Subject = "x"; $m->Body = ".text"; $m->send();'`,
		want: []caught{{from: "web@example.org", to: "bob@example.org blind@example.org", has: []string{".text"}}},
	},
	{
		name: "PEAR Mail",
		script: `exec php8.2 -d error_reporting=1 -d display_errors=1 -r '
require "Mail.php";
$m = Mail::factory("sendmail", ["sendmail_path" => "/usr/sbin/sendmail", "sendmail_args" => "-i"]);
exit($m->send("bob@example.org", ["From" => "web@example.org", "To" => "bob@example.org", "Subject" => "x"], "text\n") === true ? 0 : 1);'`,
		want: []caught{{from: "web@example.org", to: "bob@example.org", has: []string{"text"}}},
	},
	{
		name: "Perl's Email::Sender",
		script: `exec perl -MEmail::Sender::Simple=sendmail -MEmail::Sender::Transport::Sendmail -e '
sendmail("From: ann\@example.org\nTo: bob\@example.org\nSubject: x\n\n.text\n", { from => "ann\@example.org", to => ["bob\@example.org", "c\@example.org"],
transport => Email::Sender::Transport::Sendmail->new })'`,
		want: []caught{{from: "ann@example.org", to: "bob@example.org c@example.org", body: ".text\n"}},
	},
	{
		name: "Perl's Email::Sender with a null sender",
		script: `exec perl -MEmail::Sender::Simple=sendmail -MEmail::Sender::Transport::Sendmail -e '
sendmail("From: ann\@example.org\nTo: bob\@example.org\n\nx\n", { from => "", to => ["bob\@example.org"], transport => Email::Sender::Transport::Sendmail->new })'`,
		want: []caught{{from: "", to: "bob@example.org", body: "x\n"}},
	},
	{
		name: "Perl's Email::Stuffer",
		script: `exec perl -MEmail::Stuffer -e '
Email::Stuffer->from("ann\@example.org")->to("bob\@example.org")->subject("x")->text_body("text")->attach_file("/etc/hosts")->send_or_die'`,
		want: []caught{{from: "ann@example.org", to: "bob@example.org", has: []string{"text=", "MTI3LjAuMC4xIGxvY2FsaG9zdAo="}}},
	},
	{
		name: "Perl's MIME::Lite by /usr/lib/sendmail",
		script: `exec perl -MMIME::Lite -e '
MIME::Lite->new(From => "ann\@example.org", To => "bob\@example.org", Bcc => "blind\@example.org", Subject => "x", Data => ".text\n")->send("sendmail") or exit 1'`,
		want: []caught{{from: "ann@example.org", to: "bob@example.org blind@example.org", body: ".text\n"}},
	},
	{
		name: "Perl's Mail::Send",
		script: `exec perl -MMail::Send -e '
my $m = Mail::Send->new(To => "bob\@example.org", Subject => "x"); my $f = $m->open("sendmail"); print $f "text\n"; $f->close or exit 1'`,
		want: []caught{{from: "alice@example.org", to: "bob@example.org", body: "text\n"}},
	},
	{
		name: "Ruby's mail",
		script: `exec ruby -rmail -e '
Mail.deliver { delivery_method :sendmail; from "ann@example.org"; to "bob@example.org"; bcc "blind@example.org"; subject "x"; body ".text" }'`,
		want: []caught{{from: "ann@example.org", to: "bob@example.org blind@example.org", body: ".text\n"}},
	},
	{
		name: "Nodemailer, which leaves Bcc in",
		script: `exec node -e '
require("nodemailer").createTransport({ sendmail: true, path: "/usr/sbin/sendmail" }).sendMail({ from: "ann@example.org", to: "bob@example.org",
bcc: "blind@example.org", subject: "x", text: ".text" }, (err) => process.exit(err ? 1 : 0))'`,
		want: []caught{{from: "ann@example.org", to: "bob@example.org blind@example.org", has: []string{".text"}}},
	},
	{
		name: "Python's subprocess with a display name in -f",
		script: `exec python3 -c '
import subprocess, email.message
m = email.message.EmailMessage()
m["From"] = "Ann Ü <ann@example.org>"; m["To"] = "bob@example.org"; m["Bcc"] = "blind@example.org"; m.set_content("ü\n")
subprocess.run(["/usr/sbin/sendmail", "-t", "-oi", "-f" + m["From"]], input=m.as_bytes(), check=True)'`,
		want: []caught{{from: "ann@example.org", to: "bob@example.org blind@example.org"}},
	},
	{
		name: "lettre's command line", script: `exec /usr/sbin/sendmail -i -f web@example.org -- bob@example.org`,
		stdin: "From: web@example.org\r\nTo: bob@example.org\r\n\r\n.\r\ntext\r\n",
		want:  []caught{{from: "web@example.org", to: "bob@example.org", body: ".\ntext\n"}},
	},
}

const symfony = `require "/usr/share/php/Symfony/Component/Mailer/autoload.php";`
