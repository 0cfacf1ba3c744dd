// admin/answer.js: what another mail server's answer means, in words. The codes are RFC 3463's and those
// registered since.

const CODES = {
  '1.1': 'There is no such mailbox.', '1.2': 'There is no such domain.', '1.3': 'The address is not written as one.', '1.10': 'The domain takes no mail.',
  '2.1': 'The mailbox is shut off.', '2.2': 'The mailbox is full.', '2.3': 'The mail is too large for this mailbox.',
  '3.1': 'Their disk is full.', '3.2': 'Their server takes no mail at the moment.', '3.4': 'The mail is too large for their server.',
  '4.1': 'Their server does not answer.', '4.2': 'The connection broke.', '4.3': 'The DNS does not say where the domain is.', '4.4': 'There is no way to the domain.',
  '4.5': 'Their server is overloaded.', '4.6': 'The mail would go in circles.', '4.7': 'It took too long.',
  '7.0': 'Their rules refuse it.', '7.1': 'Their rules refuse mail from here.', '7.5': 'The connection cannot be made as safe as the domain demands.',
  '7.10': 'TLS is demanded, and does not work.', '7.20': 'They miss a DKIM signature that holds.', '7.23': 'They say that SPF does not allow this server.', '7.25': 'The name of this server’s address (PTR) is missing or wrong.',
  '7.26': 'They say that nothing proves the sender (SPF, DKIM).', '7.27': 'The sender’s domain takes no mail.', '7.28': 'They say that too much mail comes.',
};
const KINDS = { 1: 'The address is the reason.', 2: 'The mailbox is the reason.', 3: 'Their server is the reason.', 4: 'The network is the reason.', 5: 'The two servers do not understand each other.', 6: 'The content is the reason.', 7: 'Their rules are the reason.' };
const WORDS = [
  [/connection refused/i, 'Nobody takes mail at their address.'],
  [/no answer within/i, 'Their server does not answer.'],
  [/connection was lost|reset by peer/i, 'The connection broke.'],
  [/unreachable|no route/i, 'There is no way to their server.'],
  [/gr[ae]y.?list/i, 'They let unknown senders wait at first; it will be tried again.'],
  [/\bdns\b|name server/i, 'The DNS does not say where the domain is.'],
  [/certificate|\btls\b/i, 'The connection cannot be made as safe as it should be.'],
];

// One sentence, or '' for what we know nothing of.
export function explained(answer) {
  const word = WORDS.find(([pattern]) => pattern.test(answer));
  if (word) return word[1];
  const code = /\b[45]\.(\d{1,3})\.(\d{1,3})\b/.exec(answer);
  return code ? CODES[`${code[1]}.${Number(code[2])}`] ?? KINDS[code[1]] ?? '' : '';
}
