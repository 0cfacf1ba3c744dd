// profile.test.mjs: what people say of themselves, over HTTP: name, time zone, languages, avatar.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, Hearth, raw } from './hearth.mjs';

let hearth, ann, bob;
const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const me = (token) => hearth.api('GET', '/api/auth/me', undefined, bearer(token));
const patch = (token, body) => hearth.api('PATCH', '/api/auth/me', body, bearer(token));
const problem = (answer, status, field) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  if (field !== undefined) assert.equal(answer.body.field, field, JSON.stringify(answer.body));
};

// A picture of one colour, made by ffmpeg.
const picture = (format, size = '300x200', colour = 'red', ...flags) =>
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `color=${colour}:s=${size}`, '-frames:v', '1', ...flags, '-f',
    ...{ png: ['image2pipe', '-c:v', 'png'], jpeg: ['image2pipe', '-c:v', 'mjpeg'], webp: ['webp'], gif: ['gif'] }[format], '-']);
const put = async (token, bytes, type = 'application/octet-stream') => {
  const answer = await fetch(`${hearth.base}/api/auth/me/avatar`,
    { method: 'PUT', body: bytes, headers: { ...bearer(token), 'Content-Type': type } });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : '' };
};
const get = (path, token, headers = {}) => raw(hearth.base + path, { headers: { ...bearer(token), ...headers } });
// What ffmpeg sees in a picture: its size and the colour of its middle.
const look = (bytes) => {
  const rgb = execFileSync('ffmpeg', ['-v', 'error', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { input: bytes });
  const side = Math.sqrt(rgb.length / 3);
  const at = 3 * (Math.floor(side / 2) * side + Math.floor(side / 2));
  return { side, colour: [...rgb.subarray(at, at + 3)].map((v) => Math.round(v / 64) * 64) };
};

before(async () => {
  hearth = await new Hearth().start();
  hearth.addUser('ann@hearth.test', 'correct horse battery');
  hearth.addUser('bob@hearth.test', 'correct horse battery');
  ann = await hearth.login('ann@hearth.test', 'correct horse battery');
  bob = await hearth.login('bob@hearth.test', 'correct horse battery');
});
after(() => hearth.remove());

test('a profile begins empty, is merged, and is cleared by null', async () => {
  const { status, body } = await me(ann);
  assert.equal(status, 200);
  assert.deepEqual([body.address, body.name, body.time_zone, body.languages, body.phone, body.avatar],
    ['ann@hearth.test', null, null, [], null, null]);
  const all = await patch(ann, { name: '  Zoe\u0308   Müller ', time_zone: 'Europe/Berlin', languages: ['DE', 'pt-br', 'zh-hant-tw'] });
  assert.equal(all.status, 200);
  assert.deepEqual([all.body.name, all.body.time_zone, all.body.languages], ['Zoë Müller', 'Europe/Berlin', ['de', 'pt-BR', 'zh-Hant-TW']]);
  assert.deepEqual((await me(ann)).body, all.body);
  const one = await patch(ann, { time_zone: null });
  assert.deepEqual([one.body.name, one.body.time_zone, one.body.languages.length], ['Zoë Müller', null, 3]);
  assert.deepEqual((await patch(ann, {})).body, one.body);
  const cleared = await patch(ann, { name: null, languages: null });
  assert.deepEqual([cleared.body.name, cleared.body.languages], [null, []]);
  assert.equal((await me(bob)).body.name, null);
  problem(await hearth.api('GET', '/api/auth/me'), 401);
  problem(await hearth.api('PATCH', '/api/auth/me', { name: 'x' }), 401);
});

test('what is wrong is named, and changes nothing', async () => {
  await patch(ann, { name: 'Ann', time_zone: 'UTC', languages: ['en'] });
  const before = (await me(ann)).body;
  for (const name of [7, true, {}, [], '', '   ', 'x'.repeat(65), 'a\u0000b', 'a\nb', '\u202eevil', 'a\u200bb', '\ue000', 'pаypal', '\uff21nn'])
    problem(await patch(ann, { time_zone: null, name }), 400, 'name');
  for (const zone of [7, '', 'europe/berlin', 'Europe/Atlantis', '../../etc/passwd', 'x'.repeat(5000), 'Еurope/Berlin'])
    problem(await patch(ann, { name: 'Other', time_zone: zone }), 400, 'time_zone');
  for (const languages of [7, 'en', {}, ['e'], [7], ['en', 'EN'], ['en_US'], Array.from({ length: 11 }, (_, i) => `e${String.fromCharCode(97 + i)}`), ['\u0435n']])
    problem(await patch(ann, { name: 'Other', languages }), 400, 'languages');
  problem(await patch(ann, { address: 'eve@hearth.test' }), 400, 'address');
  problem(await patch(ann, { admin: true }), 400, 'admin');
  problem(await patch(ann, { nmae: 'Other' }), 400, 'nmae');
  problem(await patch(ann, [1]), 400);
  problem(await patch(ann, { name: 'x'.repeat(9000) }), 413);
  assert.deepEqual((await me(ann)).body, before);
});

test('an avatar of each kind is made a small square', async () => {
  const { body: { id } } = await me(ann);
  problem(await hearth.api('GET', `/api/auth/accounts/${id}/avatar`, undefined, bearer(bob)), 404);
  let last;
  for (const [format, colour, want] of [['png', 'blue', [0, 0, 256]], ['jpeg', 'red', [256, 0, 0]], ['webp', 'lime', [0, 256, 0]]]) {
    const answer = await put(ann, picture(format, '300x200', colour));
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal((await me(ann)).body.avatar, answer.body.avatar);
    assert.notEqual(answer.body.avatar, last);
    last = answer.body.avatar;
    const large = await get(last, bob);
    assert.deepEqual([large.status, large.headers['content-type'], large.headers['x-content-type-options']], [200, 'image/webp', 'nosniff']);
    assert.match(large.headers['cache-control'], /^private/);
    assert.deepEqual(look(large.body), { side: 256, colour: want });
    assert.equal((await get(last, bob, { 'If-None-Match': large.headers.etag })).status, 304);
    const small = await get(`/api/auth/accounts/${id}/avatar?size=64`, bob);
    assert.deepEqual(look(small.body), { side: 64, colour: want });
  }
  problem(await hearth.api('GET', `/api/auth/accounts/${id}/avatar?size=65`, undefined, bearer(bob)), 400, 'size');
  problem(await hearth.api('GET', `/api/auth/accounts/${id}/avatar`), 401);
  problem(await hearth.api('GET', '/api/auth/accounts/999999/avatar', undefined, bearer(bob)), 404);
  assert.equal((await hearth.api('DELETE', '/api/auth/me/avatar', undefined, bearer(ann))).status, 204);
  assert.equal((await hearth.api('DELETE', '/api/auth/me/avatar', undefined, bearer(ann))).status, 204);
  problem(await hearth.api('GET', `/api/auth/accounts/${id}/avatar`, undefined, bearer(bob)), 404);
  assert.equal((await me(ann)).body.avatar, null);
});

test('what is no picture, is cut short or is too large is refused, and the old one stays', async () => {
  const kept = (await put(ann, picture('png'))).body.avatar;
  const gif = await put(ann, picture('gif'), 'image/gif');
  problem(gif, 415);
  assert.match(gif.body.detail, /JPEG, PNG or WebP/);
  problem(await put(ann, '<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml'), 415);
  problem(await put(ann, ''), 400);
  for (const format of ['png', 'jpeg', 'webp']) {
    const whole = picture(format);
    problem(await put(ann, whole.subarray(0, Math.floor(whole.length * 0.7))), 400);
  }
  problem(await put(ann, picture('png', '8200x4')), 413);
  // Refused by its length, before any of it is sent.
  const long = await raw(`${hearth.base}/api/auth/me/avatar`,
    { method: 'PUT', headers: { ...bearer(ann), 'Content-Length': 5 * 1024 * 1024 + 1, Expect: '100-continue' } });
  assert.equal(long.status, 413);
  assert.equal((await me(ann)).body.avatar, kept);
  assert.equal((await get(kept, ann)).status, 200);
});

test('many at once: each is made or told to come back, and one whole picture stays', async () => {
  const bytes = picture('png', '4000x3000', 'blue', '-pred', 'mixed');
  const answers = await Promise.all(Array.from({ length: 30 }, () => put(bob, bytes)));
  const made = answers.filter((answer) => answer.status === 200);
  const later = answers.filter((answer) => answer.status === 503);
  assert.equal(made.length + later.length, 30, answers.map((answer) => answer.status).join());
  assert.ok(made.length >= 10);
  for (const answer of later) assert.ok(Number(answer.headers.get('retry-after')) > 0);
  const { avatar } = (await me(bob)).body;
  assert.ok(made.some((answer) => answer.body.avatar === avatar));
  assert.deepEqual(look((await get(avatar, bob)).body), { side: 256, colour: [0, 0, 256] });
});

test('what was answered outlives kill -9; an account that is deleted shows nothing', async () => {
  const { avatar } = (await put(ann, picture('jpeg', '64x64', 'lime'))).body;
  await patch(ann, { name: 'Ann Smith', time_zone: 'Asia/Tokyo', languages: ['ja'] });
  await hearth.kill();
  await hearth.start();
  const { body } = await me(ann);
  assert.deepEqual([body.name, body.time_zone, body.languages, body.avatar], ['Ann Smith', 'Asia/Tokyo', ['ja'], avatar]);
  assert.deepEqual(look((await get(avatar, bob)).body).colour, [0, 256, 0]);
  assert.equal(hearth.command('user', 'delete', 'ann@hearth.test').status, 0);
  await eventually(async () => (await get(avatar, bob)).status === 404);
});

test('replaced and removed pictures leave the store, with nobody else\'s', async () => {
  const other = await new Hearth({ 'store.blob_grace': '1s' }).start();
  try {
    const count = () => Number(spawnSync('sqlite3', [join(other.dir, 'data', 'blob.db'), "SELECT count(*) FROM blob WHERE key LIKE 'avatar/%'"],
      { encoding: 'utf8' }).stdout);
    const token = {};
    for (const name of ['ann', 'bob']) {
      other.addUser(`${name}@hearth.test`, 'correct horse battery');
      token[name] = await other.login(`${name}@hearth.test`, 'correct horse battery');
    }
    const bytes = picture('png');
    const set = (name) => fetch(`${other.base}/api/auth/me/avatar`, { method: 'PUT', body: bytes, headers: bearer(token[name]) });
    for (const name of ['ann', 'bob', 'ann', 'ann']) assert.equal((await set(name)).status, 200);
    await eventually(() => count() === 4, 30, 'ann\'s replaced pictures are gone');
    assert.equal((await fetch(`${other.base}/api/auth/me/avatar`, { method: 'DELETE', headers: bearer(token.ann) })).status, 204);
    await eventually(() => count() === 2, 30, 'ann\'s picture is gone');
    assert.equal(other.command('user', 'delete', 'bob@hearth.test').status, 0);
    await eventually(() => count() === 0, 30, 'bob\'s picture is gone');
  } finally {
    await other.remove();
  }
});
