/** The chart of a run over time: its window, its alarm level, and what is under the pointer. */
import { RunSeries, type SeriesSums, SeriesWindow, type ShownAlarm } from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { redrawControls, say } from './app.js';
import { percent } from './charts.js';
import { createElement, inputById, optionsOf } from './elements.js';
import { isOverview } from './overview-shown.js';
import type { FrameSummary } from './protocol.js';
import { RunStrip, type StripState } from './run-strip.js';
import { compareDatasets, numberLanes } from './strip-lanes.js';

export { drawFrames, frameAt } from './frame-bars.js';

type WindowName = keyof RunSeries['windows'];

/** What the chart needs to know about a run in progress, whose frames are in `series`. */
export interface LiveStripInput extends Pick<StripState, 'shownAt' | 'isUnsearched'> {
  /** Milliseconds since the run began, by the clock of the server. */
  readonly nowMs: number;
  readonly isOver: boolean;
  /** Whether the server answers, and what it has to say. */
  readonly connected: boolean;
  readonly note: string | undefined;
}

/** Frames of a file or stream by their numbers, which have no times. */
interface FramesStripInput {
  readonly summaries: readonly (FrameSummary | undefined)[];
  readonly shown: number;
}

/** The run in progress; its times are milliseconds since it began, by the clock of the server. */
export const series = new RunSeries();
const canvas = byId<HTMLCanvasElement>('chart');
const strip = new RunStrip(canvas);
let chosen: WindowName = 'whole';
/** Whether the server answered, and what it said, when the chart was last drawn. */
let wasConnected = true;
let marked: string | undefined;
/** Whether the share of hits is below the alarm level, which is reported once. */
let isLow = false;
/** An alarm ends when the share is above its level by this much, so that it does not flicker. */
const hysteresis = 0.02;
const storedAs = 'ewald-least-hits';
/** Inline: style sheets are loaded before the first frame, and this row is not needed then. */
const rowStyle = {
  display: 'none',
  gridColumn: '1 / -1',
  gridRow: '1',
  flexWrap: 'wrap',
  gap: '0.2rem 0.9rem',
  alignItems: 'center',
  fontSize: '0.8rem',
  color: 'var(--quiet)',
};
/** The data sets of lanes with two lines. */
const datasets = createElement('span');
const controls = controlsOf();

/** The level in the field, as a share; undefined if the field is empty or holds no percentage. */
function alarmLevel(): number | undefined {
  const { value } = inputById('strip-alarm');
  const level = Number(value.replace('%', '').replace(',', '.'));
  const isLevel = value.trim() !== '' && level >= 0 && level <= 100;
  inputById('strip-alarm').setAttribute('aria-invalid', String(value.trim() !== '' && !isLevel));
  return isLevel ? level / 100 : undefined;
}

/** The row of controls above the chart. */
function controlsOf(): HTMLElement {
  const window = createElement(
    'select',
    { id: 'strip-window', ariaLabel: 'Time that the chart shows' },
    ...optionsOf({ whole: 'Whole run', tenMinutes: '10 min', minute: '1 min' }),
  );
  window.onchange = () => {
    chosen = window.value as WindowName;
    redrawControls();
  };
  const level = createElement('input', {
    id: 'strip-alarm',
    inputMode: 'decimal',
    ariaLabel: 'Least share of hits, %',
    value: localStorage.getItem(storedAs) ?? '',
    style: { width: '3.2rem' },
  });
  level.onchange = () => {
    localStorage.setItem(storedAs, level.value);
    isLow = false;
    redrawControls();
  };
  const label = createElement('label', { id: 'strip-alarm-label' }, 'Alarm below ', level, ' % hits');
  const words = 'line: share of a column · band: spread · ◆ event ■ fault · click a column: its first frame';
  const legend = createElement('span', words, { id: 'strip-legend' });
  const reading = createElement('output', { id: 'strip-reading' });
  canvas.addEventListener('pointermove', ({ offsetX }) => {
    reading.value = (row.style.display === 'flex' && strip.at(offsetX)?.text) || '';
    // The reading replaces the legend: another line would move the chart away from the pointer.
    legend.hidden = reading.value !== '';
  });
  canvas.addEventListener('pointerleave', () => {
    reading.value = '';
    legend.hidden = false;
  });
  const row = createElement('div', { id: 'strip-controls', style: rowStyle }, window, label, datasets, legend, reading);
  canvas.before(row);
  return row;
}

/** The alarms of the run. */
let alarms: readonly ShownAlarm[] = [];
export const setAlarms = (of: readonly ShownAlarm[]): void => {
  alarms = of;
};

/** Says which line is which data set. */
export function setDatasets(all: readonly string[]): void {
  const names = [...all].sort(compareDatasets);
  if (names.length < 2 || datasets.textContent === names.map((name) => `● ${name} `).join('')) return;
  const inks = ['var(--accent)', 'var(--quiet)'];
  datasets.replaceChildren(
    ...names.map((name, i) => createElement('span', `● ${name} `, { style: { color: inks[Math.min(i, 1)] ?? '' } })),
  );
}

/** The sums of the last minute. */
export const minuteSums = (): SeriesSums => series.windows.minute.sums();

export function hideStrip(): void {
  controls.style.display = 'none';
  canvas.style.height = '';
}

/** What is drawn, and the windows that can be chosen. */
function stateOf(of: LiveStripInput | FramesStripInput) {
  if ('summaries' in of) {
    const whole = windowOf(of.summaries);
    return { windows: { whole }, history: undefined, isTimed: false, shownAt: of.shown };
  }
  const { nowMs, isOver, shownAt, isUnsearched } = of;
  if (!isOver) {
    series.reach(nowMs);
    markServer(of);
  }
  const beganMs = Date.now() - nowMs - new Date().setHours(0, 0, 0, 0);
  const { windows, history } = series;
  return { windows, history, isTimed: true, beganMs, shownAt, isUnsearched };
}

/** Marks faults of the run's server. */
function markServer({ nowMs: at, connected, note }: LiveStripInput): void {
  if (connected !== wasConnected)
    series.add({ at, text: connected ? 'connected again' : 'server lost', isFault: !connected });
  wasConnected = connected;
  if (note !== undefined && note !== marked) series.add({ at, text: note, isFault: true });
  marked = note;
}

export function writeStrip(of: LiveStripInput | FramesStripInput): void {
  controls.style.display = 'flex';
  const { readings } = series.history;
  const lanes = 'summaries' in of ? 0 : numberLanes(readings, alarms, 0).length;
  const [own, each] = isOverview() ? [180, 28] : [240, 34];
  // However many lanes there are, room is left for the picture of a frame.
  const most = isOverview() ? '' : `, max(${own}px, 42vh)`;
  canvas.style.height = `max(min(${own + each * lanes}px${most}), 14vh)`;
  const state = stateOf(of);
  const isUnsearched = 'isUnsearched' in state && state.isUnsearched;
  byId('strip-window').hidden = !state.isTimed;
  // Frames that are not searched have no share of hits that could fall.
  const alarm = state.isTimed && !isUnsearched ? alarmLevel() : undefined;
  byId('strip-alarm-label').style.display = state.isTimed && !isUnsearched ? '' : 'none';
  const window = 'minute' in state.windows ? state.windows[chosen] : state.windows.whole;
  strip.draw({ ...state, window, alarm, alarms });
  const { frames, hits, indexed } = window.sums();
  const found = isUnsearched
    ? 'not searched'
    : `hits ${percent(hits, frames)}, indexed ${percent(indexed, hits)} of hits`;
  canvas.ariaLabel = `The run over time: ${frames} frames, ${found}. Click a column to see its first frame.`;
  canvas.title = '';
  if (alarm === undefined || Number.isNaN(strip.hitsNow)) return;
  const was = isLow;
  isLow = strip.hitsNow < alarm + (was ? hysteresis : 0);
  if (isLow === was) return;
  const exact = (value: number): string => `${(100 * value).toFixed(1)} %`;
  say(`Hits are ${isLow ? 'below' : 'above'} ${exact(alarm)} ${isLow ? '' : 'again '}(${exact(strip.hitsNow)})`, isLow);
}

export const stripFrameAt = (px: number): number | undefined => strip.at(px)?.frame;

/** The shares of the last minute, in words behind those of the run (empty in a younger run), and the rate of 10 s. */
export function latestWords(nowMs: number): { readonly hits: string; readonly indexed: string; readonly rate: string } {
  series.reach(nowMs);
  const { minute } = series.windows;
  const { frames, length } = minute.sums(10_000);
  const sums = minute.sums();
  const words = (part: number, whole: number): string => (nowMs < 60_000 ? '' : ` (1 min: ${percent(part, whole)})`);
  return {
    hits: words(sums.hits, sums.frames),
    indexed: words(sums.indexed, sums.hits),
    rate: ((1000 * frames) / Math.max(1000, length)).toFixed(1),
  };
}

/** Accessible to tests and in the browser's console. */
export const stripState = (): object => ({
  tookMs: strip.tookMs,
  hitsNow: strip.hitsNow,
  window: chosen,
  marks: series.history.marks.map(({ text, isFault }) => `${isFault ? '■' : '◆'} ${text}`),
  lagS: series.history.readings.lag?.at(-1)?.[1],
  lanes: numberLanes(series.history.readings, alarms, 0).map(({ name, of, now }) => ({ name, of, now })),
});

/** The window of frames without times. */
function windowOf(summaries: FramesStripInput['summaries']): SeriesWindow {
  const whole = new SeriesWindow(1);
  for (const summary of summaries)
    if (summary) {
      const { frame, hit, crystals, error } = summary;
      whole.add({ at: frame, index: frame, hit, indexed: crystals > 0, failed: error !== undefined });
    }
  return whole;
}
