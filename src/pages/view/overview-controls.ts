/**
 * The overview of a run: is the sample in the beam, is it good, may we stop. Panes of the chip, of the radial profile
 * and of each goal stand in the place of the picture, answers and alarms beside them, and lanes in the chart below.
 */
import type { ServedPanes } from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { redraw } from './app.js';
import { addStyle, createButton, createElement } from './elements.js';
import { drawForecast } from './forecast-chart.js';
import type { LiveFeed } from './live-feed.js';
import { writeSide } from './overview-side.js';
import { overviewStyle } from './overview-style.js';
import { drawProfiles, loadProfiles } from './profile-tab.js';
import { strip } from './strip-loader.js';

/** The name of what stands in the place of panes. */
const emptyName = ' empty';
/** Interval at which the server is asked, ms. */
const everyMs = 2000;

addStyle(overviewStyle);
const stage = createElement('div', { id: 'stage-of-run', ariaLabel: 'Overview of the run' });
const side = createElement('aside', { id: 'side-of-run', ariaLabel: 'Answers and alarms' });
byId('pane').before(stage);
document.querySelector('main')?.after(side);
const about = 'Show the overview of the run, or the picture of a frame (O)';
const button = createButton('Overview', { id: 'overview', title: about, onclick: () => toggle() });
byId('follow').after(button);

let served: ServedPanes | undefined;
let text = '';
let loading = false;
/** Whether the run has ended, and had ended when the panes were asked for. */
let [over, wasOver] = [false, false];
let loadedAt = Number.NEGATIVE_INFINITY;
/** What the user chose; until then, a run has its overview, and frames that nothing searches are shown. */
let chosen: boolean | undefined;
/** What each pane shows, so that only those are drawn whose content has changed. */
const shown = new Map<string, string>();
let drawings = 0;

/** Shows or hides the overview. */
export function toggle(on = document.body.dataset.overview !== 'true'): void {
  chosen = on;
  apply(on);
  redraw();
}

/** A line of the run's status, in which answers, which the overview has in full, are their title and verdict alone. */
export const inShort = (line: string): string => line.split(' · ').map(partInShort).join(' · ');

function partInShort(part: string): string {
  const answer = served?.answers.find(({ goal }) => part.startsWith(`${goal}: `));
  return answer ? `${answer.title} ${answer.verdict}` : part;
}

function apply(on: boolean): void {
  document.body.dataset.overview = String(on);
  button.ariaPressed = String(on);
  const chip = document.getElementById('chip-pane');
  if (chip && on && chip.parentElement !== stage) stage.prepend(chip);
  else if (chip && !on && chip.parentElement === stage) byId('pane').before(chip);
}

/** Writes what has changed. */
export function write(feed: LiveFeed, isElsewhere: boolean): void {
  const on = (chosen ?? feed.facts?.searches !== false) && !isElsewhere;
  apply(on);
  void load(feed.isOver);
  if (!on || !served) return;
  const panes = served;
  strip()?.setAlarms(panes.alarms);
  strip()?.setDatasets(panes.datasets);
  writeSide(side, panes, feed, { minute: strip()?.minuteSums(), rate: strip()?.latestWords(feed.now).rate });
  const names = [...(feed.facts?.profiles ? ['profile'] : []), ...panes.answers.map(({ goal }) => goal)];
  for (const child of [...stage.children] as HTMLElement[])
    if (child.id !== 'chip-pane' && ![...names, emptyName].includes(child.dataset.name ?? '')) child.remove();
  if (feed.facts?.profiles) void writeProfile();
  for (const answer of panes.answers) writeForecast(answer);
  writeEmpty(panes, names.length === 0);
}

/** What stands in the place of panes that there are none of. */
function writeEmpty({ more }: ServedPanes, isEmpty: boolean): void {
  const chip = document.getElementById('chip-pane');
  const isNeeded = more !== undefined || (isEmpty && chip?.parentElement !== stage);
  const old = stage.querySelector('#empty-overview');
  if (!isNeeded) old?.remove();
  if (!isNeeded || old) return;
  const text =
    more?.text ??
    'No charts: a run with a radial profile draws it here, one with a grid its chip, and one that merges with goals says whether there is enough.';
  const parts: HTMLElement[] = [createElement('h2', more ? 'More' : ''), createElement('p', text)];
  if (more) parts.push(createElement('code', more.command));
  const dataset = { name: emptyName };
  stage.append(createElement('section', { id: 'empty-overview', className: 'run-pane', dataset }, ...parts));
}

async function load(isOver: boolean): Promise<void> {
  // What a run has found in the end is asked for at once: its server may end with it.
  over = isOver;
  const isLast = isOver && !wasOver;
  if (loading || (!isLast && performance.now() - loadedAt < everyMs)) return;
  loading = true;
  wasOver = isOver;
  try {
    const answer = await fetch('live/panes');
    if (!answer.ok) return;
    text = await answer.text();
    served = JSON.parse(text);
  } catch {
    // The server of a run that has ended is gone; what is shown remains.
  } finally {
    loadedAt = isOver && served ? performance.now() + 10 * everyMs : performance.now();
    loading = false;
    if (over && !wasOver) void load(true);
  }
}

/** The pane of a name, and its parts; `what` is drawn if it is new, or the size or the look have changed. */
function paneOf(name: string, title: string, about: string, canvases: number) {
  let pane = [...stage.children].find((child) => (child as HTMLElement).dataset.name === name) as
    | HTMLElement
    | undefined;
  if (!pane) {
    const fills = Array.from({ length: canvases }, () =>
      createElement('div', { className: 'fill' }, createElement('canvas', { role: 'img' })),
    );
    pane = createElement(
      'section',
      // In this order wherever the first of them came.
      { className: 'run-pane', dataset: { name }, style: { order: name === 'profile' ? '1' : '2' } },
      createElement('h2', createElement('b'), createElement('span')),
      createElement('div', { className: 'charts' }, ...fills),
    );
    stage.append(pane);
  }
  const [head, more] = pane.querySelectorAll('h2 > *') as unknown as [HTMLElement, HTMLElement];
  if (head.textContent !== title) head.textContent = title;
  if (more.textContent !== about) more.textContent = about;
  more.title = about;
  return [...pane.querySelectorAll('canvas')];
}

/** Whether a pane has to be drawn. */
function isStale(name: string, canvas: HTMLCanvasElement | undefined, content: string): boolean {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const key = `${canvas?.clientWidth}×${canvas?.clientHeight}×${devicePixelRatio} ${dark} ${content}`;
  if (shown.get(name) === key) return false;
  shown.set(name, key);
  drawings++;
  return true;
}

async function writeProfile(): Promise<void> {
  const profiles = await loadProfiles();
  if (!profiles) return;
  const [mean, waterfall] = paneOf('profile', 'Profile', profiles.short, 2);
  if (!mean || !waterfall || !isStale('profile', mean, String(profiles.loadedAt))) return;
  mean.ariaLabel = `Mean intensity of the last minute against q. ${profiles.words}`;
  waterfall.ariaLabel = 'Ten minutes of profiles, a row for five seconds, the newest at the top';
  drawProfiles(profiles, mean, waterfall);
}

function writeForecast(answer: ServedPanes['answers'][number]): void {
  const { goal, title, verdict } = answer;
  const [canvas] = paneOf(goal, title, `${verdict}; crystals to the right`, 1);
  if (!canvas || !isStale(goal, canvas, JSON.stringify(answer))) return;
  canvas.ariaLabel = `${title}: ${verdict}. ${answer.lines.join(' ')}`;
  drawForecast(canvas, answer);
}

/** Accessible to tests and in the browser's console. */
Object.assign(globalThis, { overviewState: () => ({ served, drawings, panes: [...shown.keys()] }) });
