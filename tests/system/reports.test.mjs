// Reports of others on our domains, as they come by mail: packed in every way that is met, by strangers too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { Hearth } from './hearth.mjs';
import { deliver } from './smtp-client.mjs';

const PASSWORD = 'correct-horse-battery';
let hearth;

before(async () => {
  hearth = new Hearth({ 'mail.domains': 'hearth.test, second.test' });
  hearth.addUser('boss@hearth.test', PASSWORD, '--admin');
  hearth.addUser('ann@hearth.test', PASSWORD);
  await hearth.start();
});

after(() => hearth.remove());

function dmarc(id, domain, { rows = [['192.0.2.1', 3, 'none', 'pass', 'fail'], ['198.51.100.7', 1, 'reject', 'fail', 'fail']], more = '' } = {}) {
  const record = ([ip, count, disposition, dkim, spf]) => `<record><row><source_ip>${ip}</source_ip><count>${count}</count>
    <policy_evaluated><disposition>${disposition}</disposition><dkim>${dkim}</dkim><spf>${spf}</spf></policy_evaluated></row>
    <identifiers><header_from>${domain}</header_from></identifiers><auth_results/></record>`;
  return `<?xml version="1.0" encoding="UTF-8" ?>\n${more}<feedback><!-- a > b --><report_metadata><org_name>Big &amp; Co</org_name><email>a@big.example</email>
    <report_id>${id}</report_id><date_range><begin>1700000000</begin><end>1700086399</end></date_range></report_metadata>
    <policy_published><domain>${domain}</domain><p>none</p></policy_published>${rows.map(record).join('')}</feedback>`;
}

function tls(id, domain) {
  return JSON.stringify({ 'organization-name': 'Other', 'date-range': { 'start-datetime': '2023-11-14T00:00:00Z', 'end-datetime': '2023-11-14T23:59:59Z' },
    'contact-info': 'x@other.example', 'report-id': id, policies: [{ policy: { 'policy-type': 'sts', 'policy-string': [], 'policy-domain': domain },
      summary: { 'total-successful-session-count': 10, 'total-failure-session-count': 2 },
      'failure-details': [{ 'result-type': 'certificate-expired', 'receiving-mx-hostname': 'mx.hearth.test', 'failed-session-count': 2 }] }] });
}

// The head of a zip's first file is all that counts.
function zip(text) {
  const packed = deflateRawSync(text), head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(packed.length, 18);
  head.writeUInt32LE(Buffer.byteLength(text), 22);
  head.writeUInt16LE(5, 26);
  return Buffer.concat([head, Buffer.from('a.xml'), packed]);
}

async function send(to, type, name, bytes) {
  const base64 = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
  await deliver(hearth.port.smtp, to, `From: <r@big.example>\r\nSubject: Report\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: ${type}; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n--b--\r\n`);
}

const list = () => hearth.command('reports', 'list').stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));

test('gzip, zip and plain; each once; for an administrator to read', async () => {
  const to = 'postmaster@hearth.test';
  await send(to, 'application/gzip', 'r.xml.gz', gzipSync(dmarc('1', 'hearth.test')));
  await send(to, 'application/gzip', 'r.xml.gz', gzipSync(dmarc('1', 'hearth.test')));
  await send('postmaster@second.test', 'application/octet-stream', 'r.zip', zip(dmarc('2', 'second.test')));
  await send(to, 'text/xml', 'r.xml', Buffer.from(dmarc('3', 'hearth.test')));
  await send(to, 'application/tlsrpt+gzip', 'r.json.gz', gzipSync(tls('4', 'hearth.test')));
  assert.deepEqual(list().map(([, ...rest]) => rest), [
    ['tls', '2023-11-14', 'hearth.test', 'Other', '10', '2'],
    ['dmarc', '2023-11-14', 'hearth.test', 'Big & Co', '3', '1'],
    ['dmarc', '2023-11-14', 'second.test', 'Big & Co', '3', '1'],
    ['dmarc', '2023-11-14', 'hearth.test', 'Big & Co', '3', '1'],
  ]);
  const [id] = list()[1];
  assert.match(hearth.command('reports', 'show', id).stdout, /\n3\t192\.0\.2\.1\tnone\tpass\tfail\thearth\.test\n1\t198\.51\.100\.7\treject\tfail\tfail\thearth\.test\n$/);
  for (const words of [['show', '0'], ['show'], ['list', 'x'], ['send', 'x']]) assert.equal(hearth.command('reports', ...words).status, 2, words.join());
  assert.equal(hearth.command('reports', 'show', '9999').status, 1);
});

test('what is no report, or of no domain of ours, or too much, is a mail and nothing else', async () => {
  const to = 'postmaster@hearth.test', before = list().length;
  const bomb = gzipSync(Buffer.alloc(50 << 20, 32), { level: 9 });
  await send(to, 'application/gzip', 'r.xml.gz', bomb);
  await send(to, 'application/gzip', 'r.xml.gz', gzipSync(dmarc('5', 'other.example')));
  await send(to, 'application/gzip', 'r.xml.gz', gzipSync(dmarc('6', 'hearth.test')).subarray(0, 200));
  await send(to, 'text/xml', 'r.xml', Buffer.from(dmarc('7', 'hearth.test', { more: '<!DOCTYPE feedback [<!ENTITY a "b">]>' })));
  await send(to, 'text/xml', 'r.xml', Buffer.from('<feedback>'.repeat(10000)));
  await send('ann@hearth.test', 'text/xml', 'r.xml', Buffer.from(dmarc('8', 'hearth.test'))); // not where they go
  assert.equal(list().length, before);
  const rows = Array.from({ length: 3000 }, (_, i) => [`10.0.${i >> 8}.${i & 255}`, 1, 'none', 'fail', 'pass']);
  await send(to, 'application/gzip', 'r.xml.gz', gzipSync(dmarc('9', 'hearth.test', { rows })));
  const [[id, , , , , passed]] = list();
  assert.equal(passed, '3000');
  assert.equal(hearth.command('reports', 'show', id).stdout.split('\n').length, 1002); // its head, a thousand, the end
});

test('over HTTP, for administrators', async () => {
  const as = async (address) => ({ Authorization: `Bearer ${await hearth.login(address, PASSWORD)}` });
  const boss = await as('boss@hearth.test');
  const get = (query, headers = boss) => hearth.api('GET', `/api/mail/reports${query}`, undefined, headers);
  const page = await get('?kind=dmarc&limit=2');
  assert.equal(page.status, 200);
  assert.equal(page.body.reports.length, 2);
  const rest = await get(`?kind=dmarc&before=${page.body.next}`);
  assert.equal(rest.body.reports.length, 2);
  assert.equal(rest.body.next, undefined);
  assert.deepEqual((await get('?domain=second.test')).body.reports.map((r) => r.report_id), ['2']);
  const one = await get(`/${(await get('?kind=tls')).body.reports[0].id}`);
  assert.equal(one.body.organization, 'Other');
  assert.deepEqual(one.body.rows.map((r) => [r.result, r.source, r.detail, r.count]), [['', '', 'sts', 10], ['certificate-expired', 'mx.hearth.test', 'sts', 2]]);
  assert.equal((await get('?kind=x')).status, 400);
  assert.equal((await get('/99999')).status, 404);
  assert.equal((await get('', await as('ann@hearth.test'))).status, 403);
  assert.equal((await get('', {})).status, 401);
});
