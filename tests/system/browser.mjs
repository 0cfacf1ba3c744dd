// browser.mjs: what tests of the page share: Chromium, people in browsers of their own, and what is
// looked at by hand on every page (labels, names, contrast, width).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
export const skip = existsSync(CHROMIUM) ? false : 'chromium is not installed';

export const launch = () => chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// A page in a browser profile of its own. What goes wrong in it is in page.complaints; a refusal of
// the server is none.
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.stack || String(error)));
  page.on('console', (line) => {
    if (line.type() === 'error' && !/status of 4\d\d/.test(line.text())) page.complaints.push(line.text());
  });
  return page;
}

export async function fillSignIn(page, address, password) {
  await page.fill('#sign-in [name=address]', address);
  await page.fill('#sign-in [name=password]', password);
  await page.click('#sign-in button[type=submit]');
}

export const signedIn = (page) => page.waitForSelector('#nav:not([hidden])');
export const signedOut = (page) => page.waitForSelector('#sign-in:not([hidden]) [name=password]');

export const PASSWORD = 'lavender otter canoe';

// Somebody with an account, signed in in a browser of their own, and by the API.
export async function person(browser, hearth, name, ...flags) {
  const address = `${name}@hearth.test`;
  hearth.addUser(address, PASSWORD, ...flags);
  const page = await open(browser);
  await page.goto(hearth.base);
  await fillSignIn(page, address, PASSWORD);
  await signedIn(page);
  const headers = { Authorization: `Bearer ${await hearth.login(address, PASSWORD)}` };
  return { address, page, headers, ask: (method, path, body) => hearth.api(method, path, body, headers) };
}

// Who is asked by the page whether it is they says so by the password.
export async function prove(page, password = PASSWORD) {
  await page.fill('dialog[aria-label="Is it you?"] [name=password]', password);
  await page.click('dialog[aria-label="Is it you?"] button[type=submit]');
}

// The page closed, after a look that nothing went wrong in it.
export async function close(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

// A picture for people, into the folder that SHOTS names.
export const shot = (page, name) => (process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true }) : null);

// What is said beside a field.
export const problemAt = (page, name) => page.locator(`.field:has([name=${name}]) .problem:not(:empty)`);

// Goes to a page of a section ("account/profile") and waits until it is there.
export async function visit(page, path) {
  await page.evaluate((hash) => { location.hash = hash; }, path);
  const [section, name] = path.split('/');
  await page.waitForSelector(`#${section} .side a[aria-current][href="#${section}/${name}"]`, { state: 'attached' });
  await page.waitForFunction((id) => !document.querySelector(`#${id} [aria-busy=true]`), section);
}

// What is wrong with the page as it is now, for people who cannot see it well or have a small
// screen: a list of sentences.
export const faults = (page) => page.evaluate(() => {
  const found = [];
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0;
  const name = (node) => `<${node.tagName.toLowerCase()} ${node.id || node.className || node.name || ''}> "${node.textContent.trim().slice(0, 30)}"`;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(visible);

  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide on ${innerWidth}`);
  for (const control of all('input, select, textarea'))
    if (![...control.labels ?? []].some((label) => label.textContent.trim()) && !control.ariaLabel) found.push(`no label: ${name(control)}`);
  for (const act of all('button, a')) {
    if (!act.textContent.trim() && !act.ariaLabel) found.push(`no name: ${name(act)}`);
    if (act.tabIndex > 0) found.push(`out of the order: ${name(act)}`);
  }
  for (const image of all('img')) if (!image.hasAttribute('alt')) found.push(`no alt: ${name(image)}`);
  const ids = all('[id]').map((node) => node.id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at))) found.push(`twice: #${id}`);
  for (const node of document.querySelectorAll('[aria-describedby]'))
    for (const id of node.getAttribute('aria-describedby').split(' '))
      if (!document.getElementById(id)) found.push(`${name(node)} is described by #${id}, which is not there`);

  // Contrast by WCAG 2.2: 4.5 for text. Colours are painted, so that any notation will do.
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const paint = (colors) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  for (const node of all('p, a, button, label, legend, small, span, strong, em, h1, h2, h3, h4, dt, dd, code, output, li')) {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()) || node.disabled) continue;
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    const [a, b] = [paint(layers), paint([...layers, getComputedStyle(node).color])].map(luminance).sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${name(node)}`);
  }
  return found;
});
