// rehash.test.mjs: stored password hashes follow [auth] argon2_…: after a right password, and never
// over a password that was changed meanwhile.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, Hearth } from './hearth.mjs';

const ADDRESS = 'ann@hearth.test';
let hearth;
before(async () => {
  hearth = await new Hearth({ 'auth.argon2_passes': 1, 'auth.argon2_memory': '8M', 'auth.guesses_per_account': 1000 }).start();
  hearth.addUser(ADDRESS, 'correct horse');
});
after(() => hearth.remove());

function stored() {
  const { status, stdout, stderr } = spawnSync('sqlite3',
    ['-cmd', '.timeout 5000', join(hearth.dir, 'data', 'auth.db'), `SELECT password FROM account WHERE address = '${ADDRESS}'`], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

const login = (password) => hearth.api('POST', '/api/auth/login', { address: ADDRESS, password });

async function restart(passes, memory) {
  await hearth.stop();
  Object.assign(hearth.settings, { 'auth.argon2_passes': passes, 'auth.argon2_memory': memory });
  await hearth.start();
}

test('a right password is hashed with the parameters of today, a wrong one changes nothing', async () => {
  const first = stored();
  assert.match(first, /^\$argon2id\$v=19\$m=8192,t=1,p=1\$/);
  assert.equal((await login('correct horse')).status, 200);
  await restart(3, '16M');
  assert.equal(stored(), first, 'what fits stays');
  assert.equal((await login('wrong horse')).status, 401);
  await new Promise((done) => setTimeout(done, 300));
  assert.equal(stored(), first);
  assert.equal((await login('correct horse')).status, 200);
  await eventually(() => /\$m=16384,t=3,p=1\$/.test(stored()), 20, 'the hash is made anew');
  assert.equal((await login('correct horse')).status, 200);
  assert.equal((await login('wrong horse')).status, 401);
  // Down as well: whoever runs the server chooses.
  await restart(2, '8M');
  assert.equal((await login('correct horse')).status, 200);
  await eventually(() => /\$m=8192,t=2,p=1\$/.test(stored()), 20, 'the hash is made anew');
  assert.equal((await login('correct horse')).status, 200);
});

test('it never brings back a password that was changed meanwhile', async () => {
  let password = 'correct horse';
  for (let round = 0; round < 4; round++) {
    // Slow enough for the change to come in between.
    await restart(round % 2 ? 10 : 11, '32M');
    const next = `another horse ${round}`;
    const answers = Promise.all([login(password), login(password), login(password)]);
    await new Promise((done) => setTimeout(done, 60 * round));
    const changed = hearth.command('user', 'passwd', ADDRESS, '--password-stdin', { input: `${next}\n` });
    assert.equal(changed.status, 0, changed.stderr);
    await answers;
    await hearth.stop(); // waits for what runs in the background
    await hearth.start();
    assert.equal((await login(password)).status, 401);
    assert.equal((await login(next)).status, 200);
    password = next;
  }
});
