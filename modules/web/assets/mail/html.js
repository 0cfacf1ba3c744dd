// mail/html.js: HTML that a stranger wrote, in a frame that runs nothing. Links open in a new tab and
// tell nobody where they were; pictures that came with the mail are part of it; those from elsewhere are fetched only when the person says so, and
// then in a document of a policy of its own (reader.html), so that the app's own stays closed.

const SANDBOX = 'allow-popups allow-popups-to-escape-sandbox'; // for links; no scripts, no forms
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
const LOOK = ':root{color-scheme:light;background:#fff}body{font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}img,table{max-width:100%}img{height:auto}pre{white-space:pre-wrap}';

// Whether it would fetch something: pictures by elements, by attributes, by styles.
export const hasPictures = (html) =>
  /\b(?:src|srcset|background|poster)\s*=\s*["']?\s*(?:https?:)?\/\//i.test(html) || /url\(\s*["']?\s*(?:https?:)?\/\//i.test(html);

// Whether it shows a picture that came with it (RFC 2392).
export const hasOwnPictures = (html) => /\bcid:/i.test(html);

// What a "cid:" address stands for, or the address itself.
const found = (pictures, text) => text.replace(/\bcid:([^"'\s<>()]+)/gi, (all, id) => {
  try {
    return pictures.get(decodeURIComponent(id)) ?? all;
  } catch {
    return all;
  }
});

function givePictures(page, pictures) {
  if (!pictures.size) return;
  for (const node of page.querySelectorAll('[src], [background], [style]'))
    for (const name of ['src', 'background', 'style'])
      if (node.hasAttribute(name)) node.setAttribute(name, found(pictures, node.getAttribute(name)));
  for (const style of page.querySelectorAll('style')) style.textContent = found(pictures, style.textContent);
}

// The same message with links that open elsewhere, its own pictures (content id → data: address), and
// nothing that would lead the frame away.
function tamed(html, pictures) {
  const page = new DOMParser().parseFromString(html, 'text/html'); // inert: runs and fetches nothing
  givePictures(page, pictures);
  for (const node of page.querySelectorAll('base, meta, script, iframe, frame, object, embed, link')) node.remove();
  for (const link of page.querySelectorAll('[href]')) {
    if (/^\s*(https?:|mailto:)/i.test(link.getAttribute('href'))) {
      link.setAttribute('target', '_blank');
      link.setAttribute('rel', 'noopener noreferrer');
    } else {
      link.removeAttribute('href');
    }
  }
  return page.documentElement.outerHTML;
}

const documentOf = (html, policy, pictures) => `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">${
  policy ? `<meta http-equiv="Content-Security-Policy" content="${policy}">` : ''}<style>${LOOK}</style>${tamed(html, pictures)}`;

function frameOf(properties) {
  const frame = document.createElement('iframe');
  frame.title = 'The message';
  frame.referrerPolicy = 'no-referrer';
  for (const [name, value] of Object.entries(properties)) frame.setAttribute(name, value);
  return frame;
}

// Without pictures from elsewhere: the policy stands before anything of the message.
export const htmlFrame = (html, pictures) => frameOf({ sandbox: SANDBOX, srcdoc: documentOf(html, POLICY, pictures) });

// The same frame, once there are pictures.
export const redraw = (frame, html, pictures) => frame.setAttribute('srcdoc', documentOf(html, POLICY, pictures));

// With them. The frame asks for the message when it is ready, and gets it and nothing else.
export function pictureFrame(html, pictures) {
  const frame = frameOf({ sandbox: `${SANDBOX} allow-scripts`, src: '/reader.html' });
  const give = (event) => {
    if (event.source !== frame.contentWindow) return;
    frame.contentWindow.postMessage(documentOf(html, '', pictures), '*');
    removeEventListener('message', give);
  };
  addEventListener('message', give);
  return frame;
}
