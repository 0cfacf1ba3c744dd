// dialog.js: asking before something is done for good, and showing a secret that is shown once.
import { button, element, paragraph } from './dom.js';
import { form } from './form.js';

// A modal dialog with a form; resolves once `send` has gone through, or to undefined on Cancel. The
// browser keeps the focus inside and gives it back afterwards.
export function askFirst({ title, text, fields = [], submit, danger = false, send }) {
  return new Promise((done) => {
    const dialog = element('dialog', { 'aria-label': title });
    let result;
    const body = form({
      fields,
      submit,
      danger,
      async send(values) {
        result = (await send(values)) ?? true;
        dialog.close();
      },
      more: [button('Cancel', () => dialog.close(), { className: 'quiet' })],
    });
    dialog.append(element('h2', { textContent: title }), ...[text].flat().filter(Boolean).map((one) => paragraph(one)), body);
    dialog.addEventListener('close', () => {
      dialog.remove();
      done(result);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// A button that puts a text on the clipboard and says that it did.
export function copyButton(text, label = 'Copy', more = {}) {
  const node = button(label, async () => {
    try {
      await navigator.clipboard.writeText(text);
      node.textContent = 'Copied';
    } catch {
      node.textContent = 'Copying is not possible here';
    }
    setTimeout(() => { node.textContent = label; }, 2000);
  }, { className: 'quiet', 'aria-live': 'polite', ...more });
  return node;
}

// A secret that the server tells this once.
export function secretOnce({ title, text, secret, facts = [] }) {
  const node = element('div', { className: 'once', role: 'status', tabIndex: -1 },
    element('h3', { textContent: title }), paragraph(text),
    element('output', { className: 'secret', textContent: secret }),
    facts.map((fact) => paragraph(fact, 'fact')),
    element('div', { className: 'row' }, copyButton(secret), button('Done', () => node.remove(), { className: 'quiet' })));
  queueMicrotask(() => node.focus());
  return node;
}
