// guess.test.mjs: guesses at passwords wait longer and longer, each protocol says how long, and
// nobody is shut out by another network. Waits are the server's word (Retry-After); none is timed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hearth, raw } from './hearth.mjs';
import { ImapClient } from './imap-client.mjs';
import { SmtpClient } from './smtp-client.mjs';

const PASSWORD = 'correct horse';
const FREE = 4;
let hearth;
before(async () => {
  hearth = await new Hearth({ 'auth.guesses_per_account': FREE, 'auth.guesses_per_network': 1000, 'auth.registrations_per_network': 3 }).start();
  for (const name of ['ann', 'ben', 'cyd', 'dan']) hearth.addUser(`${name}@hearth.test`, PASSWORD);
});
after(() => hearth.remove());

// A log-in over HTTP from one of this machine's networks: {status, retry, problem}.
async function login(name, password, from = '127.0.0.1') {
  const body = JSON.stringify({ address: `${name}@hearth.test`, password });
  const answer = await raw(`${hearth.base}/api/auth/login`, {
    method: 'POST', localAddress: from, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }, body,
  });
  const text = answer.body.toString();
  return { status: answer.status, retry: answer.headers['retry-after'], problem: answer.status >= 400 ? JSON.parse(text) : null };
}

// Guesses until it is told to wait, whatever the machine's pace: {tried, refused}.
async function guessUntilRefused(name, from) {
  for (let tried = 0; tried < FREE + 10; tried++) {
    const answer = await login(name, 'wrong horse', from);
    if (answer.status === 429) return { tried, refused: answer };
    assert.equal(answer.status, 401);
  }
  throw new Error('nobody refuses');
}
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Whole seconds from 1 to `most`.
function isWait(text, most) {
  assert.match(String(text), /^[1-9]\d*$/);
  assert.ok(Number(text) <= most, text);
}

test('HTTP: 429 with Retry-After, honoured and doubled; a right password clears it', async () => {
  const first = await guessUntilRefused('ann');
  assert.ok(first.tried >= FREE);
  isWait(first.refused.retry, 2 ** (first.tried - FREE));
  assert.match(first.refused.problem.detail, /try again in \d+ s/);
  // Not even the right one is looked at; after the wait, one is.
  await pause(Number(first.refused.retry));
  const second = await guessUntilRefused('ann');
  assert.ok(second.tried >= 1);
  isWait(second.refused.retry, 2 ** (first.tried + second.tried - FREE));
  assert.equal((await login('ann', PASSWORD)).status, 429);
  await pause(Number(second.refused.retry));
  assert.equal((await login('ann', PASSWORD)).status, 200);
  assert.ok((await guessUntilRefused('ann')).tried >= FREE);
});

test('another network is not shut out, nor another name', async () => {
  for (let i = 0; i < 3; i++) {
    const { refused } = await guessUntilRefused('ben');
    await pause(i < 2 ? Number(refused.retry) : 0);
  }
  assert.equal((await login('ben', PASSWORD)).status, 429);
  assert.equal((await login('ben', PASSWORD, '127.0.0.2')).status, 200);
  assert.equal((await login('cyd', PASSWORD)).status, 200);
});

test('guesses from many networks slow a name down, but not where it logged in before', async () => {
  assert.equal((await login('dan', PASSWORD, '127.0.1.1')).status, 200);
  const statuses = [];
  for (let i = 1; i <= 10 * FREE + 2; i++) statuses.push((await login('dan', 'wrong horse', `127.0.2.${i}`)).status);
  assert.equal(statuses[0], 401);
  assert.ok(statuses.includes(429), statuses.join());
  assert.equal((await login('dan', PASSWORD, '127.0.1.1')).status, 200);
});

test('a name that nobody has is slowed like one that somebody has', async () => {
  const one = await guessUntilRefused('cyd', '127.0.3.1');
  const none = await guessUntilRefused('nobody', '127.0.3.1');
  assert.ok(one.tried >= FREE && none.tried >= FREE);
  const told = ({ refused: { status, problem } }) => [status, { ...problem, detail: problem.detail.replace(/\d+/, 'N') }];
  assert.deepEqual(told(none), told(one));
  assert.deepEqual((await login('nobody', 'wrong horse', '127.0.3.2')).problem, (await login('cyd', 'wrong horse', '127.0.3.2')).problem);
});

test('IMAP and SMTP say it in their own words', async () => {
  const imap = await ImapClient.connect(hearth.port.imap);
  const smtp = await SmtpClient.hello(hearth.port.submission);
  const plain = (password) => Buffer.from(`\0eve@hearth.test\0${password}`).toString('base64');
  hearth.addUser('eve@hearth.test', PASSWORD);
  const wrong = [
    async () => (await imap.command('LOGIN eve@hearth.test "wrong horse"')).code === 'AUTHENTICATIONFAILED',
    async () => (await smtp.say(`AUTH PLAIN ${plain('wrong horse')}`)).code === 535,
  ];
  let tried = 0;
  while (tried < FREE + 4 && await wrong[tried % 2]()) tried++;
  assert.ok(tried >= FREE && tried < FREE + 4, String(tried));
  // It is a wait of both, in the words of each.
  const no = await imap.command(`LOGIN eve@hearth.test "${PASSWORD}"`);
  const reply = await smtp.say(`AUTH PLAIN ${plain(PASSWORD)}`);
  assert.deepEqual([no.status, no.code, reply.code], ['NO', 'UNAVAILABLE', 454]);
  assert.match(no.text, /try again in [1-9]\d* s/);
  assert.match(reply.lines[0], /^4\.7\.0 .*try again in [1-9]\d* s/);
  const [seconds] = /[1-9]\d*/.exec(no.text.slice(no.text.indexOf(' in ')));
  await pause(Number(seconds));
  assert.equal((await imap.command(`LOGIN eve@hearth.test "${PASSWORD}"`)).status, 'OK');
  assert.equal((await smtp.say(`AUTH PLAIN ${plain(PASSWORD)}`)).code, 235);
  imap.close();
  smtp.close();
});

test('right passwords at once, on all channels, are all let in, and leave nothing behind', async () => {
  const many = 3 * FREE;
  const plain = Buffer.from(`\0fay@hearth.test\0${PASSWORD}`).toString('base64');
  hearth.addUser('fay@hearth.test', PASSWORD);
  const imaps = await Promise.all(Array.from({ length: many }, () => ImapClient.connect(hearth.port.imap)));
  const smtps = await Promise.all(Array.from({ length: many }, () => SmtpClient.hello(hearth.port.submission)));
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all([
      ...imaps.splice(0, many / 2).map(async (imap) => [(await imap.command(`LOGIN fay@hearth.test "${PASSWORD}"`)).status, imap.close()][0]),
      ...smtps.splice(0, many / 2).map(async (smtp) => [(await smtp.say(`AUTH PLAIN ${plain}`)).code, smtp.close()][0]),
      ...Array.from({ length: many }, async () => (await login('fay', PASSWORD)).status),
    ]);
    assert.deepEqual(answers, [...Array(many / 2).fill('OK'), ...Array(many / 2).fill(235), ...Array(many).fill(200)]);
  }
  // Wrong ones among them count, and those alone: it is no way around the wait.
  const mixed = await Promise.all(Array.from({ length: 2 * FREE }, () => login('fay', 'wrong horse')));
  assert.equal(mixed.filter(({ status }) => status === 401).length, FREE);
  assert.equal(mixed.filter(({ status }) => status === 429).length, FREE);
});

test('registrations wait as well, each network for itself', async () => {
  const register = async (n, from) => {
    const body = JSON.stringify({ address: `new${n}@hearth.test`, password: 'a horse of another colour' });
    return raw(`${hearth.base}/api/auth/register`, {
      method: 'POST', localAddress: from, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }, body,
    });
  };
  for (let i = 0; i < 3; i++) assert.equal((await register(i, '127.0.0.1')).status, 201);
  const refused = await register(3, '127.0.0.1');
  assert.equal(refused.status, 429);
  isWait(refused.headers['retry-after'], 1);
  assert.equal((await register(3, '127.0.0.2')).status, 201);
});
