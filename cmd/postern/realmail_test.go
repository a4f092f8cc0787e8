//go:build linux

package main_test

// mailPrograms are those that people write mail with, and git.
var mailPrograms = []caller{
	{
		name: "git send-email, a series with a cover letter",
		script: gitRepository + `git format-patch -q --cover-letter -2 -o out
sed -i 's/\*\*\* SUBJECT HERE \*\*\*/series/; s/\*\*\* BLURB HERE \*\*\*/about it/' out/0000*
git send-email --quiet --confirm=never --suppress-cc=all --to list@example.org --cc 'Käthe <kaethe@example.org>' --bcc blind@example.org out/*.patch`,
		want: []caught{
			{from: "juergen@example.org", to: "list@example.org kaethe@example.org blind@example.org", params: "8BITMIME", has: []string{"To: list@example.org", "about it"}},
			{from: "juergen@example.org", to: "list@example.org kaethe@example.org blind@example.org", has: []string{".first", "..second"}},
			{from: "juergen@example.org", to: "list@example.org kaethe@example.org blind@example.org", has: []string{"+Grüße"}},
		},
	},
	{
		name: "git send-email --sendmail-cmd --envelope-sender",
		script: gitRepository + `git send-email --quiet --confirm=never --suppress-cc=all --sendmail-cmd='/usr/lib/sendmail -oi' \
--envelope-sender 'Bounces <bounces@example.org>' --to list@example.org -1`,
		want: []caught{{from: "bounces@example.org", to: "list@example.org"}},
	},
	{
		name: "git send-email in two repositories, which postern git has given two identities",
		script: gitRepository + twoIdentities + `cp -r /tmp/repository /tmp/second
git config --global sendemail.smtpServer gone.invalid; git config --global sendemail.from other@example.org
/tmp/postern git work; cd /tmp/second; /tmp/postern git home
for r in repository second; do cd /tmp/$r; git send-email --quiet --confirm=never --suppress-cc=all --to list@example.org -1; done
rm -rf /tmp/second /tmp/postern ~/.gitconfig ~/.config/postern`,
		want: []caught{
			{from: "juergen@work.example", to: "list@example.org", has: []string{"From: juergen@work.example"}},
			{from: "juergen@home.example", to: "list@example.org", has: []string{"From: juergen@home.example"}},
		},
	},
	{
		name:   "git send-email stops where a patch is refused",
		script: gitRepository + `git send-email --quiet --confirm=never --suppress-cc=all --to nobody@example.org -2`,
		fails:  true,
	},
	{
		name:   "git's hook, sendmail -t -f without -i",
		script: `sendmail -t -f git@example.org`,
		stdin:  "To: a@example.org, b@example.org\nFrom: alice\nSubject: [push] x\n\nlog\n",
		want:   []caught{{from: "git@example.org", to: "a@example.org b@example.org", has: []string{"From: alice@example.org"}, body: "log\n"}},
	},
	{
		name:   "bsd-mailx",
		script: `bsd-mailx -s 'Grüße' -c cc@example.org -b blind@example.org bob`,
		stdin:  "body\n.dot\n..dots\n",
		want: []caught{{
			from: "alice@example.org", to: "bob@example.org cc@example.org blind@example.org",
			has: []string{"From: \"Alice Example\" <alice@example.org>", "To: bob@example.org", "Cc: cc@example.org"}, body: "body\n.dot\n..dots\n",
		}},
	},
	{
		name:   "bsd-mailx -r",
		script: `bsd-mailx -r sender@example.org -s x bob@example.org`,
		stdin:  "body\n",
		want:   []caught{{from: "sender@example.org", to: "bob@example.org", body: "body\n"}},
	},
	{
		name:   "s-nail",
		script: `s-nail -n -Ssendwait -Smime-encoding=8bit -Smta=/usr/sbin/sendmail -s x -b blind@example.org -r alice@example.org bob@example.org`,
		stdin:  "body ü\n",
		want:   []caught{{from: "alice@example.org", to: "bob@example.org blind@example.org", params: "8BITMIME", body: "body ü\n"}},
	},
	{
		name:   "s-nail tells of a refusal",
		script: `s-nail -n -Ssendwait -Smta=/usr/sbin/sendmail -s x nobody@example.org`,
		stdin:  "body\n",
		fails:  true,
	},
	{
		name:   "mailutils",
		script: `mail.mailutils --return-address=alice@example.org -s x bob@example.org`,
		stdin:  "body\n",
		want:   []caught{{from: "alice@example.org", to: "bob@example.org", body: "body\n"}},
	},
	{
		name: "mutt with an attachment and DSN",
		script: `mutt -n -F /dev/null -e 'set sendmail="/usr/sbin/sendmail -oem -oi"' -e 'set dsn_notify="failure,delay"' -e 'set dsn_return=hdrs' \
-e 'set use_envelope_from=yes' -e 'set from=alice@example.org' -e 'set copy=no' -e 'set send_charset=utf-8' -s Grüße -b blind@example.org -a /etc/hosts -- bob@example.org`,
		stdin: "text ü\n",
		want: []caught{{
			from: "alice@example.org", to: "bob@example.org blind@example.org", params: "8BITMIME HDRS FAILURE DELAY FAILURE DELAY",
			has: []string{"text ü", "127.0.0.1 localhost", "Content-Disposition: attachment; filename=hosts"},
		}},
	},
	{
		name: "neomutt with Bcc in the header and in the arguments",
		script: `neomutt -n -F /dev/null -e 'set sendmail="/usr/sbin/sendmail -oem -oi"' -e 'set write_bcc=yes' -e 'set from=alice@example.org' \
-e 'set copy=no' -s x -b blind@example.org -- bob@example.org`,
		stdin: "text\n",
		want:  []caught{{from: "alice@example.org", to: "bob@example.org blind@example.org", body: "text\n"}},
	},
	{
		name:   "nmh by sendmail/smtp, which is -bs",
		script: nmhDraft + `PATH=$PATH:/usr/bin/mh send -mts sendmail/smtp -sendmail /usr/sbin/sendmail /home/alice/draft </dev/null`,
		want:   []caught{{from: "alice@example.org", to: "bob@example.org", has: []string{"Subject: x"}, body: "text\n.dot\n"}},
	},
	{
		name:   "nmh by sendmail/pipe",
		script: nmhDraft + `PATH=$PATH:/usr/bin/mh send -mts sendmail/pipe -sendmail /usr/sbin/sendmail /home/alice/draft </dev/null`,
		want:   []caught{{from: "alice@example.org", to: "bob@example.org", body: "text\n.dot\n"}},
	},
	{
		name:   "swaks over -bs",
		script: `swaks --silent 3 --pipe '/usr/sbin/sendmail -bs' --from ann@example.org --to bob@example.org,carol@example.org --body text --header 'Subject: x'`,
		want:   []caught{{from: "ann@example.org", to: "bob@example.org carol@example.org", has: []string{"text"}}},
	},
	{
		name:   "mpack",
		script: `mpack -s 'a file' /etc/hosts bob@example.org`,
		want:   []caught{{from: "alice@example.org", to: "bob@example.org", has: []string{"MTI3LjAuMC4xIGxvY2FsaG9zdAo="}}},
	},
	{
		name: "mime-construct",
		script: `mime-construct --to bob@example.org --bcc blind@example.org --subject x --string 'body
'`,
		want: []caught{{from: "alice@example.org", to: "bob@example.org blind@example.org", body: "body\n"}},
	},
}

// gitRepository is a repository with two commits of somebody's with an umlaut, and dots in them.
const gitRepository = `set -e
rm -rf /tmp/repository; mkdir /tmp/repository; cd /tmp/repository
git init -q; git config user.name 'Jürgen Example'; git config user.email juergen@example.org
printf '.first\n..second\n' >dots; git add dots; git commit -q -m dots -m '.first
..second'
echo Grüße >text; git add text; git commit -q -m 'Grüße'
`

// twoIdentities are accounts that go by the relay, each with a from of its own.
const twoIdentities = `cp /usr/sbin/sendmail /tmp/postern; mkdir -p ~/.config/postern
printf '[account.%s]\nextends = "relay"\nfrom = "juergen@%s.example"\n' work work home home >~/.config/postern/config.toml
`

// nmhDraft is a draft of nmh's.
const nmhDraft = `set -e
mkdir -p Mail; printf 'Path: Mail\n' >.mh_profile
printf 'From: alice@example.org\nTo: bob@example.org\nSubject: x\n--------\ntext\n.dot\n' >draft
`
