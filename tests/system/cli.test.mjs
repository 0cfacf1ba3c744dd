// cli.test.mjs: the command line and the configuration: clear words, right exit codes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  assert.equal(run('serve', '--help').status, 0);
  assert.equal(run('check', '-c').status, 2);
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
    const second = spawnSync(BIN, ['serve', ...hearth.args(), '--set', 'listen.http=127.0.0.1:0'], { encoding: 'utf8', timeout: 10000 });
    assert.equal(second.status, 1);
    assert.match(second.stderr, /hearth\.lock/);
    const busy = spawnSync(BIN, ['serve', '--set', `server.data=${join(dir, 'other')}`, '--set', `listen.http=127.0.0.1:${hearth.port.http}`],
      { encoding: 'utf8', timeout: 10000 });
    assert.equal(busy.status, 1);
    assert.match(busy.stderr, new RegExp(`${hearth.port.http}`));
  } finally {
    await hearth.remove();
  }
});
