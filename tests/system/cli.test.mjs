// cli.test.mjs: the command line and the configuration: clear words, right exit codes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BIN, Hearth } from './hearth.mjs';

const dir = mkdtempSync(join(tmpdir(), 'hearth-cli-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const run = (...args) => spawnSync(BIN, args, { encoding: 'utf8', cwd: dir });
const check = (text) => {
  writeFileSync(join(dir, 'hearth.ini'), text);
  return run('check', '-c', 'hearth.ini');
};

test('help, version, misuse', () => {
  assert.equal(run('help').status, 0);
  assert.match(run('version').stdout, /^hearth \d+\.\d+\.\d+\n$/);
  assert.equal(run().status, 2);
  assert.equal(run('fly').status, 2);
  assert.match(run('user').stderr, /^ {2}hearth user passwd ADDRESS/m); // which of them is meant
  assert.equal(run('serve', '--help').status, 0);
  assert.equal(run('check', '-c').status, 2);
});

test('the skeleton of a game is written, in the sources alone and over nothing that is there', () => {
  assert.equal(run('game', 'new', 'two-heaps').status, 1); // these are no sources
  for (const folder of ['modules/game/rules', 'tests/unit/game/rules']) mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, 'modules/game/rules/rules.h'), '');
  for (const name of [[], [''], ['Two'], ['-x'], ['x-'], ['a/b'], ['../x'], ['x'.repeat(31)], ['a', 'b']])
    assert.equal(run('game', 'new', ...name).status, 2, name.join());
  assert.equal(run('game', 'new', 'two-heaps').status, 0);
  const source = readFileSync(join(dir, 'modules/game/rules/two_heaps.c'), 'utf8');
  assert.match(source, /^const struct game_rules two_heaps_rules = {$/m);
  assert.match(source, /\.id = "two-heaps",\n\t\.name = "Two heaps",/);
  const header = readFileSync(join(dir, 'modules/game/rules/two_heaps.h'), 'utf8');
  assert.match(header, /^#ifndef GAME_TWO_HEAPS_H$/m);
  const tests = readFileSync(join(dir, 'tests/unit/game/rules/test_two_heaps.c'), 'utf8');
  for (const text of [source, header, tests]) assert.doesNotMatch(text, /skeleton/i);
  // Once more: nothing is written over, and nothing is left behind.
  rmSync(join(dir, 'modules/game/rules/two_heaps.h'));
  writeFileSync(join(dir, 'modules/game/rules/two_heaps.c'), 'mine');
  assert.equal(run('game', 'new', 'two-heaps').status, 1);
  assert.equal(readFileSync(join(dir, 'modules/game/rules/two_heaps.c'), 'utf8'), 'mine');
  assert.ok(!existsSync(join(dir, 'modules/game/rules/two_heaps.h')));
});

test('a mistake names file, line, what was found and the nearest key', () => {
  assert.equal(check('[server]\nhostname = example.org\n').status, 0);
  const typo = check('[server]\nhostnam = example.org\n');
  assert.equal(typo.status, 1);
  assert.match(typo.stderr, /hearth\.ini:2/);
  assert.match(typo.stderr, /hostnam/);
  assert.match(typo.stderr, /hostname/);
  const value = check('[mail]\nmessage_max = lots\n');
  assert.equal(value.status, 1);
  assert.match(value.stderr, /hearth\.ini:2.*lots/s);
  assert.equal(run('check', '--set', 'listen.http=nowhere').status, 1);
  assert.equal(run('check', '--set', 'store.db=postgres://x').status, 1);
  assert.equal(run('check', '-c', 'missing.ini').status, 1);
});

test('the example file is what the program says of itself, and is good', () => {
  const example = run('config');
  assert.equal(example.status, 0);
  assert.equal(example.stdout, readFileSync(new URL('../../config/hearth.ini', import.meta.url), 'utf8'));
  assert.equal(check(example.stdout).status, 0);
});

test('two servers do not share a folder; a busy port is a clear failure', async () => {
  const hearth = await new Hearth().start();
  try {
    const second = spawnSync(BIN, ['serve', ...hearth.args(), '--set', 'listen.http=127.0.0.1:0'], { encoding: 'utf8', timeout: 60000 });
    assert.equal(second.status, 1);
    assert.match(second.stderr, /hearth\.lock/);
    const busy = spawnSync(BIN, ['serve', '--set', `server.data=${join(dir, 'other')}`, '--set', `listen.http=127.0.0.1:${hearth.port.http}`],
      { encoding: 'utf8', timeout: 60000 });
    assert.equal(busy.status, 1);
    assert.match(busy.stderr, new RegExp(`${hearth.port.http}`));
  } finally {
    await hearth.remove();
  }
});

test('check finds what serve would refuse, names the line, and says what to do last', () => {
  const pem = join(dir, 'not-a-certificate.pem');
  writeFileSync(pem, 'nothing\n');
  const text = ['[server]', 'hostname = under_score', '[mail]', 'domains = good.example, bad..example', '[tls]', `cert = ${pem}`,
    `key = ${pem}`, '[listen]', 'http = 127.0.0.1:8080', 'imap = :8080', '[auth]', 'sms_driver = http', ''].join('\n');
  const wrong = check(text);
  assert.equal(wrong.status, 1);
  for (const line of [/^hearth\.ini:2: \[server\] hostname: .*under_score/m, /^hearth\.ini:4: \[mail\] domains: .*bad\.\.example/m,
    /^hearth\.ini:6: \[tls\] cert: .*not-a-certificate/m, /^hearth\.ini:10: \[listen\] imap: port 8080 is that of http/m,
    /^\[auth\] sms_url: is empty/m]) assert.match(wrong.stderr, line);
  assert.match(wrong.stderr.trimEnd().split('\n').at(-1), /Mend the lines above/);
  const served = run('serve', '-c', 'hearth.ini');
  assert.equal(served.status, 1);
  assert.equal(served.stderr, wrong.stderr);

  const missing = run('check', '--set', 'tls.cert=/no/such.pem', '--set', 'tls.key=/no/such.key');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /--set: \[tls\] cert: .*No such file/);
  assert.match(run('check', '--set', 'tls.cert=/no/such.pem').stderr, /\[tls\] key: is missing/);
  assert.match(run('check', '--set', 'modules.enable=mail web').stderr, /mail needs the module auth/);
  assert.match(run('check', '--set', 'modules.enable=auth game').stderr, /game needs the module gateway/);
  assert.match(run('check', '--set', 'auth.registration_phone=yes').stderr, /registration_phone/);
  assert.match(run('check', '--set', 'server.data=/no/such/parent/data').stderr, /\[server\] data: .*parent/);
  // Two addresses with one port, and ports the system chooses, are no mistake.
  assert.equal(run('check', '--set', 'listen.http=127.0.0.1:9000', '--set', 'listen.imap=127.0.0.2:9000').status, 0);
  assert.equal(run('check', '--set', 'listen.http=127.0.0.1:0', '--set', 'listen.imap=127.0.0.1:0').status, 0);
});

test('a start that fails says what to do in its last line', async () => {
  const hearth = await new Hearth().start();
  try {
    const last = (result) => result.stderr.trimEnd().split('\n').at(-1);
    const busy = spawnSync(BIN, ['serve', '--set', `server.data=${join(dir, 'third')}`, '--set', `listen.http=127.0.0.1:${hearth.port.http}`],
      { encoding: 'utf8', timeout: 60000 });
    assert.match(last(busy), /another program has port .*\[listen\] http/);
    const folder = spawnSync(BIN, ['serve', ...hearth.args(), '--set', 'listen.http=127.0.0.1:0'], { encoding: 'utf8', timeout: 60000 });
    assert.match(last(folder), /server\.data=DIR/);
  } finally {
    await hearth.remove();
  }
});

test('links of commands lead to where the server really is, whatever it was told by --set', async () => {
  const hearth = new Hearth();
  const links = () => [hearth.command('invite'), hearth.command('user', 'reset', 'ann@hearth.test'), hearth.command('first-start')]
    .map(({ status, stdout, stderr }) => {
      assert.equal(status, 0, stderr);
      return stdout.slice(0, stdout.indexOf('#'));
    });
  try {
    await hearth.start();
    hearth.addUser('ann@hearth.test', 'a long enough secret');
    for (const link of links()) assert.equal(link, `${hearth.base}/`);
    // Behind a proxy, by a setting that the commands do not have.
    await hearth.stop();
    hearth.settings['server.url'] = 'https://hearth.example';
    await hearth.start();
    delete hearth.settings['server.url'];
    for (const link of links()) assert.equal(link, 'https://hearth.example/');
    // Nobody is there: the configuration is all there is, also after a crash.
    await hearth.kill();
    hearth.settings['listen.http'] = '127.0.0.1:8123';
    for (const link of links()) assert.equal(link, 'http://127.0.0.1:8123/');
  } finally {
    await hearth.remove();
  }
});

test('a command elsewhere makes no second, empty data folder', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'hearth-elsewhere-'));
  const hearth = await new Hearth().start();
  try {
    const there = (...args) => spawnSync(BIN, args, { encoding: 'utf8', cwd: empty });
    if (!existsSync('/etc/hearth.ini')) {
      const lost = there('user', 'list');
      assert.equal(lost.status, 1);
      assert.match(lost.stderr, new RegExp(`no ${empty}/data, and no /etc/hearth.ini`));
      assert.match(lost.stderr, /-c FILE/);
      assert.equal(there('verify').status, 1);
    }
    writeFileSync(join(empty, 'x.ini'), '[server]\nhostname = hearth.example\n');
    const relative = there('user', 'list', '-c', 'x.ini');
    assert.equal(relative.status, 1);
    assert.match(relative.stderr, /x\.ini read from here/);
    assert.deepEqual(readdirSync(empty), ['x.ini']);
    writeFileSync(join(empty, 'x.ini'), `[server]\ndata = ${hearth.dir}\n`);
    assert.equal(there('user', 'list', '-c', 'x.ini').status, 0);

    // A backup can be looked at where no server is.
    const backup = join(empty, 'backup');
    assert.equal(there('backup', backup, '-c', 'x.ini').status, 0);
    assert.equal(there('verify', backup).status, 0);
    assert.deepEqual(readdirSync(empty).sort(), ['backup', 'x.ini']);

    // The installed server's file is found by itself: here in a file system of the command's own.
    const found = spawnSync('unshare', ['--mount', 'sh', '-c',
      'mount -t tmpfs none /etc && cp x.ini /etc/hearth.ini && exec "$0" user list', BIN], { encoding: 'utf8', cwd: empty });
    if (process.getuid() === 0 && !/unshare|mount/.test(found.stderr)) assert.equal(found.status, 0, found.stderr);
  } finally {
    await hearth.remove();
    rmSync(empty, { recursive: true, force: true });
  }
});

test('run by root, a command leaves nothing that the owner of the data cannot open', async (t) => {
  if (process.getuid() !== 0) return t.skip('only root can act as somebody else');
  const data = mkdtempSync(join(tmpdir(), 'hearth-owner-'));
  try {
    chownSync(data, 65534, 65534);
    const added = spawnSync(BIN, ['user', 'add', 'alice@localhost', '--set', `server.data=${data}`, '--password-stdin'],
      { encoding: 'utf8', input: 'a long enough passphrase\n' });
    assert.equal(added.status, 0, added.stderr);
    for (const name of readdirSync(data)) assert.equal(statSync(join(data, name)).uid, 65534, name);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

test('make install lays out a program, a unit and an INI file that is good', () => {
  const root = mkdtempSync(join(tmpdir(), 'hearth-install-'));
  try {
    const script = new URL('../../config/install.sh', import.meta.url).pathname;
    const installed = spawnSync(script, [BIN, '/usr', root], { encoding: 'utf8' });
    assert.equal(installed.status, 0, installed.stderr);
    const unit = readFileSync(join(root, 'usr/lib/systemd/system/hearth.service'), 'utf8');
    assert.match(unit, /^ExecStart=\/usr\/bin\/hearth serve -c \/etc\/hearth\.ini$/m);
    assert.doesNotMatch(unit + readFileSync(join(root, 'etc/hearth.ini'), 'utf8'), /@[A-Z]+@/);
    assert.equal(statSync(join(root, 'etc/hearth.ini')).mode & 0o777, 0o640);
    const good = spawnSync(join(root, 'usr/bin/hearth'),
      ['check', '-c', join(root, 'etc/hearth.ini'), '--set', `server.data=${root}/data`], { encoding: 'utf8' });
    assert.equal(good.status, 0, good.stderr);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

// As an earlier version left it, or as it was made by hand: only the owner may look in.
test('the data folder and what is in it are their owner\'s alone, whatever their mode was', async () => {
  const hearth = new Hearth();
  const data = hearth.settings['server.data'];
  // A file may be gone again before it is looked at: one that is written and then named.
  const open = () => readdirSync(data, { recursive: true })
    .filter((name) => (statSync(join(data, name), { throwIfNoEntry: false })?.mode ?? 0) & 0o077);
  const umask = process.umask(0);
  try {
    mkdirSync(data, { mode: 0o755 });
    hearth.addUser('ann@hearth.test', 'correct horse');
    assert.equal(statSync(data).mode & 0o777, 0o700);
    assert.deepEqual(open(), [], 'after a command');
    await hearth.start();
    assert.deepEqual(open(), [], 'while it serves');
    await hearth.stop();
    for (const name of ['', 'auth.db', 'mail.db', 'tls', 'blob']) chmodSync(join(data, name), 0o755);
    await hearth.start();
    assert.match(hearth.log, /permissions tightened.* changed=5/);
    assert.equal(statSync(data).mode & 0o777, 0o700);
    assert.deepEqual(open(), []);
  } finally {
    process.umask(umask);
    await hearth.remove();
  }
});
