// reader.js: shows a message whose pictures the person wants, in the one document whose policy lets
// them in (module.c). It asks the page that holds it for the message; the message runs nothing.
addEventListener('message', (event) => {
  if (event.source !== parent || typeof event.data !== 'string') return;
  const frame = document.createElement('iframe');
  frame.title = 'The message';
  frame.setAttribute('sandbox', 'allow-popups allow-popups-to-escape-sandbox');
  frame.referrerPolicy = 'no-referrer';
  frame.srcdoc = event.data;
  document.body.replaceChildren(frame);
});
parent.postMessage('ready', '*');
