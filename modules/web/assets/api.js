// api.js: calls to the server's JSON API. A refusal is an Error with the problem's own words.

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `The server answered ${status}.`);
    this.status = status;
    this.field = document.field;
  }
}

export async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, document);
  return document;
}

export const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body);

// An element with properties and children: text stays text, whatever is in it.
export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

export const byId = (id) => document.getElementById(id);

export function notice(text) {
  byId('notice').textContent = text;
}
