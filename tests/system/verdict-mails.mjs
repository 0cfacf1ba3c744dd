// verdict-mails.mjs: what is done to a mail before it is signed (SHAPES) and after (BREAKS), for the tests that hold
// our verdicts against other programs'. Texts are latin1; a function that finds nothing to do gives its text back.

const split = (text) => {
  const at = text.indexOf('\r\n\r\n');
  return at < 0 ? [text, ''] : [text.slice(0, at + 2), text.slice(at + 4)];
};
const inBody = (change) => (text) => {
  const [header, body] = split(text);
  return `${header}\r\n${change(body)}`;
};
const inHeader = (change) => (text) => {
  const [header, body] = split(text);
  return `${change(header)}\r\n${body}`;
};
// The fields of a header, with their continuation lines.
const fields = (header) => header.match(/[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*/g) || [];
const isField = (name) => (field) => field.toLowerCase().startsWith(`${name.toLowerCase()}:`);
const inField = (name, change) => inHeader((header) => {
  const all = fields(header), at = all.findLastIndex ? all.findLastIndex(isField(name)) : all.map(isField(name)).lastIndexOf(true);
  if (at >= 0) all[at] = change(all[at]);
  return all.join('');
});
const flip = (text, at, bit = 1) => `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ bit)}${text.slice(at + 1)}`;
const middle = (text) => Math.floor(text.length / 2);
const tag = (name, change) => inField('DKIM-Signature', (field) => field.replace(new RegExp(`([;:]\\s*${name}\\s*=)([^;]*)`), (_, front, value) => front + change(value)));
const end = (value) => (value.endsWith('\r\n') ? '\r\n' : ''); // the last tag's value goes to the end of the field
const add = (words) => inField('DKIM-Signature', (field) => field.replace(/:\s*/, `: ${words}; `));

export const SHAPES = {
  plain: (text) => text,
  'without a body': inBody(() => ''),
  'only a header': (text) => split(text)[0],
  'empty lines at its end': inBody((body) => `${body}\r\n\r\n\r\n`),
  'white space at its end': inBody((body) => `${body} \r\n\t\r\n \t \r\n`),
  'only empty lines': inBody(() => '\r\n\r\n\r\n'),
  'only white space': inBody(() => ' \t\r\n \r\n'),
  'no end of the last line': inBody((body) => `${body.replace(/[\r\n]+$/, '')}\r\nand so on`),
  'white space within': inBody((body) => `a  b\t \tc \r\n\t lead\r\n${body}`),
  'beyond ASCII': inBody((body) => `gr\xfc\xdfe \xe2\x82\xac\r\n${body}`),
  'a long line': inBody((body) => `${body}${'long '.repeat(20000)}\r\n`),
  'folded, with tabs': inHeader((header) => `${header}X-Folded:\t one\r\n\t two \r\n  \tthree\t\r\n`),
  'fields twice': inHeader((header) => `${header}Subject: another\r\nTo: another@x.test\r\n`),
  'an empty field': inHeader((header) => `${header}X-Empty:\r\nX-Space: \t\r\n`),
};

// Those that two readers take for two mails, since they disagree what a line is: apart, so that it can be said of whom.
export const RAW = {
  'a bare LF': inBody((body) => `one\ntwo\r\n${body}`),
  'a bare CR': inBody((body) => `one\rtwo\r\n${body}`),
  'a CR at the very end': inBody((body) => `${body}\r`),
  NUL: inBody((body) => `nul \0 here\r\n${body}`),
};

export const BREAKS = {
  untouched: (text) => text,
  'a byte of the body': inBody((body) => (body ? flip(body, middle(body.replace(/\s+$/, ''))) : body)),
  'the first byte of the body': inBody((body) => (body ? flip(body, 0, 2) : body)),
  'the last byte of the body': inBody((body) => (body.trim() ? flip(body, body.replace(/\s+$/, '').length - 1, 4) : body)),
  'a bit beyond ASCII in the body': inBody((body) => (body.trim() ? flip(body, body.search(/\S/), 128) : body)),
  'a byte of a field': inField('Subject', (field) => field.replace(/\S(?=\s*$)/, 'q')),
  'a bit beyond ASCII in a field': inField('Subject', (field) => field.replace(/\S(?=\s*$)/, (c) => String.fromCharCode(c.charCodeAt(0) | 128))),
  'a field in front': (text) => `X-New: new\r\n${text}`,
  'a signed field again in front': (text) => `Subject: another\r\n${text}`,
  'a signed field again behind': inHeader((header) => `${header}Subject: another\r\n`),
  'another author in front': (text) => `From: eve@else.test\r\n${text}`,
  'a field that is oversigned, behind': inHeader((header) => `${header}Reply-To: eve@else.test\r\n`),
  'a signed field is gone': inHeader((header) => fields(header).filter((field) => !isField('Date')(field)).join('')),
  'the author is gone': inHeader((header) => fields(header).filter((field) => !isField('From')(field)).join('')),
  'fields in another order': inHeader((header) => {
    const all = fields(header);
    return [...all.filter((field) => !isField('Date')(field)), ...all.filter(isField('Date'))].join('');
  }),
  'the signature at the end': inHeader((header) => {
    const all = fields(header);
    return [...all.filter((field) => !isField('DKIM-Signature')(field)), ...all.filter(isField('DKIM-Signature'))].join('');
  }),
  'folded anew': inField('Subject', (field) => field.replace(/(\S)( )(\S)/, '$1\r\n $3')),
  'folded with a tab': inField('Subject', (field) => field.replace(/(\S)( )(\S)/, '$1\r\n\t$3')),
  'unfolded': inHeader((header) => fields(header).map((field) => field.replace(/\r\n(?=[ \t])/g, '')).join('')),
  'the signature unfolded': inField('DKIM-Signature', (field) => field.replace(/\r\n(?=[ \t])/g, '')),
  'two spaces for one in a field': inField('Subject', (field) => field.replace(/(\S) (\S)/, '$1  $2')),
  'a space taken out of a field': inField('Subject', (field) => field.replace(/(\S) (\S)/, '$1$2')),
  'a space behind a field': inField('Subject', (field) => field.replace(/\r\n$/, ' \t\r\n')),
  'a space before the colon': inField('Subject', (field) => field.replace(/^(\w+):/, '$1 :')),
  'a field in capitals': inField('Subject', (field) => field.replace(/^\w+/, (name) => name.toUpperCase())),
  'two spaces for one in the body': inBody((body) => body.replace(/(\S) (\S)/, '$1  $2')),
  'a tab for a space in the body': inBody((body) => body.replace(/(\S) (\S)/, '$1\t$2')),
  'white space at the end of a line': inBody((body) => body.replace(/(\S)\r\n/, '$1 \t\r\n')),
  'white space at the begin of a line': inBody((body) => body.replace(/\r\n(\S)/, '\r\n $1')),
  'an empty line within': inBody((body) => body.replace(/\r\n(\S)/, '\r\n\r\n$1')),
  'an empty line in front': inBody((body) => `\r\n${body}`),
  'empty lines behind': inBody((body) => `${body}\r\n\r\n`),
  'a line of spaces behind': inBody((body) => `${body}  \r\n`),
  'a line behind': inBody((body) => `${body}${body.endsWith('\r\n') || !body ? '' : '\r\n'}more\r\n`),
  'a megabyte behind': inBody((body) => `${body}${'x'.repeat(78)}\r\n`.padEnd(body.length + 1e5, 'y')),
  'cut in the midst': inBody((body) => body.slice(0, middle(body))),
  'the last line cut off': inBody((body) => body.replace(/[^\r\n]+\r\n(\s*)$/, '$1')),
  'the body gone': inBody(() => ''),
  'the body and its empty line gone': (text) => split(text)[0],
  'a boundary changed': inBody((body) => body.replace(/^--(\S)/m, '--x$1')),
  'the last boundary gone': inBody((body) => body.replace(/^--\S+--\r\n/m, '')),
  'b= changed': tag('b', (value) => value.replace(/[A-Za-z0-9](?=[^A-Za-z0-9]*$)/, (c) => (c === 'A' ? 'B' : 'A')).replace(/[A-Za-z]/, (c) => (c === 'Q' ? 'R' : 'Q'))),
  'b= folded anew': tag('b', (value) => value.trim().replace(/\s+/g, '').replace(/.{30}/g, '$&\r\n\t ') + end(value)),
  'b= cut': tag('b', (value) => value.trim().replace(/\s+/g, '').slice(0, 40) + end(value)),
  'b= empty': tag('b', end),
  'something behind b=': tag('b', (value) => `${value.trimEnd()} #${end(value)}`),
  'padding within b=': tag('b', (value) => value.replace(/^(\s*.{8})/, '$1==')),
  'bh= changed': tag('bh', (value) => value.replace(/[A-Za-z]/, (c) => (c === 'Q' ? 'R' : 'Q'))),
  'bh= gone': inField('DKIM-Signature', (field) => field.replace(/bh\s*=[^;]*;/, '')),
  'another domain': tag('d', (value) => `else.test${end(value)}`),
  'another selector': tag('s', (value) => `else${end(value)}`),
  'the key of a neighbour': tag('s', (value) => `neighbour${end(value)}`),
  'SHA-1': tag('a', () => 'rsa-sha1'),
  'an algorithm nobody knows': tag('a', () => 'rsa-sha512'),
  'the other kind of key': tag('a', (value) => (/rsa/.test(value) ? 'ed25519-sha256' : 'rsa-sha256')),
  'a canonical form nobody knows': tag('c', () => 'nowsp/relaxed'),
  'the other canonical forms': tag('c', (value) => (/relaxed/.test(value) ? 'simple/simple' : 'relaxed/relaxed')),
  'version 2': tag('v', () => '2'),
  'one name less': tag('h', (value) => value.replace(/:[^:]*$/, end(value))),
  'one name more': tag('h', (value) => `${value.trimEnd()}:x-more${end(value)}`),
  'names in capitals': tag('h', (value) => value.toUpperCase()),
  'another way to the key': add('q=http/get'),
  'an identity elsewhere': add('i=@else.test'),
  'a time added': add('t=1000000000'),
  'a tag added that nobody knows': add('zz=top'),
  'a tag twice': inField('DKIM-Signature', (field) => field.replace(/(d=[^;]*;)/, '$1 $1')),
  'no list of tags': inField('DKIM-Signature', () => 'DKIM-Signature: hello\r\n'),
  'a limit added': add('l=0'),
  'a second signature that is nonsense': (text) => `DKIM-Signature: v=1; a=rsa-sha256; d=peer.test; s=rsa; h=from; bh=AAAA; b=AAAA\r\n${text}`,
};

// Of a chain of ARC.
const seal = (name, change) => inHeader((header) => fields(header).map((field) => (isField(name)(field) ? change(field) : field)).join(''));
const newest = (header) => Math.max(0, ...[...header.matchAll(/^ARC-Seal:[^;]*?i=(\d+)/gim)].map(([, i]) => Number(i)));
const only = (name, i, change) => inHeader((header) => fields(header)
  .map((field) => (isField(name)(field) && new RegExp(`\\bi=${i === 'newest' ? newest(header) : i}\\b`).test(field) ? change(field) : field)).join(''));
export const ARC_BREAKS = {
  untouched: (text) => text,
  'a byte of the body': BREAKS['a byte of the body'],
  'a line behind': BREAKS['a line behind'],
  'white space at the end of a line': BREAKS['white space at the end of a line'],
  'a byte of a field': BREAKS['a byte of a field'],
  'a field in front': BREAKS['a field in front'],
  'folded anew': BREAKS['folded anew'],
  'the newest seal changed': only('ARC-Seal', 'newest', (field) => field.replace(/(\bb=\s*)(.)/, (_, front, c) => front + (c === 'Q' ? 'R' : 'Q'))),
  'the first seal changed': only('ARC-Seal', 1, (field) => field.replace(/(\bb=\s*)(.)/, (_, front, c) => front + (c === 'Q' ? 'R' : 'Q'))),
  'the newest message signature changed': only('ARC-Message-Signature', 'newest', (field) => field.replace(/(\bb=\s*)(.)/, (_, front, c) => front + (c === 'Q' ? 'R' : 'Q'))),
  'the first message signature changed': only('ARC-Message-Signature', 1, (field) => field.replace(/(\bb=\s*)(.)/, (_, front, c) => front + (c === 'Q' ? 'R' : 'Q'))),
  'the newest results changed': only('ARC-Authentication-Results', 'newest', (field) => field.replace(/\r\n$/, '; spf=pass\r\n')),
  'the first results changed': only('ARC-Authentication-Results', 1, (field) => field.replace(/\r\n$/, '; spf=pass\r\n')),
  'a seal is gone': only('ARC-Seal', 1, () => ''),
  'a message signature is gone': only('ARC-Message-Signature', 'newest', () => ''),
  'results are gone': only('ARC-Authentication-Results', 1, () => ''),
  'a seal twice': only('ARC-Seal', 'newest', (field) => field + field),
  'cv=fail': only('ARC-Seal', 'newest', (field) => field.replace(/cv=\w+/, 'cv=fail')),
  'cv= the other way': only('ARC-Seal', 'newest', (field) => field.replace(/cv=(\w+)/, (_, cv) => `cv=${cv === 'none' ? 'pass' : 'none'}`)),
  'instance 0': seal('ARC-Seal', (field) => field.replace(/\bi=1\b/, 'i=0')),
  'instance 51': seal('ARC-Seal', (field) => field.replace(/\bi=1\b/, 'i=51')),
  'a seal with h=': only('ARC-Seal', 'newest', (field) => field.replace(/cv=/, 'h=from; cv=')),
  'sets in another order': inHeader((header) => {
    const all = fields(header), of = all.filter((field) => /^ARC-/i.test(field));
    return [...all.filter((field) => !/^ARC-/i.test(field)), ...of.reverse()].join('');
  }),
  'another key': only('ARC-Seal', 'newest', (field) => field.replace(/s=rsa/, 's=neighbour')),
  'SHA-1': only('ARC-Seal', 'newest', (field) => field.replace(/rsa-sha256/, 'rsa-sha1')),
  'a lone seal that nobody could number': inHeader((header) => `ARC-Seal: i=51; a=rsa-sha256; cv=pass; d=peer.test; s=rsa; b=AAAA\r\n${fields(header).filter((field) => !/^ARC-/i.test(field)).join('')}`),
};

export { fields, isField, split };
