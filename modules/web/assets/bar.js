// bar.js: what was just done, at the foot of the page, with a way back for a while.
import { button, byId, element } from './dom.js';

const SHOWN_MS = 10000;

let timer = 0;

function clearBar() {
  clearTimeout(timer);
  byId('bar').replaceChildren();
}

// `undo` is what takes it back; it says itself what came of that, or nothing. For `ms` at most: while
// somebody is at the bar it stays, unless what it offers is over by itself (`over`).
export function say(text, undo, { ms = SHOWN_MS, over = false, label = 'Undo' } = {}) {
  clearBar();
  const bar = byId('bar');
  const act = undo && button(label, async () => {
    clearTimeout(timer);
    const said = await undo();
    clearBar();
    if (said) say(said);
  });
  bar.append(element('span', { textContent: text }), act || '');
  const end = () => {
    if (!over && bar.matches(':hover, :focus-within')) timer = setTimeout(end, 1000);
    else clearBar();
  };
  timer = setTimeout(end, ms);
}
