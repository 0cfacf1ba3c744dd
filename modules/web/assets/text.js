// text.js: how times, sizes and devices are told to people, and what addresses of the page say.

const FORMATS = {
  language: { dateStyle: 'medium' },
  iso: null,
  'day-month': { day: '2-digit', month: '2-digit', year: 'numeric', locale: 'en-GB' },
  'month-day': { day: '2-digit', month: '2-digit', year: 'numeric', locale: 'en-US' },
};
let chosen = 'language';

// The person's preference `date_format`.
export function setDateFormat(name) {
  chosen = name in FORMATS ? name : 'language';
}

const iso = (date) => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

// Milliseconds since 1970, as the accounts API has them.
export function day(ms) {
  const date = new Date(ms);
  if (chosen === 'iso') return iso(date);
  const { locale, ...options } = FORMATS[chosen];
  return new Intl.DateTimeFormat(locale, options).format(date);
}

export const minute = (ms) => `${day(ms)}, ${clock.format(new Date(ms))}`;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

// A part of an address as it was written; what nobody wrote so stays as it is.
export function unescaped(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// Nothing was in the future: then one of the clocks is wrong.
export function ago(ms) {
  const seconds = Math.min(0, ms - Date.now()) / 1000;
  if (Math.abs(seconds) < 60) return 'just now';
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (Math.abs(seconds) >= size) {
      if (unit === 'day' && Math.abs(seconds) > 14 * size) return minute(ms);
      return relative.format(Math.round(seconds / size), unit);
    }
  }
  return minute(ms);
}

// "in 5 minutes"; what is over is "now".
export function inWhile(ms) {
  const seconds = (ms - Date.now()) / 1000;
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]])
    if (seconds >= size) return relative.format(Math.round(seconds / size), unit);
  return 'now';
}

// "14:05", or "12 s" when it is short.
export function duration(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = String(Math.floor(seconds / 60) % 60).padStart(hours ? 2 : 1, '0');
  return `${hours ? `${hours}:` : ''}${minutes}:${String(seconds % 60).padStart(2, '0')}`;
}

export function size(bytes) {
  for (const [unit, step] of [['GB', 2 ** 30], ['MB', 2 ** 20], ['KB', 2 ** 10]])
    if (bytes >= step) return `${(bytes / step).toFixed(bytes >= 10 * step ? 0 : 1)} ${unit}`;
  return `${bytes} bytes`;
}

// "Firefox on Linux" of a User-Agent; the text itself where it is of no browser we know.
export function device(agent) {
  if (!agent) return 'Unknown device';
  const find = (table) => table.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = find([[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrom(e|ium)\//, 'Chrome'], [/Safari\//, 'Safari']]);
  const system = find([[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']]);
  if (!browser) return agent.length > 60 ? `${agent.slice(0, 60)}…` : agent;
  return system ? `${browser} on ${system}` : browser;
}
