// entry/enrol.js: this server wants a second factor of this account before it opens anything.
import { factorCards } from '../account/factors.js';
import { element, paragraph } from '../dom.js';

export function showEnrol(root, done) {
  root.replaceChildren(
    element('h2', { textContent: 'One more thing' }),
    paragraph('Your account needs a second factor here, so that a stolen password alone opens nothing. Set one up now; it takes a minute.'),
    factorCards({ enrolOnly: true, done }));
}
