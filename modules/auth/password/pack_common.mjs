// pack_common.mjs OUT: writes OUT/common.txt, the common passwords that common_passwords.c looks up, and
// OUT/common.S, which puts them into the binary. They come from @zxcvbn-ts/language-common (MIT).
//
// The form: each password folded (lower case), a line each, in the order of their bytes, with a line
// feed in front of the first as well. What is shorter than any password may be is left out.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const MIN = 8; // AUTH_PASSWORD_MIN
const LEAST = 10000; // fewer would mean that the package is no longer what it was

const { default: common } = await import('@zxcvbn-ts/language-common').catch((error) => {
  console.error(`pack_common.mjs: ${error.message.split('\n')[0]}: run make deps`);
  process.exit(1);
});
const out = resolve(process.argv[2]);
const list = common.dictionary['passwords-common'];
// Lower case is the whole of case folding only for ASCII, and a line feed would end an entry.
if (list.some((word) => !/^[\x20-\x7e]+$/.test(word))) throw new Error('a common password is not printing ASCII');
const words = [...new Set(list.map((word) => word.toLowerCase()).filter((word) => word.length >= MIN))]
  .map((word) => Buffer.from(word)).sort(Buffer.compare);
if (words.length < LEAST) throw new Error(`only ${words.length} common passwords`);
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'common.txt'), `\n${words.join('\n')}\n`);
writeFileSync(join(out, 'common.S'), `.section .rodata
.hidden auth_common_passwords, auth_common_passwords_end
.global auth_common_passwords, auth_common_passwords_end
auth_common_passwords:
.incbin "${join(out, 'common.txt')}"
auth_common_passwords_end:
.section .note.GNU-stack,"",@progbits
`);
