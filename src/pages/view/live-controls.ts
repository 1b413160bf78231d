/** The controls of a run in progress: its newest frame, its rates, and a badge that shows whether all is well. */

import { byId } from '../by-id.js';
import { redraw, redrawControls, say, scan, viewer } from './app.js';
import { percent, ratesOf } from './charts.js';
import { addToChip } from './chip-loader.js';
import { onClick } from './elements.js';
import { isOfKind } from './frame-filter.js';
import type { GrowingStream } from './growing-stream.js';
import { type Badge, badgeOf, savedWords } from './live-badge.js';
import { LiveFeed, type RunFacts } from './live-feed.js';
import type { LiveScan } from './live-scan.js';
import { inShort, leaveOverview, writeOverview } from './overview-loader.js';
import { isOverview } from './overview-shown.js';
import type { FrameSummary } from './protocol.js';
import type { ServedFiles } from './served-files.js';
import type { LiveStripInput } from './strip-controls.js';
import { addToStrip, strip } from './strip-loader.js';
import { writeRunCharts } from './tab-controls.js';

/** Maximum number of frames in the list and the chart; in a longer run, the earliest frames are only counted. */
const maxListed = 100_000;
/** Pause between two requests for the newest frame, ms, so that there is time to look at the picture. */
const pauseMs = 100;
/** Interval at which the charts are redrawn during a run, ms. */
const redrawMs = 250;
/** Interval at which a stream that may be written is examined, ms; the second one if the server follows it. */
const [growMs, followMs] = [2000, 500];

export const feed = new LiveFeed();
/** The stream that is shown; its code is loaded with it. */
let stream: GrowingStream | undefined;

/** The images of a run over a scan; their code is loaded with them. */
let scanImages: Promise<LiveScan> | undefined;
let shownScan: LiveScan | undefined;
/** The images of a run over a scan, if that is what the page shows. */
export const liveScan = (): LiveScan | undefined => shownScan;
/** Whether the run has ended, or was stopped. */
export const isOver = (): boolean => feed.isOver;

/** Shows the images of a run over a scan. */
async function showImages(facts: RunFacts): Promise<void> {
  if (!facts.scan) return;
  byId('name').textContent = facts.name;
  byId('follow').hidden = true;
  scanImages ??= import('./live-scan.js').then(
    ({ LiveScan }) => new LiveScan(scan.pane, byId<HTMLSelectElement>('image-of-scan'), redraw),
  );
  shownScan = await scanImages;
  byId('scan-pane').hidden = false;
  redraw();
  await shownScan.follow(facts.scan, feed.isOver);
}

/** Counts of the whole run, since the list may not contain all frames. */
const counts = { hits: 0, indexed: 0, failed: 0, searched: 0 };
let newestMs: number | undefined;
/** The newest frame of each kind, by its number. */
const newest = { all: -1, hits: -1, unindexed: -1 };
let following = true;
let opening = false;
let pulling = false;
/** Time at which the shown frame arrived, and the delay until it was shown. */
let shownMs: number | undefined;
let latencyMs: number | undefined;
/** Number of frames that arrived between shown frames and were not shown. */
let passed = 0;
/** The last frame that was shown, or searched and found to be of another kind than those that are shown. */
let lastSeen = -1;
/** The frames of the run by their numbers; other files may be open in the meantime. */
const listed: (FrameSummary | undefined)[] = [];
const times = new Map<number, number>();

/** Whether the page follows a run, or frames that arrive without one. */
export const isLive = (): boolean =>
  feed.facts !== undefined && (feed.facts.state !== 'waiting' || !feed.facts.searches);
/** Whether frames are shown as they arrive, until the user chooses one. */
export const isFollowed = (): boolean => (isLive() && !isElsewhere()) || stream?.isFollowed === true;
/** Whether other files than those of the run are open. */
const isElsewhere = (): boolean => viewer.opened !== undefined && !viewer.isLive;
/** Whether the frames arrive without a run, so that hits are known when this page has searched them. */
const isUnsearched = (): boolean => feed.facts?.searches === false;
/** The kind of frames that the server is asked for. */
const followed = (): keyof typeof newest => (isUnsearched() ? 'all' : viewer.filter);

/** A frame is chosen in a pane: it is shown in the place of the overview, and stays. */
export function chooseFrame(): void {
  leaveOverview();
  follow(false);
}

/** Switches following on or off. */
export function follow(on = !following): void {
  following = on;
  // Frames that arrived while another frame was chosen do not count as dropped.
  lastSeen = -1;
  writeLive();
  if (on && feed.facts && isLive() && !viewer.isLive) void begin(feed.facts, true);
  else if (on) void pull();
}

/** The last remark of the server. */
let lastNote: string | undefined;

/** Connects to the server of the page. */
export function bindLive(): void {
  onClick('follow', () => follow());
  feed.onFacts = (facts) => {
    document.body.dataset.over = String(feed.isOver);
    document.body.dataset.profiles = String(facts.profiles === true);
    // The server ends with its run: what has arrived remains.
    if (facts.scan) showImages(facts).catch((error) => (feed.isOver ? undefined : viewer.fail(error)));
    else if (isLive()) void begin(facts);
    if (facts.note !== undefined && facts.note !== lastNote) say(facts.note, true);
    lastNote = facts.note;
    writeLive();
  };
  feed.onFrames = (frames, first) => {
    if (feed.facts?.chip) addToChip(chooseFrame, feed.facts, frames, first);
    for (const [i, frame] of frames.entries()) {
      const { hit, crystals, failed, searched, ms } = frame;
      const index = first + i;
      if (hit) counts.hits++;
      if (crystals > 0) counts.indexed++;
      if (failed) counts.failed++;
      if (searched) counts.searched++;
      if (!failed) newest.all = index;
      if (hit) newest.hits = index;
      if (hit && crystals === 0) newest.unindexed = index;
      addToStrip([{ at: ms, index, hit, indexed: crystals > 0, failed }]);
      times.set(index, ms);
      newestMs = ms;
      const { peaks, cell, resolutionA } = frame;
      const error = failed ? 'unreadable' : undefined;
      const summary: FrameSummary = { frame: index, peaks, hit, crystals, cell, resolutionA, error };
      // Frames that were not searched are listed when the page has searched them.
      if (searched) listed[index] = summary;
      delete listed[index - maxListed];
      times.delete(index - maxListed);
    }
    if (isLive()) grow();
    if (feed.facts && isLive()) void begin(feed.facts);
    void pull();
  };
  feed.onMoments = (moments) => addToStrip(moments);
  feed.onConnection = () => {
    if (!feed.connected && !feed.isOver && !isLive())
      say('The server of this page does not answer: no file can be read.', true);
    writeLive();
  };
  feed.open();
  setInterval(() => {
    if (!isLive() || document.hidden) return;
    writeLive();
    writeOverview(feed, isElsewhere());
    if (isOverview()) return redrawControls();
    redraw();
    void pull();
    writeRunCharts(true);
  }, redrawMs);
  let examinedAt = performance.now();
  setInterval(() => {
    const isDue = stream?.isFollowed || performance.now() - examinedAt >= growMs;
    if (isLive() || !feed.connected || document.hidden || !isDue) return;
    examinedAt = performance.now();
    void stream?.grow(following).then(writeLive);
  }, followMs);
  // A tab that is not visible requests no frames; it shows the newest one when it becomes visible again.
  document.addEventListener('visibilitychange', () => void pull());
}

/** Opens the run as soon as it has a frame that can be shown; `again`: also if other files are open. */
async function begin(facts: RunFacts, again = false): Promise<void> {
  if (opening || (viewer.opened && !again) || newest.all < 0) return;
  opening = true;
  try {
    if (await viewer.openLive(facts, feed.client, listed)) grow();
  } catch (error) {
    viewer.fail(error);
  } finally {
    opening = false;
  }
  void pull();
}

/** Tells the page how many frames there are. */
function grow(): void {
  if (viewer.opened && viewer.isLive)
    viewer.opened = { ...viewer.opened, frames: Math.max(viewer.opened.frames, feed.count) };
}

/**
 * Shows the newest frame of the chosen kind, one at a time; frames that arrive in the meantime are skipped and counted.
 */
async function pull(): Promise<void> {
  if (pulling || !following || !viewer.isLive || opening || document.hidden || !isLive() || isOverview()) return;
  pulling = true;
  try {
    while (following && !document.hidden && !isOverview() && viewer.isLive && newest[followed()] > lastSeen) {
      const only = followed();
      const requestedAt = performance.now();
      const found = await viewer.engine.call('newest', { client: feed.client, only, after: lastSeen });
      if (!found) break;
      // The server may answer before its events have announced this frame.
      if (viewer.opened && viewer.isLive && viewer.opened.frames <= found.index)
        viewer.opened = { ...viewer.opened, frames: found.index + 1 };
      if (!isUnsearched() || (await viewer.searched(found.index))) {
        await viewer.go(found.index);
        latencyMs = found.ageMs + performance.now() - requestedAt;
      }
      if (lastSeen >= 0) passed += passedBetween(lastSeen, found.index, only);
      lastSeen = found.index;
      shownMs = times.get(found.index);
      writeLive();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  } catch (error) {
    // The server ends with its run; the frames that have been received remain.
    if (!feed.isOver) viewer.fail(error);
  } finally {
    pulling = false;
  }
}

/** Number of frames of a kind between two frames. */
function passedBetween(first: number, last: number, only: keyof typeof newest): number {
  if (only === 'all') return last - first - 1;
  return listed.slice(first + 1, last).filter((frameSummary) => isOfKind(frameSummary, only)).length;
}

/** The run over time, for its chart. */
export const liveStrip = (): LiveStripInput => ({
  nowMs: feed.now,
  isOver: feed.isOver,
  shownAt: viewer.opened && !isOverview() ? times.get(viewer.frame) : undefined,
  connected: feed.connected,
  note: feed.facts?.note,
  isUnsearched: isUnsearched(),
});

/** What this page has searched of the frames that arrive without a run. */
function searchedWords(): string {
  if (viewer.filter === 'all') return 'peaks are found in the frames shown';
  const searched = listed.filter(Boolean);
  return `${searched.length} of them searched, ${searched.filter((frameSummary) => frameSummary?.hit).length} are hits`;
}

function writeLive(): void {
  const { facts, connected, count } = feed;
  // Files that were dropped on the page of a run; the button leads back to the run.
  if (isLive() && isElsewhere()) following = false;
  byId('live').hidden = !isLive() && !isFollowed();
  document.body.dataset.live = String(isLive() && !isElsewhere());
  byId('follow').ariaPressed = String(following);
  if (stream?.isFollowed) writeStream(stream);
  if (!facts || !isLive()) return;
  if (facts.scan) {
    writeScan(facts);
    return;
  }
  // Alarms come first: a narrow page cuts the end of the line.
  const alarms = feed.status.filter((text) => text.startsWith('⚠'));
  const newestOfKind = times.get(newest[followed()]);
  const badge = badgeOf({
    connected,
    following: following && !isOverview(),
    state: facts.state,
    doing: facts.doing,
    searches: facts.searches,
    age: newestMs === undefined ? undefined : Math.max(0, feed.now - newestMs),
    isAlarmed: alarms.length > 0,
    behind: newestOfKind === undefined || shownMs === undefined ? 0 : newestOfKind - shownMs,
  });
  writeBadge(badge);
  if (isElsewhere()) return;
  if (facts.state === 'starting') {
    byId('rates').textContent = feed.status.join(' · ');
    return;
  }
  const latest = feed.isOver ? undefined : strip()?.latestWords(feed.now);
  byId('rates').classList.toggle('wrong', alarms.length > 0);
  byId('rates').textContent = [
    ...alarms,
    `${count}${facts.total === undefined ? '' : ` of ${facts.total}`} frames`,
    ...(counts.searched > 0
      ? [
          `hits ${percent(counts.hits, counts.searched)}${latest?.hits ?? ''}`,
          `indexed ${percent(counts.indexed, counts.hits)} of hits${latest?.indexed ?? ''}`,
        ]
      : facts.searches
        ? []
        : [searchedWords()]),
    ...(feed.isOver ? [] : [`${latest?.rate ?? '–'} frames/s`]),
    ...(latencyMs === undefined || feed.isOver ? [] : [`lag ${(latencyMs / 1000).toFixed(1)} s`]),
    ...(passed > 0 ? [`${passed} not shown`] : []),
    ...(counts.failed > 0 ? [`${counts.failed} unreadable`] : []),
    // The overview has the answers.
    ...(isOverview() ? [] : feed.status.filter((text) => !alarms.includes(text)).map((text) => inShort(text, feed))),
  ].join(' · ');
}

/** The badge and the counts of a run over a scan. */
function writeScan({ state, scan: { done, ms, saved } = { images: [], done: 0 } }: RunFacts): void {
  const { connected, status } = feed;
  const age = ms === undefined ? undefined : Math.max(0, feed.now - ms);
  writeBadge(badgeOf({ connected, state, age, behind: 0, following: true, searches: true, what: 'image' }));
  byId('rates').textContent = [`${Math.round(100 * done)} %`, ...status, ...savedWords(saved)].join(' · ');
}

/** Lists the frames that a served stream gains from now on. */
export async function growStream(served: ServedFiles): Promise<void> {
  stream = new (await import('./growing-stream.js')).GrowingStream(served);
  writeLive();
}

/** The badge and the rates of a stream that is being written. */
function writeStream({ grownAt, passed: notShown }: GrowingStream): void {
  const age = performance.now() - grownAt;
  const { connected } = feed;
  writeBadge(badgeOf({ connected, following, state: 'running', searches: true, age, behind: 0 }));
  const words = ratesOf(viewer.summaries, viewer.opened?.frames ?? 0, viewer.dropped);
  byId('rates').textContent = [words, ...(notShown > 0 ? [`${notShown} not shown`] : [])].join(' · ');
}

function writeBadge({ level, text }: Badge): void {
  const line = byId('badge');
  line.dataset.level = level;
  if (line.textContent !== text) line.textContent = text;
}

/** Accessible to tests and in the browser's console. */
export const liveState = (): object => ({
  following,
  passed,
  latencyMs,
  lastSeen,
  count: feed.count,
  ...counts,
  ...(shownScan && { image: shownScan.image, images: shownScan.shown, title: shownScan.title }),
});
