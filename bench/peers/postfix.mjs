// postfix.mjs: a Postfix of its own in a temporary folder. Needs root, as Postfix does.
//
// What is accepted goes to the "hold" queue, the file fsynced, and no further: the queue manager,
// which would deliver it, never sees it. So this is Postfix accepting, and nothing but that. With `relay`
// (a port) it goes on to there, over at most `connections` connections from the first message on; with `hold`
// as well, only when `release` says so.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd, eventually, freePort, opens, tempFolder } from '../lib.mjs';

export async function startPostfix(domain, { relay, connections = 20, hold = !relay } = {}) {
  const dir = tempFolder('postfix');
  const port = await freePort();
  const [config, queue, data] = ['etc', 'queue', 'data'].map((name) => join(dir, name));
  for (const folder of [config, queue, data]) mkdirSync(folder);
  chmodSync(dir, 0o755);
  execFileSync('chown', ['postfix', data]);
  writeFileSync(join(config, 'main.cf'), `compatibility_level = 3.6
queue_directory = ${queue}
data_directory = ${data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = ${domain}
mydomain = ${domain}
mydestination = ${domain}
${relay ? `relayhost = [127.0.0.1]:${relay}
default_destination_concurrency_limit = ${connections}
initial_destination_concurrency = ${connections}
disable_dns_lookups = yes
smtp_tls_security_level = none` : ''}
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
# Any local part is somebody: the cheapest look-up there is.
local_recipient_maps =
${hold ? 'smtpd_recipient_restrictions = static:HOLD' : ''}
smtpd_relay_restrictions = permit_mynetworks, reject
# No look-ups in the DNS, no waiting for a queue manager that is given nothing.
smtpd_peername_lookup = no
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
default_process_limit = 200
message_size_limit = 52428800
`);
  writeFileSync(join(config, 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
discard unix - - n - - discard
smtp unix - - n - - smtp
local unix - n n - - local
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`);
  const quiet = { stdio: ['ignore', 'ignore', 'pipe'] };
  let running = true;
  const stop = () => {
    if (running) execFileSync('postfix', ['-c', config, 'stop'], quiet);
    running = false;
  };
  atEnd(stop);
  execFileSync('postfix', ['-c', config, 'start'], quiet);
  await eventually(() => opens(port), 20, 'Postfix listens');
  return {
    port,
    stop,
    pid: Number(readFileSync(join(queue, 'pid', 'master.pid'), 'latin1')),
    // How many messages it holds.
    held: () => readdirSync(join(queue, 'hold')).length,
    // Sends what it holds.
    release() {
      for (const words of [['postsuper', '-H', 'ALL'], ['postqueue', '-f']])
        execFileSync(words[0], ['-c', config, ...words.slice(1)], quiet);
    },
    // Empties the queue, so that one run does not slow the next.
    clear() {
      for (const name of readdirSync(join(queue, 'hold'))) rmSync(join(queue, 'hold', name));
    },
  };
}
