/** The column of the overview: the three questions, the answers, the last minute, alarms, and where numbers come from. */
import type { SeriesSums, ServedPanes, ShownAlarm } from '../../entries/pages.js';
import { percent } from './charts.js';
import { createElement } from './elements.js';
import type { LiveFeed } from './live-feed.js';

type Minute = SeriesSums | undefined;
type State = 'reached' | 'bad' | '';

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** What alarms watch by which the sample is not in the beam; the others say that it is not good. */
const ofBeam = /^(hits|rate|lag|roi:)/;
/** Alarms of the machine, which say nothing of the sample. */
const ofMachine = /^(disk|memory)/;

/** Writes the column anew where its words have changed. */
export function writeSide(
  side: HTMLElement,
  panes: ServedPanes,
  feed: LiveFeed,
  { minute, rate }: { readonly minute: Minute; readonly rate: string | undefined },
): void {
  const sections = [
    section('Now', feed.facts?.searches === false ? arrivals(feed, rate) : questions(panes, minute)),
    section('May we stop?', panes.answers.map(goalOf)),
    section('Last minute', lastMinute(panes, feed, minute)),
    section('Alarms', panes.alarms.map(alarmOf)),
    section(
      'Origin',
      panes.origin.map((line) => quiet(line)),
    ),
  ].filter((one) => one !== undefined);
  for (const [i, one] of sections.entries()) {
    const old = side.children[i];
    if (old?.isEqualNode(one)) continue;
    if (old) old.replaceWith(one);
    else side.append(one);
  }
  while (side.children.length > sections.length) side.lastElementChild?.remove();
}

function section(title: string, content: readonly Node[]): HTMLElement | undefined {
  return content.length === 0 ? undefined : createElement('section', createElement('h2', title), ...content);
}

const quiet = (text: string): HTMLElement => createElement('p', text, { className: 'quiet' });

function questions(panes: ServedPanes, minute: Minute): HTMLElement[] {
  const list = createElement('dl', { className: 'questions' });
  const raised = panes.alarms.filter(({ isRaised, text }) => isRaised && !ofMachine.test(text));
  const beam = raised.filter(({ text }) => ofBeam.test(text));
  const quality = raised.filter(({ text }) => !ofBeam.test(text));
  const { resolution } = panes.minute;
  const hits = minute ? `hits ${percent(minute.hits, minute.frames)}` : '–';
  const good = [
    minute ? (minute.hits > 0 ? `${percent(minute.indexed, minute.hits)} indexed` : 'no hits') : '',
    resolution == null ? '' : `${resolution.toFixed(2)} Å`,
  ];
  const add = (question: string, answer: string, state: State): void =>
    list.append(createElement('dt', question), createElement('dd', answer, { dataset: { state } }));
  add('In the beam?', beam[0] ? `▲ ${beam[0].text}` : hits, beam[0] ? 'bad' : '');
  add('Good?', quality[0] ? `▲ ${quality[0].text}` : good.filter(Boolean).join(', '), quality[0] ? 'bad' : '');
  if (panes.answers.length > 0) {
    const open = panes.answers.filter(({ state }) => state !== 'reached');
    const unknown = open.find(({ state }) => state === 'refused');
    // The last goal decides.
    const last = [...open].sort((a, b) => (b.needed?.likely ?? 0) - (a.needed?.likely ?? 0))[0];
    const words = open.length === 0 ? '✓ yes' : unknown ? 'not yet' : `not yet: ${last?.verdict}`;
    add('May we stop?', words, open.length === 0 ? 'reached' : '');
  }
  return [list];
}

/** What is known of frames that nothing searches. */
function arrivals(feed: LiveFeed, rate = '0.0'): HTMLElement[] {
  const now = Number(rate) > 0 ? `yes, ${rate} /s` : 'none for 10 s';
  return [
    createElement(
      'dl',
      { className: 'questions' },
      createElement('dt', 'Frames arrive?'),
      createElement('dd', feed.isOver ? 'the source has ended' : now),
      createElement('dt', 'In the beam? Good?'),
      createElement('dd', 'not searched'),
    ),
  ];
}

function goalOf({ title, verdict, state, lines }: ServedPanes['answers'][number]): HTMLElement {
  const said = createElement('span', state === 'reached' ? `✓ ${verdict}` : verdict, { dataset: { state } });
  const head = createElement('p', { className: 'verdict' }, createElement('b', title), ' ', said);
  return createElement('div', { className: 'goal' }, head, ...lines.map(quiet));
}

function lastMinute(
  { minute: medians, hasProfile, backgroundRange, whyNoIce, shells }: ServedPanes,
  feed: LiveFeed,
  minute: Minute,
): Node[] {
  const list = createElement('dl');
  const add = (name: string, value: string): void => {
    list.append(createElement('dt', name), createElement('dd', value));
  };
  if (minute && minute.frames > 0) {
    add('Frames', String(minute.frames));
    if (feed.facts?.searches !== false) {
      add('Hits', percent(minute.hits, minute.frames));
      add('Indexed of hits', percent(minute.indexed, minute.hits));
    }
  }
  const { background, resolution, spots, ice, ...regions } = medians;
  const range = backgroundRange?.map((d) => Number(d.toFixed(2))).join(' to ') ?? '5 to 3';
  const orUnknown = (value: number | null | undefined, text: (value: number) => string, why?: string): string =>
    value == null ? `not measured${why === undefined ? '' : `: ${why}`}` : text(value);
  if (hasProfile)
    add(
      `Background, ${range} Å`,
      orUnknown(
        background,
        (value) => `${short(value)} counts`,
        backgroundRange ? undefined : 'no pixel from 5 to 3 Å',
      ),
    );
  if (resolution != null) add('Resolution, median', `${resolution.toFixed(2)} Å`);
  if (spots != null) add('Spots of a hit, median', short(spots));
  if (hasProfile)
    add(
      'Ice',
      orUnknown(ice, (value) => `${Math.round(100 * value)} % of frames`, whyNoIce),
    );
  for (const [name, value] of Object.entries(regions)) if (value != null) add(name.slice(4), short(value));
  if (list.children.length === 0)
    return feed.isOver
      ? []
      : [quiet(feed.facts?.searches === false ? 'No frame has arrived.' : 'No frame has been searched yet.')];
  return shells && shells.hits > 0 ? [list, ...barsOf(shells)] : [list];
}

/** Spots of a hit in shells of equal volume. */
function barsOf({ edges, counts, hits }: NonNullable<ServedPanes['shells']>): HTMLElement[] {
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, i) =>
    createElement('i', {
      title: `to ${edges[i]?.toFixed(2)} Å: ${(count / hits).toFixed(1)} spots of a hit`,
      style: { height: `${(100 * count) / most}%` },
    }),
  );
  const ends = [`∞ to ${edges[0]?.toFixed(1)}`, 'spots of a hit', `${edges.at(-1)?.toFixed(2)} Å`];
  return [
    createElement('div', { className: 'bars' }, ...bars),
    createElement('p', { className: 'quiet ends' }, ...ends.map((text) => createElement('span', text))),
  ];
}

function alarmOf({ text, isRaised, seconds = 0, now }: ShownAlarm): HTMLElement {
  if (!isRaised) return createElement('p', `${text} – quiet`);
  const since = new Date(Date.now() - 1000 * seconds);
  // To the minute, so that the line stays the same.
  const clock = `${since.getHours()}:${String(since.getMinutes()).padStart(2, '0')}`;
  const head = createElement('b', `▲ ${text}`, { dataset: { state: 'bad' } });
  return createElement('p', head, createElement('br'), `since ${clock}${now ? `; ${now}` : ''}`);
}
