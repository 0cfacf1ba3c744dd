// live.js: the channels, and the player: hls.js where the browser has Media Source Extensions,
// the browser's own HLS elsewhere.
import { get } from './api.js';
import { byId, element, notice } from './dom.js';
import Hls from './hls.js';

let hls = null;
let refresh = 0;
let playing = null;

function stop() {
  hls?.destroy();
  hls = null;
  playing = null;
  byId('player').removeAttribute('src');
  byId('player').hidden = true;
  byId('player-state').textContent = '';
}

function play(channel) {
  const player = byId('player');
  const state = byId('player-state');
  stop();
  playing = channel.name;
  player.hidden = false;
  state.textContent = `Loading ${channel.name}…`;
  player.onplaying = () => { state.textContent = `Playing ${channel.name}`; };
  player.onended = () => { state.textContent = `${channel.name} has ended`; };
  if (Hls.isSupported()) {
    hls = new Hls({ enableWorker: false });
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal) state.textContent = `The stream cannot be played (${data.details}).`;
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => player.play().catch(() => {}));
    hls.loadSource(channel.url);
    hls.attachMedia(player);
  } else {
    player.src = channel.url;
    player.play().catch(() => {});
  }
}

// For a person who wants a fixed quality, and for tests: -1 lets hls.js choose.
export function setLevel(level) {
  if (hls) hls.currentLevel = level;
}

async function list() {
  const { channels } = await get('/api/video/channels');
  byId('channels').replaceChildren(...channels.map((channel) => element('li', {}, element('button', {
    type: 'button',
    className: channel.name === playing ? '' : 'quiet',
    textContent: `${channel.name} ${channel.live ? '● live' : '(ended)'}`,
    onclick: () => { play(channel); list().catch(() => {}); },
  }))));
  if (!channels.length) byId('channels').replaceChildren(element('li', { className: 'hint', textContent: 'Nobody has streamed yet.' }));
}

export function enter() {
  list().catch((problem) => notice(problem.message));
  clearInterval(refresh);
  refresh = setInterval(() => list().catch(() => {}), 5000);
}

export function leave() {
  clearInterval(refresh);
  stop();
}
