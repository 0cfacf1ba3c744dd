// api.js: calls to the server's JSON API. A refusal is a Problem: an Error with the server's own
// words (RFC 9457), the member they are about, and how long to wait where the server says it.

export class Problem extends Error {
  constructor(answer, document) {
    const text = document.detail || document.title || `The server answered ${answer.status}.`;
    // An address stays as it is written.
    super((/^\S+@/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1)) + (/[.!?]$/.test(text) ? '' : '.'));
    this.status = answer.status;
    this.field = document.field;
    this.wait = Number(answer.headers.get('Retry-After')) || 0; // seconds
  }
}

// The session has ended: whoever shows the page hears of it here.
let ended = () => {};
export function onEnded(listener) {
  ended = listener;
}

const UNREACHABLE = 'The server cannot be reached. Try again in a moment.';

// What a person is told of something that failed; a part of the page that could not be fetched, too.
export const why = (problem) => (/\bmodule\b/i.test(problem.message) && problem instanceof TypeError ? UNREACHABLE : problem.message);

// A body that is a File or Blob goes as it is, a form with its files as one, anything else as JSON (`type`
// says which).
export async function ask(method, path, { body, type = 'application/json', headers = {} } = {}) {
  const ready = body instanceof Blob || body instanceof FormData;
  const kind = body instanceof FormData ? {} : { 'Content-Type': ready ? body.type : type };
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? headers : { ...kind, ...headers },
      body: body === undefined || ready ? body : JSON.stringify(body),
    });
  } catch {
    throw new Error(UNREACHABLE);
  }
  const document = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (answer.ok) return { document, etag: answer.headers.get('ETag') };
  // Of a log-in 401 says that it was wrong, of everything else that nobody is signed in.
  if (answer.status === 401 && !/^\/api\/auth\/(login|register)/.test(path)) ended();
  throw new Problem(answer, document);
}

export const call = async (method, path, body) => (await ask(method, path, { body })).document;
export const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body);
export const put = (path, body) => call('PUT', path, body);
export const patch = (path, body) => call('PATCH', path, body);
export const remove = (path, body) => call('DELETE', path, body);
