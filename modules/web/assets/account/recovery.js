// account/recovery.js: recovery codes, which the server tells once: to copy, keep as a file, print.
import { button, card, element, paragraph } from '../dom.js';
import { copyButton } from '../dialog.js';
import { session } from '../session.js';

const text = (codes) => `Recovery codes of ${session.account.address} at ${location.host}\nEach works once.\n\n${codes.join('\n')}\n`;

export function recoveryCodes(codes, done) {
  const file = URL.createObjectURL(new Blob([text(codes)], { type: 'text/plain' }));
  const node = card(null,
    element('h3', { textContent: 'Your recovery codes', tabIndex: -1 }),
    paragraph('Keep them where you find them without your phone. Each signs you in once. They are shown only now.'),
    element('ol', { className: 'codes', 'aria-label': 'Recovery codes' }, codes.map((one) => element('li', {}, element('code', { textContent: one })))),
    element('div', { className: 'row' },
      copyButton(codes.join('\n'), 'Copy'),
      element('a', { className: 'button quiet', href: file, download: 'hearth-recovery-codes.txt', textContent: 'Download' }),
      button('Print', () => window.print(), { className: 'quiet' }),
      button('I have kept them', () => { URL.revokeObjectURL(file); done(); })));
  node.classList.add('to-print');
  return node;
}
