// admin/server.js: whether the server is well, and what it shows who connects by TLS.
import { get } from '../api.js';
import { card, element, list, paragraph, row } from '../dom.js';
import { ago, day, inWhile } from '../text.js';

const SOON_MS = 21 * 86400000;

function health({ reasons = [] }) {
  return card('How it is', list(reasons.map(({ name, since, detail }) => row([detail || name], [name, `since ${ago(since)}`])), 'Nothing is wrong.', { id: 'conditions' }));
}

function words(cert) {
  const over = cert.not_after < Date.now();
  if (cert.self_signed) return 'The server made it itself: browsers warn, and other mail servers cannot tell that it is this one. [acme] directory in the configuration gets one that all trust.';
  if (over) return 'It is over: browsers and mail programs refuse to connect.';
  if (cert.renews) return 'It is renewed by itself, in time.';
  return cert.not_after - Date.now() < SOON_MS ? 'Put the next one in its place before it is over: it is taken up without a restart.' : 'It was put there by hand ([tls] cert).';
}

function certificate(cert) {
  const over = cert.not_after < Date.now();
  const facts = [['Names', cert.names.join(', ') || '–'], ['From', cert.self_signed ? 'this server itself' : cert.issuer], ['Since', day(cert.not_before)],
    ['Until', `${day(cert.not_after)} (${over ? 'over' : inWhile(cert.not_after)})`]];
  return card('Certificate', element('dl', { className: 'facts', id: 'certificate' },
    facts.map(([name, value]) => [element('dt', { textContent: name }), element('dd', { textContent: value })])), paragraph(words(cert), 'hint'));
}

export async function show() {
  const [state, cert] = await Promise.all([get('/healthz'), get('/api/server/certificate')]);
  return [health(state), certificate(cert)];
}
