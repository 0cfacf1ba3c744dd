// account/programs.js: what a mail program asks for when it is set up: host, ports, name, password.
import { get } from '../api.js';
import { card, element, paragraph } from '../dom.js';
import { session } from '../session.js';

const how = (tls, starttls) => [tls && `port ${tls}, SSL/TLS`, starttls && `port ${starttls}, STARTTLS`].filter(Boolean).join('; or ');

export async function programsCard() {
  const { host, imaps, imap, submissions, submission } = await get('/api/mail/servers');
  const facts = [
    ['Reading', how(imaps, imap) && `IMAP, ${host}, ${how(imaps, imap)}`],
    ['Sending', how(submissions, submission) && `SMTP, ${host}, ${how(submissions, submission)}`],
    ['User name', session.account.address],
    ['Password', session.account.second_factor
      ? element('span', {}, 'one of your ', element('a', { href: '#account/app-passwords', textContent: 'app passwords' }))
      : element('span', {}, 'yours, or better one of your ', element('a', { href: '#account/app-passwords', textContent: 'app passwords' }))],
  ];
  return card('Mail programs',
    paragraph('Mail can be read and written here, or with a mail program on your phone or computer. Most set themselves up once they know your address; others ask for this.'),
    element('dl', { className: 'facts', id: 'mail-programs' }, facts.filter(([, value]) => value)
      .map(([name, value]) => [element('dt', { textContent: name }), element('dd', {}, value)])),
    element('p', {}, element('a', { href: '/api/mail/apple.mobileconfig', download: '', textContent: 'Profile for iPhone, iPad and Mac' })));
}
