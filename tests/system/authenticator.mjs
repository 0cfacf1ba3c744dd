// authenticator.mjs: what an authenticator app does, for tests: reads the QR code and shows codes. It
// shares nothing with the server: node's HMAC, and jsQR on a picture painted from the SVG.
import { createHmac } from 'node:crypto';
import jsqr from 'jsqr';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function base32(text) {
  const bits = [...text].map((c) => LETTERS.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

// The code of a step, by RFC 4226 section 5.3.
export function codeAt(secret, step) {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', base32(secret)).update(message).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export const stepNow = () => Math.floor(Date.now() / 30_000);

// An app that knows a secret: each code it gives is good, and one that it has not given before. It
// begins a step in the past, so that three come without waiting.
export class Authenticator {
  constructor(secret) {
    this.secret = secret;
    this.last = 0;
  }

  async code() {
    for (;;) {
      const soon = Date.now() % 30_000 > 26_000; // by then the step before may be too old
      const step = Math.max(this.last + 1, stepNow() - (soon ? 0 : 1));
      if (step <= stepNow() + 1) {
        this.last = step;
        return codeAt(this.secret, step);
      }
      await new Promise((done) => setTimeout(done, 500));
    }
  }

  // A code that is wrong for every step near now.
  wrong() {
    const right = [-3, -2, -1, 0, 1, 2, 3].map((off) => codeAt(this.secret, stepNow() + off));
    for (let n = 0; ; n++) {
      const code = String(n * 7919 % 1_000_000).padStart(6, '0');
      if (!right.includes(code)) return code;
    }
  }
}

// The text of a QR code in an SVG: its path is painted, four pixels a module, and read by jsQR.
export function readQr(svg) {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg).map(Number);
  const scale = 4;
  const pixels = new Uint8ClampedArray(width * scale * height * scale * 4);
  const paint = (x, y, w, h, value) => {
    for (let row = y * scale; row < (y + h) * scale; row++) {
      pixels.fill(value, (row * width * scale + x * scale) * 4, (row * width * scale + (x + w) * scale) * 4);
    }
  };
  for (const [, fill, d] of svg.matchAll(/<path fill="(\w+)" d="([^"]*)"/g)) {
    for (const part of d.match(/[^z]+z/gi)) {
      const run = /^M(\d+) (\d+)h(\d+)v(\d+)(h-\d+|H\d+)z$/i.exec(part);
      if (!run) throw new Error(`a path that is no row: ${part}`);
      const [, x, y, w, h] = run.map(Number);
      paint(x, y, w, h, fill === 'white' ? 255 : 0);
    }
  }
  for (let at = 3; at < pixels.length; at += 4) pixels[at] = 255;
  return (jsqr.default ?? jsqr)(pixels, width * scale, height * scale)?.data;
}
