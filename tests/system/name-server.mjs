// name-server.mjs: a name server of the tests' own, whose records can change while it runs. It answers
// over UDP, without DNSSEC; what it does not have is NXDOMAIN, to be forgotten at once, and a name that ends in
// ".broken" SERVFAIL.
import { createSocket } from 'node:dgram';

const TYPES = { A: 1, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28 };

const name = (text) => Buffer.concat([...text.split('.').filter(Boolean).map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])), Buffer.from([0])]);
const u16 = (n) => Buffer.from([n >> 8, n & 255]);
const u32 = (n) => Buffer.from([n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]);

function address6(text) {
  const [front, back] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const words = back ? [...front, ...Array(8 - front.length - back.length).fill('0'), ...back] : front;
  return Buffer.concat(words.map((word) => u16(parseInt(word, 16))));
}

function rdata(type, value) {
  if (type === 'A') return Buffer.from(value.split('.').map(Number));
  if (type === 'AAAA') return address6(value);
  if (type === 'MX') return Buffer.concat([u16(10), name(value)]);
  if (type === 'TXT') return Buffer.concat((value.match(/[^]{1,255}/g) || ['']).map((part) => Buffer.from([part.length, ...Buffer.from(part, 'latin1')])));
  if (type === 'SOA') return Buffer.concat([name('ns.test'), name('admin.test'), ...[1, 3600, 600, 86400, 0].map(u32)]);
  return name(value); // CNAME, PTR
}

export class NameServer {
  constructor() {
    this.records = new Map(); // "name TYPE", lower case: values
  }

  async start() {
    this.socket = createSocket('udp4');
    this.socket.on('message', (query, from) => this.answer(query, from));
    await new Promise((done) => this.socket.bind(0, '127.0.0.1', done));
    return this;
  }

  get address() {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  // As in a zone file: what `hearth dns` prints can be given line by line.
  add(line) {
    const [, owner, type, rest] = /^(\S+?)\.? (?:\d+ )?(?:IN )?(\w+) (.*)$/.exec(line) || [];
    if (!owner || !TYPES[type]) return;
    const value = type === 'TXT' ? [...rest.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join('') : rest.split(';')[0].trim().split(' ').at(-1).replace(/\.$/, '');
    const key = `${owner} ${type}`.toLowerCase();
    this.records.set(key, [...this.records.get(key) || [], value]);
  }

  answer(query, from) {
    let at = 12;
    const labels = [];
    for (; query[at]; at += query[at] + 1) labels.push(query.subarray(at + 1, at + 1 + query[at]).toString('latin1'));
    const owner = labels.join('.').toLowerCase();
    const number = query.readUInt16BE(at + 1);
    const type = Object.keys(TYPES).find((key) => TYPES[key] === number);
    const values = this.records.get(`${owner} ${type?.toLowerCase()}`) || [];
    const alias = values.length ? undefined : this.records.get(`${owner} cname`); // whoever asks goes on from there
    const known = [...this.records.keys()].some((key) => key.startsWith(`${owner} `) || key.split(' ')[0].endsWith(`.${owner}`));
    const record = (who, kind, ttl, value) => {
      const data = rdata(kind, value);
      return Buffer.concat([name(who), u16(TYPES[kind]), u16(1), u32(ttl), u16(data.length), data]);
    };
    const header = Buffer.concat([query.subarray(0, 2), u16(0x8580 | (owner.endsWith('.broken') ? 2 : known || !owner ? 0 : 3)), u16(1), u16((alias || values).length), u16((alias || values).length ? 0 : 1), u16(0)]);
    const zone = labels.at(-1) || '';
    this.socket.send(Buffer.concat([header, query.subarray(12, at + 5),
      ...(alias ? [record(owner, 'CNAME', 1, alias[0])] : values.length ? values.map((value) => record(owner, type, 1, value)) : [record(zone, 'SOA', 0, '')])]), from.port, from.address);
  }

  stop() {
    this.socket.close();
  }
}
