// preferences.test.mjs: what a person has chosen: the document with its ETags and its schema, the
// files it names, what survives a crash.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Player } from './game-client.mjs';
import { eventually, Hearth, raw } from './hearth.mjs';
import { Publisher, readFlv } from './rtmp-client.mjs';
import { deliver, SmtpClient } from './smtp-client.mjs';
import { film, skip } from './video-media.mjs';

const PATCH = 'application/merge-patch+json';
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

let hearth;
let people = 0;
before(async () => {
  hearth = await new Hearth({ 'auth.registrations_per_network': 10000, 'video.hold': '0s' }).start();
});
after(() => hearth.remove());

// A new person: {get, put, patch, file, …}, each with their token.
async function person() {
  const address = `p${++people}@hearth.test`;
  hearth.addUser(address, 'correct horse 7');
  const token = await hearth.login(address, 'correct horse 7');
  const headers = { Authorization: `Bearer ${token}` };
  const send = (method, path, body, more) => hearth.api(method, `/api/auth/preferences${path}`, body, { ...headers, ...more });
  return {
    address, token, headers,
    get: (more) => send('GET', '', undefined, more),
    put: (body, match = '*', more = {}) => send('PUT', '', body, { ...(match === null ? {} : { 'If-Match': match }), ...more }),
    patch: (body, match = '*', more = {}) => send('PATCH', '', body, { 'Content-Type': PATCH, ...(match === null ? {} : { 'If-Match': match }), ...more }),
    file: async (method, name, bytes, type) => {
      const answer = await fetch(`${hearth.base}/api/auth/preferences/attachments/${name}`, {
        method, body: bytes, headers: { ...headers, ...(type ? { 'Content-Type': type } : {}) },
      });
      const body = Buffer.from(await answer.arrayBuffer());
      return { status: answer.status, headers: answer.headers, body, json: /json/.test(answer.headers.get('content-type') || '') ? JSON.parse(body) : undefined };
    },
    files: async () => (await send('GET', '/attachments')).body.attachments,
  };
}

function problem(answer, status, field) {
  const body = answer.json ?? answer.body;
  assert.equal(answer.status, status, JSON.stringify(body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(body.status, status);
  if (field !== undefined) assert.equal(body.field, field, JSON.stringify(body));
}

test('nobody reads or changes preferences without being signed in', async () => {
  for (const method of ['GET', 'PUT', 'PATCH']) problem(await hearth.api(method, '/api/auth/preferences', method === 'GET' ? undefined : {}), 401);
  problem(await hearth.api('GET', '/api/auth/preferences/attachments'), 401);
  problem(await hearth.api('GET', '/api/auth/preferences/attachments/x'), 401);
  problem(await hearth.api('POST', '/api/auth/preferences', {}), 405);
});

test('empty at first, replaced, patched, read again', async () => {
  const ann = await person();
  const first = await ann.get();
  assert.deepEqual([first.status, first.body, first.headers.get('etag')], [200, {}, '"0"']);
  assert.equal(first.headers.get('accept-patch'), PATCH);
  const put = await ann.put({ general: { theme: 'dark', language: 'de' }, game: { auto_queen: true } }, '"0"');
  assert.deepEqual([put.status, put.headers.get('etag')], [200, '"1"']);
  const patched = await ann.patch({ general: { theme: null, start_page: 'game' }, game: null }, '"1"');
  assert.deepEqual([patched.status, patched.headers.get('etag')], [200, '"2"']);
  assert.deepEqual(patched.body, { general: { language: 'de', start_page: 'game' } });
  const read = await ann.get();
  assert.deepEqual([read.body, read.headers.get('etag')], [patched.body, '"2"']);
  assert.equal((await ann.get({ 'If-None-Match': '"2"' })).status, 304);
  assert.equal((await ann.get({ 'If-None-Match': '"1"' })).status, 200);
  // What changes nothing is no change.
  assert.equal((await ann.patch({ general: { language: 'de' } }, '"2"')).headers.get('etag'), '"2"');
  assert.equal((await ann.patch({}, '*')).headers.get('etag'), '"2"');
  // Others have their own.
  assert.deepEqual((await (await person()).get()).body, {});
});

test('If-Match: missing, stale, of another form', async () => {
  const bob = await person();
  problem(await bob.put({}, null), 428, 'If-Match');
  problem(await bob.patch({}, null), 428, 'If-Match');
  problem(await bob.patch({ general: { theme: 'dark' } }, '"7"'), 412, 'If-Match');
  problem(await bob.patch({ general: { theme: 'dark' } }, '0'), 412);
  problem(await bob.patch({ general: { theme: 'dark' } }, 'W/"0"'), 412);
  assert.equal((await bob.patch({ general: { theme: 'dark' } }, '"9", "0"')).status, 200);
  problem(await bob.patch({ general: { theme: 'light' } }, '"0"'), 412);
  assert.equal((await bob.get()).body.general.theme, 'dark');
  // The ETag of a compressed answer is as good.
  await bob.patch({ mail: { signature: { text: 'x'.repeat(1500) } } });
  const gzip = await raw(`${hearth.base}/api/auth/preferences`, { headers: { ...bob.headers, 'Accept-Encoding': 'gzip' } });
  assert.equal(gzip.headers.etag, '"2-gz"');
  assert.equal((await bob.patch({ general: { theme: 'light' } }, gzip.headers.etag)).headers.get('etag'), '"3"');
});

test('of changes with one If-Match exactly one wins; with * all of them do', async () => {
  const carl = await person();
  for (let round = 0; round < 5; round++) {
    const { headers } = await carl.get();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => carl.patch({ mail: { page_size: 20 + round * 12 + i } }, headers.get('etag'))));
    assert.deepEqual(answers.map((a) => a.status).sort(), [200, ...Array(11).fill(412)]);
    const winner = answers.find((a) => a.status === 200);
    const now = await carl.get();
    assert.deepEqual([now.body, now.headers.get('etag')], [winner.body, winner.headers.get('etag')]);
  }
  const before = Number((await carl.get()).headers.get('etag').slice(1, -1));
  const names = Array.from({ length: 10 }, (_, i) => `n${i}`);
  const all = await Promise.all([
    carl.patch({ general: { theme: 'dark' } }), carl.patch({ general: { start_page: 'video' } }), carl.patch({ game: { auto_queen: true } }),
    carl.patch({ video: { title: names.join() } }), carl.patch({ video: { keep_raw: false } }), carl.patch({ mail: { signature: { text: 'C' } } }),
  ]);
  assert.deepEqual(all.map((a) => a.status), Array(6).fill(200));
  const now = await carl.get();
  assert.equal(now.headers.get('etag'), `"${before + 6}"`);
  assert.deepEqual([now.body.general, now.body.video, now.body.game], [{ theme: 'dark', start_page: 'video' }, { title: names.join(), keep_raw: false }, { auto_queen: true }]);
});

test('types of bodies', async () => {
  const dora = await person();
  const put = await dora.put({}, '*', { 'Content-Type': 'text/plain' });
  problem(put, 415, 'Content-Type');
  assert.equal(put.headers.get('accept'), 'application/json');
  problem(await dora.put({}, '*', { 'Content-Type': PATCH }), 415, 'Content-Type');
  const patch = await dora.patch({}, '*', { 'Content-Type': 'application/json' });
  problem(patch, 415, 'Content-Type');
  assert.equal(patch.headers.get('accept-patch'), PATCH);
  assert.match(patch.body.detail, /merge-patch\+json/);
  problem(await dora.patch({}, '*', { 'Content-Type': 'application/json-patch+json' }), 415);
  assert.equal((await dora.patch({}, '*', { 'Content-Type': 'Application/Merge-Patch+JSON; charset=utf-8' })).status, 200);
  for (const body of ['', '{', '{"a":1,"a":2}', '{}x', '\ufffe']) {
    const answer = await fetch(`${hearth.base}/api/auth/preferences`, { method: 'PATCH', body, headers: { ...dora.headers, 'Content-Type': PATCH, 'If-Match': '*' } });
    assert.equal(answer.status, 400, body);
    assert.match((await answer.json()).detail, /no JSON document/);
  }
  const deep = await fetch(`${hearth.base}/api/auth/preferences`, { method: 'PATCH', body: '{"a":'.repeat(100) + '1' + '}'.repeat(100), headers: { ...dora.headers, 'Content-Type': PATCH, 'If-Match': '*' } });
  assert.equal(deep.status, 400);
});

test('what the schema does not allow is named by its JSON Pointer', async () => {
  const emil = await person();
  const rule = { name: 'lists', if: { list: 'hearth' }, then: { move: 'Lists' } };
  const filters = (...list) => ({ mail: { filters: list } });
  const rows = [
    [[], ''], ['dark', ''], [7, ''], [null, ''],
    [{ theme: 'dark' }, '/theme'], [{ 'a/b~c': 1 }, '/a~1b~0c'], [{ __proto__x: 1 }, '/__proto__x'],
    [{ general: [] }, '/general'], [{ general: { theme: 7 } }, '/general/theme'], [{ general: { theme: 'Dark' } }, '/general/theme'],
    [{ general: { theme: 'dаrk' } }, '/general/theme'], // a Cyrillic а
    [{ general: { language: 'deutsch!' } }, '/general/language'], [{ general: { language: 'dе' } }, '/general/language'], // a Cyrillic е
    [{ general: { language: '' } }, '/general/language'],
    [{ mail: { page_size: 9 } }, '/mail/page_size'], [{ mail: { page_size: 201 } }, '/mail/page_size'], [{ mail: { page_size: 20.5 } }, '/mail/page_size'],
    [{ mail: { page_size: '20' } }, '/mail/page_size'], [{ mail: { page_size: 1e300 } }, '/mail/page_size'],
    [{ mail: { signature: { text: 'x'.repeat(2001) } } }, '/mail/signature/text'], [{ mail: { signature: { enabled: 'yes' } } }, '/mail/signature/enabled'],
    [{ mail: { signature: { images: ['a/b'] } } }, '/mail/signature/images/0'], [{ mail: { signature: { images: ['a', 'a'] } } }, '/mail/signature/images/1'],
    [filters({ ...rule, name: undefined }), '/mail/filters/0/name'], [filters({ ...rule, name: null }), '/mail/filters/0/name'],
    [filters({ ...rule, name: '' }), '/mail/filters/0/name'], [filters({ ...rule, name: 'x'.repeat(101) }), '/mail/filters/0/name'],
    [filters(rule, { ...rule, if: undefined }), '/mail/filters/1/if'], [filters({ ...rule, if: {} }), '/mail/filters/0/if'],
    [filters({ ...rule, if: { from: 7 } }), '/mail/filters/0/if/from'], [filters({ ...rule, if: { body: 'x' } }), '/mail/filters/0/if/body'],
    [filters({ ...rule, if: { larger_than: -1 } }), '/mail/filters/0/if/larger_than'],
    [filters({ ...rule, then: undefined }), '/mail/filters/0/then'], [filters({ ...rule, then: { move: 'a//b' } }), '/mail/filters/0/then/move'],
    [filters({ ...rule, then: { move: 'a\u0000b' } }), '/mail/filters/0/then/move'],
    [filters({ ...rule, then: { keywords: ['a b'] } }), '/mail/filters/0/then/keywords/0'], [filters({ ...rule, then: { keywords: [] } }), '/mail/filters/0/then/keywords'],
    [filters({ ...rule, match: 'some' }), '/mail/filters/0/match'],
    [filters(...Array(101).fill(rule)), '/mail/filters'],
    [{ video: { title: 'x'.repeat(201) } }, '/video/title'], [{ video: { keep_raw: 1 } }, '/video/keep_raw'],
    [{ game: { clock: { increment_s: 3 } } }, '/game/clock/base_s'], [{ game: { clock: { base_s: 0 } } }, '/game/clock/base_s'],
    [{ game: { clock: { base_s: 300, increment_s: 181 } } }, '/game/clock/increment_s'], [{ game: { auto_queen: 'true' } }, '/game/auto_queen'],
  ];
  for (const [body, field] of rows) problem(await emil.put(body), 422, field);
  // A null in a patch takes away; what must not be missing is then named.
  await emil.put({ game: { clock: { base_s: 60 } } });
  problem(await emil.patch({ game: { clock: { base_s: null } } }), 422, '/game/clock/base_s');
  problem(await emil.patch([]), 422, '');
  assert.deepEqual((await emil.get()).body, { game: { clock: { base_s: 60 } } });
  assert.equal((await emil.patch(filters(rule))).status, 200);
});

test('sizes', async () => {
  const fred = await person();
  const rule = (n) => ({ name: `${n}`, if: { from: 'x'.repeat(200), to: 'y'.repeat(200), subject: 'z'.repeat(200), list: 'ä'.repeat(100) }, then: { move: 'm'.repeat(200) } });
  problem(await fred.put({ mail: { filters: Array.from({ length: 100 }, (_, n) => rule(n)) } }), 413);
  assert.equal((await fred.put({ mail: { filters: Array.from({ length: 55 }, (_, n) => rule(n)) } })).status, 200);
  // Each part is small enough, all of it is not.
  problem(await fred.patch({ mail: { signature: { text: 'x'.repeat(2000), html: 'y'.repeat(10000) } } }), 413, '');
  assert.equal((await fred.get()).body.mail.signature, undefined);
});

test('the schema is served, and describes what is taken', async () => {
  const { status, headers, body } = await hearth.api('GET', '/api/auth/preferences/schema');
  assert.equal(status, 200);
  assert.match(headers.get('content-type'), /^application\/schema\+json/);
  assert.equal(body.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.deepEqual(Object.keys(body.properties), ['general', 'mail', 'video', 'game']);
  // Everything that has a default, set to it, is taken.
  const defaults = {};
  for (const [section, { properties }] of Object.entries(body.properties)) {
    for (const [name, one] of Object.entries(properties)) if ('default' in one) (defaults[section] ??= {})[name] = one.default;
  }
  const gina = await person();
  assert.deepEqual((await gina.put(defaults)).body, defaults);
});

test('attachments: put, listed, read, replaced, removed', async () => {
  const hans = await person();
  assert.deepEqual(await hans.files(), []);
  const put = await hans.file('PUT', 'logo.png', PNG, 'image/png');
  assert.equal(put.status, 200, put.body.toString());
  assert.deepEqual([put.json.name, put.json.type, put.json.size], ['logo.png', 'image/png', PNG.length]);
  const got = await hans.file('GET', 'logo.png');
  assert.equal(got.status, 200);
  assert.deepEqual(got.body, PNG);
  assert.equal(got.headers.get('content-type'), 'image/png');
  assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
  assert.match(got.headers.get('content-security-policy'), /sandbox/);
  assert.match(got.headers.get('cache-control'), /private/);
  const cached = await fetch(`${hearth.base}/api/auth/preferences/attachments/logo.png`, { headers: { ...hans.headers, 'If-None-Match': got.headers.get('etag') } });
  assert.equal(cached.status, 304);
  const gif = Buffer.from('GIF89a-and-more');
  assert.equal((await hans.file('PUT', 'logo.png', gif, 'image/gif')).status, 200);
  const replaced = await hans.file('GET', 'logo.png');
  assert.deepEqual([replaced.body, replaced.headers.get('content-type')], [gif, 'image/gif']);
  assert.notEqual(replaced.headers.get('etag'), got.headers.get('etag'));
  assert.equal((await hans.file('PUT', 'ding', Buffer.from('OggS sound'), 'audio/ogg')).status, 200);
  assert.deepEqual((await hans.files()).map((f) => [f.name, f.type, f.size]), [['ding', 'audio/ogg', 10], ['logo.png', 'image/gif', gif.length]]);
  // They are one's own.
  problem(await (await person()).file('GET', 'logo.png'), 404);
  assert.equal((await hans.file('DELETE', 'ding')).status, 204);
  problem(await hans.file('DELETE', 'ding'), 404);
  problem(await hans.file('GET', 'ding'), 404);
  assert.equal((await hans.files()).length, 1);
});

test('attachments: what is not taken', async () => {
  const ida = await person();
  const html = Buffer.from('<html><script>alert(1)</script></html>');
  problem(await ida.file('PUT', 'a', html, 'text/html'), 415, 'Content-Type');
  problem(await ida.file('PUT', 'a', html, 'image/png'), 415, 'Content-Type');
  problem(await ida.file('PUT', 'a', PNG, 'image/jpeg'), 415, 'Content-Type');
  problem(await ida.file('PUT', 'a', PNG, undefined), 415, 'Content-Type');
  problem(await ida.file('PUT', 'a', Buffer.alloc(0), 'image/png'), 415);
  problem(await ida.file('PUT', 'a', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml'), 415);
  problem(await ida.file('PUT', '.hidden', PNG, 'image/png'), 400, 'name');
  problem(await ida.file('PUT', 'n'.repeat(65), PNG, 'image/png'), 400, 'name');
  problem(await ida.file('PUT', 'l%C3%B6go', PNG, 'image/png'), 404);
  const big = Buffer.concat([PNG, Buffer.alloc(1048577 - PNG.length)]);
  problem(await ida.file('PUT', 'a', big, 'image/png'), 413);
  assert.equal((await ida.file('PUT', 'a', big.subarray(1), 'image/png')).status, 415);
  assert.equal((await ida.file('PUT', 'a', big.subarray(0, 1048576), 'image/png')).status, 200);
  assert.deepEqual((await ida.files()).map((f) => f.size), [1048576]);
});

// Under the usual bound on uploads, which a program that sends two dozen at once must not meet.
test('attachments: bounds on number and size hold, also when many come at once', async () => {
  const jo = await person();
  const many = await Promise.all(Array.from({ length: 60 }, (_, i) => jo.file('PUT', `f${i}`, PNG, 'image/png')));
  assert.equal(many.filter((a) => a.status === 200).length, 50);
  for (const refused of many.filter((a) => a.status !== 200)) problem(refused, 507, 'name');
  assert.equal((await jo.files()).length, 50);
  const kept = (await jo.files())[0].name;
  assert.equal((await jo.file('PUT', kept, PNG, 'image/png')).status, 200); // in place of one there is room
  const kim = await person();
  const mebi = Buffer.concat([PNG, Buffer.alloc(1048576 - PNG.length)]);
  const large = await Promise.all(Array.from({ length: 24 }, (_, i) => kim.file('PUT', `f${i}`, mebi, 'image/png')));
  assert.equal(large.filter((a) => a.status === 200).length, 20);
});

test('kill -9 right after the answer loses no change', async () => {
  const lea = await person();
  for (let round = 0; round < 3; round++) {
    const patched = await lea.patch({ video: { title: `round ${round}` } });
    const put = await lea.file('PUT', `r${round}`, PNG, 'image/png');
    assert.deepEqual([patched.status, put.status], [200, 200]);
    await hearth.kill();
    await hearth.start();
    const now = await lea.get();
    assert.equal(now.body.video.title, `round ${round}`);
    assert.equal(now.headers.get('etag'), patched.headers.get('etag'));
    assert.deepEqual((await lea.file('GET', `r${round}`)).body, PNG);
  }
});

// ---- who follows the event ----

const signature = async (who) => (await hearth.api('GET', '/api/mail/signature', undefined, who.headers)).body;
const mails = async (who, mailbox) => (await hearth.api('GET', `/api/mail/messages?limit=200&mailbox=${encodeURIComponent(mailbox)}`, undefined, who.headers)).body.messages;
const mail = (subject, more = '') => `From: Bot <bot@example.org>\r\nTo: someone@hearth.test\r\nSubject: ${subject}\r\n${more}\r\nhello\r\n`;
// Mail has taken up the latest change once it has the signature that came with it.
let marks = 0;
async function settle(who, body) {
  const text = `mark ${++marks}`;
  assert.equal((await who.patch(body)).status, 200);
  assert.equal((await who.patch({ mail: { signature: { text } } })).status, 200);
  await eventually(async () => (await signature(who)).text === text, 20, 'mail follows');
}

test('mail: the signature', async () => {
  const max = await person();
  assert.deepEqual(await signature(max), { enabled: true, text: '', html: '', images: [] });
  await settle(max, { mail: { signature: { enabled: false, html: '<img src="cid:logo">', images: ['logo'] } } });
  assert.deepEqual(await signature(max), {
    enabled: false, text: `mark ${marks}`, html: '<img src="cid:logo">',
    images: [{ name: 'logo', url: '/api/auth/preferences/attachments/logo' }],
  });
  assert.equal((await max.patch({ mail: null })).status, 200);
  await eventually(async () => (await signature(max)).enabled, 20, 'the signature is gone');
  problem(await hearth.api('GET', '/api/mail/signature'), 401);
});

test('mail: filters file what comes in by SMTP', async () => {
  const nora = await person();
  await deliver(hearth.port.smtp, nora.address, mail('before'));
  await settle(nora, { mail: { filters: [
    { name: 'off', enabled: false, if: { from: 'bot' }, then: { discard: true } },
    { name: 'lists', if: { list: 'TALK.hearth' }, then: { move: 'Lists/Talk', keywords: ['$List'] } },
    { name: 'ads', match: 'any', if: { subject: 'discount', from: 'ads@' }, then: { discard: true, seen: true, stop: true } },
    { name: 'large', if: { larger_than: 5000 }, then: { flagged: true } },
    { name: 'own address', if: { to: nora.address.toUpperCase(), subject: 'grüße' }, then: { move: 'Archive' } },
  ] } });
  const send = (subject, more) => deliver(hearth.port.smtp, nora.address, mail(subject, more));
  await send('to a list', 'List-Id: <talk.hearth.test>\r\n');
  await send('A DISCOUNT', 'List-Id: <talk.hearth.test>\r\n');
  await send('large', `X-Long: ${Array(100).fill('x'.repeat(70)).join('\r\n ')}\r\n`);
  await send('=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=');
  await send('nothing special');
  const subjects = async (box) => (await mails(nora, box)).map((m) => [m.subject, m.seen, m.flagged]);
  assert.deepEqual(await subjects('Lists/Talk'), [['to a list', false, false]]);
  assert.deepEqual(await subjects('Trash'), [['A DISCOUNT', true, false]]);
  assert.deepEqual(await subjects('Archive'), [['Grüße', false, false]]);
  assert.deepEqual(await subjects('INBOX'), [['nothing special', false, false], ['large', false, true], ['before', false, false]]);
  const boxes = (await hearth.api('GET', '/api/mail/mailboxes', undefined, nora.headers)).body.mailboxes.map((m) => m.name);
  assert.ok(boxes.includes('Lists') && boxes.includes('Lists/Talk'));
  // Each of several recipients has their own.
  const olaf = await person();
  const smtp = await SmtpClient.hello(hearth.port.smtp);
  for (const line of ['MAIL FROM:<x@example.org>', `RCPT TO:<${olaf.address}>`, `RCPT TO:<${nora.address}>`]) assert.equal((await smtp.say(line)).code, 250);
  assert.equal((await smtp.say('DATA')).code, 354);
  assert.equal((await smtp.say(`${mail('to both', 'List-Id: <talk.hearth.test>\r\n')}.`)).code, 250);
  assert.deepEqual((await subjects('Lists/Talk')).map((m) => m[0]), ['to both', 'to a list']);
  assert.deepEqual((await mails(olaf, 'INBOX')).map((m) => m.subject), ['to both']);
  // Without filters it is as before.
  await settle(nora, { mail: { filters: null } });
  await send('to a list again', 'List-Id: <talk.hearth.test>\r\n');
  assert.equal((await subjects('INBOX'))[0][0], 'to a list again');
});

test('mail: no filter loses a mail', async () => {
  const paul = await person();
  const all = { from: '@' };
  const names = ['inbox/Sub', 'InBox', 'a/'.repeat(31) + 'a', 'ä'.repeat(200), '%*"\\', ' ', 'Trash/x'];
  for (const [i, move] of names.entries()) {
    await settle(paul, { mail: { filters: [{ name: 'x', if: all, then: { move } }] } });
    await deliver(hearth.port.smtp, paul.address, mail(`number ${i}`));
    const box = move.toLowerCase() === 'inbox' ? 'INBOX' : move.replace(/^inbox\//, 'INBOX/');
    assert.deepEqual((await mails(paul, box)).map((m) => m.subject), [`number ${i}`], move);
  }
  // The mailbox may go at any time.
  await settle(paul, { mail: { filters: [{ name: 'x', if: all, then: { discard: true, keywords: Array.from({ length: 10 }, (_, i) => `k${i}${'x'.repeat(60)}`) } }] } });
  await deliver(hearth.port.smtp, paul.address, mail('last'));
  assert.ok((await mails(paul, 'Trash')).some((m) => m.subject === 'last'));
});

test('mail: as many in a list as was chosen', async () => {
  const quin = await person();
  for (let i = 0; i < 12; i++) await deliver(hearth.port.smtp, quin.address, mail(`${i}`));
  const count = async (query = '') => (await hearth.api('GET', `/api/mail/messages${query}`, undefined, quin.headers)).body.messages.length;
  assert.equal(await count(), 12);
  await settle(quin, { mail: { page_size: 10 } });
  assert.deepEqual([await count(), await count('?limit=11')], [10, 11]);
});

// Asks until the seek is taken: games follow preferences a little later.
async function seekChosen(player) {
  return eventually(async () => {
    player.send({ type: 'seek', legal: true });
    const answer = await player.want((frame) => frame.type === 'seeking' || frame.type === 'error');
    if (answer.type === 'error') assert.equal(answer.code, 'bad-frame');
    return answer.type === 'seeking';
  }, 20, 'games follow');
}

test('games: the clock of a seek without one', async () => {
  const [sam, tom] = [await person(), await person()];
  const [a, b] = [await Player.connect(hearth, sam.token), await Player.connect(hearth, tom.token)];
  a.send({ type: 'seek' });
  assert.equal((await a.wantType('error')).code, 'bad-frame');
  await sam.patch({ game: { clock: { base_s: 421, increment_s: 7 } } });
  await seekChosen(a);
  // Who cancels, before the clock is known or after, seeks nothing with it.
  a.send({ type: 'seek' });
  a.send({ type: 'cancel' });
  await a.wantType('cancelled');
  b.send({ type: 'seek', clock: { limit: 421, increment: 7 } });
  await b.wantType('seeking');
  await new Promise((done) => setTimeout(done, 300));
  assert.deepEqual([...a.frames, ...b.frames].filter((frame) => frame.type !== 'seeking'), []);
  a.frames.length = 0;
  a.send({ type: 'seek' });
  const [x, y] = await Promise.all([a.wantType('state'), b.wantType('state')]);
  assert.equal(x.match, y.match);
  assert.equal(x.clock.white, 421000);
  // A clock that is named, well or not, is not the chosen one.
  a.send({ type: 'seek', clock: { limit: 0 } });
  assert.equal((await a.wantType('error')).code, 'bad-frame');
  a.send({ type: 'seek', clock: null });
  assert.equal((await a.wantType('error')).code, 'bad-frame');
  await Promise.all([a.close(), b.close()]);
});

test('games: a pawn becomes a queen for who wants that, also in a game that goes on', async () => {
  const people = [await person(), await person()];
  const players = [await Player.connect(hearth, people[0].token), await Player.connect(hearth, people[1].token)];
  players[0].send({ type: 'seek', clock: { limit: 777, increment: 1 } });
  await players[0].wantType('seeking');
  players[1].send({ type: 'seek', clock: { limit: 777, increment: 1 } });
  const states = await Promise.all(players.map((player) => player.wantType('state')));
  const { match } = states[0];
  const first = states[0].color === 'white' ? 0 : 1;
  const [white, black] = [players[first], players[1 - first]];
  let ply = 0;
  const play = async (player, move) => {
    player.move(match, ply, move);
    const answer = await player.want((frame) => (frame.type === 'moved' && frame.ply === ply + 1) || frame.type === 'rejected');
    if (answer.type === 'moved') {
      ply++;
      await (player === white ? black : white).want((frame) => frame.type === 'moved' && frame.ply === ply);
    }
    return answer;
  };
  for (const move of ['h2h4', 'g7g5', 'h4g5', 'h7h6', 'g5h6', 'a7a6', 'h6h7', 'a6a5']) assert.equal((await play(ply % 2 ? black : white, move)).type, 'moved');
  assert.equal((await play(white, 'h7g8')).code, 'illegal');
  await people[first].patch({ game: { auto_queen: true } });
  const queen = await eventually(async () => {
    const answer = await play(white, 'h7g8');
    return answer.type === 'moved' ? answer : undefined;
  }, 20, 'the game follows');
  assert.deepEqual([queen.move, queen.san], ['h7g8q', 'hxg8=Q']);
  // A restart keeps it; the other side has not asked for it.
  for (const move of ['a5a4', 'b2b3', 'a4b3', 'g1f3', 'b3c2', 'e2e4']) assert.equal((await play(ply % 2 ? black : white, move)).type, 'moved');
  assert.equal((await play(black, 'c2b1')).code, 'illegal');
  await people[1 - first].patch({ game: { auto_queen: true } });
  await hearth.kill();
  await hearth.start();
  const again = await Player.connect(hearth, people[1 - first].token);
  again.send({ type: 'resume', match });
  await again.wantType('state');
  const made = await eventually(async () => {
    again.move(match, ply, 'c2b1');
    const answer = await again.want((frame) => frame.type === 'moved' || frame.type === 'rejected');
    return answer.type === 'moved' ? answer : undefined;
  }, 20, 'the game follows after a restart');
  assert.deepEqual([made.move, made.san], ['c2b1q', 'cxb1=Q']);
  await again.close();
});

test('kill -9 right after a change: mail hears of it once it is up again', async () => {
  const rita = await person();
  for (let round = 0; round < 3; round++) {
    assert.equal((await rita.patch({ mail: { signature: { text: `round ${round}` }, filters: [{ name: 'x', if: { from: '@' }, then: { move: `Round ${round}` } }] } })).status, 200);
    await hearth.kill();
    await hearth.start();
    await eventually(async () => (await signature(rita)).text === `round ${round}`, 20, 'mail follows');
    await deliver(hearth.port.smtp, rita.address, mail(`${round}`));
    assert.deepEqual((await mails(rita, `Round ${round}`)).map((m) => m.subject), [`${round}`]);
  }
});

const channelOf = async (who) => (await hearth.api('GET', '/api/video/channel', undefined, who.headers)).body;

test('video: the title of a channel', async () => {
  const uwe = await person();
  assert.equal((await channelOf(uwe)).title, '');
  await uwe.patch({ video: { title: 'Schäfchen \ud83d\udc11\u0000 und mehr' } });
  await eventually(async () => (await channelOf(uwe)).title === 'Schäfchen \ud83d\udc11', 20, 'video follows');
  await uwe.patch({ video: { title: 'ä'.repeat(200) } });
  await eventually(async () => (await channelOf(uwe)).title === 'ä'.repeat(200), 20, 'video follows');
  await uwe.patch({ video: null });
  await eventually(async () => (await channelOf(uwe)).title === '', 20, 'video follows');
});

test('video: a stream without a raw backup', { skip }, async () => {
  const [vera, will] = [await person(), await person()];
  await vera.patch({ video: { title: 'no raw', keep_raw: false } });
  await eventually(async () => (await channelOf(vera)).title === 'no raw', 20, 'video follows');
  const dir = mkdtempSync(join(tmpdir(), 'hearth-prefs-'));
  try {
    const path = await film(dir, 'film', { seconds: 4, gop: 24, filter: 'fps=24' });
    const tags = readFlv(readFileSync(path));
    const rawOf = async (who) => {
      const p = new Publisher(hearth.port.rtmp);
      assert.equal((await p.publish((await channelOf(who)).key))?.code, 'NetStream.Publish.Start');
      await p.tags(tags);
      await p.finish();
      const stream = await eventually(async () => {
        const { streams } = (await hearth.api('GET', '/api/video/streams', undefined, who.headers)).body;
        return streams.find((one) => one.ended_at);
      }, 30, 'the stream ends');
      return (await hearth.api('GET', `/api/video/streams/${stream.id}/raw`, undefined, who.headers)).body.pieces;
    };
    assert.deepEqual(await rawOf(vera), []);
    assert.ok((await rawOf(will)).length > 0);
    await eventually(async () => {
      const { channels } = (await hearth.api('GET', '/api/video/channels')).body;
      return channels.map((one) => one.title).sort().join('|') === '|no raw';
    }, 30, 'both are listed');
    const playlist = String((await raw(`${hearth.base}/live/${(await channelOf(vera)).name}/source/index.m3u8`)).body);
    assert.match(playlist, /#EXT-X-ENDLIST/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
