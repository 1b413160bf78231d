/**
 * The strip below the picture: what a run has found over time. Lanes above each other share one axis: hits of all
 * frames, indexed of the hits, frames per second, the age of the oldest unfinished frame, CC1/2 of a running merge,
 * background, ice and regions.
 * A column is the exact share of about a hundred frames, and the pale band around it the least and greatest share of a
 * quarter of them.
 */
import type { RunSeries, SeriesColumns, SeriesWindow, ShownAlarm } from '../../entries/pages.js';
import { clearedPen } from './elements.js';
import { longestGapMs, numberLanes, pointsIn } from './strip-lanes.js';

/** What the strip shows. */
export interface StripState {
  readonly window: SeriesWindow;
  /** What has happened, and what was read over time; undefined for frames without times. */
  readonly history: RunSeries['history'] | undefined;
  /** Whether the axis is time in ms; otherwise it is the number of the frame. */
  readonly isTimed: boolean;
  /** Time of day at which the run began, ms since midnight; undefined: times since its beginning. */
  readonly beganMs?: number | undefined;
  /** Where the frame that is shown is on the axis; undefined if it is not known. */
  readonly shownAt: number | undefined;
  /** Share of hits below which the strip warns, of 1. */
  readonly alarm: number | undefined;
  /** Whether nothing has searched the frames, so that their hits are not known. */
  readonly isUnsearched?: boolean | undefined;
  /** The alarms of the run, whose levels the lanes show. */
  readonly alarms?: readonly ShownAlarm[] | undefined;
}

/** A column under the pointer, in words and as its first frame. */
export interface StripPlace {
  readonly frame: number | undefined;
  readonly text: string;
}

interface Lane {
  readonly name: string;
  readonly of: string;
  /** Its height in proportion to the others. */
  readonly tall: number;
  readonly ink: string;
  /** The value of a column, and the greatest value of the axis. */
  readonly value: (column: number) => number;
  readonly top: number;
  /** Its points, if it is not counted in columns. */
  readonly points?: readonly (readonly [at: number, value: number])[];
  /** Points of another data set, in a quiet colour. */
  readonly other?: Required<Lane>['points'];
  /** Whether points far apart are not joined. */
  readonly hasGaps?: boolean;
  /** Whether the alarm is raised above its level, and whether it is raised now. */
  readonly isAbove?: boolean;
  readonly isRaised?: boolean;
  readonly spread?: readonly [Float64Array, Float64Array];
  readonly text: (value: number) => string;
  readonly now: number;
  readonly alarm?: number | undefined;
}

/** Margins in CSS pixels. */
const [left, right, above, below, between] = [86, 78, 18, 17, 7];
/** The latest frames whose values stand at the right, ms, or frames in a strip of frames. */
const latest = 10_000;
/** Letters of a mark; the whole text is below the pointer, within this many CSS pixels of its line. */
const [longest, near] = [40, 6];
/** The colours of the page, and those of the lanes in light and dark. */
const inks = {
  ink: 'var(--ink)',
  quiet: 'var(--quiet)',
  line: 'var(--line)',
  accent: 'var(--accent)',
  wrong: 'var(--wrong)',
  hits: 'light-dark(#0b62c4, #7fb4ff)',
  indexed: 'light-dark(#1a7f37, #4cc46a)',
  rate: 'light-dark(#5b6470, #9aa2ad)',
  lag: 'light-dark(#8250df, #c297ff)',
  merit: 'light-dark(#8a4b08, #e3a341)',
};
/** Distances of lines of the axis: seconds, and powers of ten for frames. */
const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

const percent = (share: number): string =>
  Number.isNaN(share) ? '–' : `${(100 * share).toFixed(share < 0.0995 && share > 0 ? 1 : 0)} %`;
const number = (value: number): string =>
  Number.isNaN(value)
    ? '–'
    : value >= 1e4
      ? `${+(value / 1000).toPrecision(3)} k`
      : value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0);

/** A round number that is at least this. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return ([1, 2, 2.5, 5, 10].find((one) => one * power >= 0.999 * value) ?? 10) * power;
}

const dayS = 86_400;

/** A time of day, or since the beginning, as h:mm or h:mm:ss. */
export function clockOf(ms: number, stepS = 1): string {
  // A run over midnight began on the day before.
  const all = ((Math.floor(ms / 1000) % dayS) + dayS) % dayS;
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return stepS >= 60 ? `${h}:${two(m)}` : `${h}:${two(m)}:${two(s)}`;
}

/** Draws the strip, and remembers what is where. */
export class RunStrip {
  readonly #canvas: HTMLCanvasElement;
  #columns: SeriesColumns | undefined;
  #state: StripState | undefined;
  /** The inks of the last appearance; asking the browser for them takes longer than drawing. */
  #inks: Readonly<Record<keyof typeof inks, string>> = inks;
  #look = '';
  /** Share of hits of the latest frames. */
  hitsNow = Number.NaN;
  /** How long the last drawing took, ms. */
  tookMs = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  draw(state: StripState): void {
    const began = performance.now();
    const canvas = this.#canvas;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const pen = clearedPen(canvas);
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const inner = width - left - right;
    const columns = state.window.columns(Math.max(1, Math.floor(inner / 2)));
    this.#columns = columns;
    this.#state = state;
    this.#takeInks();
    const { from, to } = columns;
    const x = (at: number): number => left + (inner * (at - from)) / Math.max(1e-9, to - from);
    pen.textBaseline = 'middle';
    this.#axis(pen, x, height);
    const lanes = this.#lanes(columns, state);
    const tall = lanes.reduce((sum, lane) => sum + lane.tall, 0);
    const room = height - above - below - between * (lanes.length - 1);
    let top = above;
    for (const lane of lanes) {
      const deep = (lane.tall / tall) * room;
      this.#lane(pen, lane, { x, top, deep, inner });
      top += deep + between;
    }
    this.#marks(pen, x, width, height);
    this.tookMs = performance.now() - began;
  }

  /** The column at a place of the canvas, in CSS pixels from its left edge. */
  at(px: number): StripPlace | undefined {
    const columns = this.#columns;
    const inner = this.#canvas.clientWidth - left - right;
    if (!columns || px < left || px > left + inner) return undefined;
    const { from, to, width, frames, hits, indexed, first } = columns;
    const at = from + ((px - left) / inner) * (to - from);
    const column = Math.min(frames.length - 1, Math.floor((at - from) / width));
    const [count = 0, found = 0, known = 0] = [frames[column], hits[column], indexed[column]];
    const frame = (first[column] ?? -1) < 0 ? undefined : first[column];
    const when = this.#state?.isTimed ? `${clockOf(at + (this.#state.beganMs ?? 0))}: ` : '';
    const which = frame === undefined ? 'no frames' : `${count} frames from ${frame} on`;
    const perMs = inner / Math.max(1e-9, to - from);
    const marks = (this.#state?.history?.marks ?? []).filter((mark) => Math.abs((mark.at - at) * perMs) <= near);
    const happened = marks.map(({ text }) => ` · ${text}`).join('');
    const shares = `hits ${percent(found / count)}, indexed ${percent(known / found)} of hits`;
    return { frame, text: `${when}${which}, ${this.#state?.isUnsearched ? 'not searched' : shares}${happened}` };
  }

  #takeInks(): void {
    const style = getComputedStyle(this.#canvas);
    const look = `${style.color} ${style.outlineColor}`;
    if (look === this.#look) return;
    this.#look = look;
    // Custom properties are read through a property that the browser resolves.
    const probe = document.createElement('i');
    this.#canvas.parentElement?.append(probe);
    this.#inks = Object.fromEntries(
      Object.entries(inks).map(([name, ink]) => {
        probe.style.color = ink;
        return [name, getComputedStyle(probe).color];
      }),
    ) as Record<keyof typeof inks, string>;
    probe.remove();
  }

  #lanes(columns: SeriesColumns, { window, history, isTimed, alarm, alarms = [], isUnsearched }: StripState): Lane[] {
    const { frames, hits, indexed, width, from, to, hitSpread, indexedSpread } = columns;
    const inks = this.#inks;
    const now = window.sums(isTimed ? Math.max(latest, width) : Math.max(100, width));
    this.hitsNow = isUnsearched ? Number.NaN : now.hits / now.frames;
    const all: Lane[] = [];
    const add = (name: string, of: string, ink: string, lane: Pick<Lane, 'now' | 'text'> & Partial<Lane>): void => {
      all.push({ name, of, ink, tall: 1, top: 1, value: Number, ...lane });
    };
    const share = (part: Float64Array, whole: Float64Array) => ({
      value: (i: number): number => (part[i] as number) / (whole[i] as number),
      text: percent,
    });
    if (!isUnsearched) {
      const ofHits = { tall: 1.4, spread: indexedSpread, now: now.indexed / now.hits };
      add('Hits', 'of frames', inks.hits, {
        ...share(hits, frames),
        tall: 2,
        spread: hitSpread,
        now: this.hitsNow,
        alarm,
      });
      add('Indexed', 'of hits', inks.indexed, { ...share(indexed, hits), ...ofHits });
    }
    if (isTimed) {
      const value = (i: number): number =>
        ((frames[i] as number) * 1000) / Math.max(50, Math.min(width, to - from - i * width));
      const top = roundUp(1.05 * frames.reduce((most, _, i) => Math.max(most, value(i)), 0.1));
      const perSecond = (1000 * now.frames) / Math.max(1, now.length);
      add('Rate', 'frames/s', inks.rate, { value, top, text: (rate) => `${number(rate)} /s`, now: perSecond });
    }
    const { lag = [], merit = [] } = history?.readings ?? {};
    const read = (points: Required<Lane>['points']) => ({ points, now: points.at(-1)?.[1] ?? Number.NaN });
    if (lag.length > 0) {
      const most = lag.reduce((greatest, [at, value]) => (at < from ? greatest : Math.max(greatest, value)), 0.95);
      const text = (value: number): string => `${number(value)} s`;
      add('Lag', 'seconds', inks.lag, { ...read(lag), top: roundUp(1.05 * most), text });
    }
    if (merit.length > 0)
      add('CC1/2', 'of the merge', inks.merit, { ...read(merit), text: (value) => value.toFixed(3) });
    for (const { name, of, lines, now, isShare, top, alarm } of numberLanes(history?.readings ?? {}, alarms, from)) {
      const [points = [], other] = lines.map((line) => pointsIn(line.points, from, to, 400));
      add(name, of, inks.accent, {
        text: isShare ? percent : number,
        now,
        top: isShare ? 1 : roundUp(1.05 * top),
        points,
        ...(other && { other }),
        hasGaps: true,
        alarm: alarm?.level,
        isAbove: alarm?.isBelow === false,
        isRaised: alarm?.isRaised ?? false,
      });
    }
    return all;
  }

  #axis(pen: CanvasRenderingContext2D, x: (at: number) => number, height: number): void {
    const { from, to } = this.#columns as SeriesColumns;
    const { isTimed, beganMs = 0 } = this.#state as StripState;
    const wide = (step: number): boolean => x(from + step) - x(from) >= 84;
    const stepS = seconds.find((second) => wide(1000 * second)) ?? dayS;
    const step = isTimed ? 1000 * stepS : Math.max(1, roundUp(((to - from) * 84) / Math.max(1, x(to) - x(from))));
    pen.textAlign = 'center';
    pen.font = '11px system-ui, sans-serif';
    pen.fillStyle = this.#inks.quiet;
    pen.strokeStyle = this.#inks.line;
    pen.lineWidth = 1;
    pen.beginPath();
    const start = isTimed ? beganMs : 0;
    for (let at = Math.ceil((start + from) / step) * step - start; at <= to; at += step) {
      const px = Math.round(x(at)) + 0.5;
      pen.moveTo(px, above);
      pen.lineTo(px, height - below + 3);
      if (px < left + 16 || px > x(to) - 12) continue;
      pen.fillText(isTimed ? clockOf(start + at, stepS) : String(Math.round(at)), px, height - below / 2 + 1);
    }
    pen.stroke();
  }

  #lane(pen: CanvasRenderingContext2D, lane: Lane, place: LanePlace): void {
    const { x, top, deep, inner } = place;
    const { frames, from, to, width } = this.#columns as SeriesColumns;
    const inks = this.#inks;
    // Lines at both ends of the axis stand within the frame of the lane.
    const y = (value: number): number => top + 2 + (1 - Math.max(0, Math.min(1, value / lane.top))) * (deep - 4);
    pen.strokeStyle = inks.line;
    pen.lineWidth = 1;
    pen.strokeRect(left + 0.5, Math.round(top) + 0.5, inner - 1, Math.round(deep) - 1);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, inner, deep);
    pen.clip();
    pen.fillStyle = lane.ink;
    pen.globalAlpha = 0.22;
    if (lane.spread) {
      const [least, greatest] = lane.spread;
      for (let i = 0; i < frames.length; i++) {
        const [low, high] = [least[i] as number, greatest[i] as number];
        if (high > low) pen.fillRect(x(from + i * width), y(high), x(from + width) - left, y(low) - y(high));
      }
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = lane.ink;
    pen.lineWidth = 1.6;
    const line = (): void => {
      pen.beginPath();
      let isDown = false;
      for (let i = 0; i < frames.length; i++) {
        const value = lane.value(i);
        if (!(value >= 0)) isDown = false;
        else {
          const [begin, end] = [x(from + i * width), x(Math.min(to, from + (i + 1) * width))];
          if (isDown) pen.lineTo(begin, y(value));
          else pen.moveTo(begin, y(value));
          pen.lineTo(end, y(value));
          isDown = true;
        }
      }
      pen.stroke();
    };
    const gap = lane.hasGaps ? Math.max(longestGapMs, (4 * (to - from)) / 400) : undefined;
    if (lane.points) drawPoints(pen, lane.points, { x, y, gap });
    else line();
    if (lane.other) {
      pen.strokeStyle = inks.quiet;
      drawPoints(pen, lane.other, { x, y, gap });
    }
    if (lane.alarm !== undefined && !lane.points) {
      pen.beginPath();
      pen.rect(left, y(lane.alarm), inner, deep);
      pen.clip();
      pen.strokeStyle = inks.wrong;
      line();
    }
    pen.restore();
    this.#words(pen, lane, place, y);
  }

  #words(pen: CanvasRenderingContext2D, lane: Lane, place: LanePlace, y: (value: number) => number): void {
    const { top, deep, inner } = place;
    const inks = this.#inks;
    const middle = top + deep / 2;
    pen.fillStyle = inks.ink;
    pen.textAlign = 'left';
    pen.font = '600 12px system-ui, sans-serif';
    // A long name of a region is narrowed.
    pen.fillText(lane.name, 4, deep > 26 ? middle - 6 : middle, left - 34);
    pen.font = '10px system-ui, sans-serif';
    pen.fillStyle = inks.quiet;
    if (deep > 26) pen.fillText(lane.of, 4, middle + 7);
    pen.textAlign = 'right';
    const isShare = lane.text === percent;
    pen.fillText(isShare ? '100' : lane.top >= 1e4 ? number(lane.top) : String(lane.top), left - 4, top + 5);
    pen.fillText('0', left - 4, top + deep - 4);
    const isLow = lane.isRaised ?? (lane.alarm !== undefined && lane.now < lane.alarm);
    if (lane.alarm !== undefined) {
      const level = Math.round(y(lane.alarm)) + 0.5;
      pen.strokeStyle = inks.wrong;
      pen.lineWidth = 1;
      pen.setLineDash([5, 4]);
      pen.beginPath();
      pen.moveTo(left, level);
      pen.lineTo(left + inner, level);
      pen.stroke();
      pen.setLineDash([]);
    }
    // A form and not only a colour says that the value is too low.
    pen.textAlign = 'left';
    pen.font = '600 14px system-ui, sans-serif';
    pen.fillStyle = isLow ? inks.wrong : lane.ink;
    pen.fillText(`${isLow ? (lane.isAbove ? '▲ ' : '▼ ') : ''}${lane.text(lane.now)}`, left + inner + 7, middle);
  }

  /** What happened, as lines through all lanes with words above that give way to each other, and the shown frame. */
  #marks(pen: CanvasRenderingContext2D, x: (at: number) => number, width: number, height: number): void {
    const { from, to } = this.#columns as SeriesColumns;
    const { history, shownAt } = this.#state as StripState;
    const line = (at: number): number => {
      const px = Math.round(x(at)) + 0.5;
      pen.beginPath();
      pen.moveTo(px, above - 2);
      pen.lineTo(px, height - below);
      pen.stroke();
      return px;
    };
    pen.font = '11px system-ui, sans-serif';
    pen.textAlign = 'left';
    pen.lineWidth = 1;
    let free = left;
    for (const { at, text, isFault } of history?.marks ?? []) {
      if (at < from || at > to) continue;
      pen.fillStyle = isFault ? this.#inks.wrong : this.#inks.ink;
      pen.strokeStyle = pen.fillStyle;
      pen.setLineDash([2, 3]);
      const px = line(at);
      pen.setLineDash([]);
      const words = `${isFault ? '■' : '◆'} ${text.length > longest ? `${text.slice(0, longest - 1)}…` : text}`;
      const wide = pen.measureText(words).width;
      const begin = Math.min(px - 4, width - wide - 4);
      // Where there is no room for the words, the line alone, whose words are below the pointer.
      if (begin >= free) pen.fillText(words, begin, above / 2);
      else if (px - 4 >= free) pen.fillText(words.slice(0, 1), px - 4, above / 2);
      free = Math.max(free, (begin < free ? px : begin + wide) + 8);
    }
    if (shownAt === undefined || shownAt < from || shownAt > to) return;
    pen.strokeStyle = this.#inks.accent;
    pen.lineWidth = 2;
    line(shownAt);
  }
}

/** A line from point to point, whose beginning may be left of the lane. */
function drawPoints(
  pen: CanvasRenderingContext2D,
  points: Required<Lane>['points'],
  {
    x,
    y,
    gap = Number.POSITIVE_INFINITY,
  }: Pick<LanePlace, 'x'> & { y: (value: number) => number; gap?: number | undefined },
): void {
  pen.beginPath();
  let [before, last] = [Number.NEGATIVE_INFINITY, Number.NaN];
  for (const [at, value] of points) {
    // Of a value that stays, only the ends are kept.
    if ((at - before > gap && value !== last) || before === Number.NEGATIVE_INFINITY) pen.moveTo(x(at), y(value));
    else pen.lineTo(x(at), y(value));
    [before, last] = [at, value];
  }
  pen.stroke();
}

interface LanePlace {
  readonly x: (at: number) => number;
  readonly top: number;
  readonly deep: number;
  readonly inner: number;
}
