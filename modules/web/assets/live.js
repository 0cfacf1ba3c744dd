// live.js: the channels, the player (hls.js where the browser has Media Source Extensions, the
// browser's own HLS elsewhere), and how one streams oneself. #live/CHANNEL plays a channel.
import { call, get } from './api.js';
import { button, byId, card, element, list as rowsOf, notice, paragraph, row } from './dom.js';
import { askFirst, copyButton } from './dialog.js';
import { session } from './session.js';
import { unescaped } from './text.js';
import Hls from './hls.js';

let hls = null;
let refresh = 0;
let playing = null;
let over = false; // what is played has come to its end
let retries = 0;

function stop() {
  hls?.destroy();
  hls = null;
  playing = null;
  byId('player').removeAttribute('src');
  byId('player').hidden = true;
  byId('player-state').textContent = '';
}

// A stream whose tracks changed on the way is begun anew, some times.
function again(channel) {
  if (!channel.live || retries >= 5) return;
  retries += 1;
  setTimeout(() => { if (playing === channel.name) play(channel); }, 1000 * retries);
}

function play(channel) {
  const player = byId('player');
  const state = byId('player-state');
  stop();
  playing = channel.name;
  over = false;
  player.hidden = false;
  state.textContent = `Loading ${channel.name}…`;
  player.onplaying = () => { state.textContent = `Playing ${channel.name}`; };
  player.onended = () => {
    state.textContent = `${channel.name} has ended`;
    over = true;
  };
  if (Hls.isSupported()) {
    hls = new Hls({ enableWorker: false });
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (!data.fatal) return;
      state.textContent = `The stream cannot be played (${data.details}).`;
      again(channel);
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => player.play().catch(() => {}));
    hls.loadSource(channel.url);
    hls.attachMedia(player);
  } else {
    player.src = channel.url;
    player.play().catch(() => {});
  }
}

// Whether a channel's playlist is that of a stream that goes on, and not still the last one's.
async function isOpen({ url }) {
  const text = async (address) => (await fetch(address)).text();
  const first = (await text(url)).split('\n').find((line) => line && !line.startsWith('#'));
  return Boolean(first) && !(await text(new URL(first, new URL(url, location.href)))).includes('#EXT-X-ENDLIST');
}

// For a person who wants a fixed quality, and for tests: -1 lets hls.js choose.
export function setLevel(level) {
  if (hls) hls.currentLevel = level;
}

// ---- the channels ----

async function list(wanted) {
  const { channels } = await get('/api/video/channels');
  byId('channels').replaceChildren(...channels.map((channel) => element('li', {}, element('a', {
    href: `#live/${encodeURIComponent(channel.name)}`,
    textContent: `${channel.name} ${channel.live ? '● live' : '(ended)'}`,
    'aria-current': channel.name === (wanted ?? playing) ? 'true' : undefined,
    // Its address is there already: from the beginning once more.
    onclick: () => { if (channel.name === playing && over) play(channel); },
  }))));
  byId('no-channels').textContent = channels.length ? '' : 'Nobody has streamed yet. Below is how you can be the first.';
  // Who watched to the end goes over into the next stream when it comes.
  const next = channels.find(({ name, live }) => name === playing && live);
  if (over && next && await isOpen(next) && over) play(next);
  return channels;
}

// ---- one's own ----

const secret = (label, text, shown) => {
  const value = element('code', { className: 'secret small', textContent: shown ? text : '•'.repeat(12) });
  const reveal = shown ? null : element('button', {
    type: 'button', className: 'quiet', textContent: 'Show',
    onclick: () => {
      const hidden = value.textContent !== text;
      value.textContent = hidden ? text : '•'.repeat(12);
      reveal.textContent = hidden ? 'Hide' : 'Show';
    },
    'aria-label': `Show or hide the ${label.toLowerCase()}`,
  });
  return [element('dt', { textContent: label }), element('dd', { className: 'row' }, value, copyButton(text), reveal)];
};

// What OBS and its like ask for, of the server this page came from.
async function drawOwn() {
  const own = await get('/api/video/channel');
  const server = `rtmp://${location.hostname}:${own.rtmp_port}/live`;
  byId('own-channel').replaceChildren(card('Stream yourself',
    own.rtmp_port
      ? [paragraph('In OBS: Settings, Stream, service “Custom”. Any program that publishes by RTMP with H.264 and AAC will do. Whoever has the key can stream in your name.'),
        element('dl', { className: 'facts' }, secret('Server', server, true), secret('Stream key', own.key, false)),
        element('p', {}, 'People watch it at ', element('a', { href: `#live/${encodeURIComponent(own.name)}`, textContent: `${location.origin}/#live/${own.name}` }), '.')]
      : paragraph('This server takes no streams by RTMP at the moment ([listen] rtmp is off).')));
}

// What one has streamed, and how it is deleted: it counts for the account's storage.
async function drawStreams() {
  const { streams } = await get('/api/video/streams');
  const time = (ms) => new Date(ms).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  const length = ({ started_at: from, ended_at: to }) => (to ? `${Math.max(1, Math.round((to - from) / 60000))} min` : '● live');
  const remove = (stream) => askFirst({
    title: 'Delete a stream',
    text: `The stream of ${time(stream.started_at)} and its recording will be gone for everybody.`,
    submit: 'Delete', danger: true,
    async send() {
      await call('DELETE', `/api/video/streams/${stream.id}`);
      await drawStreams();
      await list();
    },
  });
  byId('own-streams').replaceChildren(card('Your streams', rowsOf(
    streams.map((stream) => row(time(stream.started_at), [length(stream)],
      stream.ended_at && button('Delete', () => remove(stream), { className: 'quiet', 'aria-label': `Delete the stream of ${time(stream.started_at)}` }))),
    'You have not streamed yet.')));
}

export async function enter([name]) {
  const wanted = name && unescaped(name);
  document.title = wanted ? `${wanted} · Live · Hearth` : 'Live · Hearth';
  clearInterval(refresh);
  refresh = setInterval(() => list().catch(() => {}), 5000);
  if (session.account) Promise.all([drawOwn(), drawStreams()]).catch((problem) => notice(problem.message));
  const channels = await list(wanted);
  if (!wanted) {
    stop();
  } else if (playing !== wanted) {
    const channel = channels.find((one) => one.name === wanted);
    stop();
    retries = 0;
    if (channel) play(channel);
    else byId('player-state').textContent = `${wanted} has not streamed yet.`;
  }
}

export function leave() {
  clearInterval(refresh);
  stop();
}
