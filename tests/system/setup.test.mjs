// Mail programs set themselves up, as Thunderbird, Outlook and iPhones ask, and other servers find the MTA-STS
// policy; nobody learns from it whether an account exists.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Hearth } from './hearth.mjs';
import { getTls } from './pebble.mjs';

const PASSWORD = 'correct-horse-battery';
const OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
let hearth;

const get = (host, path, options) => getTls(hearth.port.https, path, { host, ...options });

// Every tag that opens closes, in order.
function wellFormed(xml) {
  const open = [];
  for (const [, end, name, single] of xml.replace(/<[?!][^>]*>/g, '').matchAll(/<(\/?)([\w.]+)[^>]*?(\/?)>/g)) {
    if (single) continue;
    if (end) assert.equal(open.pop(), name, xml);
    else open.push(name);
  }
  assert.deepEqual(open, [], xml);
}

before(async () => {
  hearth = new Hearth({ 'server.hostname': 'mail.org.test', 'mail.domains': 'org.test second.test' });
  await hearth.start();
  hearth.addUser('ann@org.test', PASSWORD);
});

after(() => hearth?.remove());

test('the MTA-STS policy is at mta-sts.DOMAIN, and the DNS names it', async () => {
  const answer = await get('mta-sts.org.test', '/.well-known/mta-sts.txt');
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^text\/plain/);
  assert.equal(answer.body, 'version: STSv1\r\nmode: testing\r\nmx: mail.org.test\r\nmax_age: 604800\r\n');
  assert.equal((await get('mta-sts.second.test', '/.well-known/mta-sts.txt')).status, 200);
  for (const host of ['mail.org.test', 'org.test', 'autoconfig.org.test']) assert.equal((await get(host, '/.well-known/mta-sts.txt')).status, 404, host);
  for (const host of ['mta-sts.elsewhere.test', 'mta-sts.mta-sts.org.test']) assert.equal((await get(host, '/.well-known/mta-sts.txt')).status, 421, host);

  const zone = hearth.command('dns').stdout;
  const id = createHash('sha256').update(answer.body).digest('hex').slice(0, 20);
  assert.match(zone, new RegExp(`^_mta-sts\\.org\\.test\\. IN TXT "v=STSv1; id=${id}" ;`, 'm'));
  for (const name of ['mta-sts', 'autoconfig', 'autodiscover']) assert.match(zone, new RegExp(`^${name}\\.second\\.test\\. IN CNAME mail\\.org\\.test\\. ;`, 'm'));
  assert.match(zone, /^_smtp\._tls\.org\.test\. IN TXT "v=TLSRPTv1; rua=mailto:/m);
  assert.match(zone, /^_autodiscover\._tcp\.org\.test\. IN SRV 0 1 \d+ mail\.org\.test\. ;/m);
  const off = hearth.command('dns', '--set', 'mail.mta_sts=off').stdout;
  assert.doesNotMatch(off, /mta-sts/);
  assert.doesNotMatch(hearth.command('dns', '--set', 'mail.mta_sts=enforce').stdout, new RegExp(id));
});

test('Thunderbird', async () => {
  const answer = await get('autoconfig.org.test', '/mail/config-v1.1.xml?emailaddress=ann%40org.test');
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /xml/);
  wellFormed(answer.body);
  assert.match(answer.body, /<emailProvider id="org\.test">/);
  const server = (kind) => new RegExp(`<${kind}Server[\\s\\S]*</${kind}Server>`).exec(answer.body)[0];
  assert.match(server('incoming'), new RegExp(`type="imap"[\\s\\S]*<hostname>mail\\.org\\.test</hostname>\\s*<port>${hearth.port.imaps}</port>\\s*<socketType>SSL</socketType>\\s*<authentication>password-cleartext</authentication>\\s*<username>%EMAILADDRESS%</username>`));
  assert.match(server('outgoing'), new RegExp(`type="smtp"[\\s\\S]*<port>${hearth.port.submissions}</port>`));
  // Whoever asks, in whatever place, for whichever address of the domain, gets the same.
  for (const [host, path] of [['autoconfig.org.test', '/mail/config-v1.1.xml'], ['autoconfig.org.test', '/mail/config-v1.1.xml?emailaddress=nobody%40ORG.test'],
    ['org.test', '/.well-known/autoconfig/mail/config-v1.1.xml'], ['mail.org.test', '/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=x%40org.test']])
    assert.equal((await get(host, path)).body, answer.body, path);
  assert.match((await get('autoconfig.second.test', '/mail/config-v1.1.xml')).body, /id="second\.test"/);
  for (const address of ['ann%40elsewhere.test', 'ann', '%40org.test', 'a%0Ab%40org.test', `${'x'.repeat(250)}%40org.test`])
    assert.equal((await get('autoconfig.org.test', `/mail/config-v1.1.xml?emailaddress=${address}`)).status, 404, address);
});

const ask = (address, schema = OUTLOOK, path = '/autodiscover/autodiscover.xml') => get('autodiscover.org.test', path, {
  method: 'POST', headers: { 'Content-Type': 'text/xml; charset=utf-8', 'User-Agent': 'Microsoft Office/16.0' },
  body: `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`,
});

test('Outlook', async () => {
  const answer = await ask('ann@org.test');
  assert.equal(answer.status, 200);
  wellFormed(answer.body);
  assert.ok(answer.body.includes(`<Response xmlns="${OUTLOOK}">`));
  const protocol = (type) => new RegExp(`<Protocol>\\s*<Type>${type}</Type>[\\s\\S]*?</Protocol>`).exec(answer.body)[0];
  assert.match(protocol('IMAP'), new RegExp(`<Server>mail\\.org\\.test</Server>\\s*<Port>${hearth.port.imaps}</Port>\\s*<LoginName>ann@org\\.test</LoginName>`));
  assert.match(protocol('SMTP'), new RegExp(`<Port>${hearth.port.submissions}</Port>[\\s\\S]*<SSL>on</SSL>`));
  for (const path of ['/Autodiscover/Autodiscover.xml', '/AutoDiscover/AutoDiscover.xml']) assert.equal((await ask('ann@org.test', OUTLOOK, path)).body, answer.body);
  assert.equal((await ask('nobody@org.test')).body, answer.body.replace(/ann@/g, 'nobody@'));
  const mobile = await ask('ann@org.test', 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006');
  assert.match(mobile.body, /<ErrorCode>601<\/ErrorCode>/);
  for (const address of ['ann@elsewhere.test', '', 'ann&x;@org.test']) {
    const { body } = await ask(address);
    wellFormed(body);
    assert.match(body, /<ErrorCode>600<\/ErrorCode>/);
  }
  assert.equal((await ask('x'.repeat(17000))).status, 413);

  for (const path of ['/autodiscover/autodiscover.json?Email=ann%40org.test&Protocol=AutodiscoverV1&RedirectCount=1', '/autodiscover/autodiscover.json/v1.0/nobody@org.test?Protocol=autodiscoverv1']) {
    const { status, body } = await get('autodiscover.org.test', path);
    assert.equal(status, 200);
    const { Protocol, Url } = JSON.parse(body);
    assert.equal(Protocol, 'AutodiscoverV1');
    assert.match(Url, /^https?:\/\/[^/]+\/autodiscover\/autodiscover\.xml$/);
  }
  const refused = await get('autodiscover.org.test', '/autodiscover/autodiscover.json?Protocol=ActiveSync');
  assert.deepEqual([refused.status, JSON.parse(refused.body).ErrorCode], [400, 'InvalidProtocol']);
  assert.equal(JSON.parse((await get('autodiscover.org.test', '/autodiscover/autodiscover.json')).body).ErrorCode, 'MandatoryParameterMissing');
});

test('iPhones', async () => {
  const token = await hearth.login('ann@org.test', PASSWORD);
  const own = await get('mail.org.test', '/api/mail/apple.mobileconfig', { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(own.status, 200);
  assert.equal(own.headers['content-type'], 'application/x-apple-aspen-config');
  wellFormed(own.body);
  const value = (key) => new RegExp(`<key>${key}</key>\\s*<(?:string|integer)>([^<]*)<`).exec(own.body)[1];
  assert.equal(value('EmailAddress'), 'ann@org.test');
  assert.equal(value('IncomingMailServerHostName'), 'mail.org.test');
  assert.equal(Number(value('IncomingMailServerPortNumber')), hearth.port.imaps);
  assert.equal(Number(value('OutgoingMailServerPortNumber')), hearth.port.submissions);
  assert.match(value('PayloadUUID'), /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  const uuids = own.body.match(/[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}/g);
  assert.equal(new Set(uuids).size, 2);
  assert.equal((await get('mail.org.test', '/mail/apple.mobileconfig?emailaddress=ann%40org.test')).body, own.body);
  const other = await get('mail.org.test', '/mail/apple.mobileconfig?emailaddress=nobody%40org.test');
  assert.equal(other.status, 200);
  assert.notEqual(other.body.match(/[0-9A-F]{8}-/)[0], own.body.match(/[0-9A-F]{8}-/)[0]);
  assert.equal((await get('mail.org.test', '/mail/apple.mobileconfig?emailaddress=ann%40elsewhere.test')).status, 404);
  assert.equal((await get('mail.org.test', '/api/mail/apple.mobileconfig')).status, 401);
});
