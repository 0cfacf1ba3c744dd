// mail/write.js: writing a message: a new one, an answer, one handed on, a draft. #write, #write/reply/ID,
// #write/all/ID, #write/forward/ID, #write/draft/ID. The server reads the addresses, and says at which field one is wrong.
import { call, get, remove } from '../api.js';
import { say } from '../bar.js';
import { button, element, paragraph } from '../dom.js';
import { askFirst } from '../dialog.js';
import { field, form } from '../form.js';
import { here } from '../mail.js';
import { ownAddresses, session } from '../session.js';
import { inWhile, size } from '../text.js';
import { dropDraft, keepDraft, keptDraft } from './drafts.js';
import { answerTo, draftOf, written } from './reply.js';

const KEEP_MS = 400; // after the last key
const UNDO_MS = 60000; // for which the bar offers it; what waits longer is taken back in the account (outgoing.js)
const TITLES = { reply: 'Answer', all: 'Answer to all', forward: 'Forward', draft: 'Draft' };
const MEMBERS = ['from', 'to', 'cc', 'bcc', 'subject', 'text'];
const PROMISED = /\b(attach(ed|ment|ments|ing)?|enclosed|anbei|anhang|angehängt|beigefügt|pièce jointe|ci-joint|adjunto)\b/i;

let turn = 0; // what comes for a page that is no more is not shown
let leaving = null; // what is to be kept before the page is another
let chosen = null; // { path, files }: of a message that was taken back; no storage holds them

function signature() {
  const { enabled = true, text = '' } = session.preferences.mail?.signature ?? {};
  return enabled && text.trim() ? `\n\n-- \n${text.trimEnd()}\n` : '';
}

// What the address asks for: nothing, or an answer to a message.
async function begin(way, id, own) {
  if (!(way in TITLES)) return { from: own[0], to: '', cc: '', subject: '', text: signature(), kept: [] };
  const message = await get(`/api/mail/messages/${id}`);
  return way === 'draft' ? draftOf(message, own) : answerTo(message, way, own);
}

// ---- attachments ----

// Files that were chosen, and parts of the message that is handed on; `changed` when there are others.
function attachments(kept, lost, files, changed) {
  const list = element('ul', { className: 'files', 'aria-label': 'Attachments' });
  const input = field({ name: 'attachments', label: 'Attach files', type: 'file', multiple: true, hint: lost.length ? `Choose again what a page that is loaded anew cannot keep: ${lost.join(', ')}.` : undefined });
  const control = input.querySelector('input');
  const fileRow = (name, bytes, drop) => element('li', {}, element('span', { textContent: `${name} (${size(bytes)})` }),
    button('Remove', () => { drop(); draw(); changed(); control.focus(); }, { className: 'quiet', 'aria-label': `Remove ${name}` }));
  const remove = (from, one) => () => { from.splice(from.indexOf(one), 1); };

  function draw() {
    list.replaceChildren(...kept.map((one) => fileRow(one.name, one.size, remove(kept, one))),
      ...files.map((one) => fileRow(one.name, one.size, remove(files, one))));
    list.hidden = !list.children.length;
  }
  const add = (chosen) => {
    files.push(...chosen);
    draw();
    changed();
  };
  control.addEventListener('change', () => {
    add(control.files);
    control.value = ''; // the same can be chosen once more
  });
  draw();
  return { nodes: [list, input], files, kept, add };
}

// ---- sending ----

function bodyOf(values, way, id, { files, kept }) {
  const message = Object.fromEntries(MEMBERS.filter((name) => values[name]).map((name) => [name, values[name]]));
  message.from = written({ name: session.account.name, address: values.from || session.account.address });
  if (way === 'reply' || way === 'all') message.in_reply_to = Number(id);
  if (kept.length) message.attachments = kept.map(({ part }) => ({ message: Number(id), part }));
  if (!files.length) return message;
  const body = new FormData();
  body.set('message', JSON.stringify(message));
  for (const file of files) body.append('file', file, file.name);
  return body;
}

// What somebody wrote themselves, without what they answer.
const ownWords = (text) => text.split('\n').filter((one) => !one.startsWith('>')).join('\n').split('---------- Forwarded')[0];

const forgot = (values, { files, kept }) => !files.length && !kept.length && PROMISED.test(`${values.subject} ${ownWords(values.text)}`);

// Takes it back while it waits: it is written on where it was. Its copy is a draft now, and goes once
// this is sent.
async function takeBack(outgoing, path, draft, files) {
  try {
    const answer = await remove(`/api/mail/outgoing/${outgoing}`);
    // A draft that was sent is no more: what it had is in its copy, files and all.
    if (answer.draft && path.startsWith('draft/')) {
      location.hash = `write/draft/${answer.draft}`;
      return 'It is taken back, and was sent to nobody.';
    }
    keepDraft(path, { ...draft, draft: answer.draft ?? undefined, lost: files.map((one) => one.name) });
    chosen = { path, files };
    location.hash = path === 'new' ? 'write' : `write/${path}`;
    return 'It is taken back, and was sent to nobody.';
  } catch (problem) {
    // Some have it; or its time was over while one thought.
    return problem.status === 409 || problem.status === 404 ? 'It has left already.' : problem.message;
  }
}

// Says that it was sent; where the person wants it to wait, with a way back until it leaves.
async function tellSent(answer, path, draft, files) {
  const people = answer.recipients === 1 ? '' : ` to ${answer.recipients} people`;
  say(`Sent${people}.`);
  if (!session.preferences.mail?.send_delay) return;
  const { outgoing } = await get('/api/mail/outgoing');
  const own = outgoing.find(({ copy, state }) => copy === answer.id && state === 'waiting');
  const ms = own ? own.due * 1000 - Date.now() : 0;
  if (ms > 0) say(`Sent${people}. It leaves ${inWhile(own.due * 1000)}.`, () => takeBack(own.id, path, draft, files), { ms: Math.min(ms, UNDO_MS), over: true });
}

// ---- the page ----

// Fields that stay out of the way until they are wanted.
function more(fields, shown) {
  const place = element('div', { className: 'fields', hidden: !shown }, fields);
  const open = button('Cc and Bcc', () => {
    place.hidden = false;
    open.remove();
    place.querySelector('input').focus();
  }, { className: 'link' });
  return [shown ? null : open, place];
}

function editor(root, way, id, draft, path, own) {
  const address = (name, label) => field({ name, label, value: draft[name], autocomplete: 'off', autocapitalize: 'none', spellcheck: false, inputMode: 'email', maxLength: 20000 });
  const said = element('span', { className: 'hint', role: 'status' });
  let timer = 0;
  let done = false; // it was sent, or thrown away

  function keep() {
    clearTimeout(timer);
    timer = 0;
    if (done) return;
    const values = Object.fromEntries(MEMBERS.map((name) => [name, node.elements[name]?.value ?? '']));
    keepDraft(path, { ...values, kept: files.kept, draft: draft.draft, lost: files.files.map((one) => one.name) });
    said.textContent = 'Kept in this tab.';
  }
  const soon = () => {
    said.textContent = '';
    clearTimeout(timer);
    timer = setTimeout(keep, KEEP_MS);
  };
  const there = chosen?.path === path ? chosen.files : [];
  chosen = null;
  const files = attachments(draft.kept ?? [], there.length ? [] : draft.lost ?? [], there, soon);

  function end() {
    done = true;
    clearTimeout(timer);
    leaving = null;
    dropDraft(path);
    location.replace(here()); // Back does not lead to what is done with
  }

  const node = form({
    className: 'write',
    fields: [
      own.length > 1 && field({ name: 'from', label: 'From', type: 'select', value: own.includes(draft.from) ? draft.from : own[0], options: own.map((one) => [one, one]) }),
      address('to', 'To'),
      more([address('cc', 'Cc'), address('bcc', 'Bcc')], Boolean(draft.cc || draft.bcc)),
      field({ name: 'subject', label: 'Subject', value: draft.subject, autocomplete: 'off', maxLength: 2000 }),
      field({ name: 'text', label: 'Message', type: 'textarea', rows: 14, value: draft.text }),
      files.nodes,
    ].flat().filter(Boolean),
    submit: 'Send',
    async send(values) {
      // Spaces at its ends belong to a text.
      values = { ...values, text: node.elements.text.value };
      if (!values.to && !values.cc && !values.bcc) throw Object.assign(new Error('Say whom it is for.'), { field: 'to' });
      if (forgot(values, files) && !await askFirst({ title: 'Send without an attachment?', text: 'Your message speaks of one, and there is none.', submit: 'Send', send: () => true })) return;
      const answer = await call('POST', '/api/mail/messages', bodyOf(values, way, id, files));
      // What it was a draft of is not one any more; who finds it once more in Drafts loses nothing.
      if (draft.draft) await remove(`/api/mail/messages/${draft.draft}`).catch(() => {});
      end();
      await tellSent(answer, path, { ...Object.fromEntries(MEMBERS.map((name) => [name, values[name] ?? ''])), kept: files.kept }, files.files).catch(() => {});
    },
    more: [button('Discard', async () => {
      if (timer || keptDraft(path)) {
        const sure = await askFirst({ title: 'Discard this message?', submit: 'Discard', danger: true, send: () => true });
        if (!sure) return;
      }
      end();
    }, { className: 'quiet' }), said],
  });
  node.noValidate = true;
  node.addEventListener('input', (event) => { if (event.target.type !== 'file') soon(); });
  node.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) node.requestSubmit();
  });
  // A problem at a field that is folded away must be seen.
  new MutationObserver(() => {
    const place = node.querySelector('.fields[hidden]');
    if (place?.querySelector('[aria-invalid]')) place.hidden = false;
  }).observe(node, { subtree: true, attributes: true, attributeFilter: ['aria-invalid'] });
  for (const kind of ['dragover', 'drop'])
    node.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      if (kind === 'drop') files.add(event.dataTransfer.files);
    });
  leaving = () => { if (timer) keep(); };
  root.append(node);
  const first = node.elements[draft.to ? 'text' : 'to'];
  first.focus();
  if (first.name === 'text') first.setSelectionRange(0, 0);
}

export async function enter(root, path) {
  const mine = ++turn;
  leaving?.();
  leaving = null;
  const [way = '', id = ''] = path;
  const title = TITLES[way] ?? 'New message';
  const key = way in TITLES ? `${way}/${id}` : 'new';
  document.title = `${title} · Mail · Hearth`;
  root.replaceChildren(element('a', { className: 'back-to', href: here(), textContent: '‹ Mail' }), element('h2', { textContent: title, tabIndex: -1 }));
  root.setAttribute('aria-busy', 'true');
  try {
    const own = await ownAddresses();
    const draft = keptDraft(key) ?? await begin(way, id, own);
    if (mine === turn) editor(root, way, id, draft, key, own);
  } catch (problem) {
    if (mine === turn) root.append(Object.assign(paragraph(problem.status === 404 ? 'The message is not here any more.' : problem.message, 'problem'), { role: 'alert' }));
  }
  if (mine === turn) root.removeAttribute('aria-busy');
}

export function leave(root) {
  turn++;
  leaving?.();
  leaving = null;
  root.replaceChildren();
}
addEventListener('pagehide', () => leaving?.());
