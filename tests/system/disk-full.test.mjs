// disk-full.test.mjs: on a disk that fills up, mail, video and uploads are refused first, and what frees
// room still works: log-in, flags, deleting; /healthz says why. On a small file system in memory,
// which takes root; without it the test is skipped.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
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
