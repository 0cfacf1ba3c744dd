// peers.mjs: other mail servers of Debian as hosts of a test's network (network.mjs): Postfix, Exim and OpenSMTPD,
// each with a domain, a certificate, a mailbox "bob", and the wire (203.0.113.254) as who may send through it.
import { eventually } from './hearth.mjs';

const ACCOUNTS = {
  postfix: ['postfix:x:901:901::/:/bin/false', 'postfix:x:901:', 'postdrop:x:902:'],
  'exim4-daemon-light': ['Debian-exim:x:901:901::/:/bin/false', 'Debian-exim:x:901:'],
  opensmtpd: ['opensmtpd:x:901:901::/var/lib/opensmtpd/empty:/bin/false', 'opensmtpd:x:901:', 'opensmtpq:x:902:902::/var/lib/opensmtpd/empty:/bin/false', 'opensmtpq:x:902:'],
};

// A host that has the package, its accounts, bob, the certificate, and `resolver` as its resolver.
async function host(network, { domain, ip, pkg, resolver, cert, key }) {
  const h = await network.host(domain, ip, pkg);
  const lines = [...ACCOUNTS[pkg], 'bob:x:1001:1001::/home/bob:/bin/false', 'bob:x:1001:'];
  h.append('/etc/passwd', lines.filter((line) => line.split(':').length > 4).join('\n') + '\n');
  h.append('/etc/group', lines.filter((line) => line.split(':').length === 4).join('\n') + '\n');
  h.write('/etc/resolv.conf', `nameserver ${resolver}\noptions edns0 trust-ad\n`);
  h.write('/etc/hosts', `127.0.0.1 localhost\n${ip} mx.${domain}\n`);
  h.write('/etc/services', 'smtp 25/tcp mail\n');
  h.write('/etc/mx.pem', cert);
  h.write('/etc/mx.key', key, '600');
  h.shell('mkdir -p /home/bob && chown 1001:1001 /home/bob');
  h.domain = domain;
  // The mails in bob's mailbox, as texts.
  h.mails = () => h.shell('cd /home/bob/Maildir/new 2>/dev/null && for f in *; do [ -f "$f" ] && cat "$f" && printf "\\0"; done; true').split('\0').slice(0, -1);
  h.mail = (what) => eventually(() => h.mails().find((text) => text.includes(what)), 30, `a mail with ${what} at ${domain}`);
  return h;
}

export async function postfix(network, options) {
  const h = await host(network, { ...options, pkg: 'postfix' });
  h.write('/etc/postfix/main.cf', `compatibility_level = 3.6
myhostname = mx.${options.domain}
mydestination = ${options.domain}, sts.test
mynetworks = 203.0.113.254
smtp_address_preference = ipv4
inet_protocols = ipv4
home_mailbox = Maildir/
alias_maps =
local_recipient_maps =
maillog_file = /var/log/mail.log
smtpd_tls_cert_file = /etc/mx.pem
smtpd_tls_key_file = /etc/mx.key
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtp_dns_support_level = dnssec
smtp_tls_security_level = dane
smtp_tls_loglevel = 1
minimal_backoff_time = 1s
queue_run_delay = 1s
`);
  h.shell(`cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf; mkdir -p /var/lib/postfix /var/spool/postfix && postfix set-permissions; chown postfix /var/lib/postfix; postconf -F '*/*/chroot=n'; postfix start`);
  h.trouble = () => h.shell('tail -30 /var/log/mail.log');
  return h;
}

export async function exim(network, options) {
  const h = await host(network, { ...options, pkg: 'exim4-daemon-light' });
  h.write('/etc/exim4/exim4.conf', `primary_hostname = mx.${options.domain}
domainlist local_domains = ${options.domain} : ta.test
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
daemon_smtp_ports = 25
disable_ipv6 = true
tls_advertise_hosts = *
tls_certificate = /etc/mx.pem
tls_privatekey = /etc/mx.key
acl_smtp_rcpt = rcpt
acl_smtp_data = data
acl_smtp_dkim = accept
begin acl
rcpt:
  accept domains = +local_domains
  accept hosts = 203.0.113.254
  deny message = relay not permitted
data:
  accept
    add_header = :at_start:\${authresults{mx.${options.domain}}}
begin routers
outside:
  driver = dnslookup
  domains = ! +local_domains
  transport = outside
  dnssec_request_domains = *
  no_more
people:
  driver = accept
  check_local_user
  transport = mailbox
begin transports
outside:
  driver = smtp
  hosts_try_dane = *
  dkim_domain = ${options.domain}
  dkim_selector = exim
  dkim_private_key = /etc/mx.key
mailbox:
  driver = appendfile
  maildir_format
  directory = /home/bob/Maildir
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add
begin retry
* * F,1h,1s
begin rewrite
begin authenticators
`);
  h.shell('chown root:901 /etc/mx.key && chmod 640 /etc/mx.key; mkdir -p /var/spool/exim4 /var/log/exim4 && chown -R 901:901 /var/spool/exim4 /var/log/exim4 && exim4 -bV >/dev/null');
  h.serve('exim4', '-bdf', '-q1s');
  h.trouble = () => h.shell('cat /var/log/exim4/*log | tail -30');
  return h;
}

export async function opensmtpd(network, options) {
  const h = await host(network, { ...options, pkg: 'opensmtpd' });
  h.write('/etc/smtpd.conf', `pki mx.${options.domain} cert "/etc/mx.pem"
pki mx.${options.domain} key "/etc/mx.key"
listen on ${options.ip} hostname mx.${options.domain} tls pki mx.${options.domain}
action "local" maildir
action "out" relay helo mx.${options.domain}
match from any for domain { "${options.domain}", "trying.test" } action "local"
match from src 203.0.113.254 for any action "out"
`);
  h.write('/etc/mailname', `${options.domain}\n`);
  h.shell('mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd && chmod 711 /var/spool/smtpd && chmod 755 /var/lib/opensmtpd/empty');
  h.serve('smtpd', '-d');
  h.trouble = () => h.log.slice(-3000);
  return h;
}
