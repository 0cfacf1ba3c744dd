// mail/drafts.js: what is being written, kept over a reload. It lies in the tab's own storage: it is there
// at the next keystroke and costs the server nothing, no other tab or person finds it, and it goes with
// the tab, and when somebody signs out. Files cannot lie there: of them the names are kept.
import { session } from '../session.js';

const PREFIX = 'draft/';

const keyOf = (path) => `${PREFIX}${session.account.id}/${path}`;

// Without storage, or where it is full, one writes all the same.
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

export const keptDraft = (path) => attempt(() => JSON.parse(sessionStorage.getItem(keyOf(path))));
export const keepDraft = (path, draft) => attempt(() => sessionStorage.setItem(keyOf(path), JSON.stringify(draft)));
export const dropDraft = (path) => attempt(() => sessionStorage.removeItem(keyOf(path)));

// Of everybody: nothing of a person stays in a tab.
export const dropAllDrafts = () => attempt(() => {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
});
