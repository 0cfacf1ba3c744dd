// dovecot.mjs: a Dovecot of its own in a temporary folder, started as root.
//
// Any password will do, mail in a folder for each user, fsync as by default. Limits that stand
// in the way of many connections are raised. It has no full-text index: Debian's Dovecot comes with
// none that works without a server of its own (fts_squat crashes on opening a mailbox).
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, freePort, opens, startProgram, tempFolder } from '../lib.mjs';

const UID = 65534; // nobody

export async function startDovecot(format) {
  const dir = tempFolder('dovecot');
  const port = await freePort();
  const [mail, run] = [join(dir, 'mail'), join(dir, 'run')];
  mkdirSync(run);
  chmodSync(dir, 0o755);
  mkdirSync(mail);
  execFileSync('chown', [`${UID}`, mail]);
  const config = join(dir, 'dovecot.conf');
  writeFileSync(config, `base_dir = ${run}
state_dir = ${run}
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
log_path = ${process.env.BENCH_DEBUG ? '/dev/stderr' : '/dev/null'}
mail_location = ${format}:${mail}/%n
first_valid_uid = 1
mail_max_userip_connections = 100000
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=${UID} gid=${UID} home=${mail}/%n
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
  process_limit = 4096
}
service imap {
  process_limit = 4096
}
service anvil {
  client_limit = 20000
}
service auth {
  client_limit = 20000
}
service stats {
  client_limit = 20000
}
default_client_limit = 20000
`);
  const child = startProgram('dovecot', ['-F', '-c', config]);
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`Dovecot: ${child.said}`);
    return opens(port);
  }, 20, 'Dovecot listens');
  return { port, pid: child.pid, stop: child.stop, mail };
}
