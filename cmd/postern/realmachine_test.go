//go:build linux

package main_test

// cronEnvironment is what cron starts programs with.
var cronEnvironment = []string{"LANG=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TZ=UTC"}

// machinePrograms are those that a machine sends mail by. Services that only run as such are stood in for by their own
// command line, standard input and environment.
var machinePrograms = []caller{
	{
		name: "cron", env: cronEnvironment,
		script: `exec sendmail -FCronDaemon -i -B8BITMIME -oem alice >/dev/null 2>/dev/null`,
		stdin:  "From: root (Cron Daemon)\nTo: alice\nSubject: Cron <alice@host> echo ü\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nX-Cron-Env: <PATH=/usr/bin>\n\n.\nü\n",
		want: []caught{{
			from: "root@example.org", to: "alice@example.org", params: "8BITMIME",
			has: []string{"From: root@example.org (Cron Daemon)", "To: alice@example.org", "X-Cron-Env: <PATH=/usr/bin>"}, body: ".\nü\n",
		}},
	},
	{
		name: "cron, to two who are one word", env: cronEnvironment,
		script: `exec sendmail -FCronDaemon -i -B8BITMIME -oem a@example.org,b@example.org`,
		stdin:  "From: root (Cron Daemon)\nTo: a@example.org,b@example.org\n\nx\n",
		want:   []caught{{from: "root@example.org", to: "a@example.org b@example.org", body: "x\n"}},
	},
	{
		name: "cronie", env: cronEnvironment,
		script: `exec sendmail -FCronDaemon -i -odi -oem -oi -t -f root`,
		stdin:  "From: root (Cron Daemon)\nTo: root\n\nx\n",
		want:   []caught{{from: "root@example.org", to: "admin@example.org", has: []string{"To: root@example.org"}}},
	},
	{
		name: "busybox's mail of crond", env: cronEnvironment,
		script: `exec busybox sh -c 'sendmail -ti'`,
		stdin:  "To: alice\nSubject: cron: x\n\n.\n",
		want:   []caught{{from: "alice@example.org", to: "alice@example.org", body: ".\n"}},
	},
	{
		name: "systemd-cron", env: cronEnvironment,
		script: `exec sendmail -i -B 8BITMIME alice`,
		stdin:  "From: root (systemd-cron)\nTo: alice\nContent-Transfer-Encoding: binary\n\nx\n",
		want:   []caught{{from: "root@example.org", to: "alice@example.org", params: "8BITMIME"}},
	},
	{
		name: "anacron", asRoot: true,
		script: `exec /usr/sbin/sendmail -FAnacron -odi root`,
		stdin:  "From: Anacron <root>\nTo: root\nSubject: x\n\nout\n",
		want:   []caught{{from: "root@example.org", to: "admin@example.org", has: []string{"From: Anacron <root@example.org>"}, body: "out\n"}},
	},
	{
		name: "at", env: []string{"PATH=/usr/sbin:/usr/bin", "TZ=UTC"},
		script: `exec sendmail -i alice >/dev/null 2>&1`,
		stdin:  "Subject: Output from your job        1\nTo: alice\n\nout\n",
		want:   []caught{{from: "alice@example.org", to: "alice@example.org", has: []string{"From: \"Alice Example\" <alice@example.org>"}}},
	},
	{
		name:   "sudo",
		script: `exec sendmail -t`,
		stdin:  "To: root\nFrom: alice\nAuto-Submitted: auto-generated\nSubject: *** SECURITY information for host ***\n\nhost : alice : command not allowed\n\n",
		want:   []caught{{from: "alice@example.org", to: "admin@example.org", body: "host : alice : command not allowed\n\n"}},
	},
	{
		name: "mdadm", asRoot: true,
		script: `exec /usr/sbin/sendmail -t`,
		stdin:  "From: mdadm monitoring <root>\nTo: root\nSubject: TestMessage event on /dev/md0:host\n\nThis is an automatically generated mail message.\n",
		want:   []caught{{from: "root@example.org", to: "admin@example.org", has: []string{"From: mdadm monitoring <root@example.org>"}}},
	},
	{
		name: "logwatch", asRoot: true,
		script: `exec /usr/sbin/sendmail -t`,
		stdin:  "To: root\nFrom: Logwatch\nSubject: Logwatch for host (Linux)\nAuto-Submitted: auto-generated\nPrecedence: bulk\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\nContent-Type: text/plain; charset=\"utf-8\"\n\n ####\n",
		want:   []caught{{from: "Logwatch@example.org", to: "admin@example.org", has: []string{"From: Logwatch@example.org"}}},
	},
	{
		name: "fail2ban's action", asRoot: true,
		script: `cd /; printf %b "Subject: [Fail2Ban] sshd: banned 192.0.2.1 from host
Date: Wed, 25 Nov 2026 10:00:00 +0000
From: Fail2Ban <fail2ban>
To: root\n
Hi,\n
The IP 192.0.2.1 has just been banned\n
Regards,\n
Fail2Ban" | /usr/sbin/sendmail -f "fail2ban" "root"`,
		want: []caught{{
			from: "fail2ban@example.org", to: "admin@example.org", has: []string{"From: Fail2Ban <fail2ban@example.org>", "Date: Wed, 25 Nov 2026 10:00:00 +0000"},
			body: "Hi,\n\nThe IP 192.0.2.1 has just been banned\n\nRegards,\n\nFail2Ban\n",
		}},
	},
	{
		name:   "procmail",
		script: `printf 'SENDMAIL=/usr/sbin/sendmail\n:0\n! bob@example.org carol@example.org\n' >procmailrc; exec procmail -m /home/alice/procmailrc`,
		stdin:  "From ann@example.org Thu Jan  1 00:00:00 1970\nFrom: ann@example.org\nSubject: x\n\ntext\n",
		want:   []caught{{from: "ann@example.org", to: "bob@example.org carol@example.org", body: "text\n\n", hasNot: []string{"From ann"}}},
	},
	{
		name:   "formail -s",
		script: `exec formail -s sendmail -i bob@example.org`,
		stdin:  "From a@example.org Thu Jan  1 00:00:00 1970\nFrom: a@example.org\n\none\n\nFrom b@example.org Thu Jan  1 00:00:00 1970\nFrom: b@example.org\n\ntwo\n",
		want: []caught{
			{from: "a@example.org", to: "bob@example.org", body: "one\n\n", hasNot: []string{"From a@"}},
			{from: "b@example.org", to: "bob@example.org", body: "two\n\n"},
		},
	},
	{
		name:   "maildrop",
		script: `printf 'SENDMAIL="/usr/sbin/sendmail -oi"\nto "!bob@example.org"\n' >/tmp/mailfilter; chmod 600 /tmp/mailfilter; exec maildrop /tmp/mailfilter`,
		stdin:  "From: ann@example.org\nSubject: x\n\n.\ntext\n",
		want:   []caught{{from: "", to: "bob@example.org", body: ".\ntext\n"}}, // it gives -f ""
	},
	{
		name:   "vacation",
		script: `printf 'Subject: away\n\nI am away.\n' >.vacation.msg; vacation -i; exec vacation -j alice`,
		stdin:  "From sender@example.org Thu Jan  1 00:00:00 1970\nFrom: sender@example.org\nTo: alice@example.org\nSubject: x\n\ntext\n",
		want:   []caught{{from: "alice@example.org", to: "sender@example.org", has: []string{"Subject: away", "I am away."}}},
	},
	{
		name: "Pigeonhole's vacation, without any environment", env: []string{""},
		script: `exec /usr/sbin/sendmail -i -f '<>' -- sender@example.org`,
		stdin:  "From: alice@example.org\r\nTo: sender@example.org\r\nSubject: Auto: x\r\n\r\naway\r\n",
		want:   []caught{{from: "", to: "sender@example.org", body: "away\n"}},
	},
	{
		name:   "vacation's null sender of maildrop's mailbot",
		script: `exec sendmail -f '' bob@example.org`,
		stdin:  "Subject: x\n\ntext\n",
		want:   []caught{{from: "", to: "bob@example.org"}},
	},
	{
		name: "a container's user id that no password file has", uid: 54321, env: []string{"PATH=/usr/sbin:/usr/bin:/bin"},
		script: `exec sendmail -t`,
		stdin:  "To: bob@example.org\n\ntext\n",
		want:   []caught{{from: "54321@example.org", to: "bob@example.org", has: []string{"From: 54321@example.org"}}},
	},
	{
		name: "the same with a name that is somebody else's", uid: 54321, env: []string{"PATH=/usr/sbin:/usr/bin:/bin", "USER=alice"},
		script: `exec sendmail -t`,
		stdin:  "To: bob@example.org\n\ntext\n",
		want:   []caught{{from: "54321@example.org", to: "bob@example.org"}},
	},
	{
		name: "the same with a name of its own", uid: 54321, env: []string{"PATH=/usr/sbin:/usr/bin:/bin", "LOGNAME=app"},
		script: `exec sendmail -t`,
		stdin:  "To: bob@example.org\n\ntext\n",
		want:   []caught{{from: "app@example.org", to: "bob@example.org"}},
	},
	{
		name: "a working folder that is gone, and a locale that isn't there", env: []string{"PATH=/usr/sbin:/usr/bin:/bin", "LC_ALL=xx_XX.none"},
		script: `mkdir gone && cd gone && rmdir ../gone && exec sendmail -t`,
		stdin:  "To: bob@example.org\n\nü\n",
		want:   []caught{{from: "alice@example.org", to: "bob@example.org", body: "ü\n"}},
	},
	{
		name: "a working folder that can't be read", env: []string{"PATH=/usr/sbin:/usr/bin:/bin"},
		script: `mkdir -p closed && cd closed && chmod 000 . && exec sendmail -t`,
		stdin:  "To: bob@example.org\n\ntext\n",
		want:   []caught{{from: "alice@example.org", to: "bob@example.org"}},
	},
}
