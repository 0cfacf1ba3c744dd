// disk-full.test.mjs: on a disk that fills up, mail, video and uploads are refused first, and what frees
// room still works: log-in, flags, deleting; /healthz says why. A backup on that disk leaves the server
// its reserve. On a small file system in memory, which takes root; without it the tests are skipped.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Hearth, eventually } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const ANN = ['ann@hearth.test', 'correct horse'];
const MB = 1024 * 1024;

test('a full disk refuses mail, video and uploads first, and lets people free room', async (t) => {
  const hearth = new Hearth({ 'store.blob_grace': '1s' });
  const data = hearth.settings['server.data'];
  mkdirSync(data);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=700', 'tmpfs', data], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    t.skip(`no mount here: ${mounted.error ?? mounted.stderr}`);
    rmSync(hearth.dir, { recursive: true });
    return;
  }
  const free = () => { const fs = statfsSync(data); return fs.bavail * fs.bsize; };
  const health = async () => (await hearth.api('GET', '/healthz')).body;
  try {
    await hearth.start();
    hearth.addUser(...ANN);
    const token = await hearth.login(...ANN);
    const imap = await ImapClient.login(hearth.port.imap, ANN[0], `"${ANN[1]}"`);
    assert.deepEqual(await health(), { status: 'ok' });

    // It fills up in the midst of a message, which is larger than what is left and the reserve.
    const smtp = await SmtpClient.hello(hearth.port.smtp);
    await smtp.expect(250, 'MAIL FROM:<a@b.example>');
    await smtp.expect(250, `RCPT TO:<${ANN[0]}>`);
    await smtp.expect(354, 'DATA');
    writeFileSync(join(data, 'ballast'), Buffer.alloc(free() - 3 * MB));
    smtp.send(`Subject: large\r\n\r\n${randomBytes(9 * MB).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n.\r\n`);
    const broken = await smtp.reply();
    assert.equal(broken.code, 452);
    assert.match(broken.lines[0], /^4\.3\.1 /);
    rmSync(join(data, 'ballast'));
    await eventually(async () => (await health()).status === 'ok', 20, 'ok');
    await imap.ok(['APPEND INBOX ', Buffer.from('Subject: small\r\n\r\nhello')]);
    await imap.ok('SELECT INBOX');

    // The disk fills up, and the mail that comes meanwhile stops before it touches the reserve.
    writeFileSync(join(data, 'ballast'), Buffer.alloc(free() - 4 * MB));
    const fast = await SmtpClient.hello(hearth.port.smtp);
    const letter = `Subject: large\r\n\r\n${randomBytes(50_000).toString('hex').replace(/.{70}/g, '$&\r\n')}\r\n`;
    let sent = 0;
    for (let code = 250; code === 250 && sent < 60; sent++) {
      await fast.say('MAIL FROM:<a@b.example>');
      ({ code } = await fast.say(`RCPT TO:<${ANN[0]}>`));
      if (code !== 250) break;
      await fast.say('DATA');
      ({ code } = await fast.say(`${letter}.`));
    }
    assert.ok(sent > 2 && sent < 60, `${sent} were taken`);
    assert.ok(existsSync(join(data, 'reserve')), 'the reserve is untouched');
    fast.socket.destroy();

    // Somebody else fills it, but for a little.
    writeFileSync(join(data, 'ballast2'), Buffer.alloc(Math.max(free() - MB, 0)));
    await eventually(async () => (await health()).status === 'degraded', 20, 'degraded');
    const { reasons } = await health();
    assert.equal(reasons[0].name, 'disk-full');
    await smtp.say('MAIL FROM:<a@b.example>');
    const refused = await smtp.say(`RCPT TO:<${ANN[0]}>`);
    assert.equal(refused.code, 452);
    assert.match(refused.lines[0], /^4\.3\.1 /);
    const append = await imap.command(['APPEND INBOX ', Buffer.from('hello')], { plus: true });
    assert.deepEqual([append.status, append.code], ['NO', 'UNAVAILABLE']);
    const copy = await imap.command('COPY 1 Archive');
    assert.deepEqual([copy.status, copy.code], ['NO', 'UNAVAILABLE']);
    await imap.ok('COPY 1 Trash'); // which is how many clients delete
    await imap.ok('STORE 1 +FLAGS (\\Deleted)');
    await imap.ok('EXPUNGE');
    const exported = await hearth.api('POST', '/api/auth/export', { password: ANN[1] }, { Authorization: `Bearer ${token}` });
    assert.equal(exported.status, 507);
    const upload = await fetch(`${hearth.base}/api/auth/me/avatar`, {
      method: 'PUT', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'image/png' }, body: Buffer.alloc(1000) });
    assert.equal(upload.status, 507);

    // To the last byte: the reserve is given up. The server stands still meanwhile: were it to write
    // amid that, whoever fills the disk would take the reserve too.
    hearth.child.kill('SIGSTOP');
    try { for (;;) writeFileSync(join(data, 'brim'), Buffer.alloc(4096), { flag: 'a' }); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
    hearth.child.kill('SIGCONT');
    await hearth.login(...ANN);
    assert.match((await hearth.api('PATCH', '/api/auth/me', { name: 'Ann' }, { Authorization: `Bearer ${token}` })).status.toString(), /^2/);
    assert.match(hearth.log, /part of the reserve is released/);

    // It also starts like that, and is well again once there is room.
    await hearth.stop();
    await hearth.start();
    await hearth.login(...ANN);
    for (const name of ['ballast', 'ballast2', 'brim']) rmSync(join(data, name));
    await eventually(async () => (await health()).status === 'ok', 20, 'ok');
    await eventually(() => existsSync(join(data, 'reserve')) && statSync(join(data, 'reserve')).size > MB, 20, 'a new reserve');
    assert.ok(hearth.log.split('\n').length < 200, 'few lines');
    imap.socket?.destroy();
    smtp.socket?.destroy();
  } finally {
    await hearth.stop().catch(() => {});
    hearth.child.kill('SIGKILL');
    spawnSync('umount', ['-l', data]);
    rmSync(hearth.dir, { recursive: true, force: true });
  }
});

test('a backup on the disk of the server says what it needs, and leaves the reserve alone', async (t) => {
  const hearth = new Hearth();
  const disk = join(hearth.dir, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=700', 'tmpfs', disk], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    t.skip(`no mount here: ${mounted.error ?? mounted.stderr}`);
    rmSync(hearth.dir, { recursive: true });
    return;
  }
  const reserve = 6 * MB;
  const [data, backup] = [join(disk, 'data'), join(disk, 'backup')];
  hearth.settings['server.data'] = data;
  const free = () => { const fs = statfsSync(disk); return fs.bavail * fs.bsize; };
  const leave = (bytes) => writeFileSync(join(disk, 'ballast'), Buffer.alloc(Math.max(free() - bytes, 0)));
  const health = async () => (await hearth.api('GET', '/healthz')).body;
  const mails = async (count) => {
    const smtp = await SmtpClient.hello(hearth.port.smtp);
    for (let i = 0; i < count; i++) {
      const { code } = await smtp.mail('a@b.example', ANN[0], `Subject: some\r\n\r\n${randomBytes(36_000).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`);
      assert.equal(code, 250);
    }
    smtp.close();
  };
  try {
    await hearth.start();
    hearth.addUser(...ANN);
    await mails(60);
    // What follows the mails (the search index) is written behind them: it is waited for.
    await eventually(async () => {
      const then = free();
      await new Promise((done) => setTimeout(done, 500));
      return free() >= then;
    }, 60, 'a server at rest');
    // The first: all of it, and the copies, are known to be too much.
    leave(2 * reserve + 4 * MB);
    const before = free();
    const refused = hearth.command('backup', backup);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /it takes \d+\.\d MiB of room, and the disk has 1\d\.\d MiB, of which 12\.0 MiB stay free/);
    assert.ok(free() > before - MB / 2, 'nothing was written');
    rmSync(join(disk, 'ballast'));
    const first = hearth.command('backup', backup);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /takes \d+\.\d MiB while it is made; the disk has \d\d\.\d MiB\n/);
    const largest = Math.max(...readdirSync(join(backup, 'objects')).flatMap((part) =>
      readdirSync(join(backup, 'objects', part)).map((name) => statSync(join(backup, 'objects', part, name)).size)));
    assert.ok(largest < MB, 'the reserve is no data');
    // A later one: the copies have room, and what has changed has none. It is broken off in time, and all that it wrote goes.
    await mails(120);
    const size = (name) => Number(spawnSync('sqlite3', [join(data, `${name}.db`), 'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size'], { encoding: 'utf8' }).stdout);
    assert.ok(size('mail') > 5 * MB);
    // How much the copies take depends on what is in the logs still: a little more each time, until it begins.
    let broken, left;
    for (let more = 1; more < 8 && !/while it is made/.test(broken?.stdout); more++) {
      rmSync(join(disk, 'ballast'), { force: true });
      leave(2 * reserve + size('mail') + size('blob') + more * MB);
      left = free();
      broken = hearth.command('backup', backup);
    }
    assert.equal(broken.status, 1, broken.stdout);
    assert.match(broken.stdout, /and what has changed, while it is made/);
    assert.match(broken.stderr, /it was broken off, and what was here stays as it was/);
    assert.ok(free() > left - MB / 2, `${left} and ${free()} bytes are free`);
    assert.deepEqual(readdirSync(join(backup, 'tmp')), []);
    assert.deepEqual(await health(), { status: 'ok' });
    assert.ok(existsSync(join(data, 'reserve')));
    assert.equal(hearth.command('verify', backup).status, 0);
    rmSync(join(disk, 'ballast'));
    assert.equal(hearth.command('backup', backup).status, 0);
    assert.equal(hearth.command('verify', backup).status, 0);
    await hearth.stop();
  } finally {
    hearth.child?.kill('SIGKILL');
    spawnSync('umount', ['-l', disk]);
    rmSync(hearth.dir, { recursive: true, force: true });
  }
});
