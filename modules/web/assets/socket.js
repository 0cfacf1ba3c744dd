// socket.js: the one WebSocket of the page, which comes back by itself after a break: full jitter
// between half a second and thirty, so that a restart of the server is no stampede.

const listeners = new Set();
let socket = null;
let attempt = 0;
let wanted = false;

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new WebSocket(`${scheme}://${location.host}/ws`);
  socket.onopen = () => {
    attempt = 0;
    for (const listener of listeners) listener({ type: 'connected' });
  };
  socket.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    for (const listener of listeners) listener(frame);
  };
  socket.onclose = (event) => {
    socket = null;
    for (const listener of listeners) listener({ type: 'disconnected', code: event.code });
    const longest = Math.min(30000, 500 * 2 ** attempt++);
    // After 1008 the session is probably no more: whoever listens finds out first.
    const least = event.code === 1008 ? 5000 : 0;
    if (wanted) setTimeout(connect, least + Math.random() * longest);
  };
}

export function open() {
  if (wanted) return;
  wanted = true;
  connect();
}

export function listen(listener) {
  listeners.add(listener);
}

// False when there is no connection at the moment.
export function send(frame) {
  if (!socket || socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}
