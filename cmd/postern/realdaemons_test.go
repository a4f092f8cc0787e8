//go:build linux

package main_test

// daemon is a script that runs a daemon, for a quarter of a minute at most, until its job has left /tmp/ran. Who sends
// the job's mail outlives it: the signal is for the daemon alone.
func daemon(prepare, command string) string {
	return "set -e; rm -f /tmp/ran; " + prepare + "\ntimeout --foreground 15 " + command + " </dev/null >/tmp/log 2>&1 & pid=$!\n" +
		"while kill -0 $pid 2>/dev/null && ! [ -e /tmp/ran ]; do sleep 0.05; done; cat /tmp/log; kill $pid"
}

// machineServices are the services themselves, where they can run without their machine.
var machineServices = []caller{
	{
		name: "cron itself", asRoot: true,
		script: daemon(`printf '@reboot alice printf "Gr\\303\\274\\303\\237e\\n.\\n"; touch /tmp/ran\n' >/etc/cron.d/job`, "cron -f"),
		want: []caught{{
			from: "root@example.org", to: "alice@example.org", params: "8BITMIME",
			has: []string{"From: root@example.org (Cron Daemon)", "To: alice@example.org", "X-Cron-Env: <LOGNAME=alice>"}, body: "Grüße\n.\n",
		}},
	},
	{
		name: "atd itself", asRoot: true,
		script: daemon(`cd /var/spool/cron; mkdir -p atjobs atspool; touch atjobs/.SEQ /etc/at.deny; chown -R daemon:daemon atjobs atspool
chmod 1770 atjobs atspool; chmod 600 atjobs/.SEQ; cd /; echo 'echo out; touch /tmp/ran' | at -m now`, "atd -f"),
		want: []caught{{
			from: "root@example.org", to: "admin@example.org",
			has: []string{"Subject: Output from your job        1", "To: root@example.org"}, body: "out\n",
		}},
	},
	{
		name: "anacron itself", asRoot: true,
		script: `mkdir -p /var/spool/anacron; printf '1 0 job echo out\n' >/tmp/anacrontab; exec anacron -d -n -f -t /tmp/anacrontab`,
		want: []caught{{
			from: "root@example.org", to: "admin@example.org", has: []string{"From: Anacron <root@example.org>", "To: root@example.org"}, body: "out\n",
		}},
	},
	{
		name: "sudo itself, of somebody who may not", asRoot: true, fails: true,
		script: `echo "127.0.0.1 $(uname -n)" >>/etc/hosts; exec setpriv --reuid 1000 --regid 1000 --clear-groups sudo /bin/true`,
		want: []caught{{
			from: "alice@example.org", to: "admin@example.org", has: []string{"From: alice@example.org", "To: root@example.org", "Auto-Submitted: auto-generated"},
		}},
	},
	{
		name: "logwatch itself", asRoot: true,
		script: `mkdir -p /var/log /var/cache/logwatch
echo 'Nov 25 07:00:00 host sshd[1]: Accepted password for bob from 192.0.2.1 port 1 ssh2' >/var/log/auth.log
exec perl /usr/sbin/logwatch --output mail --mailto root --range all --service sshd --hostname host`,
		want: []caught{{
			from: "root@example.org", to: "admin@example.org",
			has: []string{"From: root@example.org", "To: root@example.org", "Subject: Logwatch for host (Linux)", " Users logging in through sshd:"},
		}},
	},
	{
		name: "fail2ban's action, run by fail2ban", asRoot: true,
		script: `cd /; exec python3 -c '
from fail2ban.client.actionreader import ActionReader
from fail2ban.server.action import CommandAction
r = ActionReader("sendmail", "sshd", {"name": "sshd", "dest": "root", "sender": "fail2ban", "sendername": "Fail2Ban"}, basedir="/etc/fail2ban")
r.read(); r.getOptions({})
assert CommandAction.executeCmd(CommandAction.replaceTag(r.getCombined()["actionban"], {"ip": "192.0.2.1", "failures": "5"}), 10)'`,
		want: []caught{{
			from: "fail2ban@example.org", to: "admin@example.org", has: []string{"From: Fail2Ban <fail2ban@example.org>", "To: root@example.org"},
			body: "Hi,\n\nThe IP 192.0.2.1 has just been banned by Fail2Ban after\n5 attempts against sshd.\n\nRegards,\n\nFail2Ban\n",
		}},
	},
	{
		name: "Pigeonhole redirects", asRoot: true,
		script: `printf 'log_path = /tmp/lda.log\nmail_location = maildir:~/Maildir\nsendmail_path = /usr/sbin/sendmail\nssl = no
protocol lda {\n mail_plugins = sieve\n}\nplugin {\n sieve = file:~/redirect.sieve\n}\n' >/etc/dovecot/dovecot.conf
echo 'redirect "bob@example.org";' >redirect.sieve
printf 'From: ann@example.org\nTo: alice@example.org\nSubject: x\n\n.\n.text\n' | setpriv --reuid 1000 --regid 1000 --clear-groups \
env HOME=/home/alice USER=alice /usr/lib/dovecot/dovecot-lda -f ann@example.org -a alice@example.org; s=$?; cat /tmp/lda.log; exit $s`,
		want: []caught{{
			from: "ann@example.org", to: "bob@example.org", has: []string{"To: alice@example.org", "X-Sieve-Redirected-From: alice@example.org"}, body: ".\n.text\n",
		}},
	},
	{
		name: "git send-email stops behind a patch that one recipient did not get", fails: true,
		script: gitRepository + `git commit -q --allow-empty -m last
git format-patch -q --root --always -o out; sed -i '/^Subject: .*2\/3/a Cc: nobody@example.org' out/0002*
git send-email --quiet --confirm=never --suppress-cc=self --no-validate --to list@example.org out/*.patch`,
		want: []caught{
			{from: "juergen@example.org", to: "list@example.org", has: []string{"Subject: [PATCH 1/3] dots"}},
			{from: "juergen@example.org", to: "list@example.org", has: []string{"Cc: nobody@example.org", "+Grüße"}},
		},
	},
	{
		name: "Nodemailer tells of a refusal", fails: true,
		script: `exec node -e '
require("nodemailer").createTransport({ sendmail: true, path: "/usr/sbin/sendmail" }).sendMail({ from: "ann@example.org", to: "nobody@example.org",
text: "x" }, (err) => process.exit(err ? 3 : 0))'`,
	},
	{
		name: "Perl's Email::Stuffer tells of a refusal", fails: true,
		script: `exec perl -MEmail::Stuffer -MEmail::Sender::Transport::Sendmail -e '
Email::Stuffer->from("ann\@example.org")->to("nobody\@example.org")->subject("x")->text_body("x")->send_or_die'`,
	},
}
