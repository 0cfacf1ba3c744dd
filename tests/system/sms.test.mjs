// Short messages: phones are verified over HTTP with a real provider on loopback that fails in every
// way it can; none is lost, none is sent twice, also over kill -9; limits; bad input.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { eventually, Hearth } from './hearth.mjs';
import { Provider } from './sms-provider.mjs';

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const codeOf = (text) => /\d{6}/.exec(text)[0];
const another = (code) => String((Number(code) + 1) % 1000000).padStart(6, '0');

async function person(hearth, name) {
  hearth.addUser(`${name}@hearth.test`, 'correct horse battery');
  return bearer(await hearth.login(`${name}@hearth.test`, 'correct horse battery'));
}

async function metric(hearth, name) {
  const text = await (await fetch(`${hearth.base}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

describe('a provider over HTTP', () => {
  let hearth, provider, ann;
  before(async () => {
    provider = await new Provider().start();
    hearth = await new Hearth(
      provider.settings({
        'auth.sms_per_account': '1000',
        'auth.sms_per_network': '10000',
        'auth.sms_per_day': '10000',
        'auth.sms_text': '{code} "is" your\\code & for {hostname}',
      }),
    ).start();
    ann = await person(hearth, 'ann');
  });
  after(async () => {
    await hearth?.remove();
    await provider?.stop();
  });

  const ask = (phone, who = ann) => hearth.api('POST', '/api/auth/me/phone', { phone }, who);
  const verify = (ticket, code, who = ann) => hearth.api('POST', '/api/auth/me/phone/verify', { ticket, code }, who);
  const callTo = (to) => eventually(() => provider.calls.findLast((call) => call.to === to), 20, `a call for ${to}`);

  test('a phone becomes one’s own', async () => {
    const asked = await ask('+49 (0)170 1234501');
    assert.equal(asked.status, 202, JSON.stringify(asked.body));
    assert.equal(asked.body.phone, '•••01');
    const call = await callTo('+491701234501');
    assert.equal(call.method, 'POST');
    assert.equal(call.url, '/send');
    assert.equal(call.headers.authorization, 'Bearer s3cret');
    assert.equal(call.headers.expect, undefined);
    assert.equal(call.id, call.reference);
    assert.match(call.id, /^[0-9a-f]{32}$/);
    assert.match(call.text, /^\d{6} "is" your\\code & for hearth\.test$/);
    const wrong = await verify(asked.body.ticket, another(codeOf(call.text)));
    assert.equal(wrong.status, 400);
    assert.equal(wrong.body.field, 'code');
    const right = await verify(asked.body.ticket, codeOf(call.text));
    assert.equal(right.status, 200, JSON.stringify(right.body));
    assert.deepEqual(right.body, { phone: '+491701234501' });
    const again = await verify(asked.body.ticket, codeOf(call.text));
    assert.equal(again.status, 404);
    assert.equal(again.body.field, 'ticket');
    const { body } = await hearth.api('GET', '/api/auth/events', undefined, ann);
    assert.equal(body.events[0].kind, 'phone.changed');
    assert.equal(body.events[0].detail, '•••01');
    assert.equal((await hearth.api('DELETE', '/api/auth/me/phone', undefined, ann)).status, 204);
    assert.equal((await hearth.api('DELETE', '/api/auth/me/phone', undefined, ann)).status, 204);
    const events = (await hearth.api('GET', '/api/auth/events', undefined, ann)).body.events;
    assert.deepEqual(
      events.slice(0, 2).map((event) => event.kind),
      ['phone.removed', 'phone.changed'],
    );
  });

  test('one code is good once, however many try at the same time', async () => {
    const { body } = await ask('+49 170 1234502');
    const code = codeOf((await callTo('+491701234502')).text);
    const answers = await Promise.all(Array.from({ length: 20 }, () => verify(body.ticket, code)));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
    assert.equal(answers.filter((answer) => answer.status === 404).length, 19);
  });

  test('five wrong codes and it is dead, also when they come at the same time', async () => {
    const { body } = await ask('+49 170 1234503');
    const code = codeOf((await callTo('+491701234503')).text);
    const answers = await Promise.all(Array.from({ length: 12 }, () => verify(body.ticket, another(code))));
    assert.equal(answers.filter((answer) => answer.status === 400).length, 5);
    assert.equal(answers.filter((answer) => answer.status === 404).length, 7);
    assert.equal((await verify(body.ticket, code)).status, 404);
  });

  test('a ticket is good for its account only', async () => {
    const bob = await person(hearth, 'bob');
    const { body } = await ask('+49 170 1234504');
    const code = codeOf((await callTo('+491701234504')).text);
    assert.equal((await verify(body.ticket, code, bob)).status, 404);
    assert.equal((await verify(body.ticket, code)).status, 200);
  });

  test('a number serves four accounts', async () => {
    for (let i = 1; i <= 5; i++) {
      const who = await person(hearth, `kin${i}`);
      const { body } = await ask('+49 170 1234505', who);
      const call = await eventually(() => provider.calls.filter((c) => c.to === '+491701234505')[i - 1], 20, 'a call');
      const answer = await verify(body.ticket, codeOf(call.text), who);
      assert.equal(answer.status, i <= 4 ? 200 : 409, JSON.stringify(answer.body));
      if (i === 5) assert.equal(answer.body.field, 'phone');
    }
  });

  test('bad input is answered with the field', async () => {
    for (const phone of [undefined, null, 7, true, {}, [], '', '0170 1234567', '+49', 'x', '+4917012345\uff17', '＋491701234567', '+49170123456\u0000', `+49${'1'.repeat(100)}`, '1'.repeat(3000)]) {
      const { status, body } = await ask(phone);
      assert.equal(status, 400, `${phone}: ${JSON.stringify(body)}`);
      assert.equal(body.field, 'phone');
    }
    const { body: asked } = await ask('+49 170 1234506');
    for (const code of [undefined, null, 123456, '', '12345', '1234567', '12345x', '１２３４５６', '1'.repeat(3000)]) {
      const { status, body } = await verify(asked.ticket, code);
      assert.equal(status, 400, `${code}: ${JSON.stringify(body)}`);
      assert.equal(body.field, 'code');
    }
    for (const ticket of [undefined, null, 7, '', 'x'.repeat(101)]) {
      const { status, body } = await verify(ticket, '123456');
      assert.equal(status, 400);
      assert.equal(body.field, 'ticket');
    }
    for (const ticket of ['x', '\u0000', 'ünï']) assert.equal((await verify(ticket, '123456')).status, 404);
    // None of those took an attempt.
    const code = codeOf((await callTo('+491701234506')).text);
    assert.equal((await verify(asked.ticket, `${code.slice(0, 3)} ${code.slice(3)}`)).status, 200);
    for (const [method, path] of [
      ['POST', '/api/auth/me/phone'],
      ['POST', '/api/auth/me/phone/verify'],
      ['DELETE', '/api/auth/me/phone'],
    ])
      assert.equal((await hearth.api(method, path, method === 'POST' ? {} : undefined)).status, 401);
  });

  test('refused for good: not tried again, and nothing of it stays', async () => {
    const failed = await metric(hearth, 'hearth_auth_sms_failed_total');
    provider.plan = [400];
    await ask('+49 170 1234507');
    await eventually(async () => (await metric(hearth, 'hearth_auth_sms_failed_total')) === failed + 1, 20, 'failed');
    provider.plan = [];
    await new Promise((done) => setTimeout(done, 2500));
    assert.equal(provider.calls.filter((call) => call.to === '+491701234507').length, 1);
  });

  test('an answer without an end is cut off, and is one', async () => {
    const sent = await metric(hearth, 'hearth_auth_sms_sent_total');
    provider.plan = ['endless'];
    await ask('+49 170 1234508');
    await eventually(async () => (await metric(hearth, 'hearth_auth_sms_sent_total')) === sent + 1, 20, 'sent');
    assert.equal(provider.calls.filter((call) => call.to === '+491701234508').length, 1);
  });

  // The provider fails every second call in another way; two of them after the message had gone out.
  test('none is lost and none is sent twice', { timeout: 200000 }, async () => {
    const N = 60;
    const first = provider.calls.length;
    const ways = [500, 'reset', 429, 503, 'reset-sent', 408, 302, 'reset-sent', 502, 'slow'];
    provider.plan = Array.from({ length: N }, (_, i) => (i % 2 ? ways[((i - 1) / 2) % ways.length] : 200)).map((way, i, all) =>
      // One slow answer is enough: each takes fifteen seconds.
      way === 'slow' && all.indexOf('slow') !== i ? 500 : way,
    );
    const numbers = Array.from({ length: N }, (_, i) => `+4917055${String(10000 + i)}`);
    const asked = await Promise.all(numbers.map((number) => ask(number)));
    for (const { status } of asked) assert.equal(status, 202);
    await eventually(() => numbers.every((to) => provider.calls.some((c) => c.to === to && provider.accepted.has(c.id))), 120, 'all');
    await eventually(async () => (await metric(hearth, 'hearth_auth_sms_waiting')) === 0, 20, 'an empty queue');

    const calls = provider.calls.slice(first);
    const ids = new Map(numbers.map((to) => [to, new Set(calls.filter((c) => c.to === to).map((c) => c.id))]));
    for (const [to, set] of ids) assert.equal(set.size, 1, `${to} has one id`);
    for (const call of calls) {
      assert.equal(provider.accepted.get(call.id), 1, `${call.to} was answered 2xx once`);
      assert.deepEqual(provider.delivered.filter(({ to }) => to === call.to).map(({ text }) => text), [call.text]);
    }
    const repeated = calls.filter((c) => c.answer === 'reset-sent' || c.answer === 'slow');
    assert.ok(repeated.length >= 6, 'messages that went out without an answer were asked for again');
    assert.ok(repeated.some((c) => c.answer === 'slow'));
    // The code that came is the code that counts, whatever happened on its way.
    for (let i = 0; i < N; i++) {
      const call = calls.find((c) => c.to === numbers[i]);
      assert.equal((await verify(asked[i].body.ticket, codeOf(call.text))).status, 200);
    }
  });

  test('kill -9 while messages wait', { timeout: 200000 }, async () => {
    const numbers = Array.from({ length: 20 }, (_, i) => `+4917066${String(10000 + i)}`);
    const first = provider.calls.length;
    const held = provider.calls.filter((c) => c.answer === 'slow').length;
    provider.always = 503;
    for (const number of numbers) assert.equal((await ask(number)).status, 202);
    await eventually(() => provider.calls.length > first + 5, 20, 'some attempts');
    // Two more are out, and nobody says so, when the process dies.
    provider.always = 'slow';
    await eventually(() => provider.calls.filter((c) => c.answer === 'slow').length >= held + 2, 60, 'two in hand');
    const inHand = provider.calls.filter((c) => c.answer === 'slow').slice(held);
    await hearth.kill('SIGKILL');
    provider.always = null;
    await hearth.start();
    await eventually(() => numbers.every((to) => provider.calls.some((c) => c.to === to && provider.accepted.has(c.id))), 120, 'all');
    // What the provider took before the kill is ours to ask for again when its lease is over (30 s).
    await eventually(async () => (await metric(hearth, 'hearth_auth_sms_waiting')) === 0, 60, 'an empty queue');
    for (const to of numbers) {
      const ids = new Set(provider.calls.filter((c) => c.to === to).map((c) => c.id));
      assert.equal(ids.size, 1);
      assert.equal(provider.accepted.get([...ids][0]), 1);
      assert.equal(provider.delivered.filter((message) => message.to === to).length, 1);
    }
    for (const { id } of inHand) assert.ok(provider.calls.filter((c) => c.id === id).length >= 2, 'asked for again');
  });

  test('a redirect leads nowhere', () => {
    assert.ok(provider.calls.some((call) => call.answer === 302));
    assert.ok(provider.calls.every((call) => call.url === '/send'));
  });

  test('nothing secret is logged', async () => {
    const codes = provider.calls.map((call) => codeOf(call.text));
    // As a word of its own: a key or the number of a message may have the same six digits in it.
    const words = new Set(hearth.log.split(/[^0-9A-Za-z]+/));
    for (const code of codes) assert.ok(!words.has(code), 'a code');
    for (const call of provider.calls) assert.ok(!hearth.log.includes(call.to), 'a number');
    assert.ok(!hearth.log.includes('s3cret'));
    assert.match(hearth.log, /a message was sent/);
  });
});

describe('other forms of providers', () => {
  const cases = [
    {
      what: 'a form with basic authentication, as Twilio wants it',
      settings: {
        'auth.sms_url': (port) => `http://127.0.0.1:${port}/2010-04-01/Accounts/AC01/Messages.json`,
        'auth.sms_headers': '',
        'auth.sms_body': 'To={to}&From=%2B15005550006&Body={text}',
        'auth.sms_user': 'AC01',
        'auth.sms_password': 'pass:word',
      },
      check(call, to) {
        assert.equal(call.url, '/2010-04-01/Accounts/AC01/Messages.json');
        assert.equal(call.headers['content-type'], 'application/x-www-form-urlencoded');
        assert.equal(Buffer.from(call.headers.authorization.slice(6), 'base64').toString(), 'AC01:pass:word');
        const form = new URLSearchParams(call.body);
        assert.equal(form.get('To'), to);
        assert.equal(form.get('From'), '+15005550006');
        return form.get('Body');
      },
    },
    {
      what: 'everything in the URL',
      settings: {
        'auth.sms_method': 'GET',
        'auth.sms_url': (port) => `http://127.0.0.1:${port}/send?key=K&to={to}&msg={text}&ref={id}`,
        'auth.sms_headers': '',
        'auth.sms_body': '',
      },
      check(call, to) {
        assert.equal(call.method, 'GET');
        assert.equal(call.body, '');
        const { searchParams } = new URL(call.url, 'http://x');
        assert.equal(searchParams.get('to'), to);
        assert.match(searchParams.get('ref'), /^[0-9a-f]{32}$/);
        return searchParams.get('msg');
      },
    },
    {
      what: 'XML by PUT, the number in a header',
      settings: {
        'auth.sms_method': 'PUT',
        'auth.sms_headers': 'Content-Type: text/xml; charset=utf-8 | X-To: {to}',
        'auth.sms_body': '<sms id="{id}">{text}</sms>',
      },
      check(call, to) {
        assert.equal(call.method, 'PUT');
        assert.equal(call.headers['x-to'], to);
        const text = /^<sms id="[0-9a-f]{32}">([^<>"']*)<\/sms>$/.exec(call.body)[1];
        return text.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n));
      },
    },
  ];
  for (const { what, settings, check } of cases)
    test(what, async () => {
      const provider = await new Provider().start();
      const set = Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [key, typeof value === 'function' ? value(provider.port) : value]),
      );
      const text = `{code} & <é> "+" 100% for {hostname}?`;
      const hearth = await new Hearth(provider.settings({ 'auth.sms_text': text, 'auth.phone_country': '49', ...set })).start();
      try {
        const ann = await person(hearth, 'ann');
        const { status, body } = await hearth.api('POST', '/api/auth/me/phone', { phone: '0170 1234567' }, ann);
        assert.equal(status, 202, JSON.stringify(body));
        const call = await eventually(() => provider.calls[0], 20, 'a call');
        const said = check(call, '+491701234567');
        assert.match(said, /^\d{6} & <é> "\+" 100% for hearth\.test\?$/);
        const done = await hearth.api('POST', '/api/auth/me/phone/verify', { ticket: body.ticket, code: codeOf(said) }, ann);
        assert.equal(done.status, 200);
      } finally {
        await hearth.remove();
        await provider.stop();
      }
    });
});

describe('limits', () => {
  let hearth, ann;
  const ask = (phone) => hearth.api('POST', '/api/auth/me/phone', { phone }, ann);
  const lines = () =>
    readFileSync(join(hearth.dir, 'data', 'sms.log'), 'utf8')
      .split('\n')
      .filter((line) => line)
      .map((line) => JSON.parse(line));
  before(async () => {
    hearth = await new Hearth({ 'auth.sms_driver': 'file', 'auth.sms_per_account': '4' }).start();
    ann = await person(hearth, 'ann');
  });
  after(() => hearth?.remove());

  test('time between two codes to a number', async () => {
    assert.equal((await ask('+49 170 1234567')).status, 202);
    const { status, headers, body } = await ask('+49 170 1234567');
    assert.equal(status, 429);
    assert.equal(body.field, 'phone');
    assert.ok(Number(headers.get('retry-after')) > 20 && Number(headers.get('retry-after')) <= 30);
  });

  test('codes for an account, also after a restart', async () => {
    for (let i = 0; i < 3; i++) assert.equal((await ask(`+49 170 123457${i}`)).status, 202);
    await hearth.stop();
    await hearth.start();
    const { status, headers } = await ask('+49 170 1234580');
    assert.equal(status, 429);
    assert.ok(Number(headers.get('retry-after')) > 86000 && Number(headers.get('retry-after')) <= 86400);
  });

  test('the file has each message once', async () => {
    await eventually(() => lines().length === 4, 20, 'four lines');
    assert.deepEqual(
      lines()
        .map((line) => line.to)
        .sort(),
      ['+491701234567', '+491701234570', '+491701234571', '+491701234572'],
    );
    assert.equal(new Set(lines().map((line) => line.id)).size, 4);
  });
});

test('a provider that cannot show who it is gets nothing', async () => {
  // Its own HTTPS port, with the certificate it made for itself, is as good as any stranger's.
  const hearth = await new Hearth().start();
  try {
    const ann = await person(hearth, 'ann');
    const url = `https://127.0.0.1:${hearth.port.https}/api/auth/register`;
    await hearth.stop();
    Object.assign(hearth.settings, { 'auth.sms_driver': 'http', 'auth.sms_url': url, 'auth.sms_body': '{to}{text}' });
    await hearth.start();
    assert.equal((await hearth.api('POST', '/api/auth/me/phone', { phone: '+491701234567' }, ann)).status, 202);
    await eventually(() => /could not be sent yet.*certificate/i.test(hearth.log), 20, 'a word about the certificate');
    assert.equal(await metric(hearth, 'hearth_auth_sms_sent_total'), 0);
    assert.equal(await metric(hearth, 'hearth_auth_sms_waiting'), 1);
  } finally {
    await hearth.remove();
  }
});

test('where everybody needs a phone it can be replaced, not removed', async () => {
  const hearth = await new Hearth({ 'auth.sms_driver': 'file', 'auth.registration_phone': 'yes' }).start();
  try {
    const ann = await person(hearth, 'ann');
    assert.equal((await hearth.api('DELETE', '/api/auth/me/phone', undefined, ann)).status, 409);
    assert.equal((await hearth.api('POST', '/api/auth/me/phone', { phone: '+491701234567' }, ann)).status, 202);
  } finally {
    await hearth.remove();
  }
});

test('a stop breaks off a call that takes longer than drain; the message goes on after the next start', async () => {
  const provider = await new Provider().start();
  const hearth = await new Hearth(provider.settings({ 'server.drain': '2s' })).start();
  try {
    const ann = await person(hearth, 'ann');
    provider.always = 'slow';
    await hearth.api('POST', '/api/auth/me/phone', { phone: '+491701234567' }, ann);
    await eventually(() => provider.calls.length === 1, 20, 'a call');
    const began = Date.now();
    await hearth.stop(); // throws when it is not clean
    assert.ok(Date.now() - began < 50_000, 'it waited for the whole call, which takes a minute');
    provider.always = null;
    await hearth.start();
    await eventually(() => provider.accepted.size === 1, 40, 'a second call');
    assert.equal(provider.calls[1].id, provider.calls[0].id);
    assert.equal(provider.calls[1].text, provider.calls[0].text);
  } finally {
    await hearth.remove();
    await provider.stop();
  }
});

test('without a driver a phone is refused', async () => {
  const hearth = await new Hearth().start();
  try {
    const ann = await person(hearth, 'ann');
    const { status, body } = await hearth.api('POST', '/api/auth/me/phone', { phone: '+491701234567' }, ann);
    assert.equal(status, 403);
    assert.equal(body.status, 403);
  } finally {
    await hearth.remove();
  }
});

test('a code that can no longer be used is not sent', async () => {
  const provider = await new Provider().start();
  const hearth = await new Hearth(provider.settings({ 'auth.sms_code_ttl': '3s' })).start();
  try {
    const ann = await person(hearth, 'ann');
    provider.always = 503;
    await hearth.api('POST', '/api/auth/me/phone', { phone: '+491701234567' }, ann);
    await eventually(async () => (await metric(hearth, 'hearth_auth_sms_failed_total')) === 1, 30, 'given up');
    const { length } = provider.calls;
    assert.ok(length >= 1);
    provider.always = null;
    await new Promise((done) => setTimeout(done, 3000));
    assert.equal(provider.calls.length, length);
    assert.match(hearth.log, /expired before it could be sent/);
  } finally {
    await hearth.remove();
    await provider.stop();
  }
});

test('settings that cannot work are refused at the start', async () => {
  for (const [key, value] of [
    ['auth.sms_url', 'ftp://sms.example/'],
    ['auth.sms_body', 'To={to}'],
    ['auth.sms_headers', 'no field'],
    ['auth.sms_text', 'no place for it'],
    ['auth.phone_country', 'DE'],
  ]) {
    const hearth = new Hearth({
      'auth.sms_driver': 'http',
      'auth.sms_url': 'https://sms.example/',
      'auth.sms_body': 'To={to}&Body={text}',
      [key]: value,
    });
    const { status, stderr } = hearth.command('user', 'list');
    await hearth.remove();
    assert.notEqual(status, 0, key);
    assert.ok(stderr.includes(key.slice(5)), `${key}: ${stderr}`);
  }
});
